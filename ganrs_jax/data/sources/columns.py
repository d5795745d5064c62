"""What readers return, raw columns and demographics, out of arrow tables; and the description of a published format."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.ratings import Columns, Scale
from ganrs_jax.data.sources.text import shown
from ganrs_jax.errors import InputError, Place

_UNKNOWN_AGE = -1


class People(NamedTuple):
    """Demographics of P users; a column that the source lacks is None."""

    user: np.ndarray  # [P] the source's own ids
    gender: np.ndarray | None  # str [P], "" unknown
    age: np.ndarray | None  # int16 [P] years (MovieLens 1M: the lowest of a band), -1 unknown


class Table(NamedTuple):
    """What a reader returns: raw columns, where each row is, and who the users are."""

    columns: Columns
    place: Place
    people: People | None = None
    notes: tuple[str, ...] = ()


class Layout(NamedTuple):
    """One published format: how its files are known, and how they are read."""

    title: str  # as a message names it
    pattern: str  # file name, or glob of the files that together hold the ratings, relative to a folder
    read: Callable[[Sequence[Path]], Table]
    scale: Scale | None = None  # None = the source's, else found
    first_line: str = ""  # regular expression that tells the format from a file's first line; "" = it cannot
    named: bool = False  # whether the file name alone settles it
    unrated: float | None = None  # the rating value that means "seen, not rated"; such rows are dropped


class Found(NamedTuple):
    """The files that hold the ratings, and how to read them."""

    layout: Layout
    files: Sequence[Path]


class Roles(NamedTuple):
    """Which column of a table is what; timestamp "" = none."""

    user: str = "user_id"
    item: str = "item_id"
    rating: str = "rating"
    timestamp: str = "timestamp"


def columns_of(table: pa.Table, roles: Roles, place: Place) -> Columns:
    """Raw columns of a table that has those of `roles`.

    Raises:
      InputError: an empty cell, or a column of a type that cannot be an id, a rating or a time.
    """
    if table.num_rows == 0:  # the types are then unknown too
        return Columns(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    return Columns(
        _ids(table[roles.user], roles.user, place),
        _ids(table[roles.item], roles.item, place),
        _rating(table[roles.rating], roles.rating, place),
        _seconds(table[roles.timestamp], roles.timestamp, place) if roles.timestamp else None,
    )


def people_of(table: pa.Table, user: str, gender: str | None, age: str | None, place: Place) -> People:
    """Demographics of a table with one row a user; cells may be empty.

    Raises:
      InputError: an empty user id, or an age that is no number.
    """
    genders = None
    if gender:
        texts = pc.utf8_trim_whitespace(pc.fill_null(table[gender].cast(pa.string()), ""))
        genders = np.asarray(texts.to_pylist(), dtype=np.str_)
    years = None
    if age:
        try:
            years = pc.fill_null(table[age].cast(pa.float64()), _UNKNOWN_AGE).to_numpy()
        except pa.ArrowInvalid as error:
            raise InputError(f"{place(0)}: {age} holds what is no age: {shown(error)}; accepted: years") from None
        if not (good := (years >= _UNKNOWN_AGE) & (years < 200)).all():
            row = int(np.argmin(good))
            raise InputError(
                f"{place(row)}: {age} is {years[row]:g}; accepted: years, 0 to 199, -1 or empty if unknown"
            )
        years = years.astype(np.int16)
    return People(_ids(table[user], user, place), genders, years)


def demographics(people: People | None, user_ids: np.ndarray) -> dict[str, np.ndarray]:
    """`Ratings.demographics` for users [U]: "gender" str [U], "age" int16 [U], where known at all."""
    if people is None or len(people.user) == 0:
        return {}
    order = np.argsort(people.user, kind="stable")
    known = people.user[order]
    at = np.searchsorted(known, user_ids, side="right") - 1
    found = (at >= 0) & (known[np.maximum(at, 0)] == user_ids)
    row = order[np.maximum(at, 0)]
    columns = {"gender": (people.gender, ""), "age": (people.age, _UNKNOWN_AGE)}
    return {
        name: np.where(found, values[row], np.asarray(unknown, values.dtype))
        for name, (values, unknown) in columns.items()
        if values is not None
    }


def _ids(column: pa.ChunkedArray, name: str, place: Place) -> np.ndarray:
    _check_filled(column, name, place)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.to_numpy()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        empty = pc.index(column, pa.scalar("", column.type)).as_py()
        if empty >= 0:
            raise InputError(f"{place(empty)}: {name} is empty; accepted: an id")
        return column.to_numpy()
    raise InputError(f"{place(0)}: {name} is of type {column.type}; accepted: whole numbers or text")


def _rating(column: pa.ChunkedArray, name: str, place: Place) -> np.ndarray:
    _check_filled(column, name, place)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise _not_a_number(column, name, place, "a number such as 3.5")
    return column.cast(pa.float32(), safe=False).to_numpy()


def _seconds(column: pa.ChunkedArray, name: str, place: Place) -> np.ndarray:
    _check_filled(column, name, place)
    if pa.types.is_temporal(column.type) and not pa.types.is_time(column.type):
        return column.cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy()
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise _not_a_number(column, name, place, "seconds, or a date")
    values = column.to_numpy()
    if values.dtype.kind == "f" and not (bad := np.abs(values) < 2.0**63).all():
        row = int(np.argmin(bad))
        raise InputError(f"{place(row)}: {name} is {values[row]:g}; accepted: seconds, or a date")
    return values.astype(np.int64, copy=False)


def _not_a_number(column: pa.ChunkedArray, name: str, place: Place, accepted: str) -> InputError:
    """Names the first text that is no number (or date, if it begins as one); other types are wrong from their start."""
    row = 0
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        good = pc.match_substring_regex(column, r"^\s*[-+]?[0-9.]+\s*$")
        if not good[0].as_py():
            import pandas as pd  # here: see `scale.find_scale`

            good = pa.array(pd.to_datetime(column.to_pandas(), errors="coerce", format="ISO8601", utc=True).notna())
        row = max(0, pc.index(good, False).as_py())
    value = shown(column[row].as_py())
    return InputError(f"{place(row)}: {name} is {value}, of type {column.type}; accepted: {accepted}")


def _check_filled(column: pa.ChunkedArray, name: str, place: Place) -> None:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise InputError(f"{place(row)}: {name} is empty; accepted: a value in every row")
