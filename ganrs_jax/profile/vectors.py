"""Vectors of users and items from a profile generator, in the source's units."""

from typing import Any

import jax
import jax.numpy as jnp

from ganrs_jax.data.dataset import Generator
from ganrs_jax.networks.residual import ResidualMLP
from ganrs_jax.profile.embedding import Columns
from ganrs_jax.profile.gan import generate_vectors


def columns(generator: Generator) -> Columns:
    """Which numbers of the generator's vectors are what."""
    config = generator.config
    return Columns(config.interaction_rank, config.rating_rank, config.style_rank)


def vectors(generator: Generator, part: str, key: jax.Array, sigma: float, count: int) -> jax.Array:
    """Generated vectors [count, D] of "users" or "items"."""
    config, held = generator.config, generator.arrays[part]
    network = ResidualMLP(config.width, config.blocks, columns(generator).width)
    drawn = generate_vectors(key, network, held["weights"], jnp.float32(sigma), (count, config.noise_size))
    return matched(drawn, held["matching"])


@jax.jit
def matched(vectors_NxD: jax.Array, matching: Any) -> jax.Array:
    """Vectors with the source's mean and covariance (`two_part.matching`)."""
    return (vectors_NxD - matching["shift_before"][None]) @ matching["turn"] + matching["shift_after"][None]
