"""Alternating least squares against scikit-learn; what can be learnt of known worlds."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.fidelity import structure
from ganrs_jax.fidelity.samples import TooSmallError, as_sample
from ganrs_jax.statistics import learnability as module
from ganrs_jax.statistics.learnability import fit_biases, learnability, least_squares


@pytest.mark.parametrize("block", [1 << 16, 3])
def test_least_squares_is_a_ridge_regression_a_row(block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng(0)
    cells = np.where(rng.random((8, 30)) < 0.5, rng.normal(size=(8, 30)), 0)
    cells[5] = 0
    factors = rng.normal(size=(30, 4))
    found = least_squares(sp.csr_array(cells), factors, penalty=2.0)
    for row, solved in zip(cells, found, strict=True):
        if row.any():
            ridge = Ridge(alpha=2.0, fit_intercept=False).fit(factors[row != 0], row[row != 0])
            np.testing.assert_allclose(solved, ridge.coef_, atol=1e-9)
        else:
            assert not solved.any()


def test_a_low_rank_world_is_learnt_and_a_shuffled_one_is_not():
    world = load_ratings("planted", ReadOptions(noise=0.3))
    found = learnability(world.user, world.item, world.rating)
    assert found.bias_ratio < 0.75
    assert found.mf_ratio < found.bias_ratio - 0.05
    random = learnability(world.user, world.item, np.random.default_rng(1).permutation(world.rating))
    assert random.mf_ratio == pytest.approx(1, abs=0.03)
    assert random.bias_ratio == pytest.approx(1, abs=0.03)
    assert random.mean_rmse == pytest.approx(world.rating.std(), rel=0.03)


def test_pure_biases_leave_nothing_to_factors():
    rng = np.random.default_rng(0)
    user, item = (axis.ravel() for axis in np.indices((100, 80)))
    rating = rng.normal(size=100)[user] + rng.normal(size=80)[item]
    found = learnability(user, item, rating)
    assert found.bias_ratio < 0.1
    assert found.mf_ratio == pytest.approx(found.bias_ratio, abs=0.01)


@pytest.mark.parametrize(("noise", "peak"), [("normal", np.sqrt(2 / np.pi)), ("laplace", np.sqrt(1 / 2))])
def test_the_peak_of_errors_is_that_of_the_noise(noise, peak):
    rng = np.random.default_rng(0)
    user, item = (axis.ravel() for axis in np.indices((300, 200)))
    rating = rng.normal(size=300)[user] + rng.normal(size=200)[item] + getattr(rng, noise)(size=len(user))
    assert learnability(user, item, rating).bias_peak == pytest.approx(peak, abs=0.01)


@pytest.mark.parametrize("count", [9, 50])
def test_too_small_or_constant(count):
    columns = np.arange(count), np.arange(count), np.ones(count)
    assert learnability(*columns) is None
    with pytest.raises(TooSmallError, match="fewer than 10 ratings, or all"):
        structure.learnability(as_sample(Columns(*columns)))


def test_planted_biases_are_found():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 0.5, 200), rng.normal(0, 0.5, 150)
    user, item = np.nonzero(rng.random((200, 150)) < 1 / 3)
    rating = truth[0][user] + truth[1][item] + 0.3 * rng.normal(size=len(user))
    for found, wanted in zip(fit_biases(user, item, rating - rating.mean(), (200, 150)), truth, strict=True):
        assert np.corrcoef(found, wanted)[0, 1] > 0.98
    assert learnability(user, item, rating).bias_ratio == pytest.approx(np.sqrt(0.09 / 0.59), abs=0.03)
