import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.cluster import KMeans as Reference

from ganrs_jax.published import kmeans
from ganrs_jax.published.kmeans import fit_kmeans, seed_centroids


def key(seed=0):
    return jax.random.key(seed)


def blobs(num=2000, groups=17, dim=5, spread=0.15, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, num)
    return (rng.normal(0, 2, (groups, dim))[group] + rng.normal(0, spread, (num, dim))).astype(np.float32), group


def nearest(points, centroids):
    return ((points[:, None].astype(np.float64) - centroids[None]) ** 2).sum(-1).argmin(1)


def looped_lloyd(points, centroids, iterations):
    """Lloyd as the textbook has it: all distances, every iteration."""
    for _ in range(iterations):
        labels = nearest(points, centroids)
        centroids = np.stack([points[labels == k].mean(0) for k in range(len(centroids))])
    return nearest(points, centroids), centroids


def test_a_two_group_mixture_is_decoded_into_its_groups():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 1000)
    points = rng.normal(0, 0.3, (1000, 5)).astype(np.float32) + group[:, None].astype(np.float32)
    labels = np.asarray(fit_kmeans(key(), jnp.asarray(points), 2).labels)
    same = np.mean(labels == group)
    assert max(same, 1 - same) > 0.995


@pytest.mark.parametrize("iterations", [1, 2, 7, 40])
def test_bounds_give_the_labels_and_centroids_of_plain_lloyd(iterations):
    points, _ = blobs(spread=1.0)
    found = fit_kmeans(key(), jnp.asarray(points), 17, max_iterations=iterations, tolerance=0.0)
    centred = points - points.mean(0)
    start = np.asarray(seed_centroids(key(), jnp.asarray(centred).T, 17))
    labels, centroids = looped_lloyd(centred, start, found.iterations)
    assert np.mean(np.asarray(found.labels) == labels) > 0.999
    np.testing.assert_allclose(found.centroids, centroids + points.mean(0), atol=2e-3)


def test_comparing_by_boxes_gives_what_comparing_with_all_gives(monkeypatch):
    points = jax.random.normal(key(), (5000, 5)) ** 3  # outliers, so that some blocks reach far
    found = []
    for many in (1, 1 << 20):
        monkeypatch.setattr(kmeans, "_MANY_CLUSTERS", many)
        for compiled in (kmeans._start, kmeans._lloyd):
            compiled.clear_cache()
        found.append(fit_kmeans(key(), points, 300, max_iterations=15))
    assert found[0].iterations == found[1].iterations == 15
    assert np.mean(np.asarray(found[0].labels) == found[1].labels) > 0.999  # but for the rounding of near ties
    np.testing.assert_allclose(found[0].inertia, found[1].inertia, rtol=1e-4)


def test_inertia_is_that_of_the_reference():
    points, _ = blobs(4000, groups=40, spread=1.0)
    ours = [fit_kmeans(jax.random.key(s), jnp.asarray(points), 40) for s in range(5)]
    theirs = [Reference(40, n_init=1, max_iter=100, random_state=s).fit(points).inertia_ for s in range(5)]
    assert np.mean([k.inertia for k in ours]) < 1.03 * np.mean(theirs)


def test_labels_are_nearest_and_centroids_are_means_when_it_stops_by_itself():
    points, _ = blobs()
    found = fit_kmeans(key(), jnp.asarray(points), 17, tolerance=0.0, max_iterations=300)
    assert found.iterations < 300
    labels, centroids = np.asarray(found.labels), np.asarray(found.centroids)
    assert np.mean(nearest(points, centroids) == labels) > 0.999
    for k in range(17):
        np.testing.assert_allclose(points[labels == k].mean(0), centroids[k], atol=1e-3)
    np.testing.assert_allclose(found.inertia, ((points - centroids[labels]) ** 2).sum(), rtol=1e-3)


def test_the_tolerance_stops_earlier():
    points = jax.random.normal(key(), (2000, 5))
    runs = [fit_kmeans(key(), points, 17, tolerance=t, max_iterations=200).iterations for t in (0.0, 1e-3, 1e3)]
    assert runs[0] > runs[1] > runs[2] == 1


