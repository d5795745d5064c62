"""Any table of ratings: delimited text, JSON, parquet, feather, a data frame; and this project's own parquet files."""

import hashlib
import json
from collections.abc import Callable, Sequence
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
        return _json_table([plain.without_mark(file) for file in files], options)
    return read_text(files, options, plain)


def frame_table(frame: "pandas.DataFrame", options: ReadOptions) -> Table:
    """The rows of a data frame.

    Raises:
      InputError: as `read_files`, or a column of more than one type.
    """
    import pandas  # here: whoever has a frame has it already

    names = options.columns.split(",") if options.columns else [str(name) for name in frame.columns]
    if len(names) != frame.shape[1]:
        raise InputError(f"DataFrame: {frame.shape[1]} columns; `columns={options.columns}` names {len(names)}")
    columns: list[tuple[str, pa.Array]] = []
    for number, name in enumerate(names):
        values = frame.iloc[:, number]
        if isinstance(values.dtype, pandas.SparseDtype):
            values = values.sparse.to_dense()
        elif isinstance(values.dtype, pandas.PeriodDtype):
            values = values.dt.to_timestamp()
        try:
            columns.append((name, pa.array(values, from_pandas=True)))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            if all(isinstance(value, (int, float, str)) or pandas.isna(value) is True for value in values):
                texts = [None if pandas.isna(value) else str(value) for value in values]
                columns.append((name, pa.array(texts, pa.string())))
            # else a column of things, which is no id and no rating
    view = pa.table([values for _, values in columns], [f"c{number}" for number in range(len(columns))])
    names = [name for name, _ in columns]
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


def _by_part(files: Sequence[Path], rows_of: Callable[[int], int]) -> Place:
    def place(row: int) -> str:
        for number, file in enumerate(files):
            rows = rows_of(number)
            if row < rows:
                return f"{file}: row {row + 1}"
            row -= rows
        return f"{files[-1]}: the last row"

    return place


def _parquet(files: Sequence[Path]) -> Relation:
    sql = f"read_parquet({paths_sql(files)})"
    try:
        for file in files:
            if file.stat().st_size == 0:
                raise InputError(f"{file}: the file is empty; ratings of at least 2 users and 2 items are needed")
            schema = pq.read_schema(file)
            if file is files[0]:
                first = schema
            odd = any(pa.types.is_decimal256(kind) for kind in schema.types)  # the engine would round them
            if odd or (schema.names, schema.types) != (first.names, first.types):
                return _in_memory(files, pq.read_table)
        names = first.names  # the engine would rename a second column of a name
        _, kinds = _described(sql)
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file}: truncated, or not a parquet file ({shown(str(error).splitlines()[0])}); accepted: a whole one"
        ) from None
    return Relation(
        _renamed(sql, len(names)),
        names,
        kinds,
        str(files[0]),
        _by_part(files, lambda n: pq.read_metadata(files[n]).num_rows),
    )


def _feather(files: Sequence[Path]) -> Relation:
    return _in_memory(files, lambda file: pyarrow.feather.read_table(file, memory_map=True))


def _in_memory(files: Sequence[Path], read: Callable[[Path], pa.Table]) -> Relation:
    """Files as one table of types that hold the values of all, a column of numbers and text none."""
    views: list[pa.Table] = []
    for file in files:
        try:
            view = read(file)
            view.column_names  # noqa: B018 - raises where a name is no text
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: not a whole file ({shown(error)}); accepted: a whole one") from None
        views.append(view)
        try:
            whole = pa.concat_tables(views, promote_options="permissive") if len(views) > 1 else view
        except pa.ArrowException as error:
            raise InputError(
                f"{file}: columns of other types than those before it ({shown(error)}); accepted: parts of one table"
            ) from None
    names = whole.column_names
    whole = whole.rename_columns([f"c{number}" for number in range(len(names))])
    return _arrow(whole, names, str(files[0]), _by_part(files, lambda number: views[number].num_rows))


def _arrow(view: pa.Table, names: Sequence[str], where: str, place: Place) -> Relation:
    """A table in memory, its columns called c0, c1, ..."""
    for number, field in enumerate(view.schema):
        if pa.types.is_float16(field.type):  # which the engine does not know
            view = view.set_column(number, field.name, view[field.name].cast(pa.float32()))
        if pa.types.is_null(field.type) or pa.types.is_decimal256(field.type):
            view = view.set_column(number, field.name, view[field.name].cast(pa.string()))
    try:
        _, kinds = _described("given", view)
    except duckdb.Error as error:
        raise InputError(f"{where}: a column of a type that cannot be read ({shown(error)})") from None
    return Relation("given", list(names), kinds, where, place, view=view)


def _json_table(files: Sequence[Path], options: ReadOptions) -> Table:
    """Objects, one a line or in one array; whole numbers of any size are kept, others are as numbers are."""
    drop = options.bad_rows == "drop"
    form = f"maximum_object_size = {LONGEST}, ignore_errors = {str(drop).lower()}"
    try:
        whole = f"sample_size = -1, maximum_sample_files = {len(files)}"  # a key may come late
        names, _ = _described(f"read_json({paths_sql(files)}, maximum_depth = 1, {whole}, {form})")
        if names == ["json"]:
            raise InputError(f"{files[0]}: not a table; accepted: one JSON object a line, or one array of objects")
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
        sql = _renamed(f"read_json({paths_sql(files)}, columns = {{{columns}}}, {form})", len(names))
        nothing = " AND ".join(f"c{number} IS NULL" for number in range(len(names)))
        (lost,) = connect().execute(f"SELECT count(*) FILTER ({nothing}) FROM {sql}").fetchone() or (0,)
    except duckdb.Error:
        raise InputError(
            f"{_bad_json(files)}not a JSON object; accepted: one object a line, or one array of objects, "
            "or `bad_rows=drop`"
        ) from None
    kinds, place = ["VARCHAR"] * len(names), _by_row(files, "object")
    if not (drop and lost):
        return _read(Relation(sql, names, kinds, str(files[0]), place, "JSON"), options)
    kept = f"(SELECT * FROM {sql} WHERE NOT ({nothing}))"
    table = _read(Relation(kept, names, kinds, str(files[0]), place, "JSON"), options)
    return table._replace(notes=(f"{lost} lines that are no objects dropped", *table.notes))


def _bad_json(files: Sequence[Path]) -> str:
    """The first line that is no JSON, of files that are none as a whole either."""
    for file in files:
        with open(file, encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if number == 1 and line.lstrip().startswith("["):
                    return f"{file}: "
                try:
                    json.loads(line or "0")
                except ValueError:
                    if line.strip():
                        return f"{file}: row {number} is {shown(line.strip())}, "
    return f"{files[0]}: "


def with_people(table: Table, path: Path, written: ReadOptions) -> Table:
    """A table with the demographics of a file beside it, one row a user, whose ids are its first column."""
    if plain_suffix(path) in PARQUET_SUFFIXES:
        users = _parquet([path])
    else:
        users = text_relation([path], find_dialect(path, written, least=2))  # an id and something of its user
    try:
        people, notes = people_of(connect(), users.sql, users.names, users.kinds, 0, all_columns=True)
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
