import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.published.nearest import nearest, nearest_within, prepared


def world(num, clusters, dim=4):
    points, centroids = (jax.random.normal(jax.random.key(n), (m, dim)) for n, m in enumerate((num, clusters)))
    return points.T, centroids


def by_hand(points, centroids):
    distance = np.sqrt(((points.T[:, None].astype(np.float64) - centroids[None]) ** 2).sum(-1))
    order = np.argsort(distance, 1, kind="stable")[:, :2]
    return order, np.take_along_axis(distance, order, 1)


@pytest.mark.parametrize("clusters", [2, 63, 200])
def test_the_two_nearest_are_those_by_hand(clusters):
    points, centroids = world(300, clusters)
    order, distance = by_hand(np.asarray(points), np.asarray(centroids))
    for found in (nearest(points, centroids), nearest_within(points, prepared(centroids), jnp.max(distance[:, 1]))):
        np.testing.assert_array_equal(found.label, order[:, 0])
        np.testing.assert_array_equal(found.next_label, order[:, 1])
        np.testing.assert_allclose(found.distance, distance[:, 0], atol=1e-5)
        np.testing.assert_allclose(found.next_distance, distance[:, 1], atol=1e-5)


def test_only_those_within_reach_of_the_box_are_compared():
    points, centroids = jnp.zeros((2, 3)), jnp.array([[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]])
    found = nearest_within(points, prepared(centroids), jnp.float32(1.5))
    np.testing.assert_array_equal(found.label, [0, 0, 0])
    assert np.isinf(found.next_distance).all()  # the second lies farther than was promised
    np.testing.assert_allclose(nearest_within(points, prepared(centroids), jnp.float32(2)).next_distance, 2)


def test_of_equals_the_lowest_is_the_nearest():
    points, centroids = jnp.ones((3, 5)), jnp.ones((9, 3))
    for found in (nearest(points, centroids), nearest_within(points, prepared(centroids), jnp.float32(0))):
        np.testing.assert_array_equal(found.label, np.zeros(5))


def test_a_single_centroid_has_no_next():
    points, centroids = world(20, 1)
    for found in (nearest(points, centroids), nearest_within(points, prepared(centroids), jnp.float32(99))):
        np.testing.assert_array_equal(found.label, np.zeros(20))
        assert np.isinf(found.next_distance).all()
