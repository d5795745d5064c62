import numpy as np
import pytest

from ganrs_jax.data.ratings import Scale
from ganrs_jax.published.unit_scale import from_unit, match_moments, to_unit

SCALES = [Scale(1, 5), Scale(1, 10), Scale(0.5, 5, 0.5), Scale(0.5, 4, 0.5), Scale(0, 1), Scale(-10, 10, 0.25)]


def test_published_forms():
    np.testing.assert_allclose(to_unit(np.arange(1.0, 6), Scale(1, 5)), (np.arange(1, 6) - 3) / 5)
    np.testing.assert_allclose(to_unit(np.arange(1.0, 11), Scale(1, 10)), (np.arange(1, 11) - 5) / 10, rtol=1e-6)


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_there_and_back(scale):
    np.testing.assert_array_equal(from_unit(to_unit(scale.levels, scale), scale), scale.levels)


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_whatever_comes_lands_on_the_scale(scale):
    decoded = from_unit(np.random.default_rng(0).normal(0, 3, 1000), scale)
    assert set(np.unique(decoded)) <= set(scale.levels.tolist())
    assert decoded.min() == scale.low
    assert decoded.max() == scale.high


def test_moments_are_matched_where_the_published_rescale_fails():
    """A fake mean of the other sign: multiplying by real mean / fake mean would turn every rating round."""
    fake = np.random.default_rng(0).normal(-0.05, 0.3, 10_000)
    matched = match_moments(fake, 0.1, 0.2)
    np.testing.assert_allclose([matched.mean(), matched.std()], [0.1, 0.2], rtol=1e-6)
    assert np.corrcoef(fake, matched)[0, 1] > 0.999
    published = fake * 0.1 / fake.mean()
    assert np.corrcoef(fake, published)[0, 1] < -0.999


def test_a_constant_becomes_the_mean():
    np.testing.assert_array_equal(match_moments(np.ones(5), 0.1, 0.2), np.full(5, 0.1))
