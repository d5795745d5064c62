"""Any table of ratings: delimited text, JSON, parquet, feather, a data frame; and this project's own parquet files."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from ganrs_jax.data.sources.dialect import find_dialect
from ganrs_jax.data.sources.engine import LONGEST, connect, paths_sql, quoted
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.people import people_of
from ganrs_jax.data.sources.plain import Plain, plain_suffix
from ganrs_jax.data.sources.relation import Relation, Table, read_relation
from ganrs_jax.data.sources.text import read_text, text_relation
from ganrs_jax.errors import InputError, Place, shown

if TYPE_CHECKING:
    import pandas

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data", ".inter", ".psv")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
FEATHER_SUFFIXES = (".feather", ".arrow", ".ipc")
SUFFIXES = (*TEXT_SUFFIXES, *JSON_SUFFIXES, *PARQUET_SUFFIXES, *FEATHER_SUFFIXES)


def read_table(path: Path, options: ReadOptions = ReadOptions()) -> Table:  # noqa: B008 - frozen
    """As `read_files`, of one file that is there for as long as its rows are named."""
    with Plain(options) as plain:
        return read_files([path], options, plain)


def read_files(paths: Sequence[Path], options: ReadOptions, plain: Plain) -> Table:
    """The rows of one file, or of several that are parts of one table, in their order.

    Args:
      paths: files of one kind, that their suffix tells, else their first bytes.
      options: what is said of the files; the rest is found.
      plain: makes plain files of what is packed.

    Raises:
      InputError: whatever keeps a file from being read; whatever is wrong with its columns.
    """
    files = [plain.file(path) for path in paths]
    suffix = plain_suffix(files[0])
    if suffix in PARQUET_SUFFIXES or _begins(files[0], b"PAR1"):
        return _read(_parquet(files), options)
    if suffix in FEATHER_SUFFIXES or _begins(files[0], b"ARROW1"):
        return _read(_feather(files), options)
    files = [plain.text(file) for file in files]
    if suffix in JSON_SUFFIXES or _begins(files[0], b"{", b"["):
        return _read(_json(files, options), options)
    return read_text(files, options, plain)


def frame_table(frame: "pandas.DataFrame", options: ReadOptions) -> Table:
    """The rows of a data frame.

    Raises:
      InputError: as `read_files`, or a column of more than one type.
    """
    names = [str(name) for name in frame.columns]
    try:
        view = pa.Table.from_pandas(frame.set_axis([f"c{n}" for n in range(len(names))], axis=1), preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"DataFrame: {shown(error)}; accepted: columns of one type each") from None
    return _read(_arrow(view, names, "DataFrame", lambda row: f"DataFrame: row {row}"), options)


def _read(relation: Relation, options: ReadOptions) -> Table:
    try:
        return read_relation(relation, options, connect(relation.view))
    except duckdb.Error as error:
        raise InputError(f"{relation.where}: cannot be read ({shown(str(error).splitlines()[0])})") from None


def _begins(path: Path, *marks: bytes) -> bool:
    with open(path, "rb") as file:
        head = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(marks)


def _renamed(sql: str, number: int) -> str:
    return f"{sql} AS given_table({', '.join(f'c{column}' for column in range(number))})"


def _described(sql: str, view: pa.Table | None = None) -> tuple[list[str], list[str]]:
    """Names and types of the columns of what stands after FROM."""
    rows = connect(view).execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


def _by_row(files: Sequence[Path], what: str = "row") -> Place:
    name = files[0] if len(files) == 1 else files[0].parent
    return lambda row: f"{name}: {what} {row + 1}"


def _by_part(files: Sequence[Path]) -> Place:
    def place(row: int) -> str:
        for file in files:
            rows = pq.read_metadata(file).num_rows
            if row < rows:
                return f"{file}: row {row + 1}"
            row -= rows
        return f"{files[-1]}: the last row"

    return place


def _parquet(files: Sequence[Path]) -> Relation:
    sql = f"read_parquet({paths_sql(files)})"
    for file in files:
        if file.stat().st_size == 0:
            raise InputError(f"{file}: the file is empty; ratings of at least 2 users and 2 items are needed")
    try:
        _, kinds = _described(sql)
        names = pq.read_schema(files[0]).names  # the engine would rename a second column of a name
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise InputError(
            f"{files[0]}: truncated, or not a parquet file ({shown(str(error).splitlines()[0])}); accepted: a whole one"
        ) from None
    return Relation(_renamed(sql, len(names)), names, kinds, str(files[0]), _by_part(files))


def _feather(files: Sequence[Path]) -> Relation:
    try:
        view = pa.concat_tables([pyarrow.feather.read_table(file, memory_map=True) for file in files])
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{files[0]}: not a whole feather file ({shown(error)}); accepted: a whole one") from None
    names = view.column_names
    return _arrow(view.rename_columns([f"c{n}" for n in range(len(names))]), names, str(files[0]), _by_row(files))


def _arrow(view: pa.Table, names: Sequence[str], where: str, place: Place) -> Relation:
    """A table in memory, its columns called c0, c1, ..."""
    for number, field in enumerate(view.schema):
        if pa.types.is_float16(field.type):  # which the engine does not know
            view = view.set_column(number, field.name, view[field.name].cast(pa.float32()))
        if pa.types.is_null(field.type):
            view = view.set_column(number, field.name, view[field.name].cast(pa.string()))
    try:
        _, kinds = _described("given", view)
    except duckdb.Error as error:
        raise InputError(f"{where}: a column of a type that cannot be read ({shown(error)})") from None
    return Relation("given", list(names), kinds, where, place, view=view)


def _json(files: Sequence[Path], options: ReadOptions) -> Relation:
    """Objects, one a line or in one array; numbers are kept as they are written."""
    form = f"maximum_object_size = {LONGEST}, ignore_errors = {str(options.bad_rows == 'drop').lower()}"
    try:
        names, _ = _described(f"read_json({paths_sql(files)}, maximum_depth = 1, {form})")
        if names == ["json"]:
            raise InputError(f"{files[0]}: not a table; accepted: one JSON object a line, or one array of objects")
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
        sql = f"read_json({paths_sql(files)}, columns = {{{columns}}}, {form})"
        connect().execute(f"SELECT count(*) FROM {sql}")
    except duckdb.Error as error:
        said = str(error).splitlines()[0].partition('": ')[0].partition(", at")
        raise InputError(
            f"{files[0]}: not JSON{said[1]}{said[2]}; accepted: one object a line, or one array of objects"
        ) from None
    where = str(files[0])
    return Relation(_renamed(sql, len(names)), names, ["VARCHAR"] * len(names), where, _by_row(files, "object"), "JSON")


def with_people(table: Table, path: Path, written: ReadOptions) -> Table:
    """A table with the demographics of a file beside it, one row a user, whose ids are its first column."""
    if plain_suffix(path) in PARQUET_SUFFIXES:
        users = _parquet([path])
    else:
        users = text_relation([path], find_dialect(path, written))
    try:
        people, notes = people_of(connect(), users.sql, users.names, 0)
    except duckdb.Error as error:
        raise InputError(f"{users.where}: cannot be read ({shown(str(error).splitlines()[0])})") from None
    return table._replace(people=people, notes=(*table.notes, *notes))


def column_names(path: Path, options: ReadOptions, plain: Plain) -> tuple[str, ...]:
    """Of a file's columns, where it has names for them; its own where it is no table of ratings."""
    file, suffix = plain.file(path), plain_suffix(path)
    if suffix in PARQUET_SUFFIXES:
        return tuple(_parquet([file]).names)
    if suffix in (*FEATHER_SUFFIXES, *JSON_SUFFIXES):
        return ()
    try:
        return find_dialect(plain.text(file), options).names
    except InputError:
        return (path.name,)


def check_parts(files: Sequence[Path]) -> None:
    """Checks the parts that `generate` writes: all there, as they were written.

    Raises:
      InputError: if one is missing, or is not what the manifest beside them tells of.
    """
    last = files[0].stem.rpartition("-")[2]
    number = int(last) if last.isdecimal() else 0
    if [path.name for path in files] != [f"part-{shard:05d}-of-{number:05d}.parquet" for shard in range(number)]:
        raise InputError(f"{files[0].parent}: {len(files)} of {number} parts; accepted: all of them, once each")
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
