"""Delimited text, read by DuckDB; what it cannot read is made plainer where that is known to help, else explained."""

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from ganrs_jax.data.sources.dialect import Dialect, Record, check_part, find_dialect, head_of, records
from ganrs_jax.data.sources.engine import LONGEST, connect, paths_sql, quoted
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.plain import Plain
from ganrs_jax.data.sources.relation import LOOK, SHOWN_ROWS, Relation, Table, read_relation
from ganrs_jax.data.sources.whole_numbers import read_whole_numbers
from ganrs_jax.errors import InputError, shown

_CHUNK = 1 << 22  # characters


class _Rejected(NamedTuple):
    """A line that the engine could not cut into the columns."""

    file: str
    line: int  # as the engine counts: one for each row, however many lines it has
    kind: str
    text: str
    said: str


def read_text(files: Sequence[Path], options: ReadOptions, plain: Plain) -> Table:
    """The ratings of text files, parts of one table.

    Raises:
      InputError: the file, the line, what is wrong with it, and what is accepted.
    """
    notes: list[str] = []
    escape = ""
    while True:
        dialect, connection = find_dialect(files[0], options), connect()
        dialect = dialect._replace(escape=escape or dialect.escape)
        for part in files[1:]:
            check_part(part, files[0], dialect, options)
        relation = text_relation(files, dialect, connection if options.bad_rows == "drop" else None)
        try:
            table = read_relation(relation, options, connection)
        except duckdb.Error as error:
            plainer = [_plainer(file, options, plain) for file in files]
            if any(plainer):
                files = [better.file if better else file for file, better in zip(files, plainer, strict=True)]
                notes += dict.fromkeys(better.note for better in plainer if better and better.note)
            elif not escape and dialect.quote and any(_holds(file, f"\\{dialect.quote}") for file in files):
                escape = "\\"  # as databases write; what was looked at had none
            else:
                raise _explained(files, dialect, error) from None
            continue
        lost = _rejected(connection) if options.bad_rows == "drop" else []
        if lost:
            found = _lines_of(files, dialect, lost)
            rows = ", ".join(f"row {first}" + f" to {last}" * (last > first) for first, last in found[:SHOWN_ROWS])
            number = sum(last + 1 - first for first, last in found)
            notes.append(f"{number} lines that are no rows dropped: {rows}{', ...' * (len(lost) > SHOWN_ROWS)}")
        return table._replace(notes=(*notes, *table.notes, *_long_rows(files, dialect, relation.sql)))


def _holds(file: Path, text: str) -> bool:
    with open(file, encoding="utf-8", errors="replace", newline="") as lines:
        return any(text in line for line in lines)


def _num_lines(file: Path) -> int:
    lines, last = 0, b"\n"
    with open(file, "rb") as text:
        while chunk := text.read(_CHUNK):
            lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    return lines + (last != b"\n")


def _long_rows(files: Sequence[Path], dialect: Dialect, sql: str) -> list[str]:
    """A note of rows of several lines, which stray quotes make too."""
    if not dialect.quote or not any(_holds(file, dialect.quote) for file in files):
        return []
    lenient = re.sub("store_rejects = (true|false)", "ignore_errors = true", sql)
    (rows,) = connect().execute(f"SELECT count(*) FROM {lenient}").fetchone() or (0,)
    if sum(_num_lines(file) - dialect.skip for file in files) <= rows:
        return []  # without looking at each
    long = [(path, record) for path, _, record, _ in _records(files, dialect) if record.last > record.line]
    if not long:
        return []
    path, first = long[0]
    return [
        f"{len(long)} rows go over several lines, within quotes, the first in {path}: row {first.line} to {first.last}"
        "; `quote=none` reads quotes as they stand"
    ]


