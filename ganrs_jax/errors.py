"""The one error that a user can cause and fix, and how its message names a row."""

from collections.abc import Callable

_SHOWN = 60  # characters of a value in a message

Place = Callable[[int], str]  # row index -> "FILE: row N", for messages


class InputError(ValueError):
    """Bad input: its text is one line naming what was found, where, and what is accepted.

    Experiments print the line and end with exit status 2.
    """


def shown(value: object) -> str:
    """A value as a message shows it: quoted, on one line, at most 60 characters."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
