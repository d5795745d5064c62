"""The classifier test on laws that are equal, and laws that differ."""

import numpy as np
import pytest

from ganrs_jax.fidelity.samples import TooSmallError
from ganrs_jax.fidelity.two_sample import c2st_auc


def normal(seed: int, count: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, 3))


def test_one_law_cannot_be_told_apart_and_others_can():
    assert c2st_auc(normal(0, 800), normal(1, 800)) == pytest.approx(0.5, abs=0.06)
    # two normal laws, a standard deviation apart in each of 3 columns: the best AUC is 0.89
    assert 0.82 < c2st_auc(normal(0, 800), normal(1, 800, 1.0)) < 0.9
    assert c2st_auc(normal(0, 200), normal(1, 300, 9.0)) == 1.0


def test_a_lattice_does_not_give_itself_away():
    assert c2st_auc(np.round(normal(0, 800) * 20) / 20, normal(1, 800)) == pytest.approx(0.5, abs=0.06)


def test_the_same_again():
    a, b = normal(0, 50), normal(1, 50)
    assert c2st_auc(a, b, seed=3) == c2st_auc(a, b, seed=3) != c2st_auc(a, b, seed=4)


def test_too_few():
    with pytest.raises(TooSmallError, match="fewer than 10 profiles"):
        c2st_auc(normal(0, 9), normal(1, 50))
