"""Which files hold ratings, and in which format: those of a path, and those of a named source.

A named source is looked for at an explicit path, else in the data folder, the user's cache, a download; in this order.
"""

import dataclasses
import fnmatch
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from absl import logging

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.data.sources.fetch import Offer, UnobtainableError, fetch
from ganrs_jax.data.sources.formats import TABLE, Format, Users, first_line
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.plain import Plain, plain_suffix
from ganrs_jax.data.sources.tables import (
    FEATHER_SUFFIXES,
    JSON_SUFFIXES,
    PARQUET_SUFFIXES,
    SUFFIXES,
    column_names,
)
from ganrs_jax.errors import InputError

_ABOUT = (
    "readme",
    "license",
    "licence",
    "citation",
    "changelog",
    "notice",
    "meta",
    "metadata",
    "croissant",
)  # files about others


class Found(NamedTuple):
    """The files that hold the ratings, and how to read them."""

    format: Format
    files: Sequence[Path]


@dataclasses.dataclass(frozen=True)
class Source:
    """One named source."""

    name: str
    title: str  # as people know it
    scale: Scale | None = None  # the ratings it allows; None = found
    formats: Sequence[Format] = ()  # the formats that it is published in
    folders: Sequence[str] = ()  # customary folders of the release, within a data folder
    offers: Sequence[Offer] = ()  # downloads, in the order to try
    licence: str = ""  # shown before a download
    obtain: str = ""  # how a person gets it and where to put it
    unrated: str = ""  # the rating that means "seen, not rated"
    make: Callable[[ReadOptions], Ratings] | None = None  # for a source that is computed, not read


def recognise(path: Path, formats: Sequence[Format], options: ReadOptions, plain: Plain) -> Found:
    """The format of a file or folder, and its files.

    A file is known by its name, or by a first line that only one format has, else it is a table of whatever kind. A
    folder is known by the first format whose files it holds.

    Raises:
      InputError: nothing there, not readable, or a folder that holds nothing known.
    """
    if not path.is_dir():
        path = plain.file(path)  # a folder, of a zip file
    if path.is_dir():
        return _in_folder(path, formats, options, plain)
    return _of_file(path, formats, options, plain, TABLE)


def find(source: Source, options: ReadOptions, plain: Plain) -> Found:
    """The files of a named source.

    Raises:
      InputError: an explicit path that does not hold it; or no files anywhere, with each place tried and why it failed.
    """
    if options.source_path:
        return _at(source, Path(options.source_path).expanduser(), options, plain)
    cache = options.cache_folder / source.name
    tried = []
    for label, folder in (("data folder (GANRS_DATA_DIR)", options.data_folder), ("cache", cache)):
        found, failure = _within(source, label, folder)
        if found:
            return found
        tried.append(failure)
    tried += _download(source, cache, options.download)
    found, _ = _within(source, "cache", cache)
    if found:
        return found
    raise InputError(
        f"{source.name} ({source.title}) was not found. Tried: {'; '.join(tried)}. "
        f"{source.obtain}; the source planted needs no files"
    )


def _at(source: Source, path: Path, options: ReadOptions, plain: Plain) -> Found:
    """What an explicit path holds, taken to be this source."""
    if not path.is_dir():
        path = plain.file(path)
    if path.is_dir():
        found, failure = _within(source, "`source_path`", path)
        if found:
            return found
        raise InputError(f"{path}: holds no {source.title}: {failure}")
    return _of_file(path, source.formats, options, plain, source.formats[0])


def _within(source: Source, label: str, folder: Path | None) -> tuple[Found | None, str]:
    """What a folder holds of a source: a customary sub-folder first, for its name leaves no doubt."""
    if folder is None:
        return None, f"{label}: not set"
    if not folder.is_dir():
        return None, f"{label} {folder}: no such folder"
    release = Format("parquet", f"{source.name}.parquet", users=Users(f"{source.name}_users.parquet"))
    places = [(folder / name, known) for name in source.folders for known in source.formats]
    for place, known in (*places, (folder, release), *((folder, known) for known in source.formats)):
        if files := _matching(place, known.pattern):
            return Found(known, files), ""
    wanted = ", ".join(dict.fromkeys(known.pattern for known in (*source.formats, release)))
    return None, f"{label} {folder}: no {wanted}"


def _download(source: Source, cache: Path, allowed: bool) -> list[str]:
    """Fills the cache from the first offer that can be had; returns why each did not work."""
    if not allowed:
        return ["download: switched off"]
    if not source.offers:
        return ["download: none is offered, the licence forbids it"]
    failures = []
    for offer in source.offers:
        # a warning, for it must be seen whatever the verbosity
        logging.warning(
            "%s is being fetched from %s into %s. Licence: %s", source.title, offer.where, cache, source.licence
        )
        try:
            fetch(offer, cache)
            return []
        except UnobtainableError as error:
            failures.append(f"{offer.where}: {error}")
    return failures


def _of_file(path: Path, formats: Sequence[Format], options: ReadOptions, plain: Plain, otherwise: Format) -> Found:
    """A file in its published format, or `otherwise`; one of another name keeps no scale but the one found."""
    if plain_suffix(path) in (*PARQUET_SUFFIXES, *FEATHER_SUFFIXES, *JSON_SUFFIXES):
        return Found(TABLE, [path])
    line = first_line(path)
    told = [known for known in formats if known.header and re.match(known.header, line)]
    named = [known for known in formats if fnmatch.fnmatch(path.name, known.pattern) and known.is_named(line)]
    if options.names_a_table:
        named, otherwise = [known for known in named if known in told], TABLE
    if named:
        return Found(named[0], [path])
    return Found(told[0]._replace(scale=None) if told else otherwise, [path])


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The files that a glob finds, in the order of their names."""
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except OSError:
        return []


def _in_folder(folder: Path, formats: Sequence[Format], options: ReadOptions, plain: Plain) -> Found:
    try:
        held = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "_")))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from None
    for known in formats:
        files = _matching(folder, known.pattern)
        if len(files) == 1 and (known.first_line or known.header):  # "ratings.csv" may be anybody's
            return recognise(files[0], formats, options, plain)
        if files:
            return Found(known, files)
    about = [path for path in held if path.name.partition(".")[0].lower() in _ABOUT]
    tables = [path for path in held if path not in about and plain_suffix(path) in SUFFIXES]
    tables = tables or [path for path in held if re.fullmatch(r"part-[mr-]*\d+", path.name)]  # Hadoop's
    tables = [path for path in tables if plain.file(path).stat().st_size] or tables  # Spark writes empty parts
    if len(tables) == 1:
        return recognise(tables[0], formats, options, plain)
    if len(tables) > 1:
        columns = {(plain_suffix(path), column_names(path, options, plain)) for path in tables}
        if len(columns) == 1:
            return Found(TABLE, tables)
        listed = ", ".join(path.name for path in tables[:4]) + (", ..." if len(tables) > 4 else "")
        raise InputError(
            f"{folder}: {len(tables)} tables of different columns ({listed}); accepted: one of them, unpacked where "
            "they are packed together, or parts of one table"
        )
    folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))]
    if len(folders) == 1 and held == about:
        return _in_folder(folders[0], formats, options, plain)
    patterns = ", ".join(dict.fromkeys(known.pattern for known in formats))
    raise InputError(f"{folder}: holds nothing known; accepted: {patterns}, or one table, or parts of one")
