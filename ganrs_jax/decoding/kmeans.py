"""Lloyd's K-means with K-means++ seeding on device, without a points x clusters matrix.

Decoding step of GANRS (arXiv 2303.01297, section 3). Stops as scikit-learn 1.9 does: labels that
stay, centroids that move less than `tolerance` times the mean variance, or `max_iterations`.
Seeding by Arthur and Vassilvitskii 2007 (one candidate a centroid, where scikit-learn tries several).
Iterations by Hamerly 2010, "Making k-means even faster": bounds on each point's distances tell which
points can have changed cluster, and only those are compared with the centroids again.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.training import Report, silent

UNROLL = 8  # centroids compared in one pass over the points
_CHUNK = 10  # iterations between two reports
_BLOCK_POINTS = 1 << 14  # doubtful points compared with all centroids at once
_BLOCK = 512  # points in a block of the seeding's two-level draw


class KMeans(NamedTuple):
    """labels int32 [N], centroids [K, D], iterations done, inertia (sum of squared distances)."""

    labels: jax.Array
    centroids: jax.Array
    iterations: int
    inertia: float


_Three = tuple[jax.Array, jax.Array, jax.Array]


class _Lloyd(NamedTuple):
    """labels [N] and bounds [N] belong to centroids [K, D]: distance to the own one, least to any other."""

    centroids: jax.Array
    labels: jax.Array
    upper: jax.Array
    lower: jax.Array
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
      key: of the seeding.
      points_NxD: the points.
      num_clusters: K, 1 to N.
      max_iterations: at most so many.
      tolerance: share of the mean variance of the columns under which movement counts as none.
      stage: name for the report.
      report: told every few iterations.
    """
    state, points, centre, limit = _start(key, points_NxD, tolerance, num_clusters)
    done = 0
    while done < max_iterations and not state.done:
        state = _lloyd(state, points, limit, jnp.int32(min(done + _CHUNK, max_iterations)))
        done = int(state.iterations)
        report(stage, done, done if state.done else max_iterations, {})
    return KMeans(state.labels, state.centroids + centre[None], done, float(_inertia(state, points)))


def compile_kmeans(num_points: int, dimensions: int, num_clusters: int, tolerance: float) -> None:
    """Compiles what `fit_kmeans` will run on float32 points of that shape; a thread may do so beforehand."""
    points = jax.ShapeDtypeStruct((num_points, dimensions), jnp.float32)
    arguments = (jax.random.key(0), points, tolerance, num_clusters)
    _start.lower(*arguments).compile()
    state, turned, _, limit = jax.eval_shape(functools.partial(_start, num_clusters=num_clusters), *arguments[:3])
    _lloyd.lower(state, turned, limit, jnp.int32(0)).compile()


def assign(points_DxN: jax.Array, centroids_KxD: jax.Array) -> _Three:
    """Nearest centroid (the lowest of equals), and the distances to it and to the next, each [N].

    A scan over the centroids, a few at a time, that keeps the best so far of every point: as
    vectorised as a distance matrix, without the matrix.
    """
    num, dim = centroids_KxD.shape
    padding = -num % UNROLL
    half_square = jnp.pad(0.5 * jnp.sum(jnp.square(centroids_KxD), 1), (0, padding), constant_values=jnp.inf)
    groups = (
        jnp.pad(centroids_KxD, ((0, padding), (0, 0))).reshape(-1, UNROLL, dim),
        half_square.reshape(-1, UNROLL),
        jnp.arange(num + padding, dtype=jnp.int32).reshape(-1, UNROLL),
    )

    def nearer(best: _Three, group: _Three) -> tuple[_Three, None]:
        distance, second, label = best
        for centroid, square, index in zip(*group, strict=True):
            this = square - sum(centroid[d] * points_DxN[d] for d in range(dim))
            nearest = this < distance  # selects, as jnp.minimum costs three times as much for the sake of NaN
            second = jnp.where(nearest, distance, jnp.where(this < second, this, second))
            label = jnp.where(nearest, index, label)
            distance = jnp.where(nearest, this, distance)
        return (distance, second, label), None

    far = jnp.full(points_DxN.shape[1], jnp.inf)
    (distance, second, label), _ = jax.lax.scan(nearer, (far, far, jnp.zeros(far.shape, jnp.int32)), groups)
    square = jnp.sum(jnp.square(points_DxN), 0)
    return label, jnp.sqrt(jnp.maximum(2 * distance + square, 0)), jnp.sqrt(jnp.maximum(2 * second + square, 0))


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


@functools.partial(jax.jit, static_argnums=3)
def _start(
    key: jax.Array, points_NxD: jax.Array, tolerance: float, num_clusters: int
) -> tuple[_Lloyd, jax.Array, jax.Array, jax.Array]:
    """The first state, centred points [D, N], their centre [D], and the movement that counts as none."""
    centre = jnp.mean(points_NxD, 0)
    points = (points_NxD - centre[None]).T
    centroids = seed_centroids(key, points, num_clusters)
    label, upper, lower = assign(points, centroids)
    state = _Lloyd(centroids, label, upper, lower, jnp.int32(0), jnp.bool_(False))
    return state, points, centre, tolerance * jnp.mean(jnp.var(points_NxD, 0))


@functools.partial(jax.jit, donate_argnums=0)
def _lloyd(state: _Lloyd, points: jax.Array, limit: jax.Array, until: jax.Array) -> _Lloyd:
    def unfinished(state: _Lloyd) -> jax.Array:
        return ~state.done & (state.iterations < until)

    def iterate(state: _Lloyd) -> _Lloyd:
        centroids = _means(points, state.labels, state.centroids)
        moved = jnp.sqrt(jnp.sum(jnp.square(centroids - state.centroids), 1))
        labels, upper, lower = _reassigned(state, points, centroids, moved)
        done = jnp.all(labels == state.labels) | (jnp.sum(jnp.square(moved)) <= limit)
        return _Lloyd(centroids, labels, upper, lower, state.iterations + 1, done)

    return jax.lax.while_loop(unfinished, iterate, state)


def _reassigned(state: _Lloyd, points: jax.Array, centroids: jax.Array, moved: jax.Array) -> _Three:
    """Labels and bounds for moved centroids; only points whose bounds overlap are compared with all of them."""
    num = points.shape[1]
    furthest, next_furthest = jax.lax.top_k(jnp.pad(moved, (0, 1)), 2)[0]
    others = jnp.where(moved == furthest, next_furthest, furthest)  # the most that any other centroid moved
    upper = jnp.sqrt(_own_distance(points, centroids, state.labels))
    lower = state.lower - others[state.labels]
    doubtful = upper * (1 + 1e-5) >= lower  # the margin covers rounding
    count = jnp.sum(doubtful)
    rows = jnp.nonzero(doubtful, size=num + _BLOCK_POINTS, fill_value=num)[0]

    def block(index: jax.Array, held: _Three) -> _Three:
        some = jax.lax.dynamic_slice(rows, (index * _BLOCK_POINTS,), (_BLOCK_POINTS,))
        found = assign(points[:, jnp.minimum(some, num - 1)], centroids)
        label, upper, lower = (x.at[some].set(y, mode="drop") for x, y in zip(held, found, strict=True))
        return label, upper, lower

    blocks = (count + _BLOCK_POINTS - 1) // _BLOCK_POINTS
    return jax.lax.fori_loop(0, blocks, block, (state.labels, upper, lower))


@jax.jit
def _inertia(state: _Lloyd, points: jax.Array) -> jax.Array:
    return jnp.sum(_own_distance(points, state.centroids, state.labels))


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
