"""How users rate, in a world of planted biases, two factors and a known noise."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.profile.posterior import degree_covariates
from ganrs_jax.profile.rating_factors import fit_rating_factors

USERS, ITEMS, NOISE, MEAN = 200, 150, 0.5, 3.5
DRAWS = 4


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Ratings without noise, [U, I]: biases of spread 0.5 and 0.7, products of two factors of spread 0.6 in all."""
    rng = np.random.default_rng(0)
    biases = 0.5 * rng.normal(size=(USERS, 1)) + 0.7 * rng.normal(size=ITEMS)
    return MEAN + biases + 0.42 * rng.normal(size=(USERS, 2)) @ rng.normal(size=(2, ITEMS))


@pytest.fixture(scope="module")
def noisy(truth) -> np.ndarray:
    return truth + NOISE * np.random.default_rng(1).normal(size=truth.shape)


@pytest.fixture(scope="module")
def seen() -> np.ndarray:
    """Cells that are rated: a third."""
    mask = np.random.default_rng(2).random((USERS, ITEMS)) < 0.33
    mask[np.arange(USERS), np.arange(USERS) % ITEMS] = True
    return mask


@pytest.fixture(scope="module")
def ratings(noisy, seen) -> Ratings:
    user, item = np.nonzero(seen)
    ids = user.astype(np.int32), item.astype(np.int32)
    value = noisy[user, item].astype(np.float32)  # not rounded: the noise stays what it is
    return Ratings(*ids, value, np.arange(USERS), np.arange(ITEMS), Scale(1, 5), "planted factors")


def facts(ids: np.ndarray) -> jax.Array:
    one = degree_covariates(np.bincount(ids))
    return jnp.broadcast_to(one, (DRAWS, *one.shape))


@pytest.fixture(scope="module")
def found(ratings):
    known = facts(ratings.user), facts(ratings.item)
    return fit_rating_factors(jax.random.key(0), ratings, *known, rank=3, sweeps=40)


def predicted(found, draw: int) -> np.ndarray:
    x, y = np.asarray(found.user[draw]), np.asarray(found.item[draw])
    return found.mean + x[:, :1] + y[:, 0] + x[:, 1:-1] @ y[:, 1:-1].T


def test_vectors_are_bias_factors_and_log_precision(found, ratings):
    assert found.user.shape == (DRAWS, USERS, 5)
    assert found.item.shape == (DRAWS, ITEMS, 5)
    assert abs(found.mean - ratings.rating.mean()) < 1e-5


def test_unseen_ratings_are_predicted_to_nearly_the_noise(found, truth, noisy, seen):
    mean = np.mean([predicted(found, draw) for draw in range(DRAWS)], 0)
    held_out = np.sqrt(np.mean((noisy - mean)[~seen] ** 2))
    assert NOISE < held_out < 1.1 * NOISE  # the spread of all ratings is twice the noise
    assert np.sqrt(np.mean((truth - mean) ** 2)) < 0.45 * NOISE


def test_draws_vary_as_what_they_estimate(found, truth):
    """Means of posteriors vary less than the truth does, draws as much."""
    for draw in range(DRAWS):
        assert abs(predicted(found, draw).std() / truth.std() - 1) < 0.1


def test_the_noise_is_found(found):
    log_precision = np.asarray(found.user[0, :, -1]).mean() + np.asarray(found.item[0, :, -1]).mean()
    assert abs(np.exp(-log_precision / 2) / NOISE - 1) < 0.08


def test_users_of_more_noise_are_told(ratings):
    """Every second user's ratings lie off by another normal number of spread 1; 10 ratings' worth is the prior's."""
    rng = np.random.default_rng(3)
    more = np.where(ratings.user % 2 == 0, rng.normal(size=ratings.num_ratings), 0)
    louder = dataclasses.replace(ratings, rating=(ratings.rating + more).astype(np.float32))
    known = facts(ratings.user), facts(ratings.item)
    found = fit_rating_factors(jax.random.key(0), louder, *known, rank=3, sweeps=40)
    precision = np.asarray(found.user[0, :, -1])
    ratio = np.exp((precision[1::2].mean() - precision[::2].mean()) / 2)
    own, prior = ratings.num_ratings / USERS, 10 * (NOISE**2 + 0.5)
    expected = np.sqrt((prior + own * (NOISE**2 + 1)) / (prior + own * NOISE**2))
    assert abs(ratio / expected - 1) < 0.1
    assert np.mean(precision[1::2] > np.median(precision)) > 0.95


def test_the_key_decides(found, ratings):
    known = facts(ratings.user), facts(ratings.item)
    again, other = (fit_rating_factors(jax.random.key(k), ratings, *known, rank=3, sweeps=40) for k in (0, 1))
    np.testing.assert_array_equal(again.item, found.item)
    assert not np.array_equal(other.item, found.item)
