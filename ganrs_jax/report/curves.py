"""Figures of precision, recall and F1: against the length of the list, and against the size of the dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ganrs_jax.recommenders.evaluate import Evaluation, at_length
from ganrs_jax.report.figures import save_figure

_SHOWN = ("precision", "recall", "f1")
_COLOURS = 10  # in Matplotlib's cycle, after which they repeat
Curves = Mapping[str, tuple[Sequence[float], np.ndarray]]  # name -> x [C], values [S, C]


def length_figure(path: Path, datasets: Mapping[str, Mapping[str, Evaluation]], convention: str) -> None:
    """Saves precision, recall and F1 against N: a row of panels per dataset, a line per model.

    Args:
      path: a .png or .svg file. Bands are ± one standard deviation over seeds.
      datasets: dataset -> model -> its evaluation.
      convention: of `recommenders.conventions`.
    """
    panels: dict[str, dict[str, Curves]] = {
        dataset: {
            metric: {m: (r["cutoffs"], np.asarray(r["metrics"][convention][metric])) for m, r in results.items()}
            for metric in _SHOWN
        }
        for dataset, results in datasets.items()
    }
    _save_panels(path, panels, f"N ({convention} convention)")


def size_figure(
    path: Path,
    sizes: Mapping[str, Mapping[float, Mapping[str, Evaluation]]],
    convention: str,
    axis: str,
    n: int,
) -> None:
    """Saves precision, recall and F1 at N = n against a size: a row of panels per kind of dataset, a line per model.

    Args:
      path: a .png or .svg file. Bands are ± one standard deviation over seeds.
      sizes: kind of dataset -> size -> model -> its evaluation.
      convention: of `recommenders.conventions`.
      axis: what the size is.
    """
    panels: dict[str, dict[str, Curves]] = {}
    for kind, by_size in sizes.items():
        models = [name for name in next(iter(by_size.values())) if all(name in results for results in by_size.values())]
        panels[kind] = {
            metric: {
                model: (
                    list(by_size),
                    np.stack([at_length(results[model], convention, metric, n) for results in by_size.values()], 1),
                )
                for model in models
            }
            for metric in _SHOWN
        }
    _save_panels(path, panels, f"{axis} (N = {n}, {convention} convention)", log=True)


def _save_panels(path: Path, panels: Mapping[str, Mapping[str, Curves]], x_label: str, log: bool = False) -> None:
    from matplotlib.figure import Figure  # imported on use: half a second

    figure = Figure(figsize=(12, 0.6 + 2.9 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), len(_SHOWN), squeeze=False, sharey="col", sharex=True)
    for row, (dataset, metrics) in zip(grid, panels.items(), strict=True):
        for axes, (metric, curves) in zip(row, metrics.items(), strict=True):
            for number, (name, (x, values_SxC)) in enumerate(curves.items()):
                mean = values_SxC.mean(0)
                dashes = "solid" if number < _COLOURS else "dashed"
                (line,) = axes.plot(x, mean, label=name, marker="o", markersize=3, linewidth=1.4, linestyle=dashes)
                if len(values_SxC) > 1:
                    spread = values_SxC.std(0, ddof=1)
                    axes.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.15, linewidth=0)
            axes.set(title=f"{dataset}: {metric}", xscale="log" if log else "linear")
            axes.grid(alpha=0.3)
    for axes in grid[-1]:
        axes.set_xlabel(x_label)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    save_figure(figure, path)
