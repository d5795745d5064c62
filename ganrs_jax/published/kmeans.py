"""Lloyd's K-means with K-means++ seeding on device, without a points x clusters matrix.

Decoding step of GANRS (arXiv 2303.01297, section 3). Stops as scikit-learn 1.9 does: labels that
stay, centroids that move less than `tolerance` times the mean variance, or `max_iterations`.
Seeding by Arthur and Vassilvitskii 2007 (one candidate per centroid, where scikit-learn tries several).
Iterations by Hamerly 2010, "Making k-means even faster": bounds on each point's distances tell which
points can have changed cluster, and only those are compared with the centroids again: by blocks of
points that lie near one another, with the centroids that can be near the block.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.published.nearest import Nearest, nearest, nearest_within, prepared
from ganrs_jax.published.spatial_order import spatial_order
from ganrs_jax.training.loop import Report, silent

_CHUNK = 10  # iterations between two reports
_NEAR_POINTS = 1 << 8  # doubtful points, near one another, compared with the same few centroids
_ANY_POINTS = 1 << 14  # doubtful points compared with all centroids
_FEW_DIMENSIONS = 8  # in more, the box around points is near most centroids
_MANY_CLUSTERS = 512  # with fewer it costs as much to find the near centroids as to compare with all
_BLOCK = 512  # points in a block of the seeding's two-level draw


class KMeans(NamedTuple):
    """labels int32 [N], centroids [K, D], iterations done, inertia (sum of squared distances)."""

    labels: jax.Array
    centroids: jax.Array
    iterations: int
    inertia: float


class _Lloyd(NamedTuple):
    """The nearest of centroids [K, D] as they are now; its next distance is a lower bound for all others."""

    centroids: jax.Array
    found: Nearest
    iterations: jax.Array
    done: jax.Array


class _Data(NamedTuple):
    """Centred points [D, N], their centre [D], their spatial order [M], and the movement that counts as none."""

    points: jax.Array
    centre: jax.Array
    order: jax.Array
    limit: jax.Array


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
      max_iterations: upper limit.
      tolerance: share of the mean variance of the columns under which movement counts as none.
      stage: name for the report.
      report: called every few iterations.
    """
    state, data = _start(key, points_NxD, tolerance, num_clusters)
    done = 0
    while done < max_iterations and not state.done:
        state = _lloyd(state, data, jnp.int32(min(done + _CHUNK, max_iterations)))
        done = int(state.iterations)
        report(stage, done, done if state.done else max_iterations, {})
    inertia = float(jnp.sum(_own_distance(data.points, state.centroids, state.found.label)))
    return KMeans(state.found.label, state.centroids + data.centre[None], done, inertia)


def kmeans_of_part(
    key: jax.Array,
    points_NxD: jax.Array,
    num_clusters: int,
    per_cluster: int,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-4,
    stage: str = "K-means",
    report: Report = silent,
) -> jax.Array:
    """The nearest centroid of each point, int32 [N], of centroids fitted on a random part of the points.

    Args:
      per_cluster: points in the part for each cluster; 0, or where there are no more, all are fitted on.
    """
    size = per_cluster * num_clusters
    settings: Any = {"max_iterations": max_iterations, "tolerance": tolerance, "stage": stage, "report": report}
    if not 0 < size < len(points_NxD):
        return fit_kmeans(key, points_NxD, num_clusters, **settings).labels
    part = jax.random.permutation(jax.random.fold_in(key, 0), len(points_NxD))[:size]
    return _labels(points_NxD, fit_kmeans(key, points_NxD[part], num_clusters, **settings).centroids)


@jax.jit
def _labels(points_NxD: jax.Array, centroids_KxD: jax.Array) -> jax.Array:
    """The nearest centroid of each point, by parts of the points."""
    num, dim = points_NxD.shape
    centre = jnp.mean(centroids_KxD, 0)[None]  # products of what is far from zero lose digits
    points = jnp.pad(points_NxD - centre, ((0, -num % _ANY_POINTS), (0, 0))).reshape(-1, _ANY_POINTS, dim)
    return jax.lax.map(lambda some: nearest(some.T, centroids_KxD - centre).label, points).reshape(-1)[:num]


