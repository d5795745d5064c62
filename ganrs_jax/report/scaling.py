"""How time grows with size: a table and a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganrs_jax.report.figures import save_figure

_AXES = {"rows": "rows", "items": "items", "users": "users", "seeds": "seeds trained at once"}
_COLUMNS = {  # name in a cell -> title, format
    **{name: (name, ",.0f") for name in ("users", "items", "rows", "seeds")},
    **{f"{name}_s": (f"{name} s", ".1f") for name in ("first", "compile", "plan", "rows")},
    "rows_per_s": ("rows/s", ",.0f"),
    "peak_memory_mib": ("peak MiB", ",.0f"),
}
Cells = Sequence[Mapping[str, Any]]


def scaling_table(cells: Cells) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as texts.

    Args:
      cells: each with `axis`, the sizes `users`, `items`, `rows`, `seeds`; seconds: `first_s` with compilation,
        `compile_s` of it, all threads together, `plan_s` and `rows_s` without; `rows_per_s`, of training the source's
        ratings times seeds; `peak_memory_mib`.
    """
    rows = [
        [c["axis"], *("" if c[name] is None else f"{c[name]:{form}}" for name, (_, form) in _COLUMNS.items())]
        for c in cells
    ]
    return ["by", *(title for title, _ in _COLUMNS.values())], rows


def scaling_figure(path: Path, cells: Cells) -> None:
    """Saves seconds against size, a panel an axis, both logarithmic.

    Args:
      path: a .png or .svg file.
      cells: as of `scaling_table`.
    """
    from matplotlib.figure import Figure  # imported on use: half a second

    figure = Figure(figsize=(13, 3.4), layout="constrained")
    panels = figure.subplots(1, len(_AXES), sharey=True)
    for panel, (axis, label) in zip(panels, _AXES.items(), strict=True):
        mine = sorted((c[axis], c) for c in cells if c["axis"] == axis)
        sizes = [size for size, _ in mine]
        panel.loglog(sizes, [c["first_s"] for _, c in mine], "o--", label="with compilation")
        panel.loglog(sizes, [(c["plan_s"] or 0) + c["rows_s"] for _, c in mine], "o-", label="steady")
        panel.set_xlabel(label)
        panel.grid(True, which="major", alpha=0.3)
    panels[0].set_ylabel("seconds")
    panels[0].legend()
    save_figure(figure, path)
