"""Recommenders against the skew of ratings, real beside synthetic: a page in Markdown, a csv and figures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import at_length
from ganrs_jax.report.figures import save_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS
from ganrs_jax.study.claims import Results, orders

WANTED_TAU = 0.8
_SIDES = ("real", "synthetic")
_BEYOND = {
    "popularity": "mean popularity",
    "exposure_gini": "exposure, Gini",
    "coverage": "coverage",
    "tail_coverage": "coverage of the tail",
}
_WORDS = {"f1": "F1", "ndcg": "NDCG"}


class Level(NamedTuple):
    """A real part of a source and the synthetic dataset beside it.

    Attributes:
      gini: of both, real and synthetic.
      sizes: users, items and ratings of both.
    """

    source: str
    axis: str
    gini: tuple[float, float]
    sizes: tuple[tuple[int, int, int], tuple[int, int, int]]
    real: Results
    synthetic: Results


def write_imbalance(levels: Sequence[Level], command: str, num_seeds: int, n: int, folders: Sequence[Path]) -> None:
    """Writes imbalance.md, imbalance.csv and a figure a source and axis in each folder, each whole or not at all."""
    columns = ["source", "axis", "gini", "dataset", "model", "convention", "metric", "n", "mean", "sd"]
    table = pd.DataFrame(_csv_rows(levels, n), columns=columns)
    for folder in folders:
        with whole_file(folder / "imbalance.md") as partial:
            partial.write_text(imbalance_page(levels, command, num_seeds, n))
        with whole_file(folder / "imbalance.csv") as partial:
            table.to_csv(partial, index=False, float_format="%.6g")
        for (source, axis), each in _by_case(levels).items():
            _figure(folder / f"imbalance_{source}_{axis}.png", f"{source}: ratings per {_of(axis)}", each, n)


def imbalance_page(levels: Sequence[Level], command: str, num_seeds: int, n: int) -> str:
    """The page; its first two sentences are the answer."""
    lines = ["# Do recommenders answer to imbalance on synthetic ratings as on real ones?", ""]
    lines += [*answer(levels), "", f"Made by `{command}`; every mean is in the csv beside this page.", ""]
    lines += [
        "Real parts of equal size are taken from a source's rows, from even to steep; synthetic datasets of the same",
        f"users, items and ratings are asked for with the same Gini coefficient. {num_seeds} seeds per model, N = {n},",
        "`study / standard` conventions. tau: Kendall's, of the order of the models on the synthetic and on the real",
        "part; in brackets the least that other seeds on the real part would have to expect (95 %). Changes: mean over",
        "models from the most even to the steepest level.",
    ]
    for (source, axis), each in _by_case(levels).items():
        lines += ["", f"## {source}: ratings per {_of(axis)}", "", _level_table(each), "", _change_table(each, n)]
    return "\n".join(lines) + "\n"


def answer(levels: Sequence[Level]) -> list[str]:
    """Two sentences: how often the order of models is kept, and how close the Gini coefficients are."""
    furthest = max(abs(level.gini[1] - level.gini[0]) for level in levels)
    close = f"Synthetic ratings have the Gini coefficient of the real part within {furthest:.3f}."
    kept = [_kept(level) for level in levels]
    if None in kept:
        return [f"Fewer than {LEAST_REPEATS} seeds or 3 models: the order of models is not judged.", close]
    return [
        f"The order of the models is that of the real part (tau of {WANTED_TAU:g}, or what other seeds on real ratings "
        f"reach) at {sum(map(bool, kept))} of {len(kept)} levels of skew.",
        close,
    ]


def _kept(level: Level) -> bool | None:
    """Whether the order is kept by each metric and convention; None where it is not judged."""
    pairs = list(_orders(level).values())
    return None if not pairs else all(tau >= min(WANTED_TAU, least) for tau, least in pairs)


def _orders(level: Level) -> dict[tuple[str, str], tuple[float, float]]:
    """(metric, convention) -> tau, and the least that is to be expected of the real part again."""
    if len(next(iter(level.real.values()))["seeds"]) < LEAST_REPEATS:
        return {}
    found = {}
    for convention in CONVENTIONS:
        again = orders(level.real, level.real, convention)
        for metric, order in orders(level.real, level.synthetic, convention).items():
            low = again[metric].low
            found[metric, convention] = (order.tau or 0.0, WANTED_TAU if low is None else low)
    return found


def _level_table(levels: Sequence[Level]) -> str:
    rows = []
    for level in levels:
        found = _orders(level)
        row: list[object] = [*level.gini, "{:,} x {:,}, {:,}".format(*level.sizes[0])]
        for metric in _WORDS:
            both = [found[metric, c] for c in CONVENTIONS if (metric, c) in found]
            row.append(" / ".join(f"{tau:.2f} ({least:.2f})" for tau, least in both))
        kept = _kept(level)
        rows.append([*row, "" if kept is None else "yes" if kept else "no"])
    header = [
        "Gini, real",
        "synthetic",
        "users x items, ratings",
        *(f"tau, {word}" for word in _WORDS.values()),
        "kept",
    ]
    return markdown_table(header, rows)


def _change_table(levels: Sequence[Level], n: int) -> str:
    rows = []
    for label, values in _curves(levels, n).items():
        ends = [values[side].mean(0)[[0, -1]] for side in _SIDES]
        rows.append([label, *(f"{first:.3f} → {last:.3f}" for first, last in ends)])
    return markdown_table(["mean over models", *_SIDES], rows)


def _curves(levels: Sequence[Level], n: int) -> dict[str, dict[str, np.ndarray]]:
    """Label -> side -> values [models, levels]."""

    def curve(read) -> dict[str, np.ndarray]:  # type: ignore[no-untyped-def]
        return {
            side: np.array([[read(getattr(level, side)[model]) for level in levels] for model in levels[0].real])
            for side in _SIDES
        }

    found = {
        f"{word}, {convention}": curve(lambda r, c=convention, m=metric: at_length(r, c, m, n).mean())
        for metric, word in _WORDS.items()
        for convention in CONVENTIONS
    }
    for name, label in _BEYOND.items():
        found[label] = curve(
            lambda r, name=name: np.mean([np.nan if v is None else v for v in r["beyond_accuracy"][name]])
        )
    return found


def _csv_rows(levels: Sequence[Level], n: int) -> Iterator[list[object]]:
    for level in levels:
        for coefficient, side in zip(level.gini, _SIDES, strict=True):
            for model, result in getattr(level, side).items():
                place = [level.source, level.axis, coefficient, side, model]
                for convention in CONVENTIONS:
                    for metric in _WORDS:
                        values = at_length(result, convention, metric, n)
                        yield [*place, convention, metric, n, values.mean(), _sd(values)]
                for name in _BEYOND:
                    if None not in (values := result["beyond_accuracy"][name]):
                        yield [*place, None, name, result["at"], np.mean(values), _sd(values)]


def _sd(values: Sequence[float] | np.ndarray) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _by_case(levels: Sequence[Level]) -> Mapping[tuple[str, str], list[Level]]:
    found: dict[tuple[str, str], list[Level]] = {}
    for level in levels:
        found.setdefault((level.source, level.axis), []).append(level)
    return found


def _of(axis: str) -> str:
    return {"users": "user", "items": "item", "ratings": "value"}[axis]


def _figure(path: Path, title: str, levels: Sequence[Level], n: int) -> None:
    """A panel a metric: a line a model, solid real, dashed synthetic."""
    from matplotlib.figure import Figure  # imported on use: half a second

    curves = _curves(levels, n)
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    grid = figure.subplots(2, 4).ravel()
    models = list(levels[0].real)
    for axes, (label, sides) in zip(grid, curves.items(), strict=True):
        for number, model in enumerate(models):
            colour = f"C{number % 10}"
            for place, (side, style) in enumerate(zip(_SIDES, ("solid", "dashed"), strict=True)):
                x = [level.gini[place] for level in levels]
                axes.plot(
                    x,
                    sides[side][number],
                    color=colour,
                    linestyle=style,
                    linewidth=1.2,
                    alpha=0.8,
                    label=model if not place else None,
                )
        axes.set(title=label, xlabel="Gini coefficient")
        axes.grid(alpha=0.3)
    figure.suptitle(f"{title} (N = {n}): real solid, synthetic dashed")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=7, frameon=False)
    save_figure(figure, path)
