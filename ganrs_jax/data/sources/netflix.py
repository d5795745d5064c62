"""The Netflix Prize formats: combined_data_*.txt, and one mv_*.txt a movie.

A line "123:" opens the ratings of movie 123, a line "user,rating,date" each. Ids as the Prize has them, whole numbers
of 32 bits, are read by pyarrow: the bytes are cut into blocks at line ends and "123:" is made "123,,", so that every
line is a csv row; the movie is then repeated down to the next header. Any other ids, and what is wrong with a line, are
left to the reader of tables, which is given a copy with the movie at the end of each line.
"""

import codecs
import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from absl import logging

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources.formats import WHOLE_STARS, Format, first_line
from ganrs_jax.data.sources.options import NO_TIME, ReadOptions
from ganrs_jax.data.sources.plain import Plain
from ganrs_jax.data.sources.relation import Table
from ganrs_jax.data.sources.tables import read_files
from ganrs_jax.errors import InputError, shown

_BLOCK = 1 << 25  # bytes
_SPAN = 1 << 18  # bytes, that the processor has at hand
_DAY = 86_400  # seconds
_SHORTEST = len("1,1,2005-09-06\n")  # bytes of a rating
_ANY_HEADER = r"[^,\s]+:\s*$"
_HEADER = re.compile(_ANY_HEADER.encode())
_MOVIE = re.compile(rb"^([^,\s]+):[ \t\r]*$", re.M)
_LINE_END = re.compile(rb"(?<=[^\r\n])(\r?\n)")
_TYPES = {"user_id": pa.int32(), "rating": pa.float32(), "date": pa.date32()}


class _OtherLinesError(Exception):
    """A line that is neither "user,rating,date" with whole numbers nor "movie:"."""


def read_netflix(files: Sequence[Path], options: ReadOptions, plain: Plain) -> Table:
    """All ratings of the files, in their order; time is the day of the rating.

    Raises:
      InputError: a file that does not open with a movie header; a line that cannot be read.
    """
    files = [path for path in files if path.stat().st_size]
    for path in files:
        line = first_line(path)
        if not _HEADER.match(line.encode()):
            raise InputError(f"{path}: row 1 is {shown(line)}; accepted: a movie header such as 123:")
    timed = options.timestamp_column != NO_TIME
    if timed and not options.ids:
        try:
            return _whole_numbers(files)
        except _OtherLinesError:
            pass
    told = dataclasses.replace(
        options,
        user_column="",
        item_column="",
        rating_column="",
        timestamp_column="" if timed else NO_TIME,
        columns="user,rating,date,item",
        separator=",",
        quote="none",
    )
    copies = [copy for path in files if (copy := _table(path, plain))]
    if not copies:  # movies alone
        return Table(Columns(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)), str)
    return read_files(copies, told, plain)._replace(form="")


def _table(path: Path, plain: Plain) -> Path | None:
    """A copy with the movie at the end of each rating, and with blank lines for headers: lines keep their numbers.

    None where there is no rating.
    """
    copy, movie, rated = plain.copy_of(path), b"", False
    with open(copy, "wb") as file:
        for block in _blocks([path]):
            # What stands between two headers; each part but the first begins with the end of its header's line.
            first, *rest = _MOVIE.split(block)
            rated = rated or any(part.strip() for part in (first, *rest[1::2]))
            file.write(_LINE_END.sub(b",%b\\1" % _escaped(movie), first))
            for movie, ratings in zip(rest[::2], rest[1::2], strict=True):
                file.write(_LINE_END.sub(b",%b\\1" % _escaped(movie), ratings))
    return copy if rated else None


def _escaped(movie: bytes) -> bytes:
    return movie.replace(b"\\", rb"\\")


