"""Alternating least squares against scikit-learn; what can be learnt of known worlds."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge

from ganrs_jax.evaluation import learnability as module
from ganrs_jax.evaluation.learnability import learnability, least_squares
from ganrs_jax.evaluation.samples import TooSmallError, as_sample
from ganrs_jax.ratings import Columns
from tests.evaluation.conftest import shuffled


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


def test_a_low_rank_world_is_learnt_and_a_shuffled_one_is_not(world):
    found = learnability(as_sample(world))
    assert found.bias_ratio < 0.75
    assert found.mf_ratio < found.bias_ratio - 0.05
    random = learnability(as_sample(shuffled(world)))
    assert random.mf_ratio == pytest.approx(1, abs=0.03)
    assert random.bias_ratio == pytest.approx(1, abs=0.03)
    assert random.mean_rmse == pytest.approx(world.rating.std(), rel=0.03)


def test_pure_biases_leave_nothing_to_factors():
    rng = np.random.default_rng(0)
    user, item = (axis.ravel() for axis in np.indices((100, 80)))
    rating = rng.normal(size=100)[user] + rng.normal(size=80)[item]
    found = learnability(as_sample(Columns(user, item, rating)))
    assert found.bias_ratio < 0.1
    assert found.mf_ratio == pytest.approx(found.bias_ratio, abs=0.01)


@pytest.mark.parametrize("count", [9, 50])
def test_too_small_or_constant(count):
    with pytest.raises(TooSmallError):
        learnability(as_sample(Columns(np.arange(count), np.arange(count), np.ones(count))))
