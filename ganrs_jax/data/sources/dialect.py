"""How a text table is written: separator, quotes, header. DuckDB's sniffer finds it where no option says it."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from ganrs_jax.data.sources.engine import LONGEST, connect
from ganrs_jax.data.sources.options import ReadOptions, separator_of
from ganrs_jax.data.sources.roles import is_header
from ganrs_jax.errors import InputError, shown

_HEAD = 1 << 20  # bytes of the first look
_SEPARATORS = ("::", "\t", ";", "|", ",", " ")  # tried one by one where the sniffer finds fewer than three columns
_NAMES = {"\t": "tabs", " ": "blanks", ",": "commas", ";": "semicolons"}
_LEAST = 3  # columns: user, item, rating
_BINARY = {
    b"\x93NUMPY": "an npy file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite": "an SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
}
_TAR = slice(257, 262)  # where an archive says "ustar"
_REMARKS = ("#", "%")  # a line that begins so is no rating
_LOOK = 1000  # rows
_AMAZON = {  # a product is B and nine letters or digits, or an ISBN; a reviewer A and more of them
    "user": r"A[0-9A-Z]{9,24}",
    "item": r"B[0-9A-Z]{9}|[0-9]{9}[0-9X]",
    "rating": r"[1-5](\.0)?",
    "timestamp": r"[0-9]{9,10}|[0-9]{12,13}",
}


class Dialect(NamedTuple):
    """How the lines of a text table are cut into fields."""

    separator: str
    quote: str  # "" = none
    escape: str
    names: tuple[str, ...]  # of all columns, in their order
    skip: int  # lines before the first row: the header and what stands above it
    header: bool
    above: int = 0  # lines above the table that are not blank

    def __str__(self) -> str:
        cut = _NAMES.get(self.separator, repr(self.separator))
        cut += f", quotes {self.quote}" if self.quote not in ("", '"') else ""
        left_out = f", {self.above} lines above the table left out" if self.above else ""
        return f"columns between {cut}, {'a header line' if self.header else 'no header line'}{left_out}"


def find_dialect(path: Path, options: ReadOptions, least: int = _LEAST) -> Dialect:
    """The dialect of a UTF-8 text file.

    Raises:
      InputError: an empty or binary file, fewer columns than `least`, or no names of columns anywhere.
    """
    text = head_of(path)
    separator, quote, escape, skip = _sniffed(path, text, options)
    if not any(line.strip() for line in text.splitlines()[:skip]):
        skip = 0  # blank lines are no rows anyway
    if options.quote:
        quote = "" if options.quote == "none" else options.quote
    first = next(records(text, Dialect(separator, quote, escape, (), skip, False)), None)
    line, number = _line(text, skip)
    if first is None or len(first.fields) < least:
        fewer = f"fewer than {least} columns" + (
            f" between {_NAMES.get(separator, repr(separator))}" if options.separator else ", however it is cut"
        )
        raise InputError(f"{path}: row {number} is {shown(line)}: {fewer}; accepted: another `separator`")
    names = tuple(name.strip() for name in first.fields)
    above = sum(bool(line.strip()) for line in text.splitlines()[:skip])
    if options.columns:
        given = tuple(name.strip() for name in options.columns.split(","))
        if len(given) != len(names):
            raise InputError(
                f"{path}: row {number} is {shown(line)}, {len(names)} columns, and `columns={options.columns}` names "
                f"{len(given)}; accepted: a name a column, - for one that is not needed"
            )
        return Dialect(separator, quote, escape, given, skip, False, above)
    if is_header(names, options):
        return Dialect(separator, quote, escape, names, first.last, True, above)
    if found := _amazon(text, Dialect(separator, quote, escape, names, skip, False)):
        return Dialect(separator, quote, escape, found, skip, False, above)
    raise InputError(
        f"{path}: row {number} is {shown(line)}, which names no columns that are known; accepted: "
        "`columns=user,item,rating`, in the order of the table, if it is a rating; if it is a header, "
        "`user_column`, `item_column` and `rating_column`"
    )


def check_part(path: Path, first: Path, dialect: Dialect, options: ReadOptions) -> None:
    """Raises InputError unless a part is written as the first one, of this dialect, is: the same lines are its rows."""
    with open(path, "rb") as file:
        text = file.read(_HEAD).decode("utf-8", "replace").removeprefix("\ufeff")
    above = _above(text, dialect.separator, options)
    row = next(records(text, dialect._replace(skip=above)), None)
    if row is None:  # nothing in it
        return
    names = tuple(name.strip() for name in row.fields)
    if not any(line.strip() for line in text.splitlines()[:above]):
        above = 0
    alike = (names == dialect.names and row.last == dialect.skip) if dialect.header else above == dialect.skip
    if len(names) != len(dialect.names) or not alike:
        line, number = _line(text, 0)
        raise InputError(f"{path}: row {number} is {shown(line)}; accepted: parts that begin as {first.name} does")


class Record(NamedTuple):
    """One row of a text table, and the numbers of its lines, from 1."""

    fields: Sequence[str]
    line: int  # the first
    last: int


def records(text: Iterator[str] | str, dialect: Dialect) -> Iterator[Record]:
    """The rows of a text, also quoted ones of several lines; what is blank is none. For looks and messages."""
    lines = iter(io.StringIO(text, newline="")) if isinstance(text, str) else text
    for _ in range(dialect.skip):
        next(lines, None)
    if len(dialect.separator) > 1:
        for number, line in enumerate(lines, dialect.skip + 1):
            if line.strip():
                yield Record(line.rstrip("\r\n").split(dialect.separator), number, number)
        return
    doubled = not dialect.escape or dialect.escape == dialect.quote
    rows = csv.reader(
        lines,
        delimiter=dialect.separator,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled else dialect.escape,
    )
    last = dialect.skip
    csv.field_size_limit(LONGEST)
    try:
        for fields in rows:
            first, last = last + 1, dialect.skip + rows.line_num
            if fields:
                yield Record(fields, first, last)
    except csv.Error:  # a field longer than the module takes
        return


def _amazon(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The columns of Amazon's ratings, which have no header: users and items change places from year to year.

    Only where every row of the first look has a reviewer's id, a product's, a whole number of stars and a time.
    """
    rows = [record.fields for record in itertools.islice(records(text, dialect), _LOOK)]
    if {len(fields) for fields in rows} != {4}:
        return ()
    columns = list(zip(*rows, strict=True))
    for names in (("user", "item"), ("item", "user")):
        roles = (*names, "rating", "timestamp")
        if all(
            re.fullmatch(_AMAZON[role], field) for role, column in zip(roles, columns, strict=True) for field in column
        ):
            return roles
    return ()


