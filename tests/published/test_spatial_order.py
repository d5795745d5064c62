import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.published.spatial_order import box_distance, spatial_order


@pytest.mark.parametrize("num", [1, 255, 256, 257, 3000])
def test_every_point_is_once_in_blocks_no_larger_than_asked(num):
    points = jax.random.normal(jax.random.key(0), (3, num))
    order = np.asarray(spatial_order(points, 256))
    assert order.shape[1] <= 256
    assert len(order) & (len(order) - 1) == 0
    np.testing.assert_array_equal(np.sort(order.ravel()), np.arange(order.size))
    assert num <= order.size < num + len(order)


def test_blocks_are_quadrants_of_a_square():
    points = np.random.default_rng(0).uniform(-1, 1, (2, 4096)).astype(np.float32)
    order = np.asarray(spatial_order(jnp.asarray(points), 1024))
    assert order.shape == (4, 1024)
    widths = [np.ptp(points[:, block], axis=1).max() for block in order]
    assert max(widths) < 1.1  # half of the square's side, and a little


def test_the_distance_to_a_box_is_that_to_its_nearest_place():
    low, high = jnp.zeros((2, 1)), jnp.ones((2, 1))
    places = jnp.array([[0.5, 2.0, -3.0, 1.0], [0.5, 0.5, 5.0, 1.0]])
    np.testing.assert_allclose(box_distance(low, high, places), [0, 1, 25, 0])
