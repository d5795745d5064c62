"""Ratings from published releases, generic tables and a planted world: `load_ratings(name_or_path)`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganrs_jax.data.ratings import Ratings, Scale, from_columns, subsample
from ganrs_jax.data.sources.formats import ATOMIC, PARTS
from ganrs_jax.data.sources.locate import Found, Source, find, recognise
from ganrs_jax.data.sources.options import ReadOptions, check_options, parse_scale, unrated_values
from ganrs_jax.data.sources.people import demographics
from ganrs_jax.data.sources.plain import STANDARD_INPUT, Plain
from ganrs_jax.data.sources.registry import SOURCES
from ganrs_jax.data.sources.relation import Table, kept
from ganrs_jax.data.sources.tables import frame_table
from ganrs_jax.errors import InputError

if TYPE_CHECKING:
    import pandas

_CHUNK = 1 << 22  # ratings counted at a time, so that 100 million take no memory to speak of

_ALL_FORMATS = [PARTS, *(known for source in SOURCES.values() for known in source.formats), ATOMIC]
FORMATS = list(dict.fromkeys(_ALL_FORMATS))  # that a path is recognised as, in the order to try

__all__ = ["FORMATS", "SOURCES", "ReadOptions", "Source", "load_ratings"]


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
    with Plain(options) as plain:
        if not isinstance(source, (str, Path)):
            table = frame_table(source, options)
            table = _rated(table, unrated_values(options.unrated) or ())
            ratings = _ratings(table, name, name, parse_scale(options.scale), options, tell_form=True)
        elif known is None or (name not in SOURCES and Path(name).exists()):
            path = Path(name).expanduser()
            if not name or not (name == STANDARD_INPUT or path.exists()):
                names = ", ".join(SOURCES)
                raise InputError(f"{name!r}: no such file, folder or source; accepted: a path, or one of {names}")
            ratings = _read(recognise(path, FORMATS, options, plain), None, options, plain)
        elif known.make is not None:
            ratings = known.make(options)
        else:
            ratings = _read(find(known, options, plain), known, options, plain)
        ratings = dataclasses.replace(ratings, notes=tuple(map(plain.told, ratings.notes)))
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


def _read(found: Found, source: Source | None, options: ReadOptions, plain: Plain) -> Ratings:
    known, files = found
    place = files[0].parent if len(files) > 1 else files[0]
    scale = parse_scale(options.scale) or (source.scale if source else known.scale)
    unrated = unrated_values(options.unrated)
    if unrated is None:
        unrated = unrated_values(source.unrated if source else known.unrated) or ()
    # What is read gets no name here, so that each raw column is freed once it is numbered.
    return _ratings(
        _rated(known.read(files, options, plain), unrated),
        source.name if source else place.stem,
        str(place),
        scale,
        options,
        tell_form=source is None,
    )


def _ratings(
    table: Table, name: str, place: str, scale: Scale | None, options: ReadOptions, *, tell_form: bool = False
) -> Ratings:
    columns, row_place, people, notes, form = table
    if form and tell_form:
        notes = (f"{place}: {form}", *notes)
    held = [columns]
    del columns, table  # from_columns then has the only reference, and frees each raw column when it is done with it
    ratings = from_columns(held.pop(), name=place, scale=scale, duplicates=options.duplicates, place=row_place)
    return dataclasses.replace(
        ratings,
        name=name,
        demographics=demographics(people, ratings.user_ids),
        notes=(*notes, *ratings.notes, *_suspected(ratings)),
    )


def _rated(table: Table, unrated: Sequence[float]) -> Table:
    """Without the rows whose rating says that there is none."""
    for value in unrated:
        keep = table.columns.rating != np.float32(value)
        if dropped := int((~keep).sum()):
            table = kept(table, keep)
            table = table._replace(notes=(*table.notes, f"{dropped} rows of rating {value:g} (not rated) dropped"))
    return table


def _suspected(ratings: Ratings) -> tuple[str, ...]:
    """Warnings of a lowest or highest rating that may be a code for "not rated"."""
    levels, counts = ratings.scale.levels, np.zeros(len(ratings.scale.levels), np.int64)
    for start in range(0, ratings.num_ratings, _CHUNK):
        part = dataclasses.replace(ratings, rating=ratings.rating[start : start + _CHUNK])
        counts += np.bincount(part.levels(), minlength=len(levels))
    used = np.flatnonzero(counts)
    if len(used) < 3:
        return ()
    found = []
    for end, others in ((used[0], used[1:]), (used[-1], used[:-1])):
        value, low, high = levels[end], levels[others[0]], levels[others[-1]]
        apart = np.abs(others - end).min() > 2 * np.diff(others).max() or (value < 0 <= low)
        frequent = value <= 0 and counts[end] > counts[others].max()
        if apart or frequent:
            share = f"{counts[end] / ratings.num_ratings:.0%} of the ratings"
            why = share if frequent else f"apart from the others, {low:g} to {high:g}"
            found.append(f'rating {value:g} is {why}: if it means "not rated", `unrated={value:g}` leaves it out')
    return tuple(found)
