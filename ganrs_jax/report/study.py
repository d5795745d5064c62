"""A study in one page that begins with the answer, one csv of every mean, and figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import ERRORS, at_length
from ganrs_jax.report.curves import length_figure, size_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS, Interval
from ganrs_jax.study.claims import ALPHA, equivalences
from ganrs_jax.study.findings import (
    ALIKE,
    AXES,
    CLAIMED_BEST,
    EQUAL,
    REAL,
    WANTED_TAU,
    Behaviour,
    Best,
    Findings,
    Order,
    SizeEffect,
    Study,
    findings,
)
from ganrs_jax.study.model_order import ModelOrder

_IN_CSV = ("precision", "recall", "f1", "ndcg")
CSV_COLUMNS = (
    *("part", "source", "dataset", "size", "num_datasets", "rows", "users", "items"),
    *("model", "convention", "metric", "n", "mean", "sd", "low", "high", "difference", "equivalent"),
)
Cell = str | int | float | bool | None
Found = TypeVar("Found")
ByDataset = Mapping[tuple[str, ...], Mapping[str, Found]]  # (source, dataset) or (part, source, recipe) -> convention
Columns = Mapping[str, Callable[[Found], str]]


def write_study(study: Study, folder: Path, page: Path | None = None) -> None:
    """Writes FOLDER/summary.md, FOLDER/summary.csv and FOLDER/figures.

    Args:
      page: where page and csv are written too: results/study.md, say, and results/study.csv beside it.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    _figures(study, folder / "figures")
    text = summary_page(study.command, study.num_seeds, study.margin, study.left_out, findings(study))
    table = pd.DataFrame(csv_rows(study), columns=list(CSV_COLUMNS))
    for path in (folder / "summary.md", *([page] if page else [])):
        with whole_file(path) as partial:
            partial.write_text(text)
        with whole_file(path.with_suffix(".csv")) as partial:
            table.to_csv(partial, index=False, float_format="%.6g")


def summary_page(command: str, num_seeds: int, margin: float, left_out: Iterable[str], found: Findings) -> str:
    """The page, in Markdown; tables hold each value as `study / standard`, the two conventions of what a list is."""
    lines = ["# Do recommenders behave on synthetic ratings as on real ones?", "", *_answer(num_seeds, margin, found)]
    lines += ["", f"Made by `{command}`; every mean is in the csv beside this page.", ""]
    lines += [
        f"{num_seeds} seeds per model: each draws a split of the rows (80/20), a start and an order of batches.",
        "Synthetic datasets are draws of one trained model; of several, the seeds take them in turn. Values stand as",
        "`study / standard`, two conventions of what a list is (`ganrs_jax/recommenders/conventions.py`).",
    ]
    if missing := ", ".join(left_out):
        lines += ["", f"Asked for, but not measured: {missing}."]
    if found.behaviour:
        lines += ["", "## Are the networks' metrics the same?", "", *_behaviour(found.behaviour, margin)]
    if found.order:
        lines += ["", "## Is the order of the models the same?", "", *_order(found.order)]
    if found.best:
        lines += ["", "## Are NCF regression and improved NCF classification the best?", "", *_best(found.best)]
    if found.sizes:
        lines += ["", "## Does precision rise and recall fall with size?", "", *_sizes(found.sizes)]
    return "\n".join(lines) + "\n"


def csv_rows(study: Study) -> Iterator[list[Cell]]:
    """A row per dataset, model, convention and metric, of `CSV_COLUMNS`; convention and n are empty where none applies.

    mean, sd: over seeds. low, high: 95 % bootstrap interval of the mean. difference: synthetic less real at that of N =
    5 and 10 where they are furthest apart; equivalent: within the margin at both.
    """
    real = {one.source: one.results for one in study.measured if (one.part, one.dataset) == (EQUAL, REAL)}
    for one in study.measured:
        compared = one.part == EQUAL and one.dataset != REAL and one.source in real and study.num_seeds >= LEAST_REPEATS
        tests = {
            convention: equivalences(real[one.source], one.results, convention, study.margin) if compared else {}
            for convention in CONVENTIONS
        }
        place = [one.part, one.source, one.dataset, one.size or None, one.num_datasets, one.rows, one.users, one.items]
        for model, result in one.results.items():
            for convention in CONVENTIONS:
                for metric in _IN_CSV:
                    values = at_length(result, convention, metric, result["at"])
                    row = [*place, model, convention, metric, result["at"], *_moments(values)]
                    row += result["intervals"][convention][metric][1:]
                    both = [test for (*of, _), test in tests[convention].items() if of == [model, metric]]
                    furthest = max((test.difference for test in both), key=abs, default=None)
                    yield [*row, furthest, all(test.equivalent for test in both) if both else None]
            for error in ERRORS:
                if (stars := result[error]) is not None:
                    yield [*place, model, None, error, None, *_moments(stars), *[None] * 4]
            for metric, per_seed in result["beyond_accuracy"].items():
                if None not in per_seed:
                    yield [*place, model, None, metric, result["at"], *_moments(per_seed), *[None] * 4]