def text_relation(
    files: Sequence[Path], dialect: Dialect, rejects: duckdb.DuckDBPyConnection | None = None
) -> Relation:
    """Text as a relation, every column of it text; `rejects` is where lines that are no rows are kept, if anywhere."""
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(dialect.names)))
    sql = (
        f"read_csv({paths_sql(files)}, auto_detect = false, header = false, skip = {dialect.skip}, "
        f"delim = {quoted(dialect.separator)}, quote = {quoted(dialect.quote)}, escape = {quoted(dialect.escape)}, "
        f"columns = {{{columns}}}, nullstr = '', compression = 'none', max_line_size = {LONGEST}, "
        f"store_rejects = {str(rejects is not None).lower()})"
    )

    def place(row: int) -> str:
        lost = {(rejected.file, rejected.line) for rejected in _rejected(rejects)} if rejects else set()
        for path, resolved, record, counted in _records(files, dialect):
            if (resolved, counted) not in lost:
                if row == 0:
                    return f"{path}: row {record.line}"
                row -= 1
        return f"{files[-1]}: the last row"

    kinds = ["VARCHAR"] * len(dialect.names)

    def look(column: int) -> list[str]:
        first = itertools.islice(records(head_of(files[0]), dialect), LOOK)
        return [record.fields[column] for record in first if column < len(record.fields)]

    quick = functools.partial(read_whole_numbers, files, dialect)
    return Relation(sql, dialect.names, kinds, str(files[0]), place, str(dialect), look=look, quick=quick)


def _records(files: Sequence[Path], dialect: Dialect) -> Iterator[tuple[Path, str, Record, int]]:
    """Each row with its file, as given and as the engine has it, and its line as the engine counts.

    Scans the files, so it is for messages.
    """
    for path in files:
        resolved, within = str(path.resolve()), 0  # lines inside quotes
        with open(path, encoding="utf-8", errors="replace", newline="") as lines:
            for record in records(lines, dialect):
                yield path, resolved, record, record.line - within
                within += record.last - record.line


def _lines_of(files: Sequence[Path], dialect: Dialect, lost: Sequence[_Rejected]) -> list[tuple[int, int]]:
    """First and last line of each of what was rejected."""
    found = {(rejected.file, rejected.line): (rejected.line, rejected.line) for rejected in lost}
    for _, resolved, record, counted in _records(files, dialect):
        if (resolved, counted) in found:
            found[resolved, counted] = record.line, record.last
    return list(found.values())


class _Plainer(NamedTuple):
    file: Path
    note: str


def _plainer(path: Path, options: ReadOptions, plain: Plain) -> _Plainer | None:
    """A copy in UTF-8 with lines ended alike, of a file that is not so already."""
    returns = feeds = pairs = 0
    try:
        with open(path, encoding="utf-8", newline="") as text:
            while chunk := text.read(_CHUNK):
                returns, feeds = returns + chunk.count("\r"), feeds + chunk.count("\n")
                pairs += chunk.count("\r\n")
    except UnicodeDecodeError:
        if options.encoding:
            return None
        try:
            file, name = plain.recoded(path, "cp1252"), "Windows-1252"
        except InputError:  # a byte that Windows-1252 does not have
            file, name = plain.recoded(path, "latin-1"), "Latin-1"
        return _Plainer(file, f"not UTF-8: read as {name}, see `encoding`")
    alike = returns == 0 or feeds == 0 or returns == feeds == pairs
    return None if alike else _Plainer(plain.recoded(path, "utf-8"), "")


def _rejected(connection: duckdb.DuckDBPyConnection) -> list[_Rejected]:
    """The lines that were no rows, in order."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall():
        return []  # nothing was scanned for rejects
    rows = connection.execute(
        "SELECT s.file_path, e.line, min(e.error_type::VARCHAR), min(e.csv_line), min(e.error_message) "
        "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return [_Rejected(*row) for row in rows]


def _explained(files: Sequence[Path], dialect: Dialect, error: Exception) -> InputError:
    """What keeps text from being read."""
    accepted = "accepted: rows of as many columns, their `separator` and `quote`, or `bad_rows=drop`"
    connection = connect()
    counts = ", ".join(f"count(c{number})" for number in range(len(dialect.names)))
    try:
        connection.execute(f"SELECT {counts} FROM {text_relation(files, dialect, connection).sql}").fetchall()
        lost = _rejected(connection)
    except duckdb.Error:
        lost = []
    if not lost:
        return InputError(f"{files[0]}: cannot be read as a table ({shown(str(error).splitlines()[0])}); {accepted}")
    first = lost[0]
    file = next((path for path in files if str(path.resolve()) == first.file), files[0])
    fault = first.said.splitlines()[0].removesuffix(".")
    if "COLUMNS" in first.kind:
        fault = f"{fault.rpartition(' ')[2]} columns of {len(dialect.names)}"
    others = f" (one of {len(lost)} such rows)" if len(lost) > 1 else ""
    where = f"{file}: row {_lines_of(files, dialect, lost[:1])[0][0]}"
    return InputError(f"{where}: {shown(first.text or '')}: {fault}{others}; {accepted}")
