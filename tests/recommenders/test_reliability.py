"""Calibration of reliabilities that are right by construction, and of some that are not."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Scored
from ganrs_jax.recommenders.reliability import calibration


def told(rating, reliability) -> Scored:
    rating, reliability = (jnp.asarray(x, jnp.float32) for x in (rating, reliability))
    return Scored(rating, rating, rating > 3, reliability)


def test_worked_out_on_paper():
    scored = told([1, 2, 3, 4], [0.3, 0.5, 0.9, 1.0])
    found = calibration(scored, np.array([1, 5, 3, 3], np.float32), num_bins=2)
    assert found.bin_rows == [2, 2]  # a bin holds its upper border
    assert found.bin_accuracy == [0.5, 0.5]
    assert found.bin_reliability == pytest.approx([0.4, 0.95])
    assert found.error == pytest.approx((0.1 + 0.45) / 2)
    assert (found.accuracy, found.reliability) == (0.5, pytest.approx(0.675))
    assert found._asdict()["bin_rows"] == [2, 2]


def test_reliabilities_that_are_true_and_one_that_boasts():
    rng = np.random.default_rng(0)
    reliability = rng.uniform(0, 1, 40_000)
    rating = np.where(rng.random(40_000) < reliability, 3, 4)
    assert calibration(told(np.full(40_000, 3), reliability), rating).error < 0.02
    boast = calibration(told(np.full(40_000, 3), np.sqrt(reliability)), rating)
    assert boast.error == pytest.approx(2 / 3 - 1 / 2, abs=0.01)
    assert boast.reliability > boast.accuracy


def test_rows_in_any_order_and_empty_bins():
    rng = np.random.default_rng(1)
    rating, predicted, reliability = rng.integers(1, 6, 50), rng.integers(1, 6, 50), rng.uniform(0.5, 1, 50)
    found, order = calibration(told(predicted, reliability), rating), rng.permutation(50)
    again = calibration(told(predicted[order], reliability[order]), rating[order])
    assert again.error == pytest.approx(found.error)
    assert found.bin_rows[:5] == [0] * 5
    assert found.bin_accuracy[:5] == found.bin_reliability[:5] == [None] * 5
    assert sum(found.bin_rows) == 50


def test_scales_of_small_steps_and_borders_of_reliability():
    found = calibration(told(np.float32([0.1, 0.7, 3.3]), [0, 1, 1 + 1e-7]), np.array([0.1, 0.7, 3.3]))
    assert found.accuracy == 1
    assert (found.bin_rows[0], found.bin_rows[-1]) == (1, 2)


def test_a_model_that_tells_no_reliability():
    assert calibration(told([1, 2], [np.nan, np.nan]), np.ones(2)) is None


def test_bad_input():
    with pytest.raises(InputError, match="num_bins is 0"):
        calibration(told([1], [1]), np.ones(1), num_bins=0)
    with pytest.raises(InputError, match=r"reliability from -0.5 to 1; accepted: 0 to 1"):
        calibration(told([1, 1], [-0.5, 1]), np.ones(2))
    with pytest.raises(InputError, match="the reliability of 1 of 2 rows is not finite"):
        calibration(told([1, 1], [np.nan, 1]), np.ones(2))