def seed_centroids(key: jax.Array, points_DxN: jax.Array, num_clusters: int) -> jax.Array:
    """K-means++: each next centroid [D] is a point drawn by its squared distance to those there are.

    The draw is in two levels, a block then a point in it, so that it costs no sum over all points.
    """
    dim, num = points_DxN.shape
    padding = -num % _BLOCK
    points = jnp.pad(points_DxN, ((0, 0), (0, padding)))
    real = (jnp.arange(num + padding) < num).astype(jnp.float32)

    def next_centroid(distance: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        blocks = distance.reshape(-1, _BLOCK)
        block_key, point_key = jax.random.split(key)
        block = _draw(block_key, jnp.sum(blocks, 1))
        index = block * _BLOCK + _draw(point_key, blocks[block])
        centroid = jax.lax.dynamic_index_in_dim(points, index, 1, keepdims=False)
        gap = sum(jnp.square(points[d] - centroid[d]) for d in range(dim))
        return jnp.minimum(distance, gap * real), centroid

    keys = jax.random.split(key, num_clusters)
    first_distance = jnp.where(real > 0, jnp.float32(3e38 / (num + padding)), 0.0)  # uniform, and over any distance
    return jax.lax.scan(next_centroid, first_distance, keys)[1]


def _draw(key: jax.Array, weights: jax.Array) -> jax.Array:
    """An index drawn with probability in proportion to its weight."""
    total = jnp.cumsum(weights)
    index = jnp.searchsorted(total, jax.random.uniform(key) * total[-1], side="right")
    return jnp.minimum(index, len(weights) - 1).astype(jnp.int32)


@functools.partial(jax.jit, static_argnums=3)
def _start(key: jax.Array, points_NxD: jax.Array, tolerance: float, num_clusters: int) -> tuple[_Lloyd, _Data]:
    """The first state, and the data that stay constant."""
    centre = jnp.mean(points_NxD, 0)
    points = (points_NxD - centre[None]).T
    centroids = seed_centroids(key, points, num_clusters)
    state = _Lloyd(centroids, nearest(points, centroids), jnp.int32(0), jnp.bool_(False))
    count = points.shape[1]
    order = spatial_order(points, _NEAR_POINTS).reshape(-1) if _by_boxes(centroids) else jnp.arange(count)
    return state, _Data(points, centre, order, tolerance * jnp.mean(jnp.var(points_NxD, 0)))


@functools.partial(jax.jit, donate_argnums=0)
def _lloyd(state: _Lloyd, data: _Data, until: jax.Array) -> _Lloyd:
    def unfinished(state: _Lloyd) -> jax.Array:
        return ~state.done & (state.iterations < until)

    def iterate(state: _Lloyd) -> _Lloyd:
        centroids = _means(data.points, state.found.label, state.centroids)
        moved = jnp.sqrt(jnp.sum(jnp.square(centroids - state.centroids), 1))
        found = _reassigned(state.found, data, centroids, moved)
        done = jnp.all(found.label == state.found.label) | (jnp.sum(jnp.square(moved)) <= data.limit)
        return _Lloyd(centroids, found, state.iterations + 1, done)

    return jax.lax.while_loop(unfinished, iterate, state)


def _reassigned(found: Nearest, data: _Data, centroids: jax.Array, moved: jax.Array) -> Nearest:
    """Labels and bounds for moved centroids; only points whose bounds overlap are compared with others again."""
    points = data.points
    num = points.shape[1]
    furthest, next_furthest = jax.lax.top_k(jnp.pad(moved, (0, 1)), 2)[0]
    others = jnp.where(moved == furthest, next_furthest, furthest)  # the most that any other centroid moved
    upper = jnp.sqrt(_own_distance(points, centroids, found.label))
    lower = found.next_distance - others[found.label]
    doubtful = upper * (1 + 1e-5) >= lower  # the margin covers rounding
    size = _NEAR_POINTS if _by_boxes(centroids) else _ANY_POINTS
    # The doubtful points in spatial order, then N (no point) for the rest of them and a block more.
    count = len(data.order)
    ordered = doubtful.at[data.order].get(mode="fill", fill_value=False)
    places = jnp.nonzero(ordered, size=count + size, fill_value=count)[0]
    rows = data.order.at[places].get(mode="fill", fill_value=num)
    shared = prepared(centroids)

    def block(index: jax.Array, held: Nearest) -> Nearest:
        some = jax.lax.dynamic_slice(rows, (index * size,), (size,))
        here = jnp.minimum(some, num - 1)
        near = points[:, here]
        if _by_boxes(centroids):
            reach = jnp.maximum(upper[here], jnp.sqrt(_own_distance(near, centroids, held.next_label[here])))
            compared = nearest_within(near, shared, jnp.max(reach))
        else:
            compared = nearest(near, centroids)._replace(next_label=here)  # not wanted, and so not computed
        return Nearest(*(x.at[some].set(y, mode="drop") for x, y in zip(held, compared, strict=True)))

    blocks = (jnp.sum(doubtful) + size - 1) // size
    return jax.lax.fori_loop(0, blocks, block, found._replace(distance=upper, next_distance=lower))


def _by_boxes(centroids_KxD: jax.Array) -> bool:
    """Whether points are compared by blocks of near ones: many small steps, that an accelerator would be slow at."""
    num, dim = centroids_KxD.shape
    return num >= _MANY_CLUSTERS and dim <= _FEW_DIMENSIONS and jax.default_backend() == "cpu"


def _means(points: jax.Array, labels: jax.Array, centroids: jax.Array) -> jax.Array:
    """Means of the points of each cluster, [K, D]; an empty one gets a point that lies far from its centroid."""
    num = len(centroids)
    counts = jnp.bincount(labels, length=num)
    sums = jnp.stack([jax.ops.segment_sum(column, labels, num) for column in points], 1)
    means = sums / jnp.maximum(counts, 1)[:, None]
    empty = counts == 0

    def refilled() -> jax.Array:
        farthest = jax.lax.top_k(_own_distance(points, centroids, labels), num)[1]
        place = jnp.cumsum(empty) - 1
        return jnp.where(empty[:, None], points[:, farthest[place]].T, means)

    return jax.lax.cond(jnp.any(empty), refilled, lambda: means)


@jax.jit
def _own_distance(points: jax.Array, centroids: jax.Array, labels: jax.Array) -> jax.Array:
    """Squared distance of each point to its own centroid, [N]."""
    return functools.reduce(jnp.add, (jnp.square(points[d] - centroids[labels, d]) for d in range(len(points))))
