import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.published.deepmf import DeepMF, fit_deepmf
from ganrs_jax.published.kmeans import fit_kmeans

SETTINGS = {"size": 5, "batch_size": 32, "epochs": 2, "train_share": 0.8}


def planted(**sizes):
    return load_ratings("planted", ReadOptions(**sizes))


def dense_world(noise, rank=5, users=200, items=150):
    """Every cell of a rank-5 matrix with noise; values are not on a scale, so the type is built directly."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, (users, rank)) @ rng.normal(0, 1, (rank, items)) / np.sqrt(rank)
    user, item = (x.ravel().astype(np.int32) for x in np.indices((users, items)))
    rating = (truth + rng.normal(0, noise, truth.shape)).ravel().astype(np.float32)
    return Ratings(user, item, rating, np.arange(users), np.arange(items), Scale(-9, 9, 1), "dense"), truth


def test_parameter_count():
    some = jnp.zeros(1, jnp.int32)
    params = DeepMF(943, 1682, 5).init(jax.random.key(0), some, some)
    assert sum(x.size for x in jax.tree.leaves(params)) == (943 + 1682) * 5
    assert all(np.abs(x).max() <= 0.05 for x in jax.tree.leaves(params))


def test_planted_rank_5_matrix_is_recovered_to_its_noise():
    noise = 0.1
    ratings, truth = dense_world(noise)
    found = fit_deepmf(
        (0,), ratings, size=5, learning_rate=jnp.full(1, 5e-3), batch_size=64, epochs=30, train_share=0.8
    )
    recovered = np.asarray(found.user[0]) @ np.asarray(found.item[0]).T
    assert found.held_out_rmse[0] < 1.15 * noise
    assert np.sqrt(np.mean((recovered - truth) ** 2)) < 0.6 * noise  # averaging many ratings beats one's noise


def test_too_small_a_rank_does_not_recover_it():
    ratings, _ = dense_world(0.1)
    found = fit_deepmf(
        (0,), ratings, size=2, learning_rate=jnp.full(1, 5e-3), batch_size=64, epochs=30, train_share=0.8
    )
    assert found.held_out_rmse[0] > 0.4


def test_eight_lanes_equal_eight_runs_bit_for_bit():
    ratings = planted(planted_ratings=5000)
    rates = jnp.linspace(1e-3, 1e-2, 8)
    together = fit_deepmf(tuple(range(8)), ratings, learning_rate=rates, **SETTINGS)
    for seed in (0, 3, 7):
        alone = fit_deepmf((seed,), ratings, learning_rate=rates[seed : seed + 1], **SETTINGS)
        np.testing.assert_array_equal(alone.user[0], together.user[seed])
        np.testing.assert_array_equal(alone.item[0], together.item[seed])
    assert not np.array_equal(together.user[0], together.user[1])


def test_planted_groups_are_decoded():
    """Two groups of users with other tastes: K-means on their vectors finds who is who."""
    ratings = planted(planted_users=200, planted_items=300, planted_ratings=20_000, noise=0.3)
    found = fit_deepmf((0,), ratings, learning_rate=jnp.full(1, 3e-3), **{**SETTINGS, "epochs": 40})
    vectors = found.user[0] / jnp.linalg.norm(found.user[0], axis=1, keepdims=True)
    labels = np.asarray(fit_kmeans(jax.random.key(0), vectors, 2).labels)
    same = np.mean(labels == (ratings.demographics["gender"] == "F"))
    assert max(same, 1 - same) > 0.9


def test_a_split_that_leaves_nothing_is_refused():
    ratings = planted(planted_users=2, planted_items=2, planted_ratings=2)
    with pytest.raises(InputError, match="train share"):
        fit_deepmf((0,), ratings, learning_rate=jnp.full(1, 1e-3), **{**SETTINGS, "train_share": 0.9})
