"""A criterion to choose among trained generators: sliced Wasserstein distance to held-out samples."""

import jax
import jax.numpy as jnp

_CONSTANT = 1e-6  # standard deviation of a column that is the same for all: it is left at its scale


def sliced_wasserstein(key: jax.Array, real_NxS: jax.Array, fake_NxS: jax.Array, num_slices: int = 128) -> jax.Array:
    """Mean 1-Wasserstein distance over random directions, of columns standardised by the real ones; a scalar.

    Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures". 0 is best; two
    halves of one real sample of 8,192 are about 0.02 apart.
    """
    centre, spread = jnp.mean(real_NxS, 0, keepdims=True), jnp.std(real_NxS, 0, keepdims=True)
    spread = jnp.where(spread > _CONSTANT, spread, 1.0)
    directions = jax.random.normal(key, (real_NxS.shape[1], num_slices))
    directions = directions / jnp.linalg.norm(directions, axis=0, keepdims=True)
    real, fake = (_sort_columns((x - centre) / spread @ directions) for x in (real_NxS, fake_NxS))
    return jnp.mean(jnp.abs(real - fake))


def _sort_columns(x_NxD: jax.Array) -> jax.Array:
    """Ascending, by integers in the order of the floats: a third of the time on CPU."""

    def in_order(bits: jax.Array) -> jax.Array:  # there and back: below zero, all bits but the sign are turned
        return jnp.where(bits < 0, bits ^ jnp.int32(0x7FFFFFFF), bits)

    bits = in_order(jax.lax.bitcast_convert_type(x_NxD, jnp.int32))
    return jax.lax.bitcast_convert_type(in_order(jnp.sort(bits, axis=0, stable=False)), jnp.float32)
