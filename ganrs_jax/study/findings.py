"""What a study has measured, and what follows from it for each of the paper's claims (arXiv 2410.17651)."""

import dataclasses
from typing import NamedTuple

import numpy as np

from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS, Interval
from ganrs_jax.study.claims import (
    ALPHA,
    COMPARED,
    Results,
    comparisons,
    equivalences,
    lead,
    lengths_of,
    networks,
    orders,
    ranking_of,
    size_change,
    size_trends,
    trends,
)
from ganrs_jax.study.model_order import ModelOrder
from ganrs_jax.study.significance import welch_t

REAL = "real"
EQUAL = "equal"  # the part of datasets of the source's own size
AXES = {"users": "users", "samples": "raw samples, or rows", "sigma": "sigma of the noise"}  # the swept parts
CLAIMED_BEST = {"ncf_regression", "ncf_classification_improved"}
ALIKE = 0.9  # correlation of curves that are called the same trend
WANTED_TAU = 0.8  # from which the order of the models is called the same
_LEAST_NETWORKS = 3  # to speak of the best
_LEAST_SIZES = 3  # of a sweep: two points always rise or fall


@dataclasses.dataclass(frozen=True)
class Measured:
    """The evaluations of all models on the datasets of one kind and size.

    Attributes:
      dataset: "real" or a recipe.
      size: place in a sweep; 0 in part `equal`.
      num_datasets: draws that the seeds take in turn.
    """

    part: str
    source: str
    dataset: str
    size: float | str
    num_datasets: int
    rows: int
    users: int
    items: int
    results: Results


@dataclasses.dataclass
class Study:
    """What a study has measured so far.

    Attributes:
      command: that makes it again.
      margin: of equivalence.
      num_seeds: repeats of each model.
      left_out: names of datasets that were asked for and not measured.
    """

    command: str
    margin: float
    num_seeds: int
    measured: list[Measured] = dataclasses.field(default_factory=list)
    left_out: list[str] = dataclasses.field(default_factory=list)

    def equal(self) -> dict[str, dict[str, Results]]:
        """Source -> dataset -> results, of the datasets of one size."""
        found: dict[str, dict[str, Results]] = {}
        for one in self.measured:
            if one.part == EQUAL:
                found.setdefault(one.source, {})[one.dataset] = one.results
        return found

    def sweeps(self) -> dict[tuple[str, str, str], dict[float, Results]]:
        """(part, source, recipe) -> size -> results."""
        found: dict[tuple[str, str, str], dict[float, Results]] = {}
        for one in self.measured:
            if one.part in AXES:
                found.setdefault((one.part, one.source, one.dataset), {})[float(one.size)] = one.results
        return found


class Behaviour(NamedTuple):
    """How the networks behave on synthetic data beside real data, under one convention.

    Attributes:
      real_low, real_high: range of the networks' precision, recall and F1 on the real data.
      networks, networks_equivalent: how many there are; how many whose every comparison is equivalent.
      comparisons, comparisons_equivalent, different: networks x metrics x N; equivalent within the margin by TOST;
        different by Welch's t, corrected by Holm over all of them.
      largest_difference: synthetic less real.
      curves, curves_alike: of the networks against N; how many correlate over 0.9. None where lists have under 3 N.
      curve_gap: mean absolute difference of the curves.
    """

    real_low: float
    real_high: float
    networks: int
    networks_equivalent: int
    comparisons: int
    comparisons_equivalent: int
    different: int
    largest_difference: float
    curves: int
    curves_alike: int | None
    curve_gap: float


class Order(NamedTuple):
    """Whether models, networks and references, stand in one order on synthetic and on real data, under one convention.

    Attributes:
      by_metric: Kendall's tau of their order by F1 and NDCG; without a metric that fewer than 3 models have.
      expected: the tau that other seeds on the same real data would have to expect.
    """

    by_metric: dict[str, ModelOrder]
    expected: dict[str, ModelOrder]


class Best(NamedTuple):
    """Which networks are the best on a dataset.

    Attributes:
      order: the networks by F1, the best first.
      lead: the worse of the claimed two less the best of the others; None where it cannot be said.
    """

    order: list[str]
    lead: Interval | None


