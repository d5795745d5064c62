"""Rating errors, and predictions of test rows, with known answers."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Scored
from ganrs_jax.recommenders.predictions import predict_test
from ganrs_jax.recommenders.rating_error import rating_error
from tests.recommenders.planted import random_world


def rated(rating) -> Scored:
    rating = jnp.asarray(rating, jnp.float32)
    return Scored(rating, rating, rating > 3, jnp.full_like(rating, jnp.nan))


def test_known_errors():
    found = rating_error(rated([1.0, 2.0, 6.5]), np.array([1, 4, 5], np.float32))
    assert found.rows == 3
    assert found.mae == pytest.approx(3.5 / 3)
    assert found.rmse == pytest.approx(np.sqrt((4 + 2.25) / 3))  # 6.5 is not clipped
    assert rating_error(rated([2.0, 3.0]), np.array([2, 3], np.float32))[:2] == (0, 0)


def test_many_rows_do_not_lose_digits():
    rating = np.full(1_000_000, 3, np.float32)
    assert rating_error(rated(rating + np.float32(0.25)), rating).mae == 0.25


def test_a_model_that_predicts_no_rating():
    assert rating_error(rated([np.nan, np.nan]), np.ones(2, np.float32)) is None


def test_bad_input():
    with pytest.raises(InputError, match="the rating of 1 of 2 rows is not finite"):
        rating_error(rated([np.nan, 1]), np.ones(2, np.float32))
    with pytest.raises(InputError, match="2 predictions for 3 test ratings"):
        rating_error(rated([1, 1]), np.ones(3, np.float32))
    with pytest.raises(InputError, match="0 predictions for 0 test ratings"):
        rating_error(rated([]), np.ones(0, np.float32))


def test_test_rows_are_predicted_in_their_order():
    world = random_world(17, 40, seed=1)

    def score_pairs(state, user_N, item_N):
        return rated(state[user_N, item_N])

    found = predict_test(score_pairs, jnp.asarray(world.score_UxI), world.split)
    np.testing.assert_array_equal(found.score, world.score_UxI[world.split.test_user, world.split.test_item])
    world.score_UxI[world.split.test_user[2], world.split.test_item[2]] = np.nan
    with pytest.raises(InputError, match=r"1 of .* not finite: the model diverged"):
        predict_test(score_pairs, jnp.asarray(world.score_UxI), world.split)
