"""Local directions, on worlds whose pairs of items are known."""

import jax
import numpy as np
import pytest

from ganrs_jax.profile.interaction_plan import chosen_items
from ganrs_jax.profile.local_directions import (
    exchanged,
    least_counts,
    local_directions,
    local_interests,
    local_scores,
)

USERS, ITEMS, SERIES = 600, 120, 12


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Ten series of twelve items: a user rates three in four of one series, and one in ten of all other items."""
    rng = np.random.default_rng(0)
    own = rng.integers(0, ITEMS // SERIES, USERS)[:, None] == np.arange(ITEMS) // SERIES
    return np.nonzero(rng.random((USERS, ITEMS)) < np.where(own, 0.75, 0.1))


def test_series_are_the_strongest_directions(pairs):
    found = local_directions(*pairs, np.zeros((ITEMS, 0)), 20, 3)
    assert found.strength[8] > 3 * found.strength[9]  # ten series beside popularity: nine directions
    assert (np.diff(found.strength) <= 0).all()
    indicators = np.kron(np.eye(ITEMS // SERIES), np.ones((SERIES, 1)))
    within = np.linalg.lstsq(indicators, found.loadings[:, :9], rcond=None)[1].sum()
    assert within < 0.05 * (found.loadings[:, :9] ** 2).sum()  # alike within a series


def test_what_popularity_and_factors_say_is_left_out(pairs):
    factors = np.random.default_rng(1).normal(size=(ITEMS, 3))
    found = local_directions(*pairs, factors, 10, 3)
    popularity = np.bincount(pairs[1])
    known = np.concatenate([np.ones((ITEMS, 1)), factors], 1)
    shrunk = popularity + 5  # loadings are those of popularity / (popularity + 5) times
    np.testing.assert_allclose(known.T @ (shrunk[:, None] * found.loadings), 0, atol=1e-2 * popularity.sum() ** 0.5)
    mean_square = popularity @ found.loadings**2 / popularity.sum()
    np.testing.assert_allclose(mean_square, 1, rtol=1e-4)


def test_an_item_of_few_users_has_no_loadings(pairs):
    user, item = (np.append(ids, [0, number]) for ids, number in zip(pairs, (ITEMS, ITEMS), strict=True))
    user[-2:], item[-2:] = (0, 1), ITEMS  # one more item, of two users
    factors = np.zeros((ITEMS + 1, 0))
    assert not local_directions(user, item, factors, 5, 3).loadings[-1].any()
    assert local_directions(user, item, factors, 5, 2).loadings[-1].any()


def test_too_few_items_have_none(pairs):
    few = pairs[1] < 5
    found = local_directions(pairs[0][few], pairs[1][few], np.zeros((5, 3)), 10, 3)
    assert found.loadings.shape == (5, 0)
    assert found.strength.shape == (0,)


@pytest.mark.parametrize(("users", "items"), [(0, 0), (-1, 0), (0, -1)])
def test_the_least_counts_are_just_enough(pairs, users, items):
    """With these there are so many directions, with one user or item less there is one direction less."""
    few_users, few_items = (least + change for least, change in zip(least_counts(20, 3), (users, items), strict=True))
    part = (pairs[0] < (few_users if users else USERS)) & (pairs[1] < few_items if items else pairs[1] < ITEMS)
    found = local_directions(pairs[0][part], pairs[1][part], np.random.default_rng(0).normal(size=(ITEMS, 3)), 20, 1)
    assert len(found.strength) == 20 + users + items


def test_scores_of_normal_interests_give_the_lift_that_loadings_say():
    """Of two items with the same loading w, exp(s z) each: E[product] / product of E is 1 + g^2 w^2."""
    loadings, gain = np.array([[0.5], [2.0]]), np.array([0.6])
    scores = local_scores(loadings, gain)
    z = np.asarray(local_interests(jax.random.key(0), (1_000_000, 1)))
    for w, s in zip(loadings[:, 0], scores[:, 0], strict=True):
        weight = np.exp(z * s)
        assert (weight**2).mean() / weight.mean() ** 2 == pytest.approx(1 + (0.6 * w) ** 2, rel=0.05)
    np.testing.assert_allclose(local_scores(-loadings, gain), -scores)


def test_all_items_of_the_source_come_once_before_any_comes_again():
    class Two:
        vectors = np.zeros((2, 50, 4))

    item, draw = chosen_items(jax.random.key(0), Two, 120)
    for first in (0, 50):
        np.testing.assert_array_equal(np.sort(item[first : first + 50]), np.arange(50))
    assert len(set(item[100:])) == 20
    np.testing.assert_array_equal(draw, np.repeat([0, 1, 0], [50, 50, 20]))
    fewer, _ = chosen_items(jax.random.key(0), Two, 30)
    np.testing.assert_array_equal(fewer, item[:30])
    assert not np.array_equal(chosen_items(jax.random.key(1), Two, 30)[0], fewer)


def test_the_same_pairs_give_the_same_bytes():
    """Also where the eigensolver starts again, from numbers of chance."""
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rng.random((300, 250)) < 0.1)
    one, other = (local_directions(user, item, np.zeros((250, 0)), 120, 1) for _ in range(2))
    np.testing.assert_array_equal(one.loadings, other.loadings)


def test_exchange_keeps_how_loadings_are_distributed_and_not_whose_they_are(pairs):
    local, popularity = local_directions(*pairs, np.zeros((ITEMS, 0)), 9, 3), np.bincount(pairs[1])
    found = exchanged(local, popularity, 30)
    np.testing.assert_allclose(popularity @ found.loadings**2 / popularity.sum(), 1, rtol=1e-4)
    first = np.argsort(-popularity, kind="stable")[:30]
    ratio = np.sort(found.loadings[first], 0) / np.sort(local.loadings[first], 0)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape), rtol=1e-3)  # one number a direction

    def alike(loadings: np.ndarray) -> float:
        unit = loadings / np.linalg.norm(loadings, axis=1, keepdims=True)
        cosines = (unit @ unit.T).reshape(ITEMS // SERIES, SERIES, ITEMS // SERIES, SERIES)
        return float(np.einsum("aiaj->", cosines) - ITEMS) / (ITEMS * (SERIES - 1))

    assert alike(local.loadings) > 0.8
    assert abs(alike(found.loadings)) < 0.1


def test_exchange_cannot_be_undone(pairs):
    """Whichever item of those exchanged had which loading before, they end up the same."""
    local, popularity = local_directions(*pairs, np.zeros((ITEMS, 0)), 9, 3), np.full(ITEMS, 50)
    other = local._replace(loadings=np.random.default_rng(3).permuted(local.loadings, axis=0))
    one, two = (exchanged(each, popularity, ITEMS).loadings for each in (local, other))
    np.testing.assert_array_equal(one, two)
