"""Degrees of a wanted Gini coefficient, and those of a thinned source."""

import numpy as np
import pytest

from ganrs_jax.sampling.distributions import DegreeSpec, degree_distribution, parse_distribution
from ganrs_jax.sampling.skew import degree_counts, gini_bounds, gini_missed
from ganrs_jax.statistics.summary import gini

COUNTS = np.random.default_rng(0).geometric(0.02, 800)
SOURCE = degree_distribution(COUNTS)


@pytest.mark.parametrize("wanted", [0.2, 0.35, 0.5, 0.65, 0.8])
@pytest.mark.parametrize(("size", "total", "most"), [(800, 40_000, 2000), (300, 9000, 1000), (5000, 100_000, 4000)])
def test_a_gini_coefficient_is_met_within_a_hundredth(wanted: float, size: int, total: int, most: int) -> None:
    spec = DegreeSpec("gini", wanted)
    weights, counts = degree_counts(spec, SOURCE, size, total, most)
    assert abs(gini(counts) - wanted) < 0.01
    assert not gini_missed(spec, counts)
    assert counts.sum() == total
    assert counts.min() >= 1
    assert counts.max() <= most
    assert (np.diff(counts) <= 0).all()
    assert (weights == counts).all()


def test_a_gini_coefficient_out_of_reach_is_told_with_what_is_within() -> None:
    spec, sizes = DegreeSpec("gini", 0.8), (100, 9000, 100)  # 90 of 100 each: nearly level
    counts = degree_counts(spec, SOURCE, *sizes)[1]
    least, most = gini_bounds(SOURCE, *sizes)
    assert gini_missed(spec, counts)
    assert least < 0.01
    assert most < 0.15
    reachable = DegreeSpec("gini", round(most, 2) - 0.01)
    assert not gini_missed(reachable, degree_counts(reachable, SOURCE, *sizes)[1])


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_thinned_is_what_chance_leaves(share: float) -> None:
    left = np.random.default_rng(1).binomial(COUNTS, share)
    left = np.sort(left[left > 0])[::-1]
    counts = degree_counts(DegreeSpec("thinned"), SOURCE, len(left), int(left.sum()), 2000)[1]
    assert np.abs(counts - left).sum() / left.sum() < 0.06
    assert abs(gini(counts) - gini(left)) < 0.02


def test_thinned_of_all_or_more_is_the_source() -> None:
    for total in (int(COUNTS.sum()), 2 * int(COUNTS.sum())):
        thinned, source = (degree_counts(DegreeSpec(k), SOURCE, 800, total, 2000)[1] for k in ("thinned", "source"))
        np.testing.assert_array_equal(thinned, source)


def test_thinned_to_one_each() -> None:
    assert degree_counts(DegreeSpec("thinned"), SOURCE, 500, 500, 2000)[1].tolist() == [1] * 500


@pytest.mark.parametrize("text", ["gini:0.5", "thinned"])
def test_specs_are_told_as_they_are_read(text: str) -> None:
    assert str(parse_distribution(text, "activity")) == text
