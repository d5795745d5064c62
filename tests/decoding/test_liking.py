"""How well liked items are by popularity: the curve of a source, and the shift that gives it to others."""

import numpy as np

from ganrs_jax.decoding.liking import find_liking, liking_shift


def world(slope: float, items: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Item and rating of each row: item i is rated i + 1 times, `slope` better from the least to the most popular."""
    rng = np.random.default_rng(seed)
    counts = np.arange(1, items + 1)
    item = np.repeat(np.arange(items), counts)
    return item, slope * item / items + rng.normal(size=len(item))


def test_the_curve_of_a_planted_slope_rises_by_it():
    item, rating = world(2.0)
    curve = find_liking(item, rating, 400) * rating.std()
    np.testing.assert_allclose(np.diff(curve[[0, 3, 6, 9, 11]]) > 0, True)
    np.testing.assert_allclose(curve[-1] - curve[3], 2 * (0.95 - 0.175), atol=0.1)


def test_the_scale_of_the_ratings_does_not_matter():
    item, rating = world(1.0)
    np.testing.assert_allclose(find_liking(item, 3 + 2 * rating, 400), find_liking(item, rating, 400), atol=1e-5)


def test_items_without_ratings_count_nowhere():
    item, rating = world(1.0)
    np.testing.assert_allclose(find_liking(item, rating, 401)[-1], find_liking(item, rating, 400)[-1], atol=0.05)


def test_the_shift_gives_a_world_the_curve_of_another():
    (item, rating), (_, flat) = world(2.0), world(0.0, seed=1)
    popularity = np.bincount(item)
    wanted = find_liking(item, rating, 400)
    for _ in range(3):
        flat = flat + flat.std() * liking_shift(wanted, find_liking(item, flat, 400), popularity)[item]
    np.testing.assert_allclose(find_liking(item, flat, 400), wanted, atol=0.1)


def test_few_items_and_equally_popular_ones_are_left_alone():
    curve = np.linspace(-1, 1, 12)
    assert not liking_shift(curve, 0 * curve, np.arange(1, 100)).any()
    assert not liking_shift(curve, 0 * curve, np.full(1000, 7)).any()
    assert liking_shift(curve, 0 * curve, np.arange(1, 1000)).all()
