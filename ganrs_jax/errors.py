"""The one error that a user can cause and mend."""


class InputError(ValueError):
    """Bad input: its text is one line naming what was found, where, and what is accepted.

    Experiments print the line and end with exit status 2.
    """
