"""Potentials: the expected masses are the wanted ones, computed again in numpy."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from ganrs_jax.sampling.potentials import intercepts, solve_potentials

USERS, ITEMS = 300, 80


@pytest.fixture(scope="module")
def world():
    """Factors, activities and popularities of one sum."""
    rng = np.random.default_rng(0)
    users, items = (jnp.asarray(rng.normal(size=(n, 3)), jnp.float32) for n in (USERS, ITEMS))
    activity = rng.integers(1, 30, USERS)
    popularity = activity.sum() * rng.dirichlet(np.full(ITEMS, 2.0))
    return users, items, activity, popularity


def expected(users, items, phi, activity) -> np.ndarray:
    """Chance of each cell, [U, I]."""
    a = np.asarray(intercepts(users, items, phi, jnp.asarray(activity, jnp.float32), 20))
    return expit(np.asarray(users) @ np.asarray(items).T + np.asarray(phi) + a[:, None])


def test_users_and_items_get_the_wanted_masses(world):
    users, items, activity, popularity = world
    found = solve_potentials(*world, block=64)
    chance = expected(users, items, found.item, activity)
    np.testing.assert_allclose(chance.sum(1), activity, rtol=1e-3)
    assert np.abs(chance.sum(0) - popularity).sum() / popularity.sum() / 2 < 2e-3
    assert found.error < 2e-3


def test_the_size_of_blocks_does_not_matter(world):
    one, other = (solve_potentials(*world, block=block) for block in (64, 512))
    np.testing.assert_allclose(one.item, other.item, atol=1e-3)


def test_without_factors_only_popularity_counts(world):
    users, items, activity, popularity = world
    found = solve_potentials(0 * users, items, activity, popularity, 64)
    assert (np.diff(np.asarray(found.item)[np.argsort(popularity)]) > 0).all()


def test_an_item_of_no_mass_is_never_chosen(world):
    users, items, activity, popularity = world
    popularity = np.where(np.arange(ITEMS) == 5, 0, popularity)
    found = solve_potentials(users, items, activity, popularity * activity.sum() / popularity.sum(), 64)
    assert found.item[5] == -np.inf
    assert np.isfinite(np.delete(np.asarray(found.item), 5)).all()
    assert expected(users, items, found.item, activity)[:, 5].max() == 0
    assert found.error < 2e-3


def test_what_cannot_be_reached_is_told(world):
    """One item wants twice as many users as there are: a third of all mass finds no place."""
    users, items, activity, _ = world
    popularity = np.full(ITEMS, 300 / (ITEMS - 1))
    popularity[0] = 600
    activity = np.full(USERS, 3)
    found = solve_potentials(users, items, activity, popularity, 64)
    assert 0.3 < found.error < 0.36


def test_intercepts_give_each_user_its_activity(world):
    users, items, activity, _ = world
    chance = expected(users, items, jnp.zeros(ITEMS), activity)
    np.testing.assert_allclose(chance.sum(1), activity, rtol=1e-3)
