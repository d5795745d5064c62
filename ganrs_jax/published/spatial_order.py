"""Points in blocks of near ones, by the splits of a k-d tree (Bentley 1975).

What holds of the box around a block holds of all its points: which centroids can be near any of them, say.
"""

import functools
import math

import jax
import jax.numpy as jnp


def spatial_order(points_DxN: jax.Array, block: int) -> jax.Array:
    """Indices of the points, int32 [B, S]: the S in a row lie near one another, S at most `block`.

    B is a power of two, and B S at least N: indices of N and over are padding, and stand for the last point.
    """
    num = points_DxN.shape[1]
    levels = max(0, math.ceil(math.log2(num / block)))
    blocks = 1 << levels
    size = -(-num // blocks)
    position = jnp.arange(blocks * size, dtype=jnp.int32)

    def split(level: jax.Array, order: jax.Array) -> jax.Array:
        """Sorts each part by the coordinate in which it is widest: its halves are the parts of the next level."""
        part = position // (blocks * size // (1 << level))
        values = points_DxN[:, jnp.minimum(order, num - 1)]
        widths = [
            jax.ops.segment_max(x, part, blocks, indices_are_sorted=True)
            - jax.ops.segment_min(x, part, blocks, indices_are_sorted=True)
            for x in values
        ]
        widest = jnp.argmax(jnp.stack(widths), 0)[part]
        return jax.lax.sort((part, values[widest, position], order), num_keys=2)[2]

    return jax.lax.fori_loop(0, levels, split, position).reshape(blocks, size)


def box_distance(low: jax.Array, high: jax.Array, place: jax.Array) -> jax.Array:
    """Squared distance from places to boxes, the coordinates [D, ...] of both leading."""
    gaps = (jnp.where(z < x, x - z, jnp.where(z > y, z - y, 0)) for x, y, z in zip(low, high, place, strict=True))
    return functools.reduce(jnp.add, map(jnp.square, gaps))