def _whole_numbers(files: Sequence[Path]) -> Table:
    """The ratings where every id is a whole number written the shortest way.

    Raises:
      _OtherLinesError: a line of another kind.
    """
    # Long enough for all ratings, with no second copy; pages never written cost no memory.
    most = sum(path.stat().st_size // _SHORTEST + 1 for path in files)
    columns: list[np.ndarray] = [np.empty(most, kind) for kind in (np.int32, np.int32, np.float32, np.int64)]
    filled = movie = 0
    for data in _blocks(files):
        block, movie = _ratings(_parsed(data), movie)
        for column, part in zip(columns, block, strict=True):
            column[filled : filled + len(part)] = part
        filled += len(block[0])
        logging.info("%s: %d ratings read", files[0].parent, filled)
    for column in columns:
        column.resize(filled, refcheck=False)  # gives the rest back; nothing else refers to it
    user, item, rating, time = columns
    time *= _DAY
    return Table(Columns(user, item, rating, time), lambda row: _place(files, row))


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
    tail = b""
    with open(path, "rb") as file:
        while chunk := file.read(_BLOCK):
            data = tail + chunk
            cut = data.rfind(b"\n") + 1
            if cut == 0 and len(data) >= _BLOCK:
                raise InputError(f"{path}: no line end in {len(data)} bytes; accepted: lines of user,rating,date")
            tail = data[cut:]
            yield data[:cut].removeprefix(codecs.BOM_UTF8)
    if tail:
        yield tail + b"\n"


def _parsed(data: bytes) -> pa.Table:
    """User, rating and date of the lines of a block; a header has the movie for the user, and no more."""
    data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    # An id begins with 1 to 9; pyarrow would read 007 and +7 as 7 too, and take blanks away.
    odd = data[:1] not in b"123456789\n" or _begins_otherwise(data)
    if odd or b" " in data or b"\t" in data or b",,\n" in data:
        raise _OtherLinesError
    try:
        return pacsv.read_csv(
            pa.BufferReader(data.replace(b":\n", b",,\n")),
            pacsv.ReadOptions(column_names=list(_TYPES)),
            pacsv.ParseOptions(quote_char=False),
            pacsv.ConvertOptions(column_types=_TYPES, null_values=[""]),
        )
    except (pa.ArrowException, UnicodeDecodeError):
        raise _OtherLinesError from None


def _begins_otherwise(data: bytes) -> bool:
    """Whether any line but the first begins with neither 1 to 9 nor its end."""
    for start in range(0, len(data), _SPAN):
        text = np.frombuffer(data, np.uint8, min(_SPAN + 1, len(data) - start), start)
        first = text[1:]
        if ((text[:-1] == ord("\n")) & (first - np.uint8(ord("1")) > 8) & (first != ord("\n"))).any():
            return True
    return False


def _ratings(rows: pa.Table, movie: int) -> tuple[Sequence[np.ndarray], int]:
    """User, item, rating and day since 1970 of a block that starts within `movie`, and the movie that it ends in."""
    no_user, no_rating, no_date = (rows[name].is_null().to_numpy() for name in _TYPES)
    header = no_rating & no_date
    if no_user.any() or (no_rating ^ no_date).any():
        raise _OtherLinesError
    user = rows["user_id"].to_numpy()
    starts = np.flatnonzero(header)
    movies = np.concatenate([[movie], user[starts]]).astype(np.int32)
    counts = np.diff(np.concatenate([[-1], starts, [len(user)]])) - 1
    rated = ~header
    day = pc.fill_null(rows["date"].cast(pa.int32()), 0).to_numpy()
    return (user[rated], np.repeat(movies, counts), rows["rating"].to_numpy()[rated], day[rated]), int(movies[-1])


def _place(files: Sequence[Path], row: int) -> str:
    """Says "FILE: row LINE" of the row-th rating, from 0; scans the files, so it is for messages only."""
    for path in files:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not _HEADER.match(line.removeprefix(codecs.BOM_UTF8)):
                    if row == 0:
                        return f"{path}: row {number}"
                    row -= 1
    return f"{files[-1]}: the last row"


COMBINED = Format(
    "Netflix combined_data_*.txt",
    "combined_data_*.txt",
    WHOLE_STARS,
    header=r"\d+:\s*$",
    first_line=_ANY_HEADER,
    reader=read_netflix,
)
PER_MOVIE = Format("Netflix mv_*.txt", "mv_*.txt", WHOLE_STARS, reader=read_netflix)
