"""What a published file format is to the rest of this room."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.columns import Table


class Layout(NamedTuple):
    """One published format: how its files are known, and how they are read."""

    title: str  # as a message names it
    pattern: str  # file name, or glob of the files that together hold the ratings, relative to a folder
    read: Callable[[Sequence[Path]], Table]
    scale: Scale | None = None  # None = the source's, else found
    first_line: str = ""  # regular expression that tells the format from a file's first line; "" = it cannot
    named: bool = False  # whether the file name alone settles it
    unrated: float | None = None  # the rating value that means "seen, not rated"; such rows are dropped


class Found(NamedTuple):
    """The files that hold the ratings, and how to read them."""

    layout: Layout
    files: Sequence[Path]