def _moments(values: Iterable[float]) -> list[Cell]:
    array = np.array(list(values), np.float64)
    return [float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None]


def _answer(num_seeds: int, margin: float, found: Findings) -> list[str]:
    """The two sentences that the page begins with."""
    if num_seeds < LEAST_REPEATS:
        return [f"Fewer than {LEAST_REPEATS} seeds: no tests are made, and no verdict given."]
    lines = []
    same, kept = [], []
    for recipe in dict.fromkeys(recipe for _, recipe in found.behaviour):
        by_source = [by_convention for (_, name), by_convention in found.behaviour.items() if name == recipe]
        every = [behaviour for by_convention in by_source for behaviour in by_convention.values()]
        equivalent, total = sum(b.networks_equivalent for b in every), sum(b.networks for b in every)
        same.append(f"{equivalent} of {total} for `{recipe}`")
    for recipe in dict.fromkeys(recipe for _, recipe in found.order):
        of_sources = [by_convention for (_, name), by_convention in found.order.items() if name == recipe]
        lowest = [min(o.tau or 0.0 for each in of.values() for o in each.by_metric.values()) for of in of_sources]
        kept.append(f"{sum(tau >= WANTED_TAU for tau in lowest)} of {len(lowest)} sources for `{recipe}`")
    if same:
        lines += [
            f"Precision, recall and F1 on synthetic ratings are equivalent to those on real ones within {margin:g} in",
            f"{', '.join(same)} (a network, on a source, under a convention).",
        ]
    if kept:
        lines += [
            f"The order of the models is kept (Kendall's tau of {WANTED_TAU:g} or more by F1 and by NDCG, under every",
            f"convention) on {', '.join(kept)}.",
        ]
    claims = []
    best = [each for by_convention in found.best.values() for each in by_convention.values()]
    if judged := [each for each in best if set(each.order) > CLAIMED_BEST]:
        right = sum(set(each.order[: len(CLAIMED_BEST)]) == CLAIMED_BEST for each in judged)
        claims.append(
            f"that NCF regression and improved NCF classification are the best two holds in {right} of {len(judged)} "
            "cases"
        )
    verdicts = [effect.verdict for by_convention in found.sizes.values() for effect in by_convention.values()]
    if sized := [verdict for verdict in verdicts if verdict in ("holds", "fails")]:
        claims.append(f"that precision rises and recall falls with size in {sized.count('holds')} of {len(sized)}")
    if claims:
        lines.append(f"Of the paper's claims, {', '.join(claims)}.")
    return lines or ["Too few networks were trained to compare."]


def _behaviour(behaviour: ByDataset[Behaviour], margin: float) -> list[str]:
    columns: Columns[Behaviour] = {
        "networks equivalent": lambda b: f"{b.networks_equivalent} of {b.networks}",
        "comparisons equivalent": lambda b: f"{b.comparisons_equivalent} of {b.comparisons}",
        "different": lambda b: f"{b.different} of {b.comparisons}",
        "largest difference": lambda b: f"{b.largest_difference:+.3f}",
        "real values": lambda b: f"{b.real_low:.3f} to {b.real_high:.3f}",
        f"curves alike (over {ALIKE:g})": lambda b: "" if b.curves_alike is None else f"{b.curves_alike} of {b.curves}",
        "gap of curves": lambda b: f"{b.curve_gap:.3f}",
    }
    return [
        _table(("source", "recipe"), behaviour, columns),
        "",
        f"Equivalent: two one-sided tests at {ALPHA:g} with a margin of {margin:g}, fixed before the study, of",
        "precision, recall and F1 at N = 5 and 10. Different: Welch's t, Holm's correction over a row's comparisons.",
        "Where the real values lie within the margin, equivalence says little. Curves: precision, recall and F1",
        "against N.",
    ]


