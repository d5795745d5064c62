"""Saving figures so that the same values give the same bytes."""

from pathlib import Path
from typing import TYPE_CHECKING

from ganrs_jax.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: "Figure", path: Path) -> None:
    """Saves a figure as a .png or .svg, by its suffix, without time stamps and random ids.

    Raises:
      InputError: if the file cannot be written.
    """
    from matplotlib import rc_context  # imported on use: half a second

    unstamped = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with whole_file(path) as partial, rc_context({"svg.hashsalt": "ganrs_jax"}):
        figure.savefig(partial, format=path.suffix[1:], dpi=150, metadata=unstamped)
