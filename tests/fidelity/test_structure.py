"""Spectrum, lifts and correlation against dense and brute-force counterparts."""

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from ganrs_jax.data.ratings import Columns
from ganrs_jax.fidelity.samples import TooSmallError, as_sample
from ganrs_jax.fidelity.structure import lifts, popularity_rating_correlation, spectral, spectrum_error
from tests.fidelity.conftest import relabelled


def dense(sample) -> np.ndarray:
    matrix = np.zeros((sample.num_users, sample.num_items))
    matrix[sample.user, sample.item] = 1
    return matrix


def test_spectral_is_the_dense_decomposition(world):
    sample = as_sample(world)
    found = spectral(sample)
    matrix = dense(sample)
    matrix = matrix * (matrix.sum(1) >= 5)[:, None] * (matrix.sum(0) >= 5)
    matrix /= np.sqrt(np.maximum(matrix.sum(1), 1))[:, None] * np.sqrt(np.maximum(matrix.sum(0), 1))
    np.testing.assert_allclose(found.values, np.linalg.svd(matrix)[1][:20], atol=1e-9)
    assert found.values[0] == pytest.approx(1)
    np.testing.assert_allclose(matrix @ found.items_IxK, found.users_UxK * found.values, atol=1e-8)
    assert found.transposed().users_UxK is found.items_IxK


def test_spectrum_knows_no_ids_but_knows_structure(world):
    sample = as_sample(world)
    rng = np.random.default_rng(0)
    random = Columns(world.user, rng.permutation(world.item), world.rating)
    real = spectral(sample)
    assert spectrum_error(real, spectral(as_sample(relabelled(world)))) < 1e-9
    assert spectrum_error(real, spectral(as_sample(random))) > 0.03


def test_correlation_is_spearmans(world):
    sample = as_sample(world)
    counts = np.bincount(sample.item)
    means = np.bincount(sample.item, sample.rating) / counts
    assert popularity_rating_correlation(sample) == pytest.approx(spearmanr(counts, means)[0])


def test_lifts_by_brute_force(world):
    sample = as_sample(world)
    matrix, counts = dense(sample), np.bincount(sample.item)
    top = np.argsort(-counts, kind="stable")[:80]
    wanted = [
        600 * (matrix[:, a] * matrix[:, b]).sum() / (counts[a] * counts[b]) for a, b in itertools.combinations(top, 2)
    ]
    np.testing.assert_allclose(lifts(sample), wanted, rtol=1e-6)


def test_independent_items_have_no_lift():
    user, item = np.nonzero(np.random.default_rng(0).random((3000, 60)) < 0.5)
    assert np.median(lifts(as_sample(Columns(user, item, np.ones(len(user)))))) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (spectral, "fewer than 3 users or items of 5 ratings"),
        (lifts, "fewer than 50 items"),
        (popularity_rating_correlation, "the same"),
    ],
)
def test_too_small(measure, words):
    with pytest.raises(TooSmallError, match=words):
        measure(as_sample(Columns(np.arange(3), np.arange(3), np.ones(3))))
