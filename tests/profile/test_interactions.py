"""Who rates what, in a world of two groups of users that rate two groups of items, by all cells and by samples."""

import jax
import numpy as np
import pytest

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.profile import interactions, sampled_cells
from ganrs_jax.profile.interactions import fit_interactions

USERS, ITEMS = 120, 90
OWN, OTHER = 0.45, 0.05  # chance to rate an item of the own group, and of the other


@pytest.fixture(scope="module")
def world() -> Ratings:
    """Users and items of even number are one group; items and users of higher number are the more active ones."""
    rng = np.random.default_rng(0)
    same = (np.arange(USERS)[:, None] + np.arange(ITEMS)) % 2 == 0
    active = np.linspace(0.4, 1.6, USERS)[:, None] * np.linspace(0.6, 1.4, ITEMS)
    rated = rng.random((USERS, ITEMS)) < np.clip(np.where(same, OWN, OTHER) * active, 0, 0.95)
    rated[np.arange(USERS), np.arange(USERS) % ITEMS] = True  # everybody and everything occurs
    user, item = np.nonzero(rated)
    ids = user.astype(np.int32), item.astype(np.int32)
    rating = rng.integers(1, 6, len(user)).astype(np.float32)
    return Ratings(*ids, rating, np.arange(USERS), np.arange(ITEMS), Scale(1, 5), "two groups")


@pytest.fixture(scope="module", params=["all cells", "samples"], autouse=True)
def way(request):
    """Whether the world counts as small, or as too large for sums over all of its cells."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "samples":
            patch.setattr(interactions, "MOST_CELLS", USERS * ITEMS - 1)
            patch.setattr(sampled_cells, "_SAMPLE", 80)  # of 120 users and of 90 items
        yield request.param


@pytest.fixture(scope="module")
def found(world, way):
    return fit_interactions(jax.random.key(0), world, rank=3, rounds=6, draws=4)


def logits(found, draw: int) -> np.ndarray:
    x, y = np.asarray(found.user[draw]), np.asarray(found.item[draw])
    return x[:, :1] + y[:, 0] + x[:, 1:] @ y[:, 1:].T


def test_vectors_are_an_intercept_and_factors_for_each_draw(found):
    assert found.user.shape == (4, USERS, 4)
    assert found.item.shape == (4, ITEMS, 4)
    assert np.isfinite(np.asarray(found.user)).all()
    spread = np.asarray(found.user).std(0).mean(0)
    assert (spread[1:] > 0.1).all()  # factors differ from draw to draw


def test_factors_separate_the_groups(found):
    for draw in range(4):
        scores = np.asarray(found.user[draw, :, 1:]) @ np.asarray(found.item[draw, :, 1:]).T
        scores = scores - scores.mean(1, keepdims=True)
        prefers_even = scores[:, ::2].mean(1) - scores[:, 1::2].mean(1)
        right = np.mean((prefers_even > 0) == (np.arange(USERS) % 2 == 0))
        assert right > 0.95


def test_chances_are_those_of_the_world(found, world, way):
    """Samples of so small a world add noise of their own: `test_sampled_cells` tells that it has no bias."""
    chance = np.mean([1 / (1 + np.exp(-logits(found, draw))) for draw in range(4)], 0)
    assert abs(chance.sum() / world.num_ratings - 1) < 0.1  # both sides are drawn, so scores vary a little much
    same = (np.arange(USERS)[:, None] + np.arange(ITEMS)) % 2 == 0
    assert abs(chance[same].mean() - OWN) < 0.05
    assert abs(chance[~same].mean() - OTHER) < (0.03 if way == "all cells" else 0.04)
    for axis, ids in ((1, world.user), (0, world.item)):
        counts = np.bincount(ids)
        assert np.corrcoef(chance.sum(axis), counts)[0, 1] > (0.9 if way == "all cells" else 0.85)


def test_the_key_decides(found, world):
    again, other = (fit_interactions(jax.random.key(k), world, rank=3, rounds=6, draws=4) for k in (0, 1))
    np.testing.assert_array_equal(again.user, found.user)
    assert not np.array_equal(other.user, found.user)
