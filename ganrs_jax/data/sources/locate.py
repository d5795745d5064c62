"""Which files hold ratings, and in which format: those of a path, and those of a named source.

A named source is looked for at an explicit path, else in the data folder, the user's cache, a download; in this order.
"""

import dataclasses
import fnmatch
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import logging

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.data.sources.columns import Found, Layout
from ganrs_jax.data.sources.fetch import Offer, UnobtainableError, fetch
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.tables import PARQUET_SUFFIXES, TEXT_SUFFIXES, generic, read_release
from ganrs_jax.data.sources.text import first_line
from ganrs_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Source:
    """One named source."""

    name: str
    title: str  # as people know it
    scale: Scale | None = None  # the ratings it allows; None = found
    layouts: Sequence[Layout] = ()  # the formats that it is published in
    folders: Sequence[str] = ()  # customary folders of the release, within a data folder
    offers: Sequence[Offer] = ()  # downloads, in the order to try
    licence: str = ""  # shown before a download
    obtain: str = ""  # how a person gets it and where to put it
    unrated: float | None = None  # the rating value that means "seen, not rated"
    make: Callable[[ReadOptions], Ratings] | None = None  # for a source that is computed, not read


def recognise(path: Path, layouts: Sequence[Layout], options: ReadOptions) -> Found:
    """The layout of a file or folder, and its files.

    A file is known by its name where that settles it, else by its first line, else it is a generic table. A folder is
    known by the first layout whose files it holds.

    Raises:
      InputError: nothing there, not readable, or a folder that holds nothing known.
    """
    if path.is_dir():
        return _in_folder(path, layouts, options)
    return _of_file(path, layouts, options, generic(options))


def find(source: Source, options: ReadOptions) -> Found:
    """The files of a named source.

    Raises:
      InputError: an explicit path that does not hold it; or no files anywhere, with each place tried and why it failed.
    """
    if options.source_path:
        return _at(source, Path(options.source_path).expanduser(), options)
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


def _at(source: Source, path: Path, options: ReadOptions) -> Found:
    """What an explicit path holds, taken to be this source."""
    if path.is_dir():
        found, failure = _within(source, "`source_path`", path)
        if found:
            return found
        raise InputError(f"{path}: holds no {source.title}: {failure}")
    return _of_file(path, source.layouts, options, source.layouts[0])


def _within(source: Source, label: str, folder: Path | None) -> tuple[Found | None, str]:
    """What a folder holds of a source: a customary sub-folder first, for its name leaves no doubt."""
    if folder is None:
        return None, f"{label}: not set"
    if not folder.is_dir():
        return None, f"{label} {folder}: no such folder"
    release = Layout("parquet", f"{source.name}.parquet", read_release)
    places = [(folder / name, layout) for name in source.folders for layout in source.layouts]
    for place, layout in (*places, (folder, release), *((folder, layout) for layout in source.layouts)):
        if files := _matching(place, layout.pattern):
            return Found(layout, files), ""
    wanted = ", ".join(dict.fromkeys(layout.pattern for layout in (*source.layouts, release)))
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


def _of_file(path: Path, layouts: Sequence[Layout], options: ReadOptions, otherwise: Layout) -> Found:
    """A file in its published layout, or `otherwise`; one of another name keeps no scale but the one found."""
    if options.names_a_table or path.suffix.lower() in PARQUET_SUFFIXES:
        return Found(generic(options), [path])
    line = first_line(path)
    named = [layout for layout in layouts if fnmatch.fnmatch(path.name, layout.pattern)]
    like = [layout for layout in layouts if layout.first_line and re.match(layout.first_line, line)]
    sure = [layout for layout in named if layout.named or layout in like]
    layout = sure[0] if sure else like[0]._replace(scale=None) if like else otherwise
    return Found(layout, [path])


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The files that a glob finds, in the order of their names."""
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except OSError:
        return []


def _in_folder(folder: Path, layouts: Sequence[Layout], options: ReadOptions) -> Found:
    try:
        tables = sorted(path for path in folder.iterdir() if path.suffix.lower() in (*PARQUET_SUFFIXES, *TEXT_SUFFIXES))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from None
    for layout in layouts:
        files = _matching(folder, layout.pattern)
        if len(files) == 1 and not layout.named:  # "ratings.csv" may be anybody's
            return recognise(files[0], layouts, options)
        if files:
            return Found(layout, files)
    if len(tables) == 1:
        return recognise(tables[0], layouts, options)
    known = ", ".join(dict.fromkeys(layout.pattern for layout in layouts))
    raise InputError(f"{folder}: holds nothing known; accepted: {known}, or a single csv, tsv, txt or parquet table")
