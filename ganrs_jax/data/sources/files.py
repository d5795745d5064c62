"""The first look at a text file, and the way back from a row to its line; both for messages."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ganrs_jax.errors import InputError

_HEAD = 1 << 16
_SHOWN = 60
_MAGIC = {
    b"PAR1": "a parquet file",
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "a gzip file",
    b"\x93NUMPY": "an npy file",
}
_SEPARATORS = ("::", "\t", ";", ",", "|", " ")


def shown(value: object) -> str:
    """A value as a message shows it: quoted, on one line, at most 60 characters."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def separator_name(separator: str) -> str:
    """A separator as a message names it."""
    return {"\t": "tab", " ": "space"}.get(separator, repr(separator))


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
      InputError: as read_head, or the file is binary, not UTF-8, or holds blank lines only.
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


def lines_to_first_row(path: Path) -> int:
    """Lines up to and with the first that is not blank."""
    with open(path, "rb") as lines:
        return next(number for number, line in enumerate(lines, 1) if line.strip(b"\xef\xbb\xbf \t\r\n"))


def is_filled(line: bytes) -> bool:
    """Whether a line counts as a row for pyarrow, which skips empty ones."""
    return bool(line.rstrip(b"\r\n"))


def locate(files: Sequence[Path], row: int, counts: Callable[[bytes], bool] = is_filled) -> str:
    """Says "FILE: row LINE" of the row-th line, from 0, that counts; scans the files, so it is for messages only."""
    for path in files:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if counts(line):
                    if row == 0:
                        return f"{path}: row {number}"
                    row -= 1
    return f"{files[-1]}: the last row"
