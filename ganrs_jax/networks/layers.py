"""Dense and batch normalisation whose rounding does not depend on how many lanes train beside.

XLA chooses another order of summation for a batched sum or matrix product than for a single one,
and 20,000 adversarial steps turn the last bit into another dataset. Written as below, eight vmapped
seeds give the bits that eight single runs give on a CPU (tests/published/test_gan.py).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

_ROWS = (((0,), (0,)), ((), ()))  # contract the batch axes
_COLUMNS = (((1,), (1,)), ((), ()))  # contract the feature axes


def batch_sum(x_BxF: jax.Array) -> jax.Array:
    """Sum over the first axis, [F], by halving: the order is fixed by B alone."""
    while (rows := x_BxF.shape[0]) > 1:
        half = rows // 2
        folded = x_BxF[:half] + x_BxF[half : 2 * half]
        x_BxF = jnp.concatenate([folded, x_BxF[2 * half :]]) if rows % 2 else folded
    return x_BxF[0]


@jax.custom_vjp
def batch_mean(x_BxF: jax.Array) -> jax.Array:
    """Mean over the first axis, [F]."""
    return batch_sum(x_BxF) / x_BxF.shape[0]


@jax.custom_vjp
def matmul(x_BxI: jax.Array, w_IxO: jax.Array) -> jax.Array:
    """Product x @ w, [B, O], with both gradients as single products."""
    return x_BxI @ w_IxO


@jax.custom_vjp
def add_row(x_BxF: jax.Array, row_F: jax.Array) -> jax.Array:
    """Adds one row to each, [B, F]."""
    return x_BxF + row_F[None]


@jax.custom_vjp
def scale_row(x_BxF: jax.Array, row_F: jax.Array) -> jax.Array:
    """Multiplies each row by one, [B, F]."""
    return x_BxF * row_F[None]


def _matmul_gradients(saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, w = saved
    g = jax.lax.optimization_barrier(g)  # else a constant g turns the product into a sum, in XLA's order
    return jax.lax.dot_general(g, w, _COLUMNS), jax.lax.dot_general(x, g, _ROWS)


batch_mean.defvjp(
    lambda x: (batch_mean(x), x.shape[0]),
    lambda n, g: (jnp.broadcast_to(g[None] / n, (n, *g.shape)),),
)
matmul.defvjp(lambda x, w: (x @ w, (x, w)), _matmul_gradients)
add_row.defvjp(lambda x, row: (add_row(x, row), None), lambda _, g: (g, batch_sum(g)))
scale_row.defvjp(
    lambda x, row: (scale_row(x, row), (x, row)),
    lambda saved, g: (g * saved[1][None], batch_sum(g * saved[0])),
)


class Dense(nn.Module):
    """Keras's Dense, [B, I] -> [B, features]: Glorot uniform weights, zero biases."""

    features: int

    @nn.compact
    def __call__(self, x_BxI: jax.Array) -> jax.Array:
        shape = (x_BxI.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.glorot_uniform(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return add_row(matmul(x_BxI, kernel), bias)


class BatchNorm(nn.Module):
    """Keras's BatchNormalization over [B, F]; running moments in the collection `batch_stats`."""

    epsilon: float = 1e-3

    @nn.compact
    def __call__(self, x_BxF: jax.Array, momentum: jax.Array, *, train: bool) -> jax.Array:
        shape = x_BxF.shape[-1:]
        scale = self.param("scale", nn.initializers.ones, shape)
        bias = self.param("bias", nn.initializers.zeros, shape)
        mean = self.variable("batch_stats", "mean", jnp.zeros, shape)
        var = self.variable("batch_stats", "var", jnp.ones, shape)
        if not train:
            return add_row(
                scale_row(add_row(x_BxF, -mean.value), scale * jax.lax.rsqrt(var.value + self.epsilon)), bias
            )
        batch_mu = batch_mean(x_BxF)
        centred = add_row(x_BxF, -batch_mu)
        batch_var = batch_mean(jnp.square(centred))
        if not self.is_initializing():
            mean.value = momentum * mean.value + (1 - momentum) * batch_mu
            var.value = momentum * var.value + (1 - momentum) * batch_var
        return add_row(scale_row(centred, scale * jax.lax.rsqrt(batch_var + self.epsilon)), bias)
