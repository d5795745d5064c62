"""BPR by the formula of LearnBPR, and beside that algorithm as it is written, a draw at a time."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ganrs_jax.recommenders import RECOMMENDERS, bpr
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.hyperparameters import BPRConfig
from ganrs_jax.recommenders.user_rows import user_rows
from tests.recommenders.conftest import SEEDS
from tests.recommenders.planted import World

ITEMS = 12


def _rows(*items):
    user = np.repeat(np.arange(len(items)), [len(each) for each in items])
    return user_rows(user, np.concatenate(items), np.ones(len(user), bool), len(items))


def test_items_to_compare_with_are_uniform_among_those_not_rated():
    """Of users with the first, the last, every other and nearly all items; one who has all is told."""
    rated = [np.array([0, 1]), np.array([10, 11]), np.arange(0, 12, 2), np.delete(np.arange(12), 5), np.arange(12)]
    sizes = bpr._Sizes(ITEMS, 16, 1, 1)
    other, some = bpr.unrated(jax.random.key(0), _rows(*rated), jnp.repeat(jnp.arange(5), 6000), sizes)
    for user, (drawn, known) in enumerate(zip(np.split(other, 5), np.split(some, 5), strict=True)):
        assert known.all() == (user < 4)
        assert drawn.min() >= 0
        assert drawn.max() < ITEMS
        if user < 4:
            counts = np.bincount(drawn, minlength=ITEMS)
            assert not counts[rated[user]].any()
            left = np.delete(counts, rated[user])
            assert len(left) == 1 or stats.chisquare(left).pvalue > 1e-3


def _moved(user, item, bias, draws, rate, l2):
    """LearnBPR's update of each draw <u, i, j>, from the same vectors; the draws' sum."""
    new_user, new_item, new_bias = user.copy(), item.copy(), bias.copy()
    for u, i, j in draws:
        pull = 1 / (1 + np.exp(bias[i] - bias[j] + user[u] @ (item[i] - item[j])))
        new_user[u] += rate * (pull * (item[i] - item[j]) - l2 * user[u])
        new_item[i] += rate * (pull * user[u] - l2 * item[i])
        new_item[j] += rate * (-pull * user[u] - l2 * item[j])
        new_bias[i] += rate * (pull - l2 * bias[i])
        new_bias[j] += rate * (-pull - l2 * bias[j])
    return new_user, new_item, new_bias


@pytest.mark.parametrize("batch", [1, 40])
def test_a_step_is_the_sum_of_its_draws_updates(batch, monkeypatch):
    """User 2 has every item: there is nothing to compare with, and nothing moves."""
    rng = np.random.default_rng(3)
    rated = [np.array([1, 4, 7]), np.array([0, 4]), np.arange(ITEMS)]
    rows, lengths = _rows(*rated), [len(each) for each in rated]
    held = rng.normal(size=(3, 4)), rng.normal(size=(ITEMS, 4)), rng.normal(size=ITEMS)
    floats = {"learning_rate": jnp.float32(0.1), "l2": jnp.float32(0.3)}
    lane = bpr._Lane(jax.random.key(1), floats, rows, jnp.asarray(np.repeat(np.arange(3), lengths)))
    drawn, real = [], bpr.unrated

    def spied(key, rows, user_B, sizes):
        other_B, some_B = real(key, rows, user_B, sizes)
        drawn.append((user_B, other_B, some_B))
        return other_B, some_B

    monkeypatch.setattr(bpr, "unrated", spied)
    state = bpr.Vectors(*(jnp.asarray(x, jnp.float32) for x in held))
    found, _ = bpr.train_step(state, jnp.int32(0), key=lane.key, lane=lane, sizes=bpr._Sizes(ITEMS, 16, 1, batch))
    row_key = jax.random.split(jax.random.fold_in(jax.random.key(1), 0))[0]
    item_B = rows.item_n[jax.random.randint(row_key, (batch,), 0, sum(lengths))]
    user_B, other_B, some_B = (np.asarray(x) for x in drawn[0])
    draws = [d for d, s in zip(zip(user_B, np.asarray(item_B), other_B, strict=True), some_B, strict=True) if s]
    assert all(i in rated[u] and j not in rated[u] for u, i, j in draws)
    assert batch == 1 or 0 < len(draws) < batch
    for new, expected in zip(found, _moved(*held, draws, 0.1, 0.3), strict=True):
        np.testing.assert_allclose(new, expected, atol=1e-5)


def _learn_bpr(split, seed, config, shape):
    """Figure 4 of the paper: a draw, an update."""
    rng = np.random.default_rng(seed)
    users, items = shape
    user, item = (rng.normal(0, 0.1 / config.factors**0.5, (n, config.factors)) for n in shape)
    bias, rated = np.zeros(items), np.zeros((users, items), bool)
    rated[split.train_user, split.train_item] = True
    rate, l2 = config.learning_rate, config.l2
    rows = rng.integers(0, len(split.train_user), config.epochs * len(split.train_user))
    for u, i in zip(split.train_user[rows].tolist(), split.train_item[rows].tolist(), strict=True):
        j = rng.integers(items)
        while rated[u, j]:
            j = rng.integers(items)
        of_user, difference = user[u].copy(), item[i] - item[j]
        pull = 1 / (1 + np.exp(bias[i] - bias[j] + of_user @ difference))
        user[u] += rate * (pull * difference - l2 * of_user)
        item[i] += rate * (pull * of_user - l2 * item[i])
        item[j] -= rate * (pull * of_user + l2 * item[j])
        bias[i] += rate * (pull - l2 * bias[i])
        bias[j] -= rate * (pull + l2 * bias[j])
    return user @ item.T + bias


def _learn_bpr(split, seed, config, shape):
    """Figure 4 of the paper as it is written: a draw, an update."""
    rng = np.random.default_rng(seed)
    user, item = (rng.normal(0, 0.1 / config.factors**0.5, (n, config.factors)) for n in shape)
    bias, rated = np.zeros(shape[1]), np.zeros(shape, bool)
    rated[split.train_user, split.train_item] = True
    for row in rng.integers(0, len(split.train_user), config.epochs * len(split.train_user)):
        u, i, j = split.train_user[row], split.train_item[row], rng.integers(shape[1])
        while rated[u, j]:
            j = rng.integers(shape[1])
        difference, of_user = item[i] - item[j], user[u].copy()
        pull = config.learning_rate / (1 + np.exp(bias[i] - bias[j] + of_user @ difference))
        decay = 1 - config.learning_rate * config.l2
        user[u] = decay * of_user + pull * difference
        item[i], item[j] = decay * item[i] + pull * of_user, decay * item[j] - pull * of_user
        bias[i], bias[j] = decay * bias[i] + pull, decay * bias[j] - pull
    return user @ item.T + bias


def _ndcg(score_UxI, split):
    world = World(split, np.asarray(score_UxI, np.float32), np.ones(score_UxI.shape, bool))
    return world.rank().rankings["standard"].mean("ndcg", 10)


def test_lists_are_as_good_as_those_of_the_algorithm_as_written(tiny):
    """Two groups of users, each of which rates 20 of its own 30 items and 4 of the others'."""
    rng = np.random.default_rng(0)
    user, place = np.repeat(np.arange(80, dtype=np.int32), 24), np.tile(np.arange(24), 80)
    kinds = [np.concatenate([rng.permutation(30)[:20], rng.permutation(30)[:4]]) for _ in range(80)]
    item = (2 * np.concatenate(kinds) + (user + (place >= 20)) % 2).astype(np.int32)
    world = dataclasses.replace(tiny, user=user, item=item, rating=np.where(place < 20, 5, 1).astype(np.float32))
    config = BPRConfig(factors=8, epochs=10, batch_size=16, learning_rate=0.1)
    trained = fit(RECOMMENDERS["bpr"], SEEDS, world, config, 4.0)
    found = [_ndcg(trained.score_block(lane, np.arange(80)).score, s) for lane, s in enumerate(trained.splits)]
    written = [_ndcg(_learn_bpr(s, seed, config, (80, 60)), s) for seed, s in zip(SEEDS, trained.splits, strict=True)]
    counted = [_ndcg(np.tile(np.bincount(s.train_item, minlength=60), (80, 1)), s) for s in trained.splits]
    assert np.mean(found) == pytest.approx(np.mean(written), abs=0.05)
    assert np.mean(found) > 2 * np.mean(counted)
