"""Files of one number a row: what a distribution or a histogram of the user's own is read from."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ganrs_jax.errors import InputError

SUFFIXES = (".csv", ".txt", ".parquet", ".npy")
_WEIGHT = "accepted: a finite number of at least 0 a row"


def is_file(text: str) -> bool:
    """Whether there is such a file; never an error, however odd or long the text."""
    return bool(text) and os.path.isfile(text)


def read_weights(path: str, where: str) -> np.ndarray:
    """The weights of a file in its own order, float64 [N].

    Args:
      path: .csv or .txt with one number a line and no header, .npy with one axis, .parquet with one column.
      where: what a message starts with, naming flag and file.

    Raises:
      InputError: another suffix, a file that cannot be read, no entries, one that is negative or no finite
        number (named by its row, the first being 1), or none over 0.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{where}: suffix {suffix!r}; accepted: {', '.join(SUFFIXES)}")
    try:
        if suffix == ".npy":
            values = np.load(path, allow_pickle=False)
            if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "iuf":
                found = f"{values.dtype} {list(values.shape)}" if isinstance(values, np.ndarray) else "several arrays"
                raise InputError(f"{where}: holds {found}; accepted: numbers on one axis")
        elif suffix == ".parquet":
            names = pq.read_schema(path).names
            if len(names) != 1:
                raise InputError(f"{where}: has {len(names)} columns ({', '.join(names)[:80]}); accepted: one")
            column = pq.read_table(path)[0]
            if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                raise InputError(f"{where}: column {names[0]} is {column.type}; accepted: numbers")
            values = column.cast(pa.float64()).to_numpy()
        else:
            values = np.array([_number(line, row, where) for row, line in enumerate(read_lines(path, where), 1)])
    except (OSError, ValueError, EOFError, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}: cannot be read ({' '.join(str(error).split())[:80]}); {_WEIGHT}") from None
    values = np.asarray(values, np.float64)
    bad = ~(values >= 0) | (values == np.inf)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{where}: row {row + 1} is {values[row]:g}; {_WEIGHT}")
    if not values.any():
        raise InputError(f"{where}: no row is over 0; accepted: at least one that is")
    return values


def _number(line: str, row: int, where: str) -> float:
    try:
        return float(line)
    except ValueError:
        raise InputError(f"{where}: row {row} is {line[:40]!r}; {_WEIGHT}") from None


def read_lines(path: str, where: str) -> list[str]:
    """The lines of a text file, without spaces round them and without blank ones at the end.

    Raises:
      InputError: if it cannot be read, is not UTF-8, or holds nothing.
    """
    try:
        text = Path(path).read_text("utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: cannot be read as text ({error}); accepted: UTF-8 text") from None
    if not text:
        raise InputError(f"{where}: the file is empty; {_WEIGHT}")
    return [line.strip() for line in text.split("\n")]