def _order(order: ByDataset[Order]) -> list[str]:
    columns: Columns[Order] = {
        "tau, F1": lambda o: _tau(o.by_metric.get("f1")),
        "tau, NDCG": lambda o: _tau(o.by_metric.get("ndcg")),
        "real again, F1": lambda o: _middle(o.expected.get("f1")),
        "real again, NDCG": lambda o: _middle(o.expected.get("ndcg")),
    }
    by_metric = next(iter(next(iter(order.values())).values())).by_metric
    judging = len(by_metric["f1"].models) if "f1" in by_metric else "no"
    return [
        _table(("source", "recipe"), order, columns),
        "",
        "Kendall's tau at N = 10 with its 95 % bootstrap interval over seeds: 1 the same order, -1 the reverse.",
        f"By NDCG of all {len(by_metric['ndcg'].models)} models; by F1 of {judging} models, those that predict ratings",
        "or relevance: others hold every item relevant. `real again`: what other seeds on the same real data would",
        "have to expect.",
    ]


def _best(best: ByDataset[Best]) -> list[str]:
    columns: Columns[Best] = {
        "best two by F1": lambda b: ", ".join(b.order[:2]),
        "lead of the claimed two": lambda b: _interval(b.lead),
    }
    return [
        _table(("source", "dataset"), best, columns),
        "",
        "Lead: the worse of the two less the best of the others at N = 10, with a 95 % bootstrap interval over seeds.",
    ]


def _sizes(sizes: ByDataset[SizeEffect]) -> list[str]:
    columns: Columns[SizeEffect] = {
        "precision": lambda e: f"{e.correlation['precision']:.2f}",
        "precision, change": lambda e: _interval(e.change["precision"]),
        "recall": lambda e: f"{e.correlation['recall']:.2f}",
        "recall, change": lambda e: _interval(e.change["recall"]),
        "claim": lambda e: e.verdict,
    }
    return [
        _table(("sweep", "source", "recipe"), sizes, columns),
        "",
        "Spearman's correlation with the size, the median over networks; change: the mean over networks at the largest",
        "size less that at the smallest, with a 95 % bootstrap interval over seeds (each size is one dataset).",
    ]


def _table(names: Sequence[str], found: ByDataset[Found], columns: Columns[Found]) -> str:
    """A row per dataset; a cell holds what both conventions say, and nothing where neither says anything."""
    rows = []
    for key, by_convention in found.items():
        cells = [[text(each) for each in by_convention.values()] for text in columns.values()]
        rows.append([*key, *(" / ".join(text or "-" for text in cell) if any(cell) else "" for cell in cells)])
    return markdown_table([*names, *columns], rows)


def _tau(order: ModelOrder | None) -> str:
    if order is None or order.tau is None:
        return ""
    return f"{order.tau:.2f}" + ("" if order.low is None else f" ({order.low:.2f} to {order.high:.2f})")


def _middle(order: ModelOrder | None) -> str:
    return "" if order is None or order.middle is None else f"{order.middle:.2f}"


def _interval(found: Interval | None) -> str:
    return "" if found is None else f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def _figures(study: Study, folder: Path) -> None:
    """SOURCE_CONVENTION.png against N, SOURCE_PART_CONVENTION.png against size."""
    for source, by_dataset in study.equal().items():
        for convention in CONVENTIONS:
            length_figure(folder / f"{source}_{convention}.png", by_dataset, convention)
    sweeps = study.sweeps()
    for part, source in dict.fromkeys((part, source) for part, source, _ in sweeps):
        by_recipe = {recipe: sizes for (p, s, recipe), sizes in sweeps.items() if (p, s) == (part, source)}
        if min(len(sizes) for sizes in by_recipe.values()) > 1:
            n = next(iter(next(iter(next(iter(by_recipe.values())).values())).values()))["at"]
            for convention in CONVENTIONS:
                size_figure(folder / f"{source}_{part}_{convention}.png", by_recipe, convention, AXES[part], n)
