"""The published generator and discriminator (arXiv 2303.01297, section 3)."""

from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from ganrs_jax.networks.layers import BatchNorm, Dense
from ganrs_jax.training.lanes import Floats
from ganrs_jax.training.loop import small_uniform


class Generator(nn.Module):
    """Noise [B, Z] -> dense samples [B, outputs]; with labels, each noise vector is multiplied by its label's.

    `floats` holds `slope` (LeakyReLU), `momentum` (batch normalisation) and `dropout`; they are
    arguments and not fields so that each lane may have its own.
    """

    hidden: tuple[int, int]
    outputs: int
    num_labels: int = 0

    @nn.compact
    def __call__(self, noise_BxZ: jax.Array, label_B: jax.Array | None, floats: Floats, *, train: bool) -> jax.Array:
        x = _labelled(noise_BxZ, label_B, self.num_labels)
        x = nn.leaky_relu(Dense(self.hidden[0])(x), floats["slope"])
        x = BatchNorm()(x, floats["momentum"], train=train)
        x = nn.leaky_relu(Dense(self.hidden[1])(x), floats["slope"])
        if train:
            kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - floats["dropout"], x.shape)
            x = jnp.where(kept, x / (1 - floats["dropout"]), 0.0)  # nn.Dropout wants a rate that is not traced
        return Dense(self.outputs)(x)


class Critic(nn.Module):
    """Dense samples [B, S] -> a logit (or Wasserstein score) each [B]; linear output for every objective."""

    hidden: int
    num_labels: int = 0

    @nn.compact
    def __call__(self, sample_BxS: jax.Array, label_B: jax.Array | None, floats: Floats) -> jax.Array:
        x = _labelled(sample_BxS, label_B, self.num_labels)
        x = nn.leaky_relu(Dense(self.hidden)(x), floats["slope"])
        return Dense(1)(x)[:, 0]


def generated(
    generator: Generator, variables: optax.Params, noise_BxZ: jax.Array, label_B: jax.Array | None, floats: Floats
) -> jax.Array:
    """Samples [B, outputs] in inference mode."""
    return cast(jax.Array, generator.apply(variables, noise_BxZ, label_B, floats, train=False))


def scores(
    critic: Critic, variables: optax.Params, sample_BxS: jax.Array, label_B: jax.Array | None, floats: Floats
) -> jax.Array:
    """The critic's score of each sample, [B]."""
    return cast(jax.Array, critic.apply(variables, sample_BxS, label_B, floats))


def _labelled(x_BxF: jax.Array, label_B: jax.Array | None, num_labels: int) -> jax.Array:
    """Multiplies by an embedding of the label, as the conditional GAN of CGANRS does."""
    if not num_labels:
        return x_BxF
    embed = nn.Embed(num_labels, x_BxF.shape[-1], embedding_init=small_uniform)
    return x_BxF * embed(label_B)
