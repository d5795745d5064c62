"""Moments by degree, and quantiles: a dataset of another distribution gets the source's."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.profile.vectors import (
    apply_marginals,
    apply_strata,
    find_quantiles,
    find_strata,
    map_marginals,
    map_strata,
)


def vectors(seed: int, count: int) -> np.ndarray:
    """Three columns; the first two hang together, the more so the larger the last, a log of sizes."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=count)
    first = rng.normal(size=count) + 0.5 * size
    second = first * size + rng.normal(size=count) + seed
    return np.stack([first, second, size], 1).astype(np.float32)


def skew(values: np.ndarray) -> float:
    """Of quantiles, -1 to 1."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return (low + high - 2 * middle) / (high - low)


@pytest.fixture(scope="module")
def source() -> np.ndarray:
    return np.stack([vectors(0, 4000), vectors(0, 4000)])


def test_each_stratum_gets_the_sources_moments(source):
    strata = find_strata(jnp.asarray(source), -1, 1.0)
    other = 2 * vectors(1, 3000) + 1
    mapped = np.asarray(apply_strata(map_strata(other, strata, np.ones(3)), jnp.asarray(other)))
    cuts = [0, *np.rint(strata.below[1:] * 3000).astype(int), 3000]
    order = np.argsort(other[:, 2], kind="stable")
    assert len(strata.mean) == 6
    for number, (first, last) in enumerate(itertools.pairwise(cuts)):
        part = mapped[order[first:last]]
        np.testing.assert_allclose(part.mean(0), strata.mean[number], atol=0.05)
        wanted = strata.root[number] @ strata.root[number].T
        np.testing.assert_allclose(np.cov(part.T), wanted, atol=0.05 * wanted.max())


def test_each_number_gets_the_sources_skew_within_a_stratum():
    """Normal vectors, of a source whose first number is skewed to the left among the small and to the right above."""
    rng = np.random.default_rng(0)
    real, other = vectors(0, 6000), vectors(1, 6000)
    real[:, 0] = rng.exponential(size=6000) * np.where(real[:, 2] < np.median(real[:, 2]), -1, 1)
    strata = find_strata(jnp.asarray(real[None]), -1, 0.0)
    mapped = np.asarray(apply_strata(map_strata(other, strata, np.ones(3)), jnp.asarray(other)))
    order, wanted = np.argsort(other[:, 2]), np.argsort(real[:, 2])
    for number in range(6):
        part = slice(1000 * number, 1000 * (number + 1))
        found, real_skew, before = (skew(x[part]) for x in (mapped[order, 0], real[wanted, 0], other[order, 0]))
        assert found == pytest.approx(real_skew, abs=0.1)
        assert abs(real_skew) > 0.4 > 4 * abs(before)


def test_spread_widens_within_a_stratum(source):
    strata, other = find_strata(jnp.asarray(source), -1, 1.0), vectors(1, 3000)
    one, two = (
        np.asarray(apply_strata(map_strata(other, strata, np.array([s, 1, 1.0])), jnp.asarray(other))) for s in (1, 2)
    )
    stratum = np.searchsorted(np.quantile(other[:, 2], strata.below[1:]), other[:, 2])
    inner = stratum == 0
    np.testing.assert_allclose(two[inner].std(0), one[inner].std(0) * [2, 1, 1], rtol=0.02)


def test_too_few_vectors_stay_as_they_are(source):
    strata, few = find_strata(jnp.asarray(source), -1, 1.0), vectors(1, 8)
    np.testing.assert_allclose(apply_strata(map_strata(few, strata, np.ones(3)), jnp.asarray(few)), few, rtol=1e-5)
    alone = find_strata(jnp.asarray(source[:, :10]), -1, 1.0)
    assert len(alone.mean) == len(alone.below) == 1


def test_columns_get_the_sources_quantiles(source):
    wanted, other = find_quantiles(jnp.asarray(source)), np.exp(vectors(1, 3000) / 2)
    mapped = np.asarray(apply_marginals(map_marginals(other, wanted, np.ones(3)), jnp.asarray(other)))
    for share in (0.05, 0.5, 0.95):
        found, expected = (np.quantile(x, share, axis=0) for x in (mapped, source[0]))
        np.testing.assert_allclose(found, expected, atol=0.1)
    for column in range(3):
        assert (np.diff(mapped[np.argsort(other[:, column], kind="stable"), column]) >= -1e-5).all()  # order stays


def test_too_few_vectors_have_no_quantiles(source):
    few = vectors(1, 200)
    found = apply_marginals(map_marginals(few, find_quantiles(jnp.asarray(source)), np.ones(3)), jnp.asarray(few))
    np.testing.assert_allclose(found, few, rtol=1e-6)
