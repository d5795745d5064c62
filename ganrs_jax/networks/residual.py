"""Residual multilayer perceptrons, the generators and critics of vectors (after R3GAN, arXiv 2501.05441)."""

import functools
from typing import cast

import flax.linen as nn
import jax
import optax


class ResidualMLP(nn.Module):
    """[B, inputs] -> [B, outputs]: a dense layer, `blocks` of two each around a shortcut, a dense layer."""

    width: int
    blocks: int
    outputs: int

    @nn.compact
    def __call__(self, x_BxF: jax.Array) -> jax.Array:
        scaled = nn.initializers.variance_scaling
        x = nn.Dense(self.width, name="into")(x_BxF)
        for number in range(self.blocks):
            h = nn.Dense(self.width, kernel_init=scaled(2.0, "fan_in", "normal"), name=f"first_{number}")(x)
            h = nn.leaky_relu(h, 0.2)
            x = x + nn.Dense(
                self.width, use_bias=False, kernel_init=scaled(0.1, "fan_in", "normal"), name=f"second_{number}"
            )(h)
        return nn.Dense(self.outputs, name="out")(nn.leaky_relu(x, 0.2))


def applied(network: ResidualMLP, weights: optax.Params, x_BxF: jax.Array) -> jax.Array:
    """The output of a network with these weights for a batch, [B, outputs]."""
    return cast(jax.Array, network.apply(weights, x_BxF))


@functools.partial(jax.jit, static_argnums=(1, 4))
def generate_vectors(
    key: jax.Array, generator: ResidualMLP, weights: optax.Params, sigma: jax.Array, shape: tuple[int, int]
) -> jax.Array:
    """Vectors [N, D] from noise N(0, sigma^2) of `shape` (N, numbers in a noise vector)."""
    return applied(generator, weights, sigma * jax.random.normal(key, shape))
