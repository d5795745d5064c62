"""Figures beyond accuracy: worked out on paper, pair by pair, and at their ends."""

import math

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import beyond_accuracy as module
from ganrs_jax.recommenders.beyond_accuracy import beyond_accuracy, catalogue
from ganrs_jax.recommenders.interface import Split
from tests.recommenders.planted import THRESHOLD, candidates, random_world, relevant_items

ROWS = {"num_users": 17, "num_items": 40, "threshold": THRESHOLD}


@pytest.fixture(scope="module")
def world():
    return random_world(17, 40, seed=1)


@pytest.fixture(scope="module")
def known(world):
    return catalogue(world.split, **ROWS, n=5)


@pytest.fixture(scope="module")
def lists(world):
    return world.rank().item_UxN


def small_split() -> Split:
    """Four users, four items; item 3 has no training row; items 0 and 1 have the same raters and ratings."""
    train = [(0, 0, 4), (0, 1, 4), (1, 0, 2), (1, 1, 2), (2, 0, 5), (2, 2, 5), (3, 2, 1)]
    test = [(0, 3, 5), (1, 2, 5), (2, 1, 1), (3, 0, 4)]
    columns = [np.array(x) for rows in (train, test) for x in zip(*rows, strict=True)]
    return Split(*(x.astype(np.float32 if k % 3 == 2 else np.int32) for k, x in enumerate(columns)))


def test_worked_out_on_paper():
    known = catalogue(small_split(), num_users=4, num_items=4, threshold=4, n=2)
    assert known.popularity.tolist() == [3, 2, 2, 0]
    assert known.popular.tolist() == [[2, 3], [2, 3], [1, 3], [0, 1]]  # item 1 before 2: a tie
    found = beyond_accuracy(np.array([[3, 2], [2, 3], [1, -1], [0, 1]]), known)
    assert found.coverage == 1
    assert found.exposure_gini == pytest.approx((-3 * 1 - 1 * 2 + 1 * 2 + 3 * 2) / (4 * 7))  # 1, 2, 2 and 2 lists
    bits = {0: math.log2(4 / 3), 1: 1, 2: 1, 3: 2}  # an item without rows counts as rated once
    assert found.novelty == pytest.approx(np.mean([1.5, 1.5, 1, (bits[0] + bits[1]) / 2]))
    assert found.popularity == pytest.approx(np.mean([1, 1, 2, 2.5]))
    cosine = (4 * 4 + 2 * 2) / math.sqrt(4**2 + 2**2 + 5**2) / math.sqrt(4**2 + 2**2)  # of items 0 and 1
    assert found.diversity == pytest.approx(np.mean([1, 1, 1 - cosine]))  # the list of one item has no pair
    assert found.serendipity == 0  # what is relevant was popular as well


def test_serendipity_worked_out_on_paper():
    known = catalogue(small_split(), num_users=4, num_items=4, threshold=4, n=1)
    assert known.popular[:, 0].tolist() == [2, 2, 1, 0]
    # user 0: item 3 is relevant and not popular; user 1: relevant, but popular; user 2 has no relevant item: not asked
    assert beyond_accuracy(np.array([[3], [2], [3], [1]]), known).serendipity == pytest.approx(1 / 3)


def test_pair_by_pair(world, lists, known):
    found, rows = beyond_accuracy(lists, known), world.split
    matrix = np.zeros((17, 40))
    matrix[rows.train_user, rows.train_item] = rows.train_rating
    count = (matrix > 0).sum(0)
    norm = np.where(count > 0, np.linalg.norm(matrix, axis=0), 1)
    cosine = (matrix / norm).T @ (matrix / norm)
    first = lists[:, :5]
    pairs = [(a, b) for a in range(5) for b in range(5) if a != b]
    assert found.diversity == pytest.approx(np.mean([1 - cosine[row[a], row[b]] for row in first for a, b in pairs]))
    assert found.novelty == pytest.approx(np.mean([-math.log2(max(count[i], 1) / 17) for i in first.ravel()]))
    assert found.popularity == pytest.approx(count[first].mean())
    assert found.coverage == len(set(first.ravel().tolist())) / 40
    popular = world._replace(score_UxI=np.broadcast_to(count, (17, 40)))
    good = []
    for user in filter(lambda u: relevant_items(world, u), range(17)):
        usual = set(candidates(popular, user, "standard")[:5])
        good.append(len((set(first[user].tolist()) & relevant_items(world, user)) - usual) / 5)
    assert found.serendipity == pytest.approx(np.mean(good))
    assert found.serendipity > 0


def test_the_popular_lists_themselves(known):
    found = beyond_accuracy(known.popular, known)
    assert found.serendipity == 0
    assert found.coverage < 1
    assert found.exposure_gini > 0.5


def test_every_item_equally_often_and_one_item_alone(known):
    even = np.arange(17 * 40).reshape(17, 40) % 40
    found = beyond_accuracy(np.concatenate([even[:8, :5], np.full((9, 5), -1)]), known)
    assert found.coverage == 5 / 40
    lists = (np.arange(16)[:, None] * 5 + np.arange(5)[None]) % 40
    found = beyond_accuracy(np.concatenate([lists, np.full((1, 5), -1)]), known)
    assert found.coverage == 1
    assert found.exposure_gini == pytest.approx(0)
    one = np.full((17, 5), -1)
    one[:, 0] = 7
    found = beyond_accuracy(one, known)
    assert found.exposure_gini == pytest.approx(39 / 40)
    assert found.diversity is None


def test_blocks_and_the_choice_of_lists(monkeypatch, lists, known):
    whole = beyond_accuracy(lists, known)
    monkeypatch.setattr(module, "_BLOCK", 3)
    assert beyond_accuracy(lists, known) == pytest.approx(whole)
    monkeypatch.setattr(module, "_MOST_LISTS", 6)
    some = beyond_accuracy(lists, known, seed=1)
    assert some == beyond_accuracy(lists, known, seed=1)
    assert some.diversity != beyond_accuracy(lists, known, seed=2).diversity
    assert some._replace(diversity=0) == pytest.approx(whole._replace(diversity=0))


def test_ratings_of_zero_are_no_direction():
    split = small_split()
    split = split._replace(train_rating=np.where(split.train_item == 2, 0, split.train_rating).astype(np.float32))
    known = catalogue(split, num_users=4, num_items=4, threshold=4, n=2)
    assert beyond_accuracy(np.array([[2, 1]] * 4), known).diversity == pytest.approx(1)


def test_bad_input(lists, known):
    with pytest.raises(InputError, match="lists of 3 places; accepted: 5 or more"):
        beyond_accuracy(lists[:, :3], known)
    with pytest.raises(InputError, match="no list holds an item"):
        beyond_accuracy(np.full((17, 5), -1), known)
    with pytest.raises(InputError, match="N, the length of the list, is 0"):
        catalogue(small_split(), num_users=4, num_items=4, threshold=4, n=0)
