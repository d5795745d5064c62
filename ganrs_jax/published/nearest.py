"""The nearest centroid of each point and the distances to the two nearest, without a points x centroids matrix."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.published.spatial_order import box_distance

UNROLL = 8  # centroids compared in one pass over the points
_CELL = 64  # of a mask, counted at once


class Nearest(NamedTuple):
    """labels int32 [N] of the nearest and of the next centroid, and the distances [N] to them."""

    label: jax.Array
    next_label: jax.Array
    distance: jax.Array
    next_distance: jax.Array


def nearest(points_DxN: jax.Array, centroids_KxD: jax.Array) -> Nearest:
    """Nearest centroid (the lowest of equals) of each point, and the next one.

    A scan over the centroids, a few at a time, that keeps the best so far of every point: as
    vectorised as a distance matrix, without the matrix.
    """
    num, dim = centroids_KxD.shape
    padding = -num % UNROLL
    groups = (
        jnp.pad(centroids_KxD, ((0, padding), (0, 0))).reshape(-1, UNROLL, dim),
        jnp.pad(_half_square(centroids_KxD), (0, padding), constant_values=jnp.inf).reshape(-1, UNROLL),
        jnp.arange(num + padding, dtype=jnp.int32).reshape(-1, UNROLL),
    )
    found = jax.lax.scan(lambda best, group: (_compared(points_DxN, best, *group), None), _none(points_DxN), groups)[0]
    return _rooted(points_DxN, found)


class Centroids(NamedTuple):
    """Centroids [K, D] as `nearest_within` wants them: once more as [D, K], and half their squared lengths [K]."""

    rows: jax.Array
    columns: jax.Array
    half_square: jax.Array


def prepared(centroids_KxD: jax.Array) -> Centroids:
    """What many calls of `nearest_within` share."""
    padding = -len(centroids_KxD) % UNROLL + 1  # the row after the last stands for none
    half_square = jnp.pad(_half_square(centroids_KxD), (0, padding), constant_values=jnp.inf)
    return Centroids(jnp.pad(centroids_KxD, ((0, padding), (0, 0))), centroids_KxD.T, half_square)


def nearest_within(points_DxN: jax.Array, centroids: Centroids, reach: jax.Array) -> Nearest:
    """What `nearest` returns, where it is known that the two nearest of each point are no farther than `reach`.

    Compares only with centroids so near the box around the points: with few, if the points lie near one another.
    """
    num = centroids.columns.shape[1]
    low, high = jnp.min(points_DxN, 1)[:, None], jnp.max(points_DxN, 1)[:, None]
    # The margin covers rounding, of distances and of the products that points and centroids are compared by.
    limit = jnp.square(reach) * (1 + 1e-4) + 1e-5 * jnp.max(centroids.half_square[:num])
    near = box_distance(low, high, centroids.columns) <= limit
    rows, count = _indices(near)

    def compare(group: jax.Array, best: Nearest) -> Nearest:
        some = jax.lax.dynamic_slice(rows, (group * UNROLL,), (UNROLL,))
        # The barrier keeps the gathers out of the loop over the points.
        compared = jax.lax.optimization_barrier((centroids.rows[some], centroids.half_square[some], some))
        return _compared(points_DxN, best, *compared)

    groups = (count + UNROLL - 1) // UNROLL
    return _rooted(points_DxN, jax.lax.fori_loop(0, groups, compare, _none(points_DxN)))


def _indices(mask_K: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Where a mask is true, ascending and filled with K to whole passes, and how often; quicker than jnp.nonzero."""
    num = len(mask_K)
    padded = jnp.pad(mask_K, (0, -num % _CELL)).reshape(-1, _CELL)
    within = padded.astype(jnp.float32) @ jnp.triu(jnp.ones((_CELL, _CELL)))  # running counts: exact, and quick
    ends = jnp.cumsum(within[:, -1])
    place = (within + (ends - within[:, -1])[:, None]).reshape(-1)[:num].astype(jnp.int32) - 1
    filled = jnp.full(num + -num % UNROLL, num, jnp.int32)
    rows = filled.at[jnp.where(mask_K, place, len(filled))].set(jnp.arange(num, dtype=jnp.int32), mode="drop")
    return rows, ends[-1].astype(jnp.int32)


def _none(points_DxN: jax.Array) -> Nearest:
    far = jnp.full(points_DxN.shape[1], jnp.inf)
    label = jnp.zeros(far.shape, jnp.int32)
    return Nearest(label, label, far, far)


def _half_square(centroids_KxD: jax.Array) -> jax.Array:
    return 0.5 * jnp.sum(jnp.square(centroids_KxD), 1)


def _compared(
    points_DxN: jax.Array, best: Nearest, centroids: jax.Array, half_square: jax.Array, index: jax.Array
) -> Nearest:
    """The best of before and of a few more centroids, by half the squared distance less half the point's square."""
    label, next_label, distance, second = best
    for centroid, square, this_label in zip(centroids, half_square, index, strict=True):
        this = square - sum(centroid[d] * points_DxN[d] for d in range(len(points_DxN)))
        nearer = this < distance  # selects, as jnp.minimum costs three times as much for the sake of NaN
        closer = this < second
        second = jnp.where(nearer, distance, jnp.where(closer, this, second))
        next_label = jnp.where(nearer, label, jnp.where(closer, this_label, next_label))
        label = jnp.where(nearer, this_label, label)
        distance = jnp.where(nearer, this, distance)
    return Nearest(label, next_label, distance, second)


def _rooted(points_DxN: jax.Array, found: Nearest) -> Nearest:
    square = jnp.sum(jnp.square(points_DxN), 0)
    distance, second = (jnp.sqrt(jnp.maximum(2 * x + square, 0)) for x in (found.distance, found.next_distance))
    return found._replace(distance=distance, next_distance=second)
