"""What parts of a recipe are worth: a page in Markdown, a csv and a figure a source and recipe."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.report.figures import save_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.study.ablation import WHOLE, Cost


class Case(NamedTuple):
    """A recipe on a source, whole and without each of its parts."""

    source: str
    recipe: str
    costs: tuple[Cost, ...]


def write_ablation(cases: Sequence[Case], command: str, num_seeds: int, folders: Sequence[Path]) -> None:
    """Writes ablation.md, ablation.csv and a figure a source and recipe in each folder, each whole or not at all."""
    columns = ["source", "recipe", "part", "seed", "error", "cost", "low", "high", "tau"]
    rows = [
        [case.source, case.recipe, cost.part, seed, error, cost.cost, *(cost.interval or (None, None)), cost.tau]
        for case in cases
        for cost in case.costs
        for seed, error in enumerate(cost.error)
    ]
    for folder in folders:
        with whole_file(folder / "ablation.md") as partial:
            partial.write_text(ablation_page(cases, command, num_seeds))
        with whole_file(folder / "ablation.csv") as partial:
            pd.DataFrame(rows, columns=columns).to_csv(partial, index=False, float_format="%.6g")
        for case in cases:
            _figure(folder / f"ablation_{case.source}_{case.recipe}.png", case)


def ablation_page(cases: Sequence[Case], command: str, num_seeds: int) -> str:
    """The page; its first two sentences are the answer."""
    lines = ["# What is each part of a recipe worth?", "", *answer(cases), ""]
    lines += [f"Made by `{command}`; every seed is in the csv beside this page.", ""]
    lines += [
        "Error: how far a dataset of the source's size is from the source, on average over 19 metrics of fidelity,",
        "each in units of the difference that may just pass (5 at most). Cost: what the error is more than with",
        f"the whole recipe, seed by seed; {num_seeds} seeds, interval of 95 % (Student's t). tau: Kendall's, of the",
        "order of five reference recommenders on synthetic and on real ratings. Worse: the metrics that lost the most,",
        "in those units.",
    ]
    for case in cases:
        lines += ["", f"## {case.source}: {case.recipe}", "", _table(case)]
    return "\n".join(lines) + "\n"


def answer(cases: Sequence[Case]) -> list[str]:
    """Two sentences: whose loss costs the most, and whose costs nothing."""
    dearest, free = [], []
    for case in cases:
        parts = [cost for cost in case.costs if cost.part != WHOLE]
        if parts:
            dearest.append(f"{parts[0].part} ({case.source}, {case.recipe}: {parts[0].cost:+.2f})")
        for cost in parts:
            if cost.interval is None or cost.interval[0] <= 0:
                free.append(f"{cost.part} ({case.source})")
    return [
        f"The dearest change of each recipe is {'; '.join(dearest) or 'not known: no part was left out'}.",
        f"Not told from no cost: {', '.join(free) or 'none'}.",
    ]


def _table(case: Case) -> str:
    rows = []
    for cost in case.costs:
        interval = f"{cost.interval[0]:+.2f} to {cost.interval[1]:+.2f}" if cost.interval else ""
        worst = ", ".join(f"{name} {more:+.1f}" for name, more in cost.worst if more > 0.1 and cost.part != WHOLE)
        rows.append([cost.part, float(np.mean(cost.error)), f"{cost.cost:+.2f}", interval, cost.tau, worst])
    return markdown_table(["part", "error", "cost", "95 %", "tau", "worse"], rows)


def _figure(path: Path, case: Case) -> None:
    """The cost of each part, with its interval."""
    from matplotlib.figure import Figure  # imported on use: half a second

    parts = [cost for cost in case.costs if cost.part != WHOLE][::-1]
    figure = Figure(figsize=(8, 1.2 + 0.3 * len(parts)), layout="constrained")
    axes = figure.subplots()
    for place, cost in enumerate(parts):
        low, high = cost.interval or (cost.cost, cost.cost)
        axes.plot([low, high], [place, place], color="C0", linewidth=1.5)
        axes.plot(cost.cost, place, "o", color="C0", markersize=5)
    axes.axvline(0, color="0.4", linewidth=1)
    axes.set(yticks=range(len(parts)), yticklabels=[cost.part for cost in parts], xlabel="cost of the loss, in limits")
    axes.grid(alpha=0.3, axis="x")
    axes.set_title(f"{case.source}: {case.recipe}")
    save_figure(figure, path)
