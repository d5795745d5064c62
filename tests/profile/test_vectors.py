"""Generated vectors of another distribution get the source's: moments and quantiles by degree."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.profile.model import VectorColumns, VectorMap
from ganrs_jax.profile.settings import ProfileConfig
from ganrs_jax.profile.vectors import apply_map, fit_map, raw_vectors, sample_vectors


def vectors(seed: int, count: int) -> np.ndarray:
    """Three columns; the first two hang together, the more so the larger the last, a log of sizes."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=count)
    first = rng.normal(size=count) + 0.5 * size
    second = first * size + rng.normal(size=count) + seed
    return np.stack([first, second, size], 1).astype(np.float32)


def mapped(vector_map: VectorMap, raw: np.ndarray) -> np.ndarray:
    return np.asarray(apply_map(vector_map, jnp.asarray(raw)))


def stratum_of(vector_map: VectorMap, raw: np.ndarray) -> np.ndarray:
    return np.searchsorted(vector_map.least[1:], raw[:, -1], side="right")


def skew(values: np.ndarray) -> float:
    """Of quantiles, -1 to 1."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return (low + high - 2 * middle) / (high - low)


@pytest.fixture(scope="module")
def source() -> np.ndarray:
    return np.stack([vectors(0, 4000), vectors(0, 4000)])


def test_each_stratum_gets_the_sources_moments(source):
    """Of new vectors, not of those that the map was fitted on alone."""
    vector_map = fit_map(2 * vectors(1, 30_000) + 1, source)
    assert len(vector_map.least) == 6
    for raw in (2 * vectors(1, 30_000) + 1, 2 * vectors(1, 60_000)[30_000:] + 1):
        made, stratum = mapped(vector_map, raw), stratum_of(vector_map, raw)
        below = np.quantile(source[0, :, 2], np.append(0, np.cumsum(np.bincount(stratum)) / len(raw)))
        below[-1] += 1
        for number in range(6):
            of_source = (source[0, :, 2] >= below[number]) & (source[0, :, 2] < below[number + 1])
            wanted, found = source[0, of_source], made[stratum == number]
            np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=0.08)
            covariance = np.cov(wanted.T)
            np.testing.assert_allclose(np.cov(found.T), covariance, atol=0.1 * covariance.max())


def test_strata_hold_equal_sums_of_the_roots_of_degrees(source):
    made = vectors(1, 20_000)
    shares = np.bincount(stratum_of(fit_map(made, source), made)) / len(made)
    assert (np.diff(shares) < 0).all()
    cuts = np.quantile(source[0, :, 2], np.cumsum(shares)[:-1])
    weights = np.bincount(np.searchsorted(cuts, source[0, :, 2]), np.exp(source[0, :, 2] / 2))
    np.testing.assert_allclose(weights / weights.sum(), np.full(6, 1 / 6), atol=0.005)


def test_each_number_gets_the_sources_skew_within_a_stratum():
    """Normal vectors, of a source whose first number is skewed to the left among the small and to the right above."""
    rng = np.random.default_rng(0)
    real, made = vectors(0, 6000), vectors(1, 6000)
    small, made_small = (x[:, 2] < np.median(x[:, 2]) for x in (real, made))
    real[:, 0] = rng.exponential(size=6000) * np.where(small, -1, 1)
    found = mapped(fit_map(made, real[None]), made)
    for wanted, got, before in ((small, made_small, made_small), (~small, ~made_small, ~made_small)):
        assert skew(found[got, 0]) == pytest.approx(skew(real[wanted, 0]), abs=0.1)
        assert abs(skew(real[wanted, 0])) > 0.4 > 4 * abs(skew(made[before, 0]))


def test_tails_are_the_sources():
    """Student's t with 3 degrees of freedom and sizes that are exponential, of normal vectors: to half a percent."""
    rng = np.random.default_rng(0)
    real = np.stack([rng.standard_t(3, 40_000), rng.exponential(size=40_000)], 1)[None]
    made = rng.normal(size=(65_536, 2))
    vector_map = fit_map(made, real)
    found = mapped(vector_map, rng.normal(size=(100_000, 2)).astype(np.float32))
    for share in (0.005, 0.02, 0.5, 0.98, 0.995):
        wanted = np.quantile(real[0], share, axis=0)
        np.testing.assert_allclose(np.quantile(found, share, axis=0), wanted, rtol=0.12, atol=0.05)
    assert np.quantile(real[0, :, 0], 0.995) > 2 * np.quantile(made[:, 0], 0.995)


def test_the_order_of_degrees_stays(source):
    """Also from stratum to stratum: at a cut, degrees do not jump."""
    made = np.exp(vectors(1, 30_000) / 2)
    degrees = mapped(fit_map(made, source), made)[np.argsort(made[:, -1], kind="stable"), -1]
    assert np.diff(degrees).min() > -0.02
    assert np.mean(np.diff(degrees) < -1e-5) < 1e-3
    np.testing.assert_allclose(np.quantile(degrees, [0.05, 0.5, 0.95]), np.quantile(source[0, :, 2], [0.05, 0.5, 0.95]),
                               atol=0.03)  # fmt: skip


def test_wider_vectors_stay_wider(source):
    made = vectors(1, 20_000)
    vector_map = fit_map(made, source)
    one, two = mapped(vector_map, made).std(0), mapped(vector_map, 2 * made).std(0)
    assert (two > 1.5 * one).all()


def test_a_small_source_is_one_stratum_and_a_constant_column_stays_constant(source):
    few = source[:, :10].copy()
    few[:, :, 0] = 3
    vector_map = fit_map(vectors(1, 3000), few)
    assert vector_map.least.tolist() == [-np.inf]
    made = mapped(vector_map, vectors(2, 50))
    np.testing.assert_allclose(made[:, 0], 3, atol=1e-3)
    assert np.isfinite(made).all()
    assert made[:, 1].std() > 0.1


def test_a_vector_does_not_depend_on_how_many_there_are(trained):
    """So few users get the map of many, as one user does."""
    model = trained("profile")
    raw = raw_vectors(jax.random.key(0), model.users.weights, model.config, model.columns, 1.0, 3)
    np.testing.assert_allclose(
        mapped(model.users.vector_map, raw)[:1], mapped(model.users.vector_map, raw[:1]), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(sample_vectors(jax.random.key(0), model, 1.0, 3), mapped(model.users.vector_map, raw))


def test_gaussian_users_are_normal_and_independent_before_the_map():
    config = dataclasses.replace(ProfileConfig(), users="gaussian", interaction_rank=2, rating_rank=1, style_rank=1)
    columns = VectorColumns(2, 1, 1)
    raw = np.asarray(raw_vectors(jax.random.key(0), {}, config, columns, 2.0, 20_000))
    assert raw.shape == (20_000, columns.width)
    np.testing.assert_allclose(np.cov(raw.T), 4 * np.eye(columns.width), atol=0.15)
    np.testing.assert_allclose(np.quantile(raw, [0.16, 0.84], axis=0), [[-2] * 7, [2] * 7], atol=0.1)
