"""Potentials: one number an item, by which users of given activity rate each item as often as wanted.

The chance that user u rates item j is sigmoid(score_uj + a_u + phi_j). With the cost -score this is optimal
transport between users of given activity and items of given mass, regularised by the entropy of a 0/1
matrix in place of that of a coupling (Galichon and Salanie's setting), as no pair may occur twice. The
potentials a, phi are found by Newton steps on one side at a time (Sinkhorn's scheme).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 60  # at most
TOLERANCE = 2e-3  # total variation between wanted and expected shares of items: well below the chance of any draw
STEP = 2.0  # longest Newton step: chances far from 1/2 have slopes near 0, whose steps would overshoot


class Potentials(NamedTuple):
    """`item` [I], and the total variation left between wanted and expected item masses."""

    item: jax.Array
    error: float


def solve_potentials(
    users_UxK: jax.Array, items_IxK: jax.Array, activity: np.ndarray, popularity: np.ndarray, block: int
) -> Potentials:
    """Potentials for which each item's expected number of ratings is the wanted one.

    Args:
      users_UxK, items_IxK: factors whose products are the scores.
      activity: ratings of each user, [U].
      popularity: wanted ratings of each item among these users, [I]; an item of none gets -inf.
      block: users whose scores are held at once.
    """
    users, n = blocked(users_UxK, block), blocked(jnp.asarray(activity, jnp.float32), block)
    wanted = jnp.asarray(popularity, jnp.float32)
    a = jnp.log(jnp.maximum(n, 1e-6) / len(wanted))
    phi = jnp.where(wanted > 0, jnp.log(jnp.maximum(wanted, 1e-6) / wanted.mean()), -jnp.inf)
    error = np.inf
    for _ in range(ROUNDS):
        a, phi, left = _round(users, n, a, items_IxK, phi, wanted)
        if (error := float(left)) < TOLERANCE:
            break
    return Potentials(phi, error)


@functools.partial(jax.jit, static_argnums=4)
def intercepts(
    users_BxK: jax.Array, items_IxK: jax.Array, phi: jax.Array, activity: jax.Array, steps: int = 6
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity."""
    scores = users_BxK @ items_IxK.T + phi[None]
    start = jnp.log(jnp.maximum(activity, 1e-6)) - jax.nn.logsumexp(scores, 1)
    return jax.lax.fori_loop(0, steps, lambda _, a: _user_step(a, scores, activity), start)


@jax.jit
def _round(
    users: jax.Array, n: jax.Array, a: jax.Array, items: jax.Array, phi: jax.Array, wanted: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Newton steps on the users, a block at a time, then one on the items; the error before that."""

    def block(
        sums: tuple[jax.Array, jax.Array], part: tuple[jax.Array, jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        factors, count, intercept = part
        scores = factors @ items.T + phi[None]
        for _ in range(2):
            intercept = _user_step(intercept, scores, count)
        chance = jax.nn.sigmoid(scores + intercept[:, None]) * (count > 0)[:, None]
        return (sums[0] + chance.sum(0), sums[1] + (chance * (1 - chance)).sum(0)), intercept

    zero = jnp.zeros_like(wanted)
    (expected, slope), a = jax.lax.scan(block, (zero, zero), (users, n, a))
    step = jnp.clip((wanted - expected) / jnp.maximum(slope, 1e-9), -STEP, STEP)
    error = jnp.abs(wanted - expected).sum() / wanted.sum() / 2
    return a, jnp.where(wanted > 0, phi + step, -jnp.inf), error


def _user_step(a: jax.Array, scores: jax.Array, activity: jax.Array) -> jax.Array:
    chance = jax.nn.sigmoid(scores + a[:, None])
    slope = (chance * (1 - chance)).sum(1)
    return a + jnp.clip((activity - chance.sum(1)) / jnp.maximum(slope, 1e-9), -STEP, STEP)


def blocked(x: jax.Array, block: int) -> jax.Array:
    """Rows in blocks [blocks, block, ...], padded with zeros."""
    pad = [(0, -len(x) % block)] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, pad).reshape(-1, block, *x.shape[1:])
