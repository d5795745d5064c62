"""Potentials: the expected masses are the wanted ones, computed again in numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.sampling.potentials import chance, chance_slope, intercepts, solve_potentials

USERS, ITEMS = 300, 80


@pytest.fixture(scope="module")
def world():
    """Factors, activities and popularities of one sum."""
    rng = np.random.default_rng(0)
    users, items = (jnp.asarray(rng.normal(size=(n, 3)), jnp.float32) for n in (USERS, ITEMS))
    activity = rng.integers(1, 30, USERS)
    popularity = activity.sum() * rng.dirichlet(np.full(ITEMS, 2.0))
    return users, items, activity, popularity


ASYMMETRIES = [0.05, 1.0, 3.0]


def expected(users, items, phi, activity, asymmetry=1.0) -> np.ndarray:
    """Chance of each cell, [U, I]."""
    a = np.asarray(intercepts(users, items, phi, jnp.asarray(activity, jnp.float32), asymmetry))
    odds = np.exp(np.asarray(users, float) @ np.asarray(items).T + np.asarray(phi) + a[:, None])
    return 1 - (1 + asymmetry * odds) ** (-1 / asymmetry)


@pytest.mark.parametrize("asymmetry", ASYMMETRIES)
def test_users_and_items_get_the_wanted_masses(world, asymmetry):
    users, items, activity, popularity = world
    found = solve_potentials(*world, block=64, asymmetry=asymmetry)
    drawn = expected(users, items, found.item, activity, asymmetry)
    np.testing.assert_allclose(drawn.sum(1), activity, rtol=1e-3)
    assert np.abs(drawn.sum(0) - popularity).sum() / popularity.sum() / 2 < 2e-3
    assert found.error < 2e-3


def test_the_link_is_logistic_at_one_and_complementary_log_log_near_zero():
    logits = np.linspace(-8, 8, 33)
    x = jnp.asarray(logits, jnp.float32)
    np.testing.assert_allclose(chance(x, 1.0), 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(chance(x, 1e-3), 1 - np.exp(-np.exp(logits)), atol=1e-3)
    for asymmetry in ASYMMETRIES:
        slope = np.gradient(np.asarray(chance(x, asymmetry), float), logits)
        np.testing.assert_allclose(chance_slope(x, asymmetry)[1:-1], slope[1:-1], atol=0.02)
        assert np.isfinite(chance_slope(jnp.asarray([-jnp.inf, -1e9, 1e9]), asymmetry)).all()


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
    drawn = expected(users, items, jnp.zeros(ITEMS), activity)
    np.testing.assert_allclose(drawn.sum(1), activity, rtol=1e-3)
