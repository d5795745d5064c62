"""Preassigned pairs: every item gets what was counted for it, nobody more than its activity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.sampling.assignment import preassign, preassigned_counts


def preassigned(counts, activity, key: int = 0, users=None, items=None):
    num_users, num_items = len(activity), len(counts)
    rng = np.random.default_rng(0)
    users = jnp.asarray(rng.normal(size=(num_users, 2)) if users is None else users, jnp.float32)
    items = jnp.asarray(rng.normal(size=(num_items, 2)) if items is None else items, jnp.float32)
    a = jnp.asarray(np.log(activity), jnp.float32)
    return preassign(
        jax.random.key(key), users, items, a, np.asarray(counts), np.asarray(counts), np.asarray(activity)
    )[0]


def check(found, counts, activity) -> None:
    np.testing.assert_array_equal(np.bincount(found.item, minlength=len(counts)), counts)
    assert (np.bincount(found.user, minlength=len(activity)) <= activity).all()
    pairs = found.user.astype(np.int64) * len(counts) + found.item
    assert (np.diff(pairs) > 0).all()  # ascending, so none repeats


def test_rare_items_are_preassigned_whole_the_others_once_or_not():
    popularity = np.array([1, 25, 26, 1000])
    np.testing.assert_array_equal(preassigned_counts(popularity, 5000), [1, 25, 0, 0])
    np.testing.assert_array_equal(preassigned_counts(popularity, 100), [1, 1, 0, 0])  # too few users for all 25
    np.testing.assert_array_equal(preassigned_counts(popularity, 3), [1, 1, 0, 0])


@pytest.mark.parametrize("key", range(3))
def test_every_item_gets_its_users(key):
    rng = np.random.default_rng(key)
    activity, counts = rng.integers(5, 60, 200), rng.integers(0, 8, 150)
    check(preassigned(counts, activity, key), counts, activity)


@pytest.mark.parametrize("key", range(5))
def test_activity_bounds_even_where_all_of_it_is_preassigned(key):
    """Each item is for one user, and there are as many items as ratings in all."""
    activity = np.array([1, 2, 3, 4, 5, 6, 7, 12])
    counts = np.ones(40, int)
    found = preassigned(counts, activity, key)
    check(found, counts, activity)
    np.testing.assert_array_equal(np.bincount(found.user), activity)


@pytest.mark.parametrize("key", range(5))
def test_activity_bounds_where_the_chances_go_against_it(key):
    """All items want the same ten users, who have room for two each."""
    users = np.where(np.arange(100)[:, None] < 10, 4.0, 0.0) * np.ones((1, 2))
    activity, counts = np.full(100, 2), np.full(30, 3)
    found = preassigned(counts, activity, key, users, np.ones((30, 2)))
    check(found, counts, activity)
    assert np.bincount(found.user, minlength=100)[:10].sum() == 20


def test_nothing_to_preassign():
    found = preassigned(np.zeros(30, int), np.full(20, 3))
    assert len(found.user) == len(found.item) == 0


def test_users_are_drawn_by_their_chances():
    """Active users are the likelier ones, and those whose factors fit."""
    activity = np.repeat([200, 50], 200)
    found = preassigned(np.full(150, 4), activity, users=np.zeros((400, 2)))
    assert 0.7 < np.mean(found.user < 200) < 0.9
    users = np.concatenate([np.ones((200, 2)), -np.ones((200, 2))])
    items = np.concatenate([np.ones((75, 2)), -np.ones((75, 2))]) * 2
    found = preassigned(np.full(150, 4), np.full(400, 50), users=users, items=items)
    assert np.mean((found.user < 200) == (found.item < 75)) > 0.98


def test_the_key_decides():
    counts, activity = np.full(40, 3), np.full(100, 9)
    first, again, other = (preassigned(counts, activity, key) for key in (0, 0, 1))
    np.testing.assert_array_equal(first.user, again.user)
    assert not np.array_equal(first.user, other.user)


@pytest.mark.parametrize("key", range(3))
def test_a_pair_for_which_nobody_has_room_is_left_to_chance(key):
    """Both users are wanted for both items, and one of them rates once."""
    activity = np.array([1, 3])
    found = preassigned(np.array([2, 2]), activity, key)
    np.testing.assert_array_equal(np.bincount(found.user), [1, 2])


def test_of_more_that_are_drawn_chance_keeps_some():
    rng = np.random.default_rng(0)
    users, items = (jnp.asarray(rng.normal(size=(size, 3)), jnp.float32) for size in (200, 12))
    drawn, kept = np.full(12, 60), np.arange(12)
    room = np.full(200, 12)
    made, later = preassign(jax.random.key(0), users, items, jnp.zeros(200), drawn, kept, room)
    assert np.bincount(made.item, minlength=12).tolist() == kept.tolist()
    assert np.bincount(later.item, minlength=12).tolist() == (drawn - kept).tolist()
    pairs = [set(zip(*each, strict=True)) for each in (made, later)]
    assert not pairs[0] & pairs[1]
    assert np.all(np.diff(later.user) >= 0)
