"""Which items a user rates: a fixed number of distinct ones, each with about its wanted chance.

Pareto sampling (Rosen 1997, "On sampling with probability proportional to size"): the n largest of
logit(chance) + logistic noise are n distinct items whose inclusion chances are the wanted ones to
within a percent or so. Adding the same number to all of a user's logits changes nothing.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np


@functools.partial(jax.jit, static_argnums=())
def choose(
    key: jax.Array, rows_BxK: jax.Array, columns_CxK: jax.Array, phi: jax.Array, counts: jax.Array, sure: jax.Array
) -> jax.Array:
    """For each of B rows (users), `counts` distinct columns (items), as a mask [B, C].

    Args:
      phi: logits added to a column's scores, [C], or to each cell's, [B, C]; -inf = only when all others are taken.
      counts: columns wanted by each row, int32 [B], at most C.
      sure: cells chosen before all others, int32 [M], each row * C + column; B * C or more = none.
    """
    scores = rows_BxK @ columns_CxK.T + jnp.maximum(phi if phi.ndim == 2 else phi[None], -1e9)
    noisy = scores + jax.random.logistic(key, scores.shape)
    noisy = noisy.reshape(-1).at[sure].set(jnp.inf, mode="drop").reshape(scores.shape)
    return _largest(noisy, counts)


def _largest(values_BxC: jax.Array, counts: jax.Array) -> jax.Array:
    """Mask of the `counts` largest values of each row; of equal ones the first.

    The count-th largest is found bit by bit, in passes over values that stay in cache: sorting takes longer.
    """
    bits = jax.lax.bitcast_convert_type(values_BxC, jnp.int32)
    bits = jax.lax.bitcast_convert_type(bits ^ ((bits >> 31) | jnp.int32(-(2**31))), jnp.uint32)  # ascends as values

    def bit(number: jax.Array, least: jax.Array) -> jax.Array:
        candidate = least | (jnp.uint32(1) << (31 - number).astype(jnp.uint32))
        enough = jnp.sum(bits >= candidate[:, None], 1) >= counts
        return jnp.where(enough, candidate, least)

    least = jax.lax.fori_loop(0, 32, bit, jnp.zeros(len(counts), jnp.uint32))[:, None]
    above = bits > least
    equal = bits == least
    spare = counts - jnp.sum(above, 1)
    return (above | (equal & (jnp.cumsum(equal, 1) <= spare[:, None]))) & (counts > 0)[:, None]


def cells(mask: jax.Array) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each chosen cell, ascending."""
    flat = np.flatnonzero(np.asarray(mask))
    return flat // mask.shape[1], flat % mask.shape[1]
