"""Figures of precision, recall and F1: against the length of the list, and against the size of the dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.evaluate import at_length

_SHOWN = ("precision", "recall", "f1")
Curves = Mapping[str, tuple[Sequence[float], np.ndarray]]  # name -> x [C], values [S, C]


def length_figure(path: Path, datasets: Mapping[str, Mapping[str, Mapping[str, Any]]], convention: str) -> None:
    """Saves precision, recall and F1 against N, a row of panels a dataset, a line a model.

    Args:
      path: a .png or .svg file. Bands are ± one standard deviation over seeds.
      datasets: dataset -> model -> what `evaluation.recommenders.evaluate` returned.
    """
    panels = {
        dataset: {
            metric: {m: (r["cutoffs"], np.asarray(r["metrics"][convention][metric])) for m, r in results.items()}
            for metric in _SHOWN
        }
        for dataset, results in datasets.items()
    }
    _panels(path, panels, f"N ({convention} convention)")


def size_figure(
    path: Path, sizes: Mapping[str, Mapping[float, Mapping[str, Mapping[str, Any]]]], convention: str, axis: str, n: int
) -> None:
    """Saves precision, recall and F1 at N = n against a size, a row of panels a kind of dataset, a line a model.

    Args:
      sizes: kind of dataset -> size -> model -> what `evaluation.recommenders.evaluate` returned.
      axis: what the size is.
    """
    panels = {}
    for kind, by_size in sizes.items():
        models = [name for name in next(iter(by_size.values())) if all(name in results for results in by_size.values())]
        panels[kind] = {
            metric: {m: (list(by_size), _at_sizes(by_size, m, convention, metric, n)) for m in models}
            for metric in _SHOWN
        }
    _panels(path, panels, f"{axis} (N = {n}, {convention} convention)", log=True)


def _at_sizes(by_size: Mapping[float, Any], model: str, convention: str, metric: str, n: int) -> np.ndarray:
    return np.stack([at_length(results[model], convention, metric, n) for results in by_size.values()], 1)


def _panels(path: Path, panels: Mapping[str, Mapping[str, Curves]], x_label: str, log: bool = False) -> None:
    from matplotlib import rc_context  # imported on use: half a second
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 0.6 + 2.9 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), len(_SHOWN), squeeze=False, sharey="col", sharex=True)
    for row, (dataset, metrics) in zip(grid, panels.items(), strict=True):
        for axes, (metric, curves) in zip(row, metrics.items(), strict=True):
            for name, (x, values) in curves.items():
                _curve(axes, name, x, values)
            axes.set(title=f"{dataset}: {metric}", xscale="log" if log else "linear")
            axes.grid(alpha=0.3)
    for axes in grid[-1]:
        axes.set_xlabel(x_label)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    unstamped = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with whole_file(path) as partial, rc_context({"svg.hashsalt": "ganrs_jax"}):  # the same bytes again
        figure.savefig(partial, format=path.suffix[1:], dpi=150, metadata=unstamped)


def _curve(axes: Any, name: str, x: Sequence[float], values_SxC: np.ndarray) -> None:
    mean = values_SxC.mean(0)
    (line,) = axes.plot(x, mean, label=name, marker="o", markersize=3, linewidth=1.4)
    if len(values_SxC) > 1:
        spread = values_SxC.std(0, ddof=1)
        axes.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.15, linewidth=0)