def head_of(path: Path) -> str:
    """The first lines of a file.

    Raises:
      InputError: it is empty, blank, binary or not UTF-8.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    for magic, kind in _BINARY.items():
        if head.startswith(magic):
            raise InputError(f"{path}: looks like {kind}; accepted: text, JSON, parquet or feather")
    if head[_TAR] == b"ustar":
        raise InputError(f"{path}: a tar archive; accepted: one of its files, unpacked, or a zip file")
    if (zero := head.find(b"\0")) >= 0:
        raise InputError(
            f"{path}: byte {zero} is zero, so this is no text in UTF-8; accepted: text, and its `encoding`"
        )
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.strip():
        what = "only blank lines" if head else "the file is empty"
        raise InputError(f"{path}: {what}; ratings of at least 2 users and 2 items are needed")
    return text


def _sniffed(path: Path, text: str, options: ReadOptions) -> tuple[str, str, str, int]:
    """Separator, quote, escape, and lines above the table, which have too few separators to be of it.

    What a sample of rows has no quotes in may have them further down, so that quotes are off only where an option says.
    """
    given = separator_of(options.separator)
    lines = [line for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if not line.startswith(_REMARKS)), lines[0])
    likely = [separator for separator in _SEPARATORS if line.count(separator) >= _LEAST - 1]
    # "::" nothing else has, and by a header's own separator its fields are names, whatever the fields below hold.
    heads = [s for s in likely if s == "::" or is_header([name.strip("\"'") for name in line.split(s)], options)]
    for separator in (given,) if given else (*heads[:1], "", *likely):
        try:
            found = (
                connect()
                .execute(
                    "SELECT Delimiter, Quote, Escape, len(Columns) FROM sniff_csv($path, all_varchar = true"
                    + (", delim = $separator)" if separator else ")"),
                    {"path": str(path.resolve())} | ({"separator": separator} if separator else {}),
                )
                .fetchone()
            )
        except duckdb.Error:
            found = None
        if found and found[3] >= _LEAST:
            separator, quote, escape, _ = found
            quote = "'" if quote == "'" and _has_apostrophes_for_quotes(lines, separator) else '"'
            return (
                separator,
                quote,
                escape if escape in (quote, "\\") else quote,
                _above(text, separator, options),
            )
    separator = given or (likely[0] if likely else ",")
    return separator, '"', '"', _above(text, separator, options)


def _has_apostrophes_for_quotes(lines: Sequence[str], separator: str) -> bool:
    """Whether in each row, but for a header, the first field that is no number begins with an apostrophe."""
    for line in lines[1:_LOOK]:
        words = (field for field in line.split(separator) if not re.fullmatch(r"[-+.\d\s]*", field))
        if not next(words, "'").lstrip().startswith("'"):
            return False
    return True


def _above(text: str, separator: str, options: ReadOptions) -> int:
    """Lines before the first that has enough separators, 0 if none has; a remark counts only if it names columns.

    Above a header may stand a title; above the first rating remarks alone, for else it may be a rating cut short.
    """
    for number, line in enumerate(text.splitlines()):
        if line.startswith(_REMARKS):
            fields = line.split(separator)
            if len(fields) == len(options.columns.split(",")) if options.columns else is_header(fields, options):
                return number
            continue
        if (options.columns and line.strip()) or line.count(separator) >= _LEAST - 1:
            return number
    return 0


def _line(text: str, skip: int) -> tuple[str, int]:
    """The first line that is not blank after some, and its number from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        if number > skip and line.strip():
            return line, number
    return "", skip + 1
