"""Do models behave on one dataset as on another? The paper's claims, and the tests it lacks (arXiv 2410.17651).

Repeats are seeds: splits, starts and batches, and, where there are several, draws of the dataset from its trained
model. The real dataset is one, and so is the trained model.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from ganrs_jax.recommenders.evaluate import Evaluation, at_length
from ganrs_jax.statistics.bootstrap import Interval, checked_repeats, percentile_interval, resampled_means
from ganrs_jax.study.model_order import LEAST_MODELS, ModelOrder, model_order
from ganrs_jax.study.significance import Equivalence, tost

Results = Mapping[str, Evaluation]  # by model
Comparison = tuple[str, str, int]  # network, metric, N
COMPARED = ("precision", "recall", "f1")
ORDERED = ("f1", "ndcg")
ALPHA = 0.05  # of every test
_LENGTHS = (5, 10)  # of the lists that models are compared at
_FLAT = 1e-12  # a curve whose range is less is rounding
_RESAMPLES, _CONFIDENCE = 2000, 0.95  # of every bootstrap here


class Trend(NamedTuple):
    """How alike two curves of a metric against N are.

    Attributes:
      correlation: Pearson's, of the means over seeds; None where a curve is flat.
      gap: mean absolute difference of the curves.
    """

    correlation: float | None
    gap: float


def lengths_of(results: Results) -> tuple[int, ...]:
    """5 and 10, or those of them that were measured; else the one length at which intervals are."""
    one = next(iter(results.values()))
    return tuple(n for n in _LENGTHS if n in one["cutoffs"]) or (one["at"],)


def networks(results: Results) -> dict[str, Evaluation]:
    """The results of the networks: those that embed users and items."""
    return {name: result for name, result in results.items() if "embedding_size" in result["settings"]}


def ordered(results: Results, metric: str) -> dict[str, Evaluation]:
    """The results of the models that are put in order by a metric.

    By NDCG all. By F1 the networks and those that predict ratings: other models hold every item relevant, so that what
    F1 measures of them is no choice of theirs.
    """
    judging = {n for n, result in results.items() if n in networks(results) or result["mae"] is not None}
    return {name: result for name, result in results.items() if metric != "f1" or name in judging}


def network_values(results: Results, convention: str, metric: str, n: int) -> dict[str, np.ndarray]:
    """Each network's values [S] of a metric at N = n."""
    return {name: at_length(result, convention, metric, n) for name, result in networks(results).items()}


def orders(real: Results, synthetic: Results, convention: str) -> dict[str, ModelOrder]:
    """Kendall's tau of the models' order by each metric of `ORDERED` that enough models have; see `ordered`.

    At the longest of `lengths_of`.
    """
    n, found = lengths_of(real)[-1], {}
    for metric in ORDERED:
        if len(names := ordered(real, metric)) >= LEAST_MODELS:
            sides = (
                {name: at_length(side[name], convention, metric, n) for name in names} for side in (real, synthetic)
            )
            found[metric] = model_order(*sides)
    return found


def comparisons(real: Results, synthetic: Results, convention: str) -> dict[Comparison, tuple[np.ndarray, np.ndarray]]:
    """Each network's precision, recall and F1: (synthetic [S], real [T])."""
    return {
        (name, metric, n): (
            at_length(synthetic[name], convention, metric, n),
            at_length(real[name], convention, metric, n),
        )
        for name in networks(real)
        for metric in COMPARED
        for n in lengths_of(real)
    }


def equivalences(real: Results, synthetic: Results, convention: str, margin: float) -> dict[Comparison, Equivalence]:
    """TOST of each of `comparisons` at level `ALPHA`; differences are synthetic less real."""
    pairs = comparisons(real, synthetic, convention)
    return {key: tost(x, y, margin, ALPHA, name=key[0]) for key, (x, y) in pairs.items()}


def trends(real: Results, synthetic: Results, convention: str) -> dict[tuple[str, str], Trend]:
    """How alike the networks' curves against N are, by (model, metric)."""
    found = {}
    for name in networks(real):
        for metric in COMPARED:
            one, other = (np.mean(side[name]["metrics"][convention][metric], 0) for side in (real, synthetic))
            flat = len(one) < 3 or min(np.ptp(one), np.ptp(other)) < _FLAT
            correlation = None if flat else float(np.corrcoef(one, other)[0, 1])
            found[name, metric] = Trend(correlation, float(np.abs(one - other).mean()))
    return found


def ranking_of(results: Results, convention: str, metric: str, n: int) -> list[str]:
    """The networks by their mean, the best first."""
    means = {name: float(value.mean()) for name, value in network_values(results, convention, metric, n).items()}
    return sorted(means, key=lambda name: (-means[name], name))


def lead(results: Results, claimed: Collection[str], convention: str, n: int) -> Interval:
    """F1 of the worst of the claimed networks less that of the best of the others: over 0 if the claimed are the best.

    With its 95 % bootstrap interval over seeds, drawn for all networks alike, since they share splits.

    Raises:
      InputError: fewer than 5 seeds.
    """
    values = network_values(results, convention, "f1", n)
    table_MxS = np.stack([checked_repeats(value, name) for name, value in values.items()])
    mine = np.array([name in claimed for name in values])

    def ahead(mean_RxM: np.ndarray) -> np.ndarray:
        return mean_RxM[:, mine].min(1) - mean_RxM[:, ~mine].max(1)

    drawn = resampled_means(np.random.default_rng(0), table_MxS, _RESAMPLES)
    return percentile_interval(ahead(table_MxS.mean(1)[None])[0], ahead(drawn), _CONFIDENCE)


def size_change(by_size: Mapping[float, Results], convention: str, metric: str, n: int) -> Interval:
    """Mean over networks at the largest size less that at the smallest.

    With its 95 % bootstrap interval over seeds, drawn for the two sizes apart, since their datasets share nothing.

    Raises:
      InputError: fewer than 5 seeds.
    """
    rng, drawn = np.random.default_rng(0), []
    for size in (max(by_size), min(by_size)):
        values = np.mean(list(network_values(by_size[size], convention, metric, n).values()), 0)
        drawn.append((values.mean(), resampled_means(rng, checked_repeats(values, metric)[None], _RESAMPLES)[:, 0]))
    (large, larger), (small, smaller) = drawn
    return percentile_interval(large - small, larger - smaller, _CONFIDENCE)


def size_trends(by_size: Mapping[float, Results], convention: str, metric: str, n: int) -> dict[str, float | None]:
    """Spearman's correlation of each network's mean with the size; None where it does not change."""
    sizes = sorted(by_size)
    found = {}
    for name in networks(by_size[sizes[0]]):
        means = [float(at_length(by_size[size][name], convention, metric, n).mean()) for size in sizes]
        found[name] = None if np.ptp(means) < _FLAT else float(stats.spearmanr(sizes, means).statistic)
    return found
