"""A study in one page that begins with the answer, one csv of every mean, and figures."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import ERRORS, at_length
from ganrs_jax.report.curves import length_figure, size_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS, Interval
from ganrs_jax.study.claims import COMPARED, equivalences, lengths_of, networks
from ganrs_jax.study.findings import (
    ALIKE,
    ALPHA,
    AXES,
    CLAIMED_BEST,
    EQUAL,
    REAL,
    WANTED_TAU,
    Behaviour,
    Findings,
    Measured,
    SizeEffect,
    Study,
    findings,
    furthest,
)
from ganrs_jax.study.model_order import ModelOrder

_CLAIM = {None: "too few sizes", True: "holds", False: "fails"}
_IN_CSV = ("precision", "recall", "f1", "ndcg")
CSV_COLUMNS = (
    *("part", "source", "dataset", "size", "num_datasets", "rows", "users", "items"),
    *("model", "convention", "metric", "n", "mean", "sd", "low", "high", "difference", "equivalent"),
)
Cell = str | int | float | bool | None


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
        lines += ["", "## Is the order of the networks the same?", "", *_order(found)]
    if found.best:
        lines += ["", "## Are NCF regression and improved NCF classification the best?", "", *_best(found)]
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
            convention: equivalences(
                real[one.source], one.results, convention, lengths_of(one.results), study.margin, ALPHA
            )
            for convention in (CONVENTIONS if compared and networks(one.results) else ())
        }
        for model, result in one.results.items():
            for convention in CONVENTIONS:
                for metric in _IN_CSV:
                    values = at_length(result, convention, metric, result["at"])
                    row = [*_place(one), model, convention, metric, result["at"], *_moments(values)]
                    row += result["intervals"][convention][metric][1:]
                    test = tests.get(convention, {}).get(model)
                    if test is None or metric not in COMPARED:
                        yield [*row, None, None]
                        continue
                    equivalent = all(each.equivalent for (name, _), each in test.items() if name == metric)
                    yield [*row, furthest(test, metric).difference, equivalent]
            for error in ERRORS:
                if (stars := result[error]) is not None:
                    yield [*_place(one), model, None, error, None, *_moments(stars), *[None] * 4]
            for metric, per_seed in result["beyond_accuracy"].items():
                if None not in per_seed:
                    yield [*_place(one), model, None, metric, result["at"], *_moments(per_seed), *[None] * 4]


def _place(one: Measured) -> list[Cell]:
    size = one.size or None
    return [one.part, one.source, one.dataset, size, one.num_datasets, one.rows, one.users, one.items]


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
        sources_kept = sum(
            min((o.tau or 0.0 for b in by_convention.values() for o in b.orders.values()), default=0.0) >= WANTED_TAU
            for by_convention in by_source
        )
        kept.append(f"{sources_kept} of {len(by_source)} for `{recipe}`")
    if same:
        lines += [
            f"Precision, recall and F1 on synthetic ratings are equivalent to those on real ones within {margin:g} in",
            f"{', '.join(same)} (a network, on a source, under a convention); the networks' order is kept",
            f"(Kendall's tau of {WANTED_TAU:g} or more) on {', '.join(kept)} of the sources.",
        ]
    claims = []
    best = [each for by_convention in found.best.values() for each in by_convention.values()]
    if judged := [each for each in best if set(each.order) > CLAIMED_BEST]:
        right = sum(set(each.order[: len(CLAIMED_BEST)]) == CLAIMED_BEST for each in judged)
        claims.append(
            f"that NCF regression and improved NCF classification are the best two holds in {right} of {len(judged)} "
            "cases"
        )
    effects = [each for sweep, by in found.sizes.items() if sweep[0] != "sigma" for each in by.values()]
    if sized := [each.claim for each in effects if each.claim is not None]:
        claims.append(f"that precision rises and recall falls with size in {sum(sized)} of {len(sized)}")
    if claims:
        lines.append(f"Of the paper's claims, {', '.join(claims)}.")
    return lines or ["Too few networks were trained to compare."]


def _behaviour(behaviour: Mapping[tuple[str, str], Mapping[str, Behaviour]], margin: float) -> list[str]:
    rows = [
        [
            source,
            recipe,
            _both(f"{b.networks_equivalent} of {b.networks}" for b in by_convention.values()),
            _both(f"{b.comparisons_equivalent} of {b.comparisons}" for b in by_convention.values()),
            _both(f"{b.different} of {b.comparisons}" for b in by_convention.values()),
            _both(f"{b.largest_difference:+.3f}" for b in by_convention.values()),
            _both(f"{b.real_low:.3f} to {b.real_high:.3f}" for b in by_convention.values()),
        ]
        for (source, recipe), by_convention in behaviour.items()
    ]
    header = ["source", "recipe", "networks equivalent", "comparisons equivalent", "different", "largest difference"]
    return [
        markdown_table([*header, "real values"], rows),
        "",
        f"Equivalent: two one-sided tests at {ALPHA:g} with a margin of {margin:g}, fixed before the study, of",
        "precision, recall and F1 at N = 5 and 10. Different: Welch's t, Holm's correction over a row's comparisons.",
        "Where the real values lie within the margin, equivalence says little.",
    ]


def _order(found: Findings) -> list[str]:
    rows = []
    for (source, recipe), by_convention in found.behaviour.items():
        expected = found.expected_orders.get(source, {})
        gaps = [f"{b.curve_gap:.3f}" for b in by_convention.values()]
        alike = ["" if b.curves_alike is None else f"{b.curves_alike} of {b.curves}" for b in by_convention.values()]
        taus = [
            _both(_tau(behaviour.orders.get(metric)) for behaviour in by_convention.values())
            for metric in ("f1", "ndcg")
        ]
        again = [
            _both(
                ""
                if (order := expected.get(convention, {}).get(metric)) is None or order.middle is None
                else f"{order.middle:.2f}"
                for convention in by_convention
            )
            for metric in ("f1", "ndcg")
        ]
        rows.append([source, recipe, *taus, *again, _both(alike), _both(gaps)])
    header = ["source", "recipe", "tau, F1", "tau, NDCG", "real again, F1", "real again, NDCG"]
    return [
        markdown_table([*header, f"curves alike (over {ALIKE:g})", "gap of curves"], rows),
        "",
        "Kendall's tau at N = 10 with its 95 % bootstrap interval over seeds: 1 the same order, -1 the reverse.",
        "`real again`: what other seeds on the same real data would have to expect. Curves: precision, recall and F1",
        "against N.",
    ]


def _best(found: Findings) -> list[str]:
    rows = [
        [
            source,
            dataset,
            _both(", ".join(best.order[:2]) for best in by_convention.values()),
            _both(_interval(best.lead) for best in by_convention.values()),
        ]
        for (source, dataset), by_convention in found.best.items()
    ]
    return [
        markdown_table(["source", "dataset", "best two by F1", "lead of the claimed two"], rows),
        "",
        "Lead: the worse of the two less the best of the others at N = 10, with a 95 % bootstrap interval over seeds.",
    ]


def _sizes(sizes: Mapping[tuple[str, str, str], Mapping[str, SizeEffect]]) -> list[str]:
    rows = []
    for (part, source, recipe), by_convention in sizes.items():
        effects = list(by_convention.values())
        cells: list[str] = []
        for metric in ("precision", "recall"):
            cells.append(_both(f"{effect.correlation[metric]:.2f}" for effect in effects))
            cells.append(_both(_interval(effect.change.get(metric)) for effect in effects))
        rows.append([part, source, recipe, *cells, "" if part == "sigma" else _both(_CLAIM[e.claim] for e in effects)])
    header = [name for metric in ("precision", "recall") for name in (metric, f"{metric}, change")]
    return [
        markdown_table(["sweep", "source", "recipe", *header, "claim"], rows),
        "",
        "Spearman's correlation with the size, the median over networks; change: the mean over networks at the largest",
        "size less that at the smallest, with a 95 % bootstrap interval over seeds (each size is one dataset).",
    ]


def _both(texts: Iterable[str]) -> str:
    """Of both conventions; nothing where neither has any."""
    shown = list(texts)
    return " / ".join(text or "-" for text in shown) if any(shown) else ""


def _tau(order: ModelOrder | None) -> str:
    if order is None or order.tau is None:
        return ""
    return f"{order.tau:.2f}" + ("" if order.low is None else f" ({order.low:.2f} to {order.high:.2f})")


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
