"""What each item says of every other, by how often both are rated by the same user: item-kNN and EASE."""

import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=1)
def neighbour_weights(counts_IxI: jax.Array, neighbours: int) -> jax.Array:
    """Cosines of the columns of who rated what, for each item (column) with its nearest others alone.

    Item-kNN (Sarwar et al. 2001, doi 10.1145/371920.372071).
    """
    length = jnp.sqrt(jnp.maximum(jnp.diagonal(counts_IxI), 1.0))
    cosine_IxI = counts_IxI / (length[:, None] * length[None]) * (1 - jnp.eye(len(counts_IxI)))
    nearest, which = jax.lax.top_k(cosine_IxI, neighbours)
    return jnp.zeros_like(cosine_IxI).at[which, jnp.arange(len(cosine_IxI))[:, None]].set(nearest)


@jax.jit
def ease_weights(counts_IxI: jax.Array, penalty: float) -> jax.Array:
    """B = -P / diag(P), P the inverse of the co-occurrences + penalty; no item says anything of itself.

    EASE (Steck 2019, doi 10.1145/3308558.3313710, equation 8).
    """
    identity = jnp.eye(len(counts_IxI))
    factor = jax.scipy.linalg.cho_factor(counts_IxI + penalty * identity)
    inverse = jax.scipy.linalg.cho_solve(factor, identity)
    return -inverse / jnp.diagonal(inverse)[None] * (1 - identity)
