"""Layers that the networks share; all start as Keras's do."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from ganrs_jax.training.loop import small_uniform

_glorot = nn.initializers.glorot_uniform()


def embedding_table(count: int, size: int, name: str) -> nn.Embed:
    """Embeddings of `count` users or items, uniform from -0.05 to 0.05 at first."""
    return nn.Embed(count, size, embedding_init=small_uniform, name=name)


def dense(features: int, name: str) -> nn.Dense:
    """Glorot uniform weights, zero biases."""
    return nn.Dense(features, kernel_init=_glorot, name=name)


class Joined(nn.Module):
    """A dense layer on a user's and an item's vector side by side.

    The vectors [..., k] and [..., m] need only broadcast: a block of users and all items cost a product each and one
    sum a pair, in place of a product a pair.
    """

    features: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array) -> jax.Array:
        width = user.shape[-1]
        kernel = self.param("kernel", _glorot, (width + item.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        if user.shape[:-1] == item.shape[:-1]:
            joined = jnp.concatenate([user, item], -1) @ kernel
        else:
            joined = user @ kernel[:width] + item @ kernel[width:]
        return joined + bias.reshape((1,) * (joined.ndim - 1) + (-1,))


class Dropout(nn.Module):
    """Drops units at a rate that may be traced, as nn.Dropout's may not; 16 random bits a unit.

    The stream of random numbers is "noise".
    """

    @nn.compact
    def __call__(self, x: jax.Array, rate: jax.Array, *, train: bool) -> jax.Array:
        if not train:
            return x
        return jnp.where(_kept(self.make_rng("noise"), rate, x.shape), x / (1 - rate), 0.0)


def _kept(key: jax.Array, rate: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Booleans, each true with probability 1 - rate to one part in 65,536: half the random bits of bernoulli."""
    size = math.prod(shape)
    words = jax.random.bits(key, (-(-size // 2),), jnp.uint32)
    halves = jnp.concatenate([words & 0xFFFF, words >> 16])[:size].reshape(shape)
    return halves.astype(jnp.float32) >= rate * 65536