@pytest.mark.parametrize("clusters", [1, 100])
def test_every_cluster_is_filled_even_from_one_bad_start(clusters, monkeypatch):
    points = jax.random.normal(key(), (300, 3))
    monkeypatch.setattr(kmeans, "seed_centroids", lambda key, x, k: jnp.tile(x[:, :1].T, (k, 1)))
    kmeans._start.clear_cache()
    found = fit_kmeans(key(), points, clusters)
    kmeans._start.clear_cache()
    assert len(np.unique(found.labels)) == clusters


def test_as_many_clusters_as_points():
    points = jnp.asarray(blobs(64, spread=1.0)[0])
    found = fit_kmeans(key(), points, 64)
    assert len(np.unique(found.labels)) == 64
    assert found.inertia < 1e-6


def test_points_that_are_all_the_same_share_one_cluster():
    found = fit_kmeans(key(), jnp.ones((50, 3)), 4)
    assert len(np.unique(found.labels)) == 1
    assert np.isfinite(found.centroids).all()


def test_seeding_spreads_over_the_groups():
    points, group = blobs(spread=0.01)
    hits = []
    for seed in range(10):
        chosen = np.asarray(seed_centroids(jax.random.key(seed), jnp.asarray(points).T, 17))
        hits.append(len(np.unique(group[nearest(chosen, points)])))
    assert np.mean(hits) > 15.6  # drawn uniformly, 17 points hit 10.9 of 17 groups


def test_same_key_same_bits_and_another_key_others():
    points = jax.random.normal(key(), (2000, 5))
    first, again, other = (fit_kmeans(jax.random.key(s), points, 17) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_no_array_of_samples_times_clusters_is_made():
    num, clusters = 4096, 512
    points = jnp.zeros((num, 5))
    state, data = kmeans._start(key(), points, 1e-4, clusters)
    traced = [
        jax.make_jaxpr(kmeans._start, static_argnums=3)(key(), points, 1e-4, clusters),
        jax.make_jaxpr(kmeans._lloyd)(state, data, jnp.int32(3)),
    ]
    sizes = [v.aval.size for program in traced for v in _variables(program.jaxpr)]
    assert len(sizes) > 100
    assert max(sizes) < num * clusters / 10


def _variables(jaxpr):
    for equation in jaxpr.eqns:
        yield from (v for v in equation.outvars if hasattr(v.aval, "size"))
        for value in equation.params.values():
            for inner in value if isinstance(value, (tuple, list)) else (value,):
                if hasattr(inner, "jaxpr"):
                    yield from _variables(inner.jaxpr)
                elif hasattr(inner, "eqns"):
                    yield from _variables(inner)


@pytest.mark.parametrize("per_cluster", [0, 30])
def test_points_that_were_not_fitted_on_have_the_nearest_centroid_too(per_cluster, monkeypatch):
    points, _ = blobs(num=20_000, spread=1.0)
    fitted, fit = [], kmeans.fit_kmeans

    def kept(*given, **settings):
        fitted.append(fit(*given, **settings))
        return fitted[0]

    monkeypatch.setattr(kmeans, "fit_kmeans", kept)
    labels = np.asarray(kmeans.kmeans_of_part(key(), jnp.asarray(points), 17, per_cluster))
    assert len(fitted[0].labels) == (17 * 30 if per_cluster else 20_000)
    assert np.mean(labels == nearest(points, np.asarray(fitted[0].centroids))) > 0.999


def test_a_part_fits_almost_as_well_as_all():
    points, _ = blobs(num=20_000, spread=1.0)
    found = []
    for per_cluster in (0, 64):
        labels = np.asarray(kmeans.kmeans_of_part(key(), jnp.asarray(points), 17, per_cluster))
        centroids = np.stack([points[labels == k].mean(0) for k in range(17)])
        found.append(((points - centroids[labels]) ** 2).sum())
    assert found[1] < 1.05 * found[0]
