"""NDCG@10 of three recommenders, by which calibration tells how high the highest chances of users are."""

import numpy as np
import pytest

from ganrs_jax.statistics import top_items as module
from ganrs_jax.statistics.top_items import top_items


@pytest.fixture(scope="module")
def groups():
    """Users of four groups, each with forty items of its own."""
    rng = np.random.default_rng(0)
    own = rng.integers(0, 4, 400)[:, None] == np.repeat(np.arange(4), 40)
    return np.nonzero(rng.random((400, 160)) < np.where(own, 0.4, 0.02))


def test_structure_is_found_and_chance_is_not(groups):
    user, item = groups
    found = top_items(user, item)
    shuffled = np.unique(np.stack([user, np.random.default_rng(1).permutation(item)], 1), axis=0)
    by_chance = top_items(*shuffled.T)
    assert (found.ndcg > 3 * by_chance.ndcg).all()
    assert found.neighbours > 1.5 * by_chance.neighbours


def test_names_of_items_do_not_matter(groups):
    user, item = groups
    same, renamed = top_items(user, item), top_items(user, 159 - item)
    np.testing.assert_array_equal(top_items(user, item).ndcg, same.ndcg)
    np.testing.assert_allclose(renamed.ndcg, same.ndcg, atol=0.04)  # other rows are held out
    assert renamed.neighbours == pytest.approx(same.neighbours)


def test_of_many_a_part_is_looked_at(groups, monkeypatch):
    whole = top_items(*groups)
    monkeypatch.setattr(module, "_MOST_USERS", 300)
    monkeypatch.setattr(module, "_MOST_ITEMS", 150)
    monkeypatch.setattr(module, "_JUDGED", 200)
    np.testing.assert_allclose(top_items(*groups).ndcg, whole.ndcg, atol=0.08)


def test_too_few_for_a_list_are_told():
    user, item = np.nonzero(np.ones((30, 9)))
    assert top_items(user, item) is None
    assert top_items(item, user) is None
    assert top_items(np.arange(30), np.arange(30)) is None  # no item has neighbours
