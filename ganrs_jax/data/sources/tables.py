"""Any csv, tsv, text or parquet table with columns for user, item and rating; and this project's parquet releases."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources.columns import Layout, People, Roles, Table, columns_of, people_of
from ganrs_jax.data.sources.options import ReadOptions, separator_of
from ganrs_jax.data.sources.text import (
    check_present,
    first_line,
    header_names,
    likely_separator,
    read_head,
    read_text,
    shown,
    text_place,
)
from ganrs_jax.errors import InputError, Place

if TYPE_CHECKING:
    import pandas

PARQUET_SUFFIXES = (".parquet", ".pq")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data")
_SEPARATOR_OF = {".csv": ",", ".tsv": "\t"}
_DEMOGRAPHICS = ("gender", "age")


def generic(options: ReadOptions) -> Layout:
    """The layout of a table whose columns and separator the options name."""
    return Layout("table", "", lambda files: read_table(files[0], options))


def read_table(path: Path, options: ReadOptions) -> Table:
    """A generic table; columns "gender" and "age" are carried if each user has one value throughout.

    Raises:
      InputError: whatever keeps the file from being read, a missing column (those present are listed).
    """
    roles = Roles(options.user_column, options.item_column, options.rating_column, options.timestamp_column)
    if path.suffix.lower() in PARQUET_SUFFIXES:
        table, roles = _read_parquet(path, roles)
        return _as_table(table, roles, _parquet_place(path))
    separator = separator_of(options.separator) or _SEPARATOR_OF.get(path.suffix.lower())
    separator = separator or likely_separator(first_line(path)) or ","  # a comma, for the message to say so
    present = header_names(first_line(path), separator)
    roles, wanted = _present(roles, present)
    table = _read_typed(path, separator, roles, wanted)
    return _as_table(table, roles, text_place(path, has_header=True))


def frame_table(frame: "pandas.DataFrame", options: ReadOptions) -> Table:
    """As `read_table`, of a data frame.

    Raises:
      InputError: a missing column (those present are listed), or one of an unsuitable type.
    """
    present = [str(name) for name in frame.columns]
    roles = Roles(options.user_column, options.item_column, options.rating_column, options.timestamp_column)
    roles, wanted = _present(roles, present)
    check_present("DataFrame", present, wanted)
    try:
        table = pa.Table.from_pandas(frame[wanted], preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        raise InputError(f"DataFrame: {shown(error)}; accepted: columns of one type each") from None
    return _as_table(table, roles, lambda row: f"DataFrame: row {row}")


def read_release(files: Sequence[Path]) -> Table:
    """NAME.parquet with columns user_id, item_id, rating (and timestamp), and NAME_users.parquet beside it."""
    table = read_table(files[0], ReadOptions())
    path = files[0].with_name(f"{files[0].stem}_users.parquet")
    if not path.exists():
        return table
    users, _ = _read_parquet(path, Roles("user_id", "", "", ""))
    return table._replace(people=people_of(users, "user_id", *_demographics(users), _parquet_place(path)))


def read_parts(files: Sequence[Path]) -> Table:
    """The parts that `generate` writes, in order.

    Raises:
      InputError: if one is missing, cannot be read, or is not what the manifest beside them tells of.
    """
    last = files[0].stem.rpartition("-")[2]
    number = int(last) if last.isdecimal() else 0
    if [path.name for path in files] != [f"part-{shard:05d}-of-{number:05d}.parquet" for shard in range(number)]:
        raise InputError(f"{files[0].parent}: {len(files)} of {number} parts; accepted: all of them, once each")
    _check_digests(files)
    parts = [read_table(path, ReadOptions()) for path in files]
    user, item, rating = (np.concatenate([part.columns[number] for part in parts]) for number in range(3))
    ends = np.cumsum([len(part.columns.rating) for part in parts])
    places = [part.place for part in parts]  # not the parts: their columns are freed when this returns

    def place(row: int) -> str:
        at = int(np.searchsorted(ends, row, side="right"))
        return places[at](row - int(ends[at - 1]) if at else row)

    return Table(Columns(user, item, rating, None), place)


def _check_digests(files: Sequence[Path]) -> None:
    """Raises InputError for a part whose bytes are not those that it was written with, if a manifest tells them."""
    place = files[0].parent / "manifest.json"
    if not place.is_file():
        return
    try:
        listed = dict(json.loads(place.read_text())).get("parts")
        told = {part["file"]: part["sha256"] for part in listed or ()}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{place}: cannot be read as a manifest; accepted: as it was written, or none") from error
    if listed == []:
        raise InputError(f"{place}: does not tell of its parts yet; accepted: once `generate` again has completed it")
    for path in files:
        with open(path, "rb") as file:
            if path.name in told and hashlib.file_digest(file, "sha256").hexdigest() != told[path.name]:
                raise InputError(f"{path}: altered since {place.name} was written; accepted: `generate` again mends it")


PARTS = Layout("parts", "part-*-of-*.parquet", read_parts, named=True)


def _present(roles: Roles, present: Sequence[str]) -> tuple[Roles, list[str]]:
    """The roles, without a time that was not asked for by name and is not there; and the columns to read, each once."""
    if roles.timestamp == Roles().timestamp and roles.timestamp not in present:
        roles = roles._replace(timestamp="")
    wanted = [*(name for name in roles if name), *(name for name in _DEMOGRAPHICS if name in present)]
    return roles, list(dict.fromkeys(wanted))


def _read_parquet(path: Path, roles: Roles) -> tuple[pa.Table, Roles]:
    """The columns of `roles`, and the demographic ones that are there."""
    read_head(path)
    try:
        present = list(pq.read_schema(path).names)
        roles, wanted = _present(roles, present)
        check_present(str(path), present, wanted)
        return pq.read_table(path, columns=wanted), roles
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: truncated, or not a parquet file ({shown(error)}); accepted: a whole parquet file"
        ) from None


def _parquet_place(path: Path) -> Place:
    return lambda row: f"{path}: row {row + 1}"


def _read_typed(path: Path, separator: str, roles: Roles, wanted: Sequence[str]) -> pa.Table:
    """Ids are numbers if all of them are, else text."""
    types: dict[str, pa.DataType | None] = {name: pa.string() if name == "gender" else pa.float64() for name in wanted}
    types |= {roles.user: None, roles.item: None, roles.rating: pa.float32()}
    types |= {roles.timestamp: None} if roles.timestamp else {}
    ids = (roles.user, roles.item)
    try:
        table = read_text(path, separator, types)
    except InputError:  # perhaps a first block of numbers, then text, where numbers were guessed
        return read_text(path, separator, types | {name: pa.string() for name in ids})
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    text = [name for name in ids if not any(is_kind(table[name].type) for is_kind in numbers)]
    return read_text(path, separator, types | dict.fromkeys(text, pa.string())) if text else table


def _demographics(table: pa.Table) -> tuple[str | None, str | None]:
    """The names of the columns of gender and age, None where there is none."""
    gender, age = (name if name in table.column_names else None for name in _DEMOGRAPHICS)
    return gender, age


def _as_table(table: pa.Table, roles: Roles, place: Place) -> Table:
    columns = columns_of(table, roles, place)
    gender, age = _demographics(table)
    if not (gender or age):
        return Table(columns, place)
    import pandas as pd  # here: see `scale.find_scale`

    rows = people_of(table, roles.user, gender, age, place)._asdict()
    frame = pd.DataFrame({name: column for name, column in rows.items() if column is not None}).drop_duplicates()
    if frame["user"].duplicated().any():
        return Table(columns, place, None, ("gender and age are left out: some users have more than one value",))
    genders = frame["gender"].to_numpy().astype(np.str_) if gender else None
    return Table(columns, place, People(frame["user"].to_numpy(), genders, frame["age"].to_numpy() if age else None))
