"""Which items a user rates: a fixed number of distinct ones, each with about its wanted chance.

Pareto sampling (Rosen 1997, "On sampling with probability proportional to size"): the n largest of
logit(chance) + logistic noise are n distinct items whose inclusion chances are the wanted ones to
within a percent or so. Adding the same number to all of a user's logits changes nothing.
"""

import jax
import jax.numpy as jnp
import numpy as np

_LEAST_PREASSIGNED = 256  # cells that programs are compiled for, or a power of two above: few shapes, few programs


@jax.jit
def choose(
    key: jax.Array,
    rows_BxK: jax.Array,
    columns_CxK: jax.Array,
    phi: jax.Array,
    counts: jax.Array,
    preassigned: jax.Array,
) -> jax.Array:
    """For each of B rows (users), `counts` distinct columns (items), as a mask [B, C].

    Args:
      phi: logits added to a column's scores, [C], or to each cell's, [B, C]; -inf = only when all others are taken.
      counts: columns wanted by each row, int32 [B], at most C.
      preassigned: cells chosen before all others, int32 [M], each row * C + column; B * C or more = none.
    """
    scores = rows_BxK @ columns_CxK.T + jnp.maximum(phi if phi.ndim == 2 else phi[None], -1e9)
    noisy = scores + jax.random.logistic(key, scores.shape)
    noisy = noisy.reshape(-1).at[preassigned].set(jnp.inf, mode="drop").reshape(scores.shape)
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


def choose_pairs(
    key: jax.Array,
    rows_BxK: jax.Array,
    columns_CxK: jax.Array,
    phi: jax.Array,
    counts: np.ndarray,
    preassigned: tuple[np.ndarray, np.ndarray],
    most_preassigned: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each cell that `choose` takes, ascending.

    Args:
      preassigned: row and column of the cells chosen before all others.
      most_preassigned: of any block, so that all blocks are one program.
    """
    cell = preassigned[0] * len(columns_CxK) + preassigned[1]
    length = max(_LEAST_PREASSIGNED, 1 << (max(most_preassigned, len(cell), 1) - 1).bit_length())
    padded = np.pad(cell, (0, length - len(cell)), constant_values=np.iinfo(np.int32).max)
    given = jnp.asarray(counts, jnp.int32), jnp.asarray(padded, jnp.int32)
    flat = np.flatnonzero(np.asarray(choose(key, rows_BxK, columns_CxK, phi, *given)))
    return flat // len(columns_CxK), flat % len(columns_CxK)
