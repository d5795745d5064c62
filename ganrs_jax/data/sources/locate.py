"""Where a named source is: an explicit path, the data folder, the user's cache, a download; in this order."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import logging

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.data.sources.fetch import Offer, UnobtainableError
from ganrs_jax.data.sources.layout import Found, Layout
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.recognise import layout_of, matching
from ganrs_jax.data.sources.tables import PARQUET_SUFFIXES, generic, read_release
from ganrs_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Source:
    """One named source."""

    name: str
    title: str  # as people know it
    scale: Scale | None = None  # the ratings it allows; None = found
    layouts: Sequence[Layout] = ()  # the formats that it is published in
    folders: Sequence[str] = ()  # customary folders of the release, within a data folder
    offers: Sequence[Offer] = ()  # where it may be downloaded, in the order to try
    licence: str = ""  # shown before a download
    obtain: str = ""  # how a person gets it and where to put it
    unrated: float | None = None  # the rating value that means "seen, not rated"
    make: Callable[[ReadOptions], Ratings] | None = None  # for a source that is computed, not read


def find(source: Source, options: ReadOptions) -> Found:
    """The files of a named source.

    Raises:
      InputError: an explicit path that does not hold it; or nothing anywhere, with every place tried and why it failed.
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
    if options.names_a_table or path.suffix.lower() in PARQUET_SUFFIXES:
        return Found(generic(options), [path])
    return Found(layout_of(path, source.layouts) or source.layouts[0], [path])


def _within(source: Source, label: str, folder: Path | None) -> tuple[Found | None, str]:
    """What a folder holds of a source: a customary sub-folder first, for its name leaves no doubt."""
    if folder is None:
        return None, f"{label}: not set"
    if not folder.is_dir():
        return None, f"{label} {folder}: no such folder"
    for place in (*(folder / name for name in source.folders), None, folder):
        if place is None:
            release = folder / f"{source.name}.parquet"
            if release.is_file():
                return Found(Layout("parquet", release.name, read_release), [release]), ""
            continue
        for layout in source.layouts:
            if files := matching(place, layout.pattern):
                return Found(layout, files), ""
    wanted = ", ".join(dict.fromkeys([*(layout.pattern for layout in source.layouts), f"{source.name}.parquet"]))
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
            offer.fetch(cache)
            return []
        except UnobtainableError as error:
            failures.append(f"{offer.where}: {error}")
    return failures
