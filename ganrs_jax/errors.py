"""The one error that a user can cause and fix, and how its message names a row."""

from collections.abc import Callable

Place = Callable[[int], str]  # row index -> "FILE: row N", for messages


class InputError(ValueError):
    """Bad input: its text is one line naming what was found, where, and what is accepted.

    Experiments print the line and end with exit status 2.
    """
