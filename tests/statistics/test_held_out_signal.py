"""Held-out signal of worlds whose rank is planted, against the dense decomposition, and of real data."""

import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.statistics.held_out_signal import held_out_signal

SHAPE = (800, 600)


def blocks(number: int, density: float) -> tuple[np.ndarray, np.ndarray]:
    """As many groups of users as of items, `number` ranks: each rates `density` of its own, 0.5 % of others."""
    rng = np.random.default_rng(number)
    own = np.arange(SHAPE[0])[:, None] % number == np.arange(SHAPE[1]) % number
    return np.nonzero(rng.random(SHAPE) < np.where(own, density, 0.005))


def shuffled(user: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same degrees but for pairs that meet twice, with no structure."""
    pairs = np.unique(user * SHAPE[1] + np.random.default_rng(0).permutation(item))
    return pairs // SHAPE[1], pairs % SHAPE[1]


@pytest.mark.parametrize(("number", "density", "bands"), [(10, 0.15, 1), (30, 0.3, 2), (100, 1, 3)])
def test_signal_reaches_to_the_rank_planted_and_no_further(number, density, bands):
    found = held_out_signal(*blocks(number, density), SHAPE)
    assert min(found[:bands]) > 0.35
    assert max(found[bands:], default=0) < 0.01


def test_a_world_without_structure_has_none():
    assert np.abs(held_out_signal(*shuffled(*blocks(30, 0.3)), SHAPE)).max() < 0.02


def test_it_is_that_of_the_dense_decomposition():
    user, item = blocks(30, 0.3)
    first = np.random.default_rng(3).random(len(user)) < 0.5
    a, b = np.zeros(SHAPE), np.zeros(SHAPE)
    a[user[first], item[first]] = b[user[~first], item[~first]] = 1
    lengths = np.sqrt(np.maximum(a.sum(1), 1))[:, None] * np.sqrt(np.maximum(a.sum(0), 1))
    left, _, right = np.linalg.svd(a / lengths, full_matrices=False)
    held = np.array([left[:, k] @ (b / lengths) @ right[k] for k in range(100)])
    wanted = held[1:10].mean(), held[10:30].mean(), held[30:100].mean()
    assert tuple(held_out_signal(user, item, SHAPE, seed=3)) == pytest.approx(wanted, abs=1e-6)


def test_the_same_again_and_under_other_ids():
    user, item = blocks(30, 0.3)
    rng = np.random.default_rng(1)
    found = held_out_signal(user, item, SHAPE)
    assert held_out_signal(user, item, SHAPE) == found
    renamed = held_out_signal(rng.permutation(SHAPE[0])[user], rng.permutation(SHAPE[1])[item], SHAPE)
    assert tuple(renamed) == pytest.approx(tuple(found), abs=1e-6)
    transposed = held_out_signal(item, user, SHAPE[::-1])
    assert tuple(transposed) == pytest.approx(tuple(found), abs=1e-6)
    assert tuple(held_out_signal(user, item, SHAPE, seed=1)) == pytest.approx(tuple(found), abs=0.05)


def test_components_of_their_own_do_not_let_the_degrees_in():
    """Lone pairs have singular value 1, as the degrees have: they take up ranks, and have no signal."""
    user, item = shuffled(*blocks(30, 0.3))
    lone = np.arange(5)
    found = held_out_signal(np.append(user, 800 + lone), np.append(item, 600 + lone), (805, 605))
    assert np.abs(found).max() < 0.03


def test_a_core_leaves_lone_pairs_out():
    user, item = blocks(10, 0.15)
    wanted = held_out_signal(user, item, SHAPE)
    lone = np.arange(40)
    user, item, shape = np.append(user, 800 + lone), np.append(item, 600 + lone), (840, 640)
    assert held_out_signal(user, item, shape).ranks_2_10 < 0.2 < wanted.ranks_2_10
    found = held_out_signal(user, item, shape, core=5)
    assert tuple(found) == pytest.approx(tuple(wanted), abs=0.1)  # another split
    assert held_out_signal(user, item, shape, core=700) is None


@pytest.mark.parametrize("count", [1, 50])
def test_too_few_ranks(count):
    """A matrix of 31 users, or one in which all users are alike."""
    user, item = (axis.ravel() for axis in np.indices((31, count)))
    assert held_out_signal(user, item, (31, count)) is None
    user, item = np.arange(200), np.zeros(200, int)
    assert held_out_signal(user, item, (200, 40)) is None


def test_the_ranks_that_there_are():
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rng.random((300, 45)) < 0.3)
    assert np.isfinite(held_out_signal(user, item, (300, 45))).all()


@pytest.mark.parametrize(
    ("source", "wanted"), [("ml100k", (0.2144, 0.0217, -0.0128)), ("myanimelist", (0.0983, 0.0747, 0.0388))]
)
def test_real_data(source, wanted, data_dir):
    """MovieLens 100K has hardly any structure past rank 30 that is not chance, MyAnimeList has much of it."""
    ratings = load_ratings(source, ReadOptions(data_dir=data_dir, download=False))
    found = held_out_signal(ratings.user, ratings.item, (ratings.num_users, ratings.num_items))
    assert tuple(found) == pytest.approx(wanted, abs=0.002)
