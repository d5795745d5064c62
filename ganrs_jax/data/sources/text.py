"""Delimited text, read in columns by pyarrow; after a failure it is read again by one thread, to find the line."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from ganrs_jax.errors import InputError, Place

_HEAD = 1 << 16  # bytes of the first look
_SHOWN = 60  # characters of a value in a message
_MAGIC = {
    b"PAR1": "a parquet file",
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "a gzip file",
    b"\x93NUMPY": "an npy file",
}
_SEPARATORS = ("::", "\t", ";", ",", "|", " ")
_CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to (\w+).*?: (.*)", re.S)
_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)", re.S)
_ACCEPTED = {
    "int16": "whole numbers to 32767",
    "int32": f"whole numbers from 0 to {2**31 - 1}",
    "int64": f"whole numbers from 0 to {2**63 - 1}",
    "float": "a number such as 3.5",
    "date32": "a date such as 2005-09-06",
    "string": "UTF-8 text",
}
Types = Mapping[str, pa.DataType | None]  # of the columns wanted, in order; None = found from the values


def shown(value: object) -> str:
    """A value as a message shows it: quoted, on one line, at most 60 characters."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def likely_separator(line: str) -> str:
    """The separator that cuts a line into three fields or more; "" if none does."""
    return next((separator for separator in _SEPARATORS if line.count(separator) >= 2), "")


def read_head(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
      InputError: no such file, not a file, not readable, or empty.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; a file is needed") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not head:
        raise InputError(f"{path}: the file is empty; ratings of at least 2 users and 2 items are needed")
    return head


def first_line(path: Path) -> str:
    """The first line of a text file that is not blank, without a byte-order mark.

    Raises:
      InputError: as read_head, or the file is binary, not UTF-8, or has only blank lines.
    """
    head = read_head(path)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise InputError(f"{path}: looks like {kind}; a text table is needed (a parquet file must end in .parquet)")
    zero = head.find(b"\0")
    if zero >= 0:
        raise InputError(f"{path}: byte {zero} is zero, so this is no text file; UTF-8 text or .parquet is accepted")
    line = next((line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()), b"")
    if not line:
        raise InputError(f"{path}: only blank lines; ratings of at least 2 users and 2 items are needed")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}: row 1 is {shown(line)}, which is not UTF-8; UTF-8 text is accepted") from None


def header_names(line: str, separator: str) -> list[str]:
    """The column names of a header line."""
    return line.split(separator) if len(separator) > 1 else next(csv.reader([line], delimiter=separator))


def check_present(where: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises InputError unless each wanted column is there once."""
    for name in wanted:
        if names.count(name) != 1:
            fault = "occurs twice" if name in names else "is missing"
            listed = ", ".join(shown(each)[1:-1] for each in names[:12]) + (", ..." if len(names) > 12 else "")
            raise InputError(f"{where}: column {name!r} {fault}; columns present: {listed}")


def read_text(path: Path, separator: str, types: Types, names: Sequence[str] = ()) -> pa.Table:
    """Columns of a delimited text file.

    Args:
      path: the file.
      separator: one character, or "::".
      types: of the columns wanted.
      names: all columns of a file without a header line; () = the first line names them.

    Raises:
      InputError: missing, empty or binary file, wrong separator, missing column, a row with another number of columns,
        a value that is not of the type.
    """
    line = first_line(path)
    if line.count(separator) < 2:
        likely, name = likely_separator(line), {"\t": "tab", " ": "space"}
        hint = (
            f"{name.get(likely, repr(likely))} is the likely one, see `separator`" if likely else "no other fits either"
        )
        fewer = f"fewer than 3 columns with the separator {name.get(separator, repr(separator))}"
        raise InputError(f"{path}: row 1 is {shown(line)}: {fewer}; {hint}")
    header = () if names else header_names(line, separator)
    if header:
        check_present(f"{path}: row 1", header, list(types))
    if separator != "::":
        return parsed(path, [path], types, names or header, separator=separator, has_header=not names)
    # pyarrow's separators are one character long: between two fields there is an empty one
    names, skipped = [part for name in names or header for part in (name, f"::{name}")][:-1], 0
    if header:
        with open(path, "rb") as lines:
            skipped = next(number for number, line in enumerate(lines, 1) if line.strip(b"\xef\xbb\xbf \t\r\n"))
    return parsed(path, [path], types, names, separator=":", skipped=skipped)


def parsed(
    source: Path | bytes,
    files: Sequence[Path],
    types: Types,
    names: Sequence[str],
    *,
    separator: str = ",",
    quoted: bool = True,
    has_header: bool = False,
    skipped: int = 0,
    rows_before: int = 0,
) -> pa.Table:
    """What pyarrow reads of a file, or of bytes that begin after `rows_before` rows of the files.

    Raises:
      InputError: the line that pyarrow cannot read, its column and value, and what is accepted.
    """

    def read(*, threads: bool) -> pa.Table:
        return pacsv.read_csv(
            pa.BufferReader(source) if isinstance(source, bytes) else source,
            pacsv.ReadOptions(use_threads=threads, column_names=None if has_header else list(names), skip_rows=skipped),
            pacsv.ParseOptions(delimiter=separator, quote_char='"' if quoted else False),
            pacsv.ConvertOptions(
                column_types={name: kind for name, kind in types.items() if kind is not None},
                include_columns=list(types),
                null_values=[""],  # "NA" or "nan" is a value, to be named in the message
            ),
        )

    try:
        return read(threads=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        pass  # threads lose count of the rows
    try:
        return read(threads=False)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        # pyarrow counts skipped lines as rows, also blank ones
        raise _explained(error, files, names, 1 - skipped if skipped else rows_before) from None


def _explained(error: Exception, files: Sequence[Path], names: Sequence[str], rows_before: int) -> InputError:
    """What pyarrow says of a csv block, as file, row, column, value and what is accepted."""
    text = str(error)
    if match := _CONVERSION.search(text):
        column, row, kind, value = match.groups()
        name = names[int(column)] if int(column) < len(names) else f"number {int(column) + 1}"
        value = value.removeprefix("invalid value ").strip("'")
        where = line_of(files, rows_before + int(row) - 1) if row else str(files[0])
        if value.startswith("invalid UTF8"):
            return InputError(f"{where}: {name} is not UTF-8; accepted: UTF-8 text")
        return InputError(f"{where}: {name} is {shown(value)}; accepted: {_ACCEPTED.get(kind, kind)}")
    if match := _WIDTH.search(text):
        row, expected, got = (int(group) for group in match.groups())
        if any(name.startswith("::") for name in names):  # not counting the empty ones between two colons
            expected, got = (expected + 1) // 2, (got + 1) // 2
        where = line_of(files, rows_before + row - 1)
        return InputError(f"{where}: {got} columns found; accepted: {expected}")
    return InputError(f"{files[0]}: cannot be read as a text table: {shown(text)}")


def is_filled(line: bytes) -> bool:
    """Whether a line counts as a row for pyarrow, which skips empty ones."""
    return bool(line.rstrip(b"\r\n"))


def line_of(files: Sequence[Path], row: int, counts: Callable[[bytes], bool] = is_filled) -> str:
    """Says "FILE: row LINE" of the row-th line, from 0, that counts; scans the files, so it is for messages only."""
    for path in files:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if counts(line):
                    if row == 0:
                        return f"{path}: row {number}"
                    row -= 1
    return f"{files[-1]}: the last row"


def text_place(path: Path, has_header: bool) -> Place:
    """Where a message says that a row of a text file is: by its line."""
    return lambda row: line_of([path], row + has_header)
