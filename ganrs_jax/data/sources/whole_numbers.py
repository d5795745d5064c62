"""Text tables of plain whole numbers, most of the large ones: read by pyarrow, in half the time that the engine takes.

pyarrow reads 007 and 0x7 as 7 too, and takes blanks away. A table in which anything may be such an id is left to the
engine, as is one that pyarrow cannot read.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from ganrs_jax.data.sources.dialect import Dialect
from ganrs_jax.data.sources.roles import Roles

_CHUNK = 1 << 18  # bytes, that the processor has at hand
_NOT_PLAIN = (b"+", b"-", b"x", b"X", b"_", b"\0", b" ", b"\t")  # what pyarrow would take for part of a number


def read_whole_numbers(files: Sequence[Path], dialect: Dialect, roles: Roles) -> dict[str, list[pa.Array]] | None:
    """Batches of the columns of each role; None if a column may hold anything but plain whole numbers."""
    if len(dialect.separator) > 1 or dialect.escape not in ("", '"'):
        return None
    if not all(_is_plain(file, dialect) for file in files):
        return None
    columns = {role: str(number) for role, number in roles._asdict().items() if number is not None}
    for kind in (pa.int32(), pa.int64()):  # ids of 32 bits are most, and take half the time that follows
        kinds = {"user": kind, "item": kind, "rating": pa.float32(), "timestamp": pa.int64()}
        try:
            tables = [_read(file, dialect, {columns[role]: kinds[role] for role in columns}) for file in files]
        except (pa.ArrowException, OSError):
            continue
        return {role: [chunk for table in tables for chunk in table[name].chunks] for role, name in columns.items()}
    return None


def _read(file: Path, dialect: Dialect, kinds: dict[str, pa.DataType]) -> pa.Table:
    """The columns of these numbers, and no other."""
    return pacsv.read_csv(
        file,
        pacsv.ReadOptions(skip_rows=dialect.skip, column_names=[str(number) for number in range(len(dialect.names))]),
        pacsv.ParseOptions(delimiter=dialect.separator, quote_char=dialect.quote or False),
        pacsv.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[]),
    )


def _is_plain(file: Path, dialect: Dialect) -> bool:
    """Whether every number below the header is written the shortest way, with no blanks beside it."""
    unlike = [text for text in _NOT_PLAIN if text != dialect.separator.encode()]
    with open(file, "rb") as lines:
        for _ in range(dialect.skip):
            lines.readline()
        last = b"\n"
        while chunk := lines.read(_CHUNK):
            chunk = last + chunk
            if any(text in chunk for text in unlike) or _has_leading_zero(np.frombuffer(chunk, np.uint8)):
                return False
            last = chunk[-2:]
    return True


def _has_leading_zero(text: np.ndarray) -> bool:
    """Whether a 0 begins a number of more digits: it stands after neither a digit nor a point, and before a digit."""
    outside = text - np.uint8(ord(".")) > ord("9") - ord(".")  # between the point and 9 there are the digits and /
    zero = outside[:-2] & (text[1:-1] == ord("0"))
    return bool(zero.any() and (zero & (text[2:] - np.uint8(ord("0")) < 10)).any())
