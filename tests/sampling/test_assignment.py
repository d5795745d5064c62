"""Few or many items: one distribution, and potentials that hold for all users."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.sampling import assignment
from ganrs_jax.sampling.assignment import assign, assignment_intercepts, assignment_potentials

USERS, ITEMS = 256, 600
DRAWS = 30
NONE = (np.zeros(0, np.int64),) * 2


@pytest.fixture(params=["few", "many"])
def size(request, monkeypatch):
    monkeypatch.setattr(assignment, "MANY", ITEMS if request.param == "many" else ITEMS + 1)


def world() -> tuple[jax.Array, jax.Array, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    users, items = (jnp.asarray(rng.normal(size=(n, 4)), jnp.float32) for n in (USERS, ITEMS))
    activity = rng.integers(5, 60, USERS)
    popularity = rng.pareto(1.5, ITEMS) + 0.2
    return users, items, activity, popularity * activity.sum() / popularity.sum()


def test_items_get_what_is_wanted(size):
    """The whole way: potentials, then draws, whose mean is the wanted popularity."""
    users, items, activity, popularity = world()
    wanted = np.minimum(popularity, 0.8 * USERS)
    wanted = wanted * activity.sum() / wanted.sum()
    potentials = assignment_potentials(users, items, activity, wanted, 64)
    draws = [assign(jax.random.key(key), users, items, potentials.item, activity, NONE)[1] for key in range(DRAWS)]
    found = np.mean([np.bincount(items_, minlength=ITEMS) for items_ in draws], 0)
    assert np.abs(found - wanted).sum() / 2 / wanted.sum() < 0.02 + 0.4 / np.sqrt(DRAWS * wanted.mean())


@pytest.mark.usefixtures("optimised")
@pytest.mark.parametrize("number", [4000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_users_whom_the_potentials_were_not_solved_on_give_items_their_masses(number):
    """Solved on 4096 users, as plans do; the masses are those of 12,288 others."""
    rng = np.random.default_rng(0)
    users, items = (jnp.asarray(rng.normal(0, 0.7, (n, 6)), jnp.float32) for n in (16_384, number))
    activity = np.minimum(rng.lognormal(3.5, 1, 16_384) + 1, number / 8).astype(np.int64)
    popularity = rng.pareto(1.2, number) + 0.2
    popularity = np.minimum(popularity, 50 * popularity.mean())
    share = popularity / popularity.sum()
    potentials = assignment_potentials(users[:4096], items, activity[:4096], share * activity[:4096].sum(), 512)
    masses = np.zeros(number)
    for start in range(4096, 16_384, 512):
        some, n = users[start : start + 512], activity[start : start + 512]
        a = assignment_intercepts(some, items, potentials.item, n)
        masses += np.asarray(jax.nn.sigmoid(some @ items.T + potentials.item[None] + a[:, None]).sum(0))
    assert np.abs(masses / masses.sum() - share).sum() / 2 < 0.02


def test_intercepts_give_each_user_its_activity(size):
    users, items, activity, popularity = world()
    phi = jnp.log(jnp.asarray(popularity, jnp.float32))
    a = assignment_intercepts(users, items, phi, activity)
    expected = jax.nn.sigmoid(users @ items.T + phi[None] + a[:, None]).sum(1)
    np.testing.assert_allclose(expected, activity, rtol=0.1)


def test_preassigned_pairs_are_among_them(size):
    users, items, activity, _ = world()
    preassigned = np.asarray([0, 0, 5]), np.asarray([3, 9, 3])
    user, item = assign(jax.random.key(0), users, items, jnp.zeros(ITEMS), activity, preassigned)
    np.testing.assert_array_equal(np.bincount(user), activity)
    assert {(0, 3), (0, 9), (5, 3)} <= set(zip(user.tolist(), item.tolist(), strict=True))
