"""Delimited text, read in columns by pyarrow; a failure is read again slowly, to say which row it is."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from ganrs_jax.data.ratings import Place
from ganrs_jax.data.sources.files import first_line, likely_separator, lines_to_first_row, locate, separator_name, shown
from ganrs_jax.errors import InputError

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


def read_text(
    path: Path, separator: str, types: Mapping[str, pa.DataType | None], names: Sequence[str] = ()
) -> pa.Table:
    """Columns of a delimited text file.

    Args:
      path: the file.
      separator: one character, or "::".
      types: the columns wanted, in order, and their types (None = found).
      names: all columns of a file without a header line; () = the first line names them.

    Raises:
      InputError: missing, empty or binary file, wrong separator, missing column, a row of another width,
        a value that is not of the type.
    """
    line = first_line(path)
    if line.count(separator) < 2:
        likely = likely_separator(line)
        hint = f"{separator_name(likely)} is the likely one, see `separator`" if likely else "no other fits either"
        fewer = f"fewer than 3 columns with the separator {separator_name(separator)}"
        raise InputError(f"{path}: row 1 is {shown(line)}: {fewer}; {hint}")
    header = () if names else header_names(line, separator)
    if header:
        check_present(f"{path}: row 1", header, list(types))
    skipped = 0
    if separator == "::":  # pyarrow knows separators of one character: between two fields stands an empty one
        skipped = lines_to_first_row(path) if header else 0
        names = [part for name in names or header for part in (name, f"::{name}")][:-1]
        separator = ":"
    try:
        return _read(path, separator, types, names, skipped, threads=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        pass  # threads lose count of the rows
    try:
        return _read(path, separator, types, names, skipped, threads=False)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        before = 1 - skipped if skipped else 0  # pyarrow counts skipped lines as rows, also blank ones
        raise explained(error, [path], names or header, before) from None


def text_place(path: Path, has_header: bool) -> Place:
    """Where row i of a text file is, as its line number."""
    return lambda row: locate([path], row + has_header)


def header_names(line: str, separator: str) -> list[str]:
    """The column names of a header line."""
    return line.split(separator) if len(separator) > 1 else next(csv.reader([line], delimiter=separator))


def check_present(where: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises InputError unless each wanted column is there once."""
    for name in wanted:
        if names.count(name) != 1:
            fault = "occurs twice" if name in names else "is missing"
            raise InputError(f"{where}: column {name!r} {fault}; columns present: {listed(names)}")


def listed(names: Sequence[str]) -> str:
    """Column names as a message lists them, at most twelve."""
    return ", ".join(shown(name)[1:-1] for name in names[:12]) + (", ..." if len(names) > 12 else "")


def explained(error: Exception, files: Sequence[Path], names: Sequence[str], rows_before: int = 0) -> InputError:
    """What pyarrow says of a csv block, as file, row, column, value and what is accepted."""
    text = str(error)
    if match := _CONVERSION.search(text):
        column, row, kind, value = match.groups()
        name = names[int(column)] if int(column) < len(names) else f"number {int(column) + 1}"
        value = value.removeprefix("invalid value ").strip("'")
        where = locate(files, rows_before + int(row) - 1) if row else str(files[0])
        if value.startswith("invalid UTF8"):
            return InputError(f"{where}: {name} is not UTF-8; accepted: UTF-8 text")
        return InputError(f"{where}: {name} is {shown(value)}; accepted: {_ACCEPTED.get(kind, kind)}")
    if match := _WIDTH.search(text):
        row, expected, got = (int(group) for group in match.groups())
        if any(name.startswith("::") for name in names):  # not counting the empty ones between two colons
            expected, got = (expected + 1) // 2, (got + 1) // 2
        where = locate(files, rows_before + row - 1)
        return InputError(f"{where}: {got} columns found; accepted: {expected}")
    return InputError(f"{files[0]}: cannot be read as a text table: {shown(text)}")


def _read(
    path: Path,
    separator: str,
    types: Mapping[str, pa.DataType | None],
    names: Sequence[str],
    skipped: int,
    *,
    threads: bool,
) -> pa.Table:
    return pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(use_threads=threads, column_names=list(names) or None, skip_rows=skipped),
        parse_options=pacsv.ParseOptions(delimiter=separator),
        convert_options=pacsv.ConvertOptions(
            column_types={name: kind for name, kind in types.items() if kind is not None},
            include_columns=list(types),
            null_values=[""],  # "NA" or "nan" is a value, to be named in the message
        ),
    )
