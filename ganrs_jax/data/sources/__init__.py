"""Ratings from published releases, generic tables and a planted world: `load_ratings(name_or_path)`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganrs_jax.data.ratings import Columns, Ratings, Scale, from_columns, subsample
from ganrs_jax.data.sources.columns import Found, Table, demographics
from ganrs_jax.data.sources.locate import Source, find, recognise
from ganrs_jax.data.sources.options import ReadOptions, check_options, parse_scale
from ganrs_jax.data.sources.registry import SOURCES
from ganrs_jax.data.sources.tables import PARTS, frame_table
from ganrs_jax.errors import InputError

if TYPE_CHECKING:
    import pandas

__all__ = ["SOURCES", "ReadOptions", "Source", "load_ratings"]


def load_ratings(
    source: "str | Path | pandas.DataFrame",
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
) -> Ratings:
    """Ratings of a named source (a key of SOURCES, or GroupLens's own name: ml-100k), a file, a folder or a data frame.

    Args:
      source: a name is looked for in options.source_path, then the data folder, the cache, a download. A file or
        folder is recognised by file name or first line as a published format, else it is a table with named columns.
      options: columns, scale, repeated pairs, sub-sampling (see ReadOptions).

    Returns:
      Ratings with the source's name (or the file's), `demographics` where known, `notes` on what was dropped.

    Raises:
      InputError: whatever is wrong with the options or the input, in one line.
    """
    check_options(options)
    name = str(source) if isinstance(source, (str, Path)) else "DataFrame"
    known = SOURCES.get(name) or SOURCES.get(_grouplens(name))
    if not isinstance(source, (str, Path)):
        table, scale = frame_table(source, options), parse_scale(options.scale)
        ratings = _ratings(table, name, name, scale, options)
    elif known is None or (name not in SOURCES and Path(name).exists()):
        path = Path(name).expanduser()
        if not name or not path.exists():
            names = ", ".join(SOURCES)
            raise InputError(f"{name!r}: no such file, folder or source; accepted: a path, or one of {names}")
        layouts = [PARTS, *(layout for source in SOURCES.values() for layout in source.layouts)]
        found = recognise(path, list({layout.title: layout for layout in layouts}.values()), options)
        ratings = _read(found, None, options)
    elif known.make is not None:
        ratings = known.make(options)
    else:
        ratings = _read(find(known, options), known, options)
    return subsample(
        ratings,
        max_users=options.max_users,
        max_items=options.max_items,
        min_user_ratings=options.min_user_ratings,
        seed=options.source_seed,
    )


def _grouplens(name: str) -> str:
    """The registry's name of a release as GroupLens writes it: ml-100k is ml100k, ml-latest-small ml_latest_small."""
    prefix, _, release = name.lower().partition("-")
    if prefix != "ml":
        return name
    return f"ml{release}" if release[:1].isdigit() else f"ml_{release.replace('-', '_')}"


def _read(found: Found, source: Source | None, options: ReadOptions) -> Ratings:
    layout, files = found
    place = files[0].parent if len(files) > 1 else files[0]
    scale = parse_scale(options.scale) or (source.scale if source else layout.scale)
    name, unrated = (source.name, source.unrated) if source else (place.stem, layout.unrated)
    return _ratings(_rated(layout.read(files), unrated), name, str(place), scale, options)


def _ratings(table: Table, name: str, place: str, scale: Scale | None, options: ReadOptions) -> Ratings:
    columns, row_place, people, notes = table
    held = [columns]
    del columns, table  # from_columns then has the only reference, and frees each raw column when it is done with it
    ratings = from_columns(held.pop(), name=place, scale=scale, duplicates=options.duplicates, place=row_place)
    return dataclasses.replace(
        ratings,
        name=name,
        demographics=demographics(people, ratings.user_ids),
        notes=(*notes, *ratings.notes),
    )


def _rated(table: Table, unrated: float | None) -> Table:
    """Without the rows of items that were seen but not rated."""
    if unrated is None:
        return table
    kept = np.flatnonzero(table.columns.rating != unrated)
    dropped = len(table.columns.rating) - len(kept)
    if dropped == 0:
        return table
    time = table.columns.timestamp
    user, item, rating = (column[kept] for column in table.columns[:3])
    columns = Columns(user, item, rating, None if time is None else time[kept])
    note = f"{dropped} rows of rating {unrated:g} (seen, not rated) dropped"
    return Table(columns, lambda row: table.place(int(kept[row])), table.people, (*table.notes, note))
