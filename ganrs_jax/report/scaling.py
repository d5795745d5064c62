"""How time grows with size: a figure, and a table that a text holds between two marks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganrs_jax.files import whole_file
from ganrs_jax.report.markdown import markdown_table

_AXES = {"rows": "rows", "items": "items", "users": "users", "seeds": "seeds trained at once"}
_HEADER = ("by", "users", "items", "rows", "seeds", "first s", "compile s", "plan s", "rows s", "rows/s", "peak MiB")
Cells = Sequence[Mapping[str, Any]]


def scaling_table(cells: Cells) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as texts.

    Args:
      cells: each with `axis`, the sizes `users`, `items`, `rows`, `seeds`; seconds: `first_s` with compilation,
        `compile_s` of it, all threads together, `plan_s` and `rows_s` without; `rows_per_s`, of training the source's
        ratings times seeds; `peak_memory_mib`.
    """
    formats = {name: ",.0f" for name in ("users", "items", "rows", "seeds", "rows_per_s", "peak_memory_mib")}
    formats |= {name: ".1f" for name in ("first_s", "compile_s", "plan_s", "rows_s")}
    sizes, seconds = ("users", "items", "rows", "seeds"), ("first_s", "compile_s", "plan_s", "rows_s")
    columns = (*sizes, *seconds, "rows_per_s", "peak_memory_mib")
    return list(_HEADER), [
        [cell["axis"], *("" if cell[name] is None else f"{cell[name]:{formats[name]}}" for name in columns)]
        for cell in cells
    ]


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
    with whole_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], metadata={"Date": None} if path.suffix == ".svg" else None)


def insert(path: Path, mark: str, header: Sequence[str], rows: Sequence[Sequence[str]], figure: str) -> None:
    """Writes a table and a figure's link into a text, in place of what is between <!-- mark --> and <!-- /mark -->.

    Raises:
      ValueError: if the marks are not there.
    """
    text, begin, end = path.read_text(), f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, after = text[: text.index(begin) + len(begin)], text[text.index(end) :]
    with whole_file(path) as partial:
        partial.write_text(f"{before}\n{markdown_table(header, rows)}\n\n![Seconds against size]({figure})\n{after}")
