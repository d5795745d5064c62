"""Lloyd's K-means with K-means++ seeding on device, without a points x clusters matrix.

Decoding step of GANRS (arXiv 2303.01297, section 3). Stops as scikit-learn 1.9 does: labels that
stay, centroids that move less than `tolerance` times the mean variance, or `max_iterations`.
Arthur and Vassilvitskii 2007 for the seeding (one candidate a centroid, where scikit-learn tries
several).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.training import Report, silent

_UNROLL = 8  # centroids compared in one pass over the points
_CHUNK = 10  # iterations between two reports
_BLOCK = 512  # points in a block of the seeding's two-level draw


class KMeans(NamedTuple):
    """labels int32 [N], centroids [K, D], iterations done, inertia (sum of squared distances)."""

    labels: jax.Array
    centroids: jax.Array
    iterations: int
    inertia: float


class _Lloyd(NamedTuple):
    centroids: jax.Array
    labels: jax.Array
    iterations: jax.Array
    done: jax.Array


def fit_kmeans(
    key: jax.Array,
    points_NxD: jax.Array,
    num_clusters: int,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-4,
    stage: str = "K-means",
    report: Report = silent,
) -> KMeans:
    """Clusters N points; an emptied cluster is moved to a point far from its centroid.

    Args:
      num_clusters: K, 1 to N.
      tolerance: share of the mean variance of the columns under which movement counts as none.
    """
    centre = jnp.mean(points_NxD, 0)
    points = (points_NxD - centre[None]).T
    limit = tolerance * jnp.mean(jnp.var(points_NxD, 0))
    state = _Lloyd(
        seed_centroids(key, points, num_clusters),
        jnp.full(points.shape[1], -1, jnp.int32),
        jnp.int32(0),
        jnp.bool_(False),
    )
    while not state.done and state.iterations < max_iterations:
        state = _lloyd(state, points, limit, jnp.minimum(state.iterations + _CHUNK, max_iterations))
        report(stage, int(state.iterations), max_iterations, {})
    labels = assign(points, state.centroids)
    inertia = jnp.sum(_own_distance(points, state.centroids, labels))
    return KMeans(labels, state.centroids + centre[None], int(state.iterations), float(inertia))


@jax.jit
def assign(points_DxN: jax.Array, centroids_KxD: jax.Array) -> jax.Array:
    """Index of the nearest centroid (the lowest of equals), int32 [N].

    A scan over the centroids, a few at a time, that keeps the best so far of every point: as
    vectorised as a distance matrix, without the matrix.
    """
    num, dim = centroids_KxD.shape
    padding = -num % _UNROLL
    half_square = jnp.pad(0.5 * jnp.sum(jnp.square(centroids_KxD), 1), (0, padding), constant_values=jnp.inf)
    groups = (
        jnp.pad(centroids_KxD, ((0, padding), (0, 0))).reshape(-1, _UNROLL, dim),
        half_square.reshape(-1, _UNROLL),
        jnp.arange(num + padding, dtype=jnp.int32).reshape(-1, _UNROLL),
    )

    def nearer(
        best: tuple[jax.Array, jax.Array], group: tuple[jax.Array, ...]
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        distance, label = best
        for centroid, square, index in zip(*group, strict=True):
            this = square - sum(centroid[d] * points_DxN[d] for d in range(dim))
            label = jnp.where(this < distance, index, label)
            distance = jnp.minimum(this, distance)
        return (distance, label), None

    start = (jnp.full(points_DxN.shape[1], jnp.inf), jnp.zeros(points_DxN.shape[1], jnp.int32))
    return jax.lax.scan(nearer, start, groups)[0][1]


@functools.partial(jax.jit, static_argnums=2)
def seed_centroids(key: jax.Array, points_DxN: jax.Array, num_clusters: int) -> jax.Array:
    """K-means++: each next centroid [D] is a point drawn by its squared distance to those there are.

    The draw is in two levels, a block then a point in it, so that it costs no sum over all points.
    """
    dim, num = points_DxN.shape
    padding = -num % _BLOCK
    points = jnp.pad(points_DxN, ((0, 0), (0, padding)))
    real = (jnp.arange(num + padding) < num).astype(jnp.float32)

    def next_centroid(distance: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        index = _draw(key, distance)
        centroid = jax.lax.dynamic_index_in_dim(points, index, 1, keepdims=False)
        gap = sum(jnp.square(points[d] - centroid[d]) for d in range(dim))
        return jnp.minimum(distance, gap * real), centroid

    keys = jax.random.split(key, num_clusters)
    first_distance = jnp.where(real > 0, jnp.float32(3e38 / (num + padding)), 0.0)  # uniform, and over any distance
    return jax.lax.scan(next_centroid, first_distance, keys)[1]


def _draw(key: jax.Array, weights_N: jax.Array) -> jax.Array:
    """An index drawn with probability in proportion to its weight."""
    blocks = weights_N.reshape(-1, _BLOCK)
    block_key, point_key = jax.random.split(key)
    block = _draw_small(block_key, jnp.sum(blocks, 1))
    return block * _BLOCK + _draw_small(point_key, blocks[block])


def _draw_small(key: jax.Array, weights: jax.Array) -> jax.Array:
    total = jnp.cumsum(weights)
    index = jnp.searchsorted(total, jax.random.uniform(key) * total[-1], side="right")
    return jnp.minimum(index, len(weights) - 1).astype(jnp.int32)


@functools.partial(jax.jit, donate_argnums=0)
def _lloyd(state: _Lloyd, points: jax.Array, limit: jax.Array, until: jax.Array) -> _Lloyd:
    def unfinished(state: _Lloyd) -> jax.Array:
        return ~state.done & (state.iterations < until)

    def iterate(state: _Lloyd) -> _Lloyd:
        labels = assign(points, state.centroids)
        centroids = _means(points, labels, state.centroids)
        moved = jnp.sum(jnp.square(centroids - state.centroids))
        done = jnp.all(labels == state.labels) | (moved <= limit)
        return _Lloyd(centroids, labels, state.iterations + 1, done)

    return jax.lax.while_loop(unfinished, iterate, state)


def _means(points: jax.Array, labels: jax.Array, centroids: jax.Array) -> jax.Array:
    num = len(centroids)
    counts = jnp.bincount(labels, length=num)
    sums = jnp.stack([jax.ops.segment_sum(column, labels, num) for column in points], 1)
    means = sums / jnp.maximum(counts, 1)[:, None]
    return jax.lax.cond(
        jnp.any(counts == 0),
        lambda: _refilled(points, labels, centroids, counts, means),
        lambda: means,
    )


def _refilled(
    points: jax.Array, labels: jax.Array, centroids: jax.Array, counts: jax.Array, means: jax.Array
) -> jax.Array:
    """Gives the empty clusters the points that lie farthest from their centroids."""
    farthest = jax.lax.top_k(_own_distance(points, centroids, labels), len(centroids))[1]
    empty = counts == 0
    turn = jnp.cumsum(empty) - 1
    return jnp.where(empty[:, None], points[:, farthest[turn]].T, means)


def _own_distance(points: jax.Array, centroids: jax.Array, labels: jax.Array) -> jax.Array:
    """Squared distance of each point to its own centroid, [N]."""
    return functools.reduce(jnp.add, (jnp.square(points[d] - centroids[labels, d]) for d in range(len(points))))
