"""Ratings out of anything that DuckDB can scan: columns found by their names, converted, and bad rows told."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources.fields import (
    MISSING,
    check_rating_kind,
    has_decimal_commas,
    ids_of,
    number_sql,
    rating_sql,
    text_sql,
)
from ganrs_jax.data.sources.options import NO_TIME, ReadOptions
from ganrs_jax.data.sources.people import People, people_of
from ganrs_jax.data.sources.roles import Roles, find_roles
from ganrs_jax.data.sources.times import TimeForm, seconds_of, time_form, time_sql
from ganrs_jax.errors import InputError, Place, shown

_BATCH = 1 << 20  # rows
LOOK = 1000  # rows that the form of ratings and times is found from
SHOWN_ROWS = 3  # of those dropped


class Relation(NamedTuple):
    """A table that DuckDB scans in the order of its rows."""

    sql: str  # what stands after FROM; its columns are called c0, c1, ...
    names: Sequence[str]  # of the columns, as people know them
    kinds: Sequence[str]  # of the columns, as DuckDB calls their types
    where: str  # the file, for messages
    place: Place
    form: str = ""  # what was found of how it is written
    view: pa.Table | None = None  # that `sql` calls "given"
    look: Callable[[int], list[str]] | None = None  # the first values of a column, where that is quicker than SQL
    quick: Callable[[Roles], dict[str, list[pa.Array]] | None] | None = None  # batches of whole numbers, if it can


class Table(NamedTuple):
    """What a reader returns: raw columns, where each row is, and who the users are."""

    columns: Columns
    place: Place
    people: People | None = None
    notes: tuple[str, ...] = ()
    form: str = ""  # what was found of how it is written, and which column was taken for what; "" = as one expects


def read_relation(relation: Relation, options: ReadOptions, connection: duckdb.DuckDBPyConnection) -> Table:
    """The ratings of a relation; rows with an empty or unreadable field go if options say so.

    Raises:
      InputError: no column for a role, or two; a field that is empty or cannot be read, and options refuse that.
      duckdb.Error: what the engine cannot read at all; the caller knows the file, and says what is wrong with it.
    """
    # 1. Which column is what, and how ratings and times are written: from names, types and the first rows.
    roles = find_roles(relation.names, options, relation.where)
    relation = relation._replace(names=[shown(name)[1:-1] for name in relation.names])  # as messages may have them
    _check_kinds(relation, roles)
    check_rating_kind(relation.kinds[roles.rating], relation.where, relation.names[roles.rating])
    decimal_comma = options.decimal == "," or (
        not options.decimal and has_decimal_commas(_first_values(connection, relation, roles.rating))
    )
    form = None if roles.timestamp is None else _time_form(connection, relation, roles.timestamp, options)
    # 2. One scan of the rows, in batches; and what is missing in them or could not be read.
    columns, missing, unread = _rows(connection, relation, roles, form, options, decimal_comma)
    if form is not None and form.kind == "whole" and roles.timestamp in unread:  # a fraction may come late
        finer = _rows(connection, relation, roles, form._replace(kind="decimal"), options, decimal_comma)
        if roles.timestamp not in finer[2]:
            columns, missing, unread = finer
    if len(columns.rating) == 0:
        return Table(columns, relation.place)
    # 3. The rows that are left.
    gone, notes = np.zeros(len(columns.rating), bool), []
    for marks, what, policy in ((missing, "empty or NULL", "missing"), (unread, "unreadable", "bad_rows")):
        if not marks:
            continue
        if getattr(options, policy) != "drop":
            raise _refused(connection, relation, roles, marks, policy)
        rows = np.logical_or.reduce(list(marks.values()))
        gone |= rows
        notes.append(_dropped_note(rows, f"with {what} fields", relation.place))
    table = Table(columns, relation.place, None, tuple(notes), _form(relation, roles, form, decimal_comma))
    if notes:
        table = kept(table, ~gone)
    # 4. Who the users are, where the table tells.
    people, more = people_of(connection, relation.sql, relation.names, relation.kinds, roles.user)
    return table._replace(people=people, notes=(*table.notes, *more))


_Marks = dict[int, np.ndarray]  # column -> which rows, bool [N], at least one


def _rows(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    roles: Roles,
    form: TimeForm | None,
    options: ReadOptions,
    decimal_comma: bool,
) -> tuple[Columns, _Marks, _Marks]:
    """The columns of all rows, and where they are missing and unread."""
    expressions = {"rating": rating_sql(f"c{roles.rating}", relation.kinds[roles.rating], decimal_comma)}
    if form is not None and roles.timestamp is not None:
        column, kind = f"c{roles.timestamp}", relation.kinds[roles.timestamp]
        expressions["timestamp"] = text_sql(column, kind) if form.kind == "text" else time_sql(column, form)
    whole = not (options.ids or decimal_comma) and (form is None or form.kind == "whole")
    found = relation.quick(roles) if relation.quick and whole else None
    if found is None or any(pc.min(ids).as_py() < 0 for role in ("user", "item") for ids in found[role] if len(ids)):
        found = _scanned(connection, relation, roles, expressions, options)
    if not found["rating"]:
        return Columns(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)), {}, {}
    return _converted(connection, relation, roles, form, found, options)


def _converted(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    roles: Roles,
    form: TimeForm | None,
    found: dict[str, list[pa.Array]],
    options: ReadOptions,
) -> tuple[Columns, _Marks, _Marks]:
    """The columns, and where they are missing and unread. `found` is used up, so that memory holds no column twice."""
    user, no_user = ids_of(found.pop("user"), options)
    item, no_item = ids_of(found.pop("item"), options)
    rating = np.concatenate([batch.to_numpy(zero_copy_only=False) for batch in found.pop("rating")])
    missing, unread = {roles.user: no_user, roles.item: no_item}, {}
    if not np.isfinite(rating).all():
        missing[roles.rating], unread[roles.rating] = np.isnan(rating), np.isinf(rating)
    time = None
    if form is not None and roles.timestamp is not None:
        name, column = relation.names[roles.timestamp], pa.chunked_array(found.pop("timestamp"))
        time, lost = seconds_of(column, form, relation.where, name)
        if lost.any():
            missing[roles.timestamp] = _is_missing(connection, relation, roles, lost)
            unread[roles.timestamp] = lost & ~missing[roles.timestamp]
    missing, unread = ({c: rows for c, rows in marks.items() if rows.any()} for marks in (missing, unread))
    return Columns(user, item, rating, time), missing, unread


def _time_form(
    connection: duckdb.DuckDBPyConnection, relation: Relation, timestamp: int, options: ReadOptions
) -> TimeForm:
    values = [value for value in _first_values(connection, relation, timestamp) if value not in MISSING]
    return time_form(relation.kinds[timestamp], values, options.time_format, relation.where, relation.names[timestamp])


def kept(table: Table, keep: np.ndarray) -> Table:
    """The rows that `keep`, bool [N], marks."""
    user, item, rating, time = table.columns
    rows = np.flatnonzero(keep)
    columns = Columns(_part(user, keep), _part(item, keep), rating[keep], None if time is None else time[keep])
    return table._replace(columns=columns, place=lambda row: table.place(int(rows[row])))


def _part(ids: Any, keep: np.ndarray) -> Any:
    return ids.filter(pa.array(keep)) if isinstance(ids, pa.DictionaryArray) else ids[keep]


def _check_kinds(relation: Relation, roles: Roles) -> None:
    for column in roles:
        kind = "" if column is None else relation.kinds[column]
        if column is not None and (kind.startswith(("STRUCT", "MAP", "UNION")) or "[" in kind):
            raise InputError(
                f"{relation.where}: {relation.names[column]} is of type {kind[:40]}; accepted: one value a row"
            )


def _first_values(connection: duckdb.DuckDBPyConnection, relation: Relation, column: int) -> list[str]:
    """The first values of a column, as text."""
    if relation.look:
        return relation.look(column)
    rows = connection.execute(f"SELECT CAST(c{column} AS VARCHAR) FROM {relation.sql} LIMIT {LOOK}").fetchall()
    return [value for (value,) in rows if value is not None]


class _NotNumbersError(Exception):
    """A column of ids is not of plain whole numbers throughout."""


def _scanned(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    roles: Roles,
    expressions: dict[str, str],
    options: ReadOptions,
) -> dict[str, list[pa.Array]]:
    """The columns in batches: ids as whole numbers if all of a column are, else as text with a dictionary a batch."""
    ids = {"user": roles.user, "item": roles.item}
    as_text = set(ids) if options.ids == "text" else set()
    while True:
        selected = {
            role: text_sql(f"c{column}", relation.kinds[column])
            if role in as_text
            else number_sql(f"c{column}", relation.kinds[column])
            for role, column in ids.items()
        } | expressions
        listed = ", ".join(f"{sql} AS {role}" for role, sql in selected.items())
        batches: dict[str, list[pa.Array]] = {role: [] for role in selected}
        try:
            for batch in connection.sql(f"SELECT {listed} FROM {relation.sql}").to_arrow_reader(_BATCH):
                for role in selected:
                    batches[role].append(_narrow(batch[role], role, ids, as_text))
        except _NotNumbersError as error:
            as_text.add(str(error))
            continue
        except (OSError, pa.ArrowException) as error:  # what the engine finds wrong on its way
            raise duckdb.InvalidInputException(str(error)) from None
        return batches


def _narrow(column: pa.Array, role: str, ids: dict[str, int], as_text: set[str]) -> pa.Array:
    """A batch of a column in as little memory as may be."""
    if role in as_text:
        return column.dictionary_encode()
    if role not in ids:
        return column
    if column.null_count:
        raise _NotNumbersError(role)
    numbers = column.to_numpy()
    return pa.array(numbers.astype(np.int32) if len(numbers) and numbers.max() < 2**31 else numbers)


def _texts_sql(relation: Relation, roles: Roles, column: int) -> str:
    """A column as text, "c", of the same rows as in the first scan.

    Whether a line is a row, the engine decides by the columns that are read of it: they must be the same.
    """
    others = ", ".join(f"c{number}" for number in roles if number is not None)
    return f"SELECT CAST(c{column} AS VARCHAR) AS c, {others} FROM {relation.sql}"


def _is_missing(
    connection: duckdb.DuckDBPyConnection, relation: Relation, roles: Roles, lost: np.ndarray
) -> np.ndarray:
    """Of the rows that `lost`, bool [N], marks: which have no time, rather than one that cannot be read."""
    assert roles.timestamp is not None
    texts = connection.sql(_texts_sql(relation, roles, roles.timestamp)).to_arrow_reader(_BATCH)
    empty = [pc.or_(pc.is_null(b["c"]), pc.is_in(pc.utf8_trim_whitespace(b["c"]), pa.array(MISSING))) for b in texts]
    return np.concatenate([batch.to_numpy(zero_copy_only=False) for batch in empty]) & lost


def _refused(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    roles: Roles,
    rows: dict[int, np.ndarray],
    policy: str,
) -> InputError:
    """Names the first of the fields that are missing or cannot be read."""
    row, column = min((int(np.argmax(marks)), column) for column, marks in rows.items())
    name = relation.names[column]
    value, *_ = connection.execute(f"{_texts_sql(relation, roles, column)} LIMIT 1 OFFSET {row}").fetchone() or ("",)
    found = f"{name} is {'empty' if not (value or '').strip() else shown(value)}"
    of_all = int(np.logical_or.reduce(list(rows.values())).sum())
    others = f" (one of {of_all} such rows)" if of_all > 1 else ""
    if policy == "missing":
        accepted = "a value in every row, or `missing=drop`" + (
            ", or `missing=keep` if it is an id" if value and column in (roles.user, roles.item) else ""
        )
    elif column == roles.timestamp:
        accepted = f"times of one form, its `time_format`, or `timestamp_column={NO_TIME}`"
    else:
        comma = ", or `decimal=,`" if value and value.count(",") == 1 else ""
        accepted = f"a number such as 3.5{comma}, or `bad_rows=drop`"
    return InputError(f"{relation.place(row)}: {found}{others}; accepted: {accepted}")


def _form(relation: Relation, roles: Roles, form: TimeForm | None, decimal_comma: bool) -> str:
    """What was found of how a table is written, and which column was taken for what."""
    taken = {
        role: relation.names[column] for role, column in zip(roles._fields, roles, strict=True) if column is not None
    }
    if not relation.form and all(name in (f"{role}_id", role) for role, name in taken.items()):
        return ""
    listed = [f"{role} = {name}" for role, name in taken.items()]
    if form is not None:
        listed[-1] += f" ({form})"
    written = f"{relation.form}{', decimal commas' if decimal_comma else ''}; " if relation.form else ""
    return written + ", ".join(listed)


def _dropped_note(marks: np.ndarray, what: str, place: Place) -> str:
    rows = np.flatnonzero(marks)
    first = ", ".join(place(int(row)).rpartition(": ")[2] for row in rows[:SHOWN_ROWS])
    return f"{len(rows)} rows {what} dropped: {first}{', ...' if len(rows) > SHOWN_ROWS else ''}"
