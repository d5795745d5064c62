"""The Netflix Prize formats: combined_data_*.txt, and one mv_*.txt a movie.

A line "123:" opens the ratings of movie 123, a line "user,rating,date" each. In both the bytes are cut into
blocks at line ends and "123:" is made "123,,", so that every line is a csv row; the movie is then repeated down to the
next header. Nothing is done row by row.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from absl import logging

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources.formats import WHOLE_STARS, Format, first_line
from ganrs_jax.data.sources.relation import Table
from ganrs_jax.errors import InputError, Place, shown

_BLOCK = 1 << 25  # bytes
_DAY = 86_400  # seconds
_SHORTEST = len("1,1,2005-09-06\n")  # bytes of a rating
_HEADER = re.compile(rb"\d+:\s*$")
_TYPES = {"user_id": pa.int32(), "rating": pa.float32(), "date": pa.date32()}
_ACCEPTED = {
    "int32": f"whole numbers from 0 to {2**31 - 1}",
    "float": "a number such as 3.5",
    "date32": "a date such as 2005-09-06",
}
_CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to (\w+).*?: (.*)", re.S)
_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)", re.S)


def read_netflix(files: Sequence[Path]) -> Table:
    """All ratings of the files, in their order; time is the day of the rating.

    Raises:
      InputError: a file that does not open with a movie header, or a line that is neither header nor rating.
    """
    # Long enough for all ratings, with no second copy; pages never written cost no memory.
    most = sum(path.stat().st_size // _SHORTEST + 1 for path in files)
    columns: list[np.ndarray] = [np.empty(most, kind) for kind in (np.int32, np.int32, np.float32, np.int64)]
    filled = lines = movie = 0
    for data in _blocks(files):
        data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
        data = data.replace(b":\n", b",,\n")
        rows = _parsed(data, files, lines)
        block, movie = _ratings(rows, movie, _place(files, lines, _is_filled))
        for column, part in zip(columns, block, strict=True):
            column[filled : filled + len(part)] = part
        filled += len(block[0])
        lines += rows.num_rows
        logging.info("%s: %d ratings read", files[0].parent, filled)
    for column in columns:
        column.resize(filled, refcheck=False)  # gives the rest back; nothing else refers to it
    user, item, rating, time = columns
    time *= _DAY
    return Table(
        Columns(user, item, rating, time), _place(files, 0, lambda line: _is_filled(line) and not _HEADER.match(line))
    )


def _blocks(files: Sequence[Path]) -> Iterator[bytes]:
    """Whole lines of all files, about _BLOCK bytes at a time, so that 17,770 small files are a few blocks too."""
    pending: list[bytes] = []
    size = 0
    for path in files:
        for piece in _pieces(path):
            pending.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(pending)
                pending, size = [], 0
    if pending:
        yield b"".join(pending)


def _pieces(path: Path) -> Iterator[bytes]:
    line = first_line(path)
    if not _HEADER.match(line.encode()):
        raise InputError(f"{path}: row 1 is {shown(line)}; accepted: a movie header such as 123:")
    tail = b""
    with open(path, "rb") as file:
        while chunk := file.read(_BLOCK):
            data = tail + chunk
            cut = data.rfind(b"\n") + 1
            if cut == 0:
                raise InputError(f"{path}: no line end in {len(data)} bytes; accepted: lines of user,rating,date")
            tail = data[cut:]
            yield data[:cut]
    if tail:
        yield tail + b"\n"


def _ratings(rows: pa.Table, movie: int, place: Place) -> tuple[Sequence[np.ndarray], int]:
    """User, item, rating and day since 1970 of a block that starts within `movie`, and the movie that it ends in."""
    empty = {name: rows[name].is_null().to_numpy() for name in _TYPES}
    header = empty["rating"] & empty["date"]
    for name, cells in empty.items():
        holes = cells if name == "user_id" else cells & ~header
        if holes.any():
            raise InputError(f"{place(int(np.argmax(holes)))}: {name} is empty; accepted: user,rating,date or 123:")
    user = rows["user_id"].to_numpy()
    starts = np.flatnonzero(header)
    movies = np.concatenate([[movie], user[starts]]).astype(np.int32)
    counts = np.diff(np.concatenate([[-1], starts, [len(user)]])) - 1
    rated = ~header
    day = pc.fill_null(rows["date"].cast(pa.int32()), 0).to_numpy()
    return (user[rated], np.repeat(movies, counts), rows["rating"].to_numpy()[rated], day[rated]), int(movies[-1])


def _parsed(data: bytes, files: Sequence[Path], rows_before: int) -> pa.Table:
    """User, rating and date of the lines of a block that begins after `rows_before` lines of the files.

    Raises:
      InputError: the line that pyarrow cannot read, its column and value, and what is accepted.
    """

    def read(*, threads: bool) -> pa.Table:
        return pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(use_threads=threads, column_names=list(_TYPES)),
            pacsv.ParseOptions(quote_char=False),
            pacsv.ConvertOptions(column_types=_TYPES, null_values=[""]),
        )

    try:
        return read(threads=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        pass  # threads lose count of the rows
    try:
        return read(threads=False)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        text = str(error)
    if match := _CONVERSION.search(text):
        column, row, kind, value = match.groups()
        where = _line_of(files, rows_before + int(row) - 1, _is_filled) if row else str(files[0])
        value = value.removeprefix("invalid value ").strip("'")
        raise InputError(f"{where}: {list(_TYPES)[int(column)]} is {shown(value)}; accepted: {_ACCEPTED[kind]}")
    if match := _WIDTH.search(text):
        row, expected, got = match.groups()
        where = _line_of(files, rows_before + int(row) - 1, _is_filled)
        raise InputError(f"{where}: {got} columns found; accepted: {expected}")
    raise InputError(f"{files[0]}: cannot be read as a text table: {shown(text)}")


def _is_filled(line: bytes) -> bool:
    """Whether a line counts as a row for pyarrow, which skips empty ones."""
    return bool(line.rstrip(b"\r\n"))


def _line_of(files: Sequence[Path], row: int, counts: Callable[[bytes], bool]) -> str:
    """Says "FILE: row LINE" of the row-th line, from 0, that counts; scans the files, so it is for messages only."""
    for path in files:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if counts(line):
                    if row == 0:
                        return f"{path}: row {number}"
                    row -= 1
    return f"{files[-1]}: the last row"


def _place(files: Sequence[Path], lines: int, counts: Callable[[bytes], bool]) -> Place:
    return lambda row: _line_of(files, lines + row, counts)


COMBINED = Format(
    "Netflix combined_data_*.txt", "combined_data_*.txt", WHOLE_STARS, header=r"\d+:\s*$", reader=read_netflix
)
PER_MOVIE = Format("Netflix mv_*.txt", "mv_*.txt", WHOLE_STARS, reader=read_netflix)