class SizeEffect(NamedTuple):
    """How the networks' metrics change with the size of the dataset.

    Attributes:
      correlation: metric -> Spearman's with the size, the median over networks.
      change: metric -> mean over networks at the largest size less that at the smallest; empty where not known.
      verdict: on the claim that precision rises and recall falls, both beyond chance: "holds", "fails", or "too few
        sizes"; empty where the sweep is not over sizes.
    """

    correlation: dict[str, float]
    change: dict[str, Interval]
    verdict: str


class Findings(NamedTuple):
    """What a study says of each claim; each value by convention.

    Attributes:
      behaviour: (source, recipe) -> the networks, synthetic beside real.
      order: (source, recipe) -> the order of all models, synthetic beside real.
      best: (source, dataset) -> which networks are the best.
      sizes: (part, source, recipe) -> what changes with size.
    """

    behaviour: dict[tuple[str, ...], dict[str, Behaviour]]
    order: dict[tuple[str, ...], dict[str, Order]]
    best: dict[tuple[str, ...], dict[str, Best]]
    sizes: dict[tuple[str, ...], dict[str, SizeEffect]]


def findings(study: Study) -> Findings:
    """What follows from a study; nothing from fewer than 5 seeds."""
    found = Findings({}, {}, {}, {})
    if study.num_seeds < LEAST_REPEATS:
        return found
    for source, by_dataset in study.equal().items():
        for dataset, results in by_dataset.items():
            if len(networks(results)) >= _LEAST_NETWORKS:
                longest = lengths_of(results)[-1]
                comparable = set(networks(results)) > CLAIMED_BEST  # both were trained, and others
                found.best[source, dataset] = {
                    c: Best(
                        ranking_of(results, c, "f1", longest),
                        lead(results, CLAIMED_BEST, c, longest) if comparable else None,
                    )
                    for c in CONVENTIONS
                }
            if dataset == REAL or REAL not in by_dataset:
                continue
            real = by_dataset[REAL]
            if networks(results):
                found.behaviour[source, dataset] = {c: _behaviour(real, results, c, study.margin) for c in CONVENTIONS}
            order = {c: Order(orders(real, results, c), orders(real, real, c)) for c in CONVENTIONS}
            if any(each.by_metric for each in order.values()):
                found.order[source, dataset] = order
    for sweep, by_size in study.sweeps().items():
        if len(by_size) > 1 and networks(next(iter(by_size.values()))):
            found.sizes[sweep] = {c: _size_effect(sweep[0], by_size, c) for c in CONVENTIONS}
    return found


def _behaviour(real: Results, synthetic: Results, convention: str, margin: float) -> Behaviour:
    pairs = comparisons(real, synthetic, convention)
    real_means = [float(np.mean(values)) for _, values in pairs.values()]
    tests = equivalences(real, synthetic, convention, margin)
    names = networks(real)
    missed = {name for (name, _, _), test in tests.items() if not test.equivalent}
    curves = trends(real, synthetic, convention).values()
    no_curves = all(curve.correlation is None for curve in curves)
    return Behaviour(
        real_low=min(real_means),
        real_high=max(real_means),
        networks=len(names),
        networks_equivalent=len(names.keys() - missed),
        comparisons=len(tests),
        comparisons_equivalent=sum(test.equivalent for test in tests.values()),
        different=sum(test.p_holm < ALPHA for test in welch_t(pairs).values()),
        largest_difference=max((test.difference for test in tests.values()), key=abs),
        curves=len(curves),
        curves_alike=None if no_curves else sum((curve.correlation or 0) > ALIKE for curve in curves),
        curve_gap=float(np.mean([curve.gap for curve in curves])),
    )


def _size_effect(part: str, by_size: dict[float, Results], convention: str) -> SizeEffect:
    n = lengths_of(next(iter(by_size.values())))[-1]
    correlation, change = {}, {}
    for metric in COMPARED:
        per_network = size_trends(by_size, convention, metric, n).values()
        correlation[metric] = float(np.median([value or 0.0 for value in per_network]))
        change[metric] = size_change(by_size, convention, metric, n)
    holds = correlation["precision"] > 0 > correlation["recall"]
    holds = holds and change["precision"].low > 0 > change["recall"].high
    verdict = "too few sizes" if len(by_size) < _LEAST_SIZES else "holds" if holds else "fails"
    return SizeEffect(correlation, change, "" if part == "sigma" else verdict)
