"""Falls from warm to cold as a page in Markdown, a csv and a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.report.figures import save_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.study.falls import METRICS, WANTED, Fall

ByCase = Mapping[tuple[str, str], Sequence[Fall]]  # (source, which cold) -> falls
_WORDS = {"f1": "F1", "ndcg": "NDCG"}


def write_falls(
    found: ByCase, facts: Sequence[str], command: str, num_seeds: int, n: int, folders: Sequence[Path]
) -> None:
    """Writes cold_start.md, cold_start.csv and a figure a source in each folder, each file whole or not at all.

    Args:
      facts: a line for each pair of datasets, of their sizes.
    """
    rows = [
        [*case, fall.model, fall.convention, fall.metric, n, *fall.real, *fall.synthetic, fall.difference, fall.kept]
        for case, falls in found.items()
        for fall in falls
    ]
    names = ["real_warm", "real_cold", "synthetic_warm", "synthetic_cold", "difference_of_falls", "kept"]
    table = pd.DataFrame(rows, columns=["source", "cold", "model", "convention", "metric", "n", *names])
    for folder in folders:
        with whole_file(folder / "cold_start.md") as partial:
            partial.write_text(falls_page(found, facts, command, num_seeds, n))
        with whole_file(folder / "cold_start.csv") as partial:
            table.to_csv(partial, index=False, float_format="%.6g")
        for source in dict.fromkeys(source for source, _ in found):
            _figure(
                folder / f"cold_start_{source}.png", {c: falls for (s, c), falls in found.items() if s == source}, n
            )


def falls_page(found: ByCase, facts: Sequence[str], command: str, num_seeds: int, n: int) -> str:
    """The page; its first two sentences are the answer."""
    lines = ["# Do recommenders fall from warm to cold on synthetic ratings as on real ones?", "", *answer(found), ""]
    lines += [f"Made by `{command}`; every value is in the csv beside this page.", ""]
    lines += [
        f"F1 and NDCG at N = {n}, means over {num_seeds} seeds, `study / standard` conventions. Cold users and items",
        "keep their few ratings to train on, and are tested on ratings that come later. Cold users are compared with",
        "warm ones among the items that are not cold; cold items are ranked among themselves, warm ones likewise; a",
        "young service (few ratings of all its users and items) is compared with the whole. Kept: a fall with the sign",
        f"of the real one, within {WANTED:g} of it.",
        "",
        *(f"- {fact}" for fact in facts),
    ]
    for (source, which), falls in found.items():
        lines += ["", f"## {source}: {which}", "", _table(falls)]
    return "\n".join(lines) + "\n"


def answer(found: ByCase) -> list[str]:
    """Two sentences: how many falls are kept, and where they are furthest apart."""
    kept = []
    for (source, which), falls in found.items():
        models = list(dict.fromkeys(fall.model for fall in falls))
        all_kept = sum(all(fall.kept for fall in falls if fall.model == model) for model in models)
        kept.append(f"{all_kept} of {len(models)} models ({source}, {which})")
    furthest, case = max(
        ((fall, case) for case, falls in found.items() for fall in falls), key=lambda x: abs(x[0].difference)
    )
    return [
        f"From warm to cold, F1 and NDCG fall as on real ratings, with its sign and within {WANTED:g}, for "
        f"{', '.join(kept)}.",
        f"The falls differ most, by {furthest.difference:+.3f}, in {_WORDS[furthest.metric]} of {furthest.model} under "
        f"`{furthest.convention}` ({case[0]}, {case[1]}).",
    ]


def _table(falls: Sequence[Fall]) -> str:
    models = list(dict.fromkeys(fall.model for fall in falls))
    rows = []
    for model in models:
        own = {(fall.metric, fall.convention): fall for fall in falls if fall.model == model}
        cells: list[object] = [model]
        for metric in METRICS:
            both = [own[metric, convention] for convention in CONVENTIONS]
            cells += [" / ".join(f"{f.real[0]:.3f} → {f.real[1]:.3f}" for f in both)]
            cells += [" / ".join(f"{f.synthetic[0]:.3f} → {f.synthetic[1]:.3f}" for f in both)]
        cells.append(" / ".join(f"{max((own[m, c].difference for m in METRICS), key=abs):+.3f}" for c in CONVENTIONS))
        cells.append("yes" if all(fall.kept for fall in own.values()) else "no")
        rows.append(cells)
    header = ["model", *(f"{_WORDS[m]}, {side}" for m in METRICS for side in ("real", "synthetic"))]
    return markdown_table([*header, "difference of falls", "kept"], rows)


def _figure(path: Path, cases: Mapping[str, Sequence[Fall]], n: int) -> None:
    """Synthetic falls against real ones, a panel a case and convention."""
    from matplotlib.figure import Figure  # imported on use: half a second

    figure = Figure(figsize=(4.2 * len(cases), 7.6), layout="constrained")
    grid = figure.subplots(len(CONVENTIONS), len(cases), squeeze=False)
    for row, convention in zip(grid, CONVENTIONS, strict=True):
        for axes, (case, falls) in zip(row, cases.items(), strict=True):
            for metric, marker in zip(METRICS, "os", strict=True):
                own = [fall for fall in falls if (fall.convention, fall.metric) == (convention, metric)]
                x, y = [f.real[0] - f.real[1] for f in own], [f.synthetic[0] - f.synthetic[1] for f in own]
                axes.scatter(x, y, label=_WORDS[metric], marker=marker, s=22, alpha=0.8)
            ends = np.array([min(*axes.get_xlim(), *axes.get_ylim()), max(*axes.get_xlim(), *axes.get_ylim())])
            axes.plot(ends, ends, color="0.4", linewidth=1)
            axes.fill_between(ends, ends - WANTED, ends + WANTED, color="0.5", alpha=0.15, linewidth=0)
            axes.set(title=f"{case}, {convention}", xlabel="fall on real ratings", ylabel="fall on synthetic ratings")
            axes.grid(alpha=0.3)
    figure.suptitle(f"From warm to cold at N = {n}: a point a model; grey: within {WANTED:g}")
    grid[0][0].legend(frameon=False)
    save_figure(figure, path)
