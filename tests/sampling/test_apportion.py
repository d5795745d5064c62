"""Sums exact, bounds kept, order kept, nothing to do left alone."""

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.sampling.apportion import apportion


@pytest.mark.parametrize(
    ("weights", "total", "low", "high", "expected"),
    [
        ([1, 1, 1], 6, 0, 9, [2, 2, 2]),
        ([1, 1, 1], 7, 0, 9, [3, 2, 2]),  # the first of equals
        ([3, 2, 1], 12, 1, 12, [6, 4, 2]),
        ([1, 2, 3], 12, 1, 12, [2, 4, 6]),  # in whatever order
        ([8, 1, 1], 10, 1, 5, [5, 3, 2]),  # what is cut off goes to the others
        ([100, 1, 0], 10, 2, 9, [6, 2, 2]),
        ([1, 0, 0], 7, 0, 3, [3, 2, 2]),  # nothing for nothing, until no other may take it
        ([0, 0], 3, 0, 3, [2, 1]),
        ([5, 3], 2, 1, 9, [1, 1]),
        ([5, 3], 18, 1, 9, [9, 9]),
        ([5, 3], 0, 0, 9, [0, 0]),
        ([2.5, 2.5, 1.0], 6, 1, 9, [3, 2, 1]),
        ([4, 0, 2], 6, 0, 4, [4, 0, 2]),
    ],
)
def test_known_answers(weights, total, low, high, expected):
    found = apportion(np.array(weights, np.float64), total, low, high)
    assert found.dtype == np.int64
    assert found.tolist() == expected


def _random_case(seed: int) -> tuple[np.ndarray, int, int, int]:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 400))
    kinds = (
        lambda: rng.lognormal(0, rng.uniform(0.1, 8), size),
        lambda: np.arange(1, size + 1) ** -rng.uniform(0.1, 50),
        lambda: rng.integers(0, 4, size).astype(np.float64),
        lambda: rng.pareto(0.3, size) * 10.0 ** rng.integers(-100, 100),
    )
    low = int(rng.integers(0, 4))
    high = low + int(rng.integers(0, 300))
    return kinds[seed % 4](), int(rng.integers(size * low, size * high + 1)), low, high


@pytest.mark.parametrize("seed", range(200))
def test_sum_bounds_order_and_rest(seed):
    weights, total, low, high = _random_case(seed)
    counts = apportion(weights, total, low, high)
    assert counts.sum() == total
    assert counts.min() >= low
    assert counts.max() <= high
    order = np.lexsort((np.arange(len(weights)), -weights))
    assert np.all(np.diff(counts[order]) <= 0)
    np.testing.assert_array_equal(apportion(counts.astype(np.float64), total, low, high), counts)
    np.testing.assert_array_equal(apportion(weights, total, low, high), counts)


@pytest.mark.parametrize("seed", range(20))
def test_between_the_bounds_counts_are_proportional(seed):
    """To one: some single scale is within a unit of every count that is not at a bound."""
    weights, total, low, high = _random_case(4 * seed)
    counts = apportion(weights, total, low, high)
    free = (counts > low) & (counts < high)
    if free.any():
        least, most = (counts[free] - 1) / weights[free], (counts[free] + 1) / weights[free]
        assert least.max() <= most.min() * (1 + 1e-9)


@pytest.mark.parametrize("factor", [0.37, 1e-9, 1e9, 1 / 3])
def test_counts_in_another_unit_come_back(factor):
    counts = np.random.default_rng(0).zipf(1.7, 5000).clip(1, 900)
    found = apportion(counts * factor, int(counts.sum()), 1, 900)
    np.testing.assert_array_equal(found, counts)


def test_ten_million():
    counts = apportion(np.arange(1, 10**7 + 1, dtype=np.float64) ** -0.9, 10**9, 1, 10**6)
    assert counts.sum() == 10**9
    assert counts[0] == 10**6 > counts[1000] > counts[-1] >= 1


@pytest.mark.parametrize("total", [2, 31, -1])
def test_what_cannot_be_is_refused(total):
    with pytest.raises(InputError, match=f"{total} cannot be the sum of 3 numbers from 1 to 10"):
        apportion(np.ones(3), total, 1, 10)
