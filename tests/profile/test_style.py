"""How users use the scale: planted cutpoints are found, prediction and noise are not taken for style."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.profile.ordinal import ascending
from ganrs_jax.profile.style import Styles, fit_styles

USERS, EACH, LEVELS, RANK, DRAWS = 300, 200, 5, 4, 3
CUTPOINTS = np.array([-1.5, -0.5, 0.4, 1.3], np.float32)


def world(shift_UxE: np.ndarray, seed: int = 0):
    """User, level, and predictions with noise scales of each row, by draw; cutpoints are moved by `shift_UxE`."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(USERS), EACH)
    predicted, noise = rng.normal(0, 0.6, len(user)), np.full(len(user), 0.8)
    latent = predicted + noise * rng.normal(size=len(user))
    level = (latent[:, None] > (CUTPOINTS + shift_UxE)[user]).sum(1)
    drawn = tuple(jnp.asarray(x, jnp.float32) for x in (predicted, noise))
    return user, level, lambda draw: drawn


def fitted(shift_UxE: np.ndarray, rank: int = RANK) -> Styles:
    return fit_styles(jax.random.key(0), *world(shift_UxE), jnp.ones((DRAWS, USERS, 1)), rank=rank)


@pytest.fixture(scope="module")
def shift() -> np.ndarray:
    """Some users keep to the middle, others to the ends: their cutpoints are moved apart, or together."""
    return np.random.default_rng(1).normal(0, 0.35, (USERS, 1)) * CUTPOINTS


def test_planted_cutpoints_are_found(shift):
    found = fitted(shift)
    assert found.user.shape == (DRAWS, USERS, RANK)
    moved = np.asarray(found.user.mean(0)) @ found.basis.T + found.cutpoints
    wanted = CUTPOINTS + shift
    assert np.sqrt(np.mean((moved - wanted) ** 2)) < 0.5 * np.sqrt(np.mean((found.cutpoints - wanted) ** 2))
    for cutpoint in (0, 3):
        assert np.corrcoef(moved[:, cutpoint], wanted[:, cutpoint])[0, 1] > 0.9
    drawn = np.asarray(found.user[0]) @ found.basis.T  # as varied as what was planted
    assert 0.8 < drawn[:, 0].std() / shift[:, 0].std() < 1.3


def test_users_alike_are_found_alike():
    found = fitted(np.zeros((USERS, 4)))
    assert np.abs(np.asarray(found.user) @ found.basis.T).std() < 0.12
    np.testing.assert_allclose(found.cutpoints, CUTPOINTS, atol=0.05)


def test_what_cutpoints_cannot_tell_is_nothing():
    user, level, predicted = world(np.zeros((USERS, 4)))
    found = fit_styles(
        jax.random.key(0), user, (level > 2).astype(int), predicted, jnp.ones((DRAWS, USERS, 1)), rank=RANK
    )
    assert (found.basis.shape, len(found.cutpoints)) == ((1, RANK), 1)
    assert (found.basis[:, 1:] == 0).all()
    assert np.isfinite(np.asarray(found.user)).all()


@pytest.mark.parametrize("levels", [12, 13, 101])
def test_many_levels_are_seen_in_groups(levels):
    user, _, predicted = world(np.zeros((USERS, 4)))
    latent = np.asarray(predicted(0)[0]) + 0.8 * np.random.default_rng(2).normal(size=len(user))
    level = np.clip(np.rint((latent + 3) / 6 * (levels - 1)), 0, levels - 1).astype(int)
    found = fit_styles(jax.random.key(0), user, level, predicted, jnp.ones((DRAWS, USERS, 1)), rank=RANK)
    assert 6 <= len(found.cutpoints) <= 11
    assert (np.diff(found.cutpoints) > 0).all()
    assert np.isfinite(np.asarray(found.user)).all()


def test_cutpoints_stay_in_order_whatever_moves_them():
    moved = np.random.default_rng(0).normal(0, 3, (500, 4)).astype(np.float32)
    own = np.asarray(ascending(jnp.asarray(CUTPOINTS), jnp.asarray(moved)))
    assert (np.diff(own, axis=1) >= 0.0999 * np.diff(CUTPOINTS)).all()
    np.testing.assert_allclose(own[:, 2], (CUTPOINTS + moved)[:, 2], rtol=1e-5)
    little = 0.01 * moved
    np.testing.assert_allclose(ascending(jnp.asarray(CUTPOINTS), jnp.asarray(little)), CUTPOINTS + little, atol=1e-6)
