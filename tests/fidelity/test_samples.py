"""Numbering, repeats, halves; what cannot be evaluated."""

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.samples import TooSmallError, as_sample, first_half, halves, part, ratings_of, transposed


def columns(user, item, rating) -> Columns:
    return Columns(np.array(user), np.array(item), np.array(rating, np.float32))


def test_ids_are_numbered_and_the_first_of_a_repeated_pair_stays():
    sample = as_sample(columns([7, 3, 7, 9], ["b", "a", "b", "a"], [1, 2, 5, 4]))
    assert sample.user.tolist() == [0, 1, 2]
    assert sample.item.tolist() == [0, 1, 1]
    assert sample.rating.tolist() == [1, 2, 4]
    assert sample[3:] == (3, 2, 1)
    assert transposed(sample).num_users == 2


@pytest.mark.parametrize(
    ("rated", "words"),
    [
        (columns([], [], []), "a.csv: no ratings found"),
        (columns([1, 2], [1, 2], [3, np.nan]), "a.csv: rating 2 of 2 is nan; accepted: finite numbers"),
        (columns(["x", None], [1, 2], [3, 4]), "a.csv: user id 2 of 2 is empty"),
    ],
)
def test_what_cannot_be_evaluated(rated, words):
    with pytest.raises(InputError, match=words):
        as_sample(rated, "a.csv")


def test_halves_part_the_users(world):
    sample = as_sample(world)
    first, second = halves(sample, 0)
    assert first.num_users == second.num_users == 300
    assert len(first.rating) + len(second.rating) == world.num_ratings
    assert np.bincount(first.user).min() > 0
    assert np.bincount(second.item).min() > 0
    joined = np.sort(np.concatenate([np.bincount(first.user), np.bincount(second.user)]))
    np.testing.assert_array_equal(joined, np.sort(np.bincount(sample.user)))
    assert not np.array_equal(first_half(600, 0), first_half(600, 1))
    with pytest.raises(TooSmallError, match="fewer than 2 users"):
        first_half(1, 0)


def test_part_of_a_sample(world):
    sample = as_sample(world)
    assert part(sample, 600, 400) is sample
    some = part(sample, 100, 50)
    assert (some.num_users, some.num_items) == (100, 50)
    counts = np.bincount(part(sample, 100, 400).item)
    assert (
        np.sort(np.bincount(some.item)).tolist() == np.sort(counts)[-50:].tolist()
    )  # the most popular, all their rows
    assert part(sample, 100, 50) is not some
    np.testing.assert_array_equal(part(sample, 100, 50).item, some.item)


def test_ratings_of_some_users_keep_ids_and_demographics():
    world = load_ratings("planted", ReadOptions(planted_users=40, planted_items=50, planted_ratings=300))
    chosen = first_half(40, 3)
    part = ratings_of(world, chosen)
    rows = chosen[world.user]
    np.testing.assert_array_equal(part.user_ids[part.user], world.user_ids[world.user][rows])
    np.testing.assert_array_equal(part.item_ids[part.item], world.item_ids[world.item][rows])
    np.testing.assert_array_equal(part.rating, world.rating[rows])
    np.testing.assert_array_equal(part.demographics["age"], world.demographics["age"][chosen])
    assert (part.user.dtype, part.item.dtype) == (np.int32, np.int32)
    assert np.bincount(part.item).min() > 0
