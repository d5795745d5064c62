"""Mean ratings of items given popularity: the distribution of a source, and the shift that gives it to others."""

import numpy as np
import pytest

from ganrs_jax.profile.mean_by_degree import MeanByDegree, mean_by_degree, rating_shift

WIDTH = np.array([0.05, 0.15, 0.3, 0.3, 0.15, 0.04, 0.01])  # of the slices


def world(
    slope: float, items: int = 400, seed: int = 0, skew: float = 0.0, times: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Item and rating of each row: item i is rated (i + 1) * times, `slope` better from the least to the most popular.

    skew: how far the worst items fall off, and so the best are alike.
    """
    rng = np.random.default_rng(seed)
    own = -skew * rng.exponential(size=items)
    item = np.repeat(np.arange(items), times * np.arange(1, items + 1))
    return item, own[item] + slope * item / items + rng.normal(size=len(item))


def by_popularity(item: np.ndarray, rating: np.ndarray) -> MeanByDegree:
    return mean_by_degree(item, rating, np.bincount(item))


def means(item: np.ndarray, rating: np.ndarray) -> np.ndarray:
    """Mean of each bin of popularity."""
    return by_popularity(item, rating).slices @ WIDTH


def shifted(wanted: MeanByDegree, item: np.ndarray, rating: np.ndarray, rounds: int = 6) -> np.ndarray:
    for _ in range(rounds):
        rating = rating + rating.std() * rating_shift(wanted, item, rating, np.bincount(item))[item]
    return rating


def test_the_curve_of_a_planted_slope_rises_by_it():
    item, rating = world(2.0)
    curve = means(item, rating) * rating.std()
    np.testing.assert_allclose(np.diff(curve[[0, 3, 6, 9, 11]]) > 0, True)
    np.testing.assert_allclose(curve[-1] - curve[3], 2 * (0.95 - 0.175), atol=0.1)


def test_slices_are_means_of_sorted_means():
    item, rating = world(1.0, items=2000, skew=1.0)
    scaled = (rating - rating.mean()) / rating.std()
    of_item = np.sort((np.bincount(item, scaled) / np.bincount(item))[1800:])  # the last bin: the most popular tenth
    wanted = [x.mean() for x in np.split(of_item, [10, 40, 100, 160, 190])]
    wanted += wanted[-1:]  # of 2,000 items, the best twentieth of a bin is not split
    found = by_popularity(item, rating)
    np.testing.assert_allclose(found.slices[-1], wanted, rtol=1e-5)
    np.testing.assert_allclose(found.variance[-1], of_item.var(), rtol=1e-5)


def test_chance_is_the_variance_of_means_of_items_that_are_all_alike():
    item, rating = world(0.0, items=1000, times=5)
    found = by_popularity(item, rating)
    np.testing.assert_allclose(found.variance.sum(), found.sampling_variance.sum(), rtol=0.15)
    assert found.sampling_variance[0] > 10 * found.sampling_variance[-1] > 0


def test_the_scale_of_the_ratings_does_not_matter():
    item, rating = world(1.0)
    for one, other in zip(by_popularity(item, 3 + 2 * rating), by_popularity(item, rating), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_part_of_a_dataset_has_the_bins_of_the_whole():
    item, rating = world(1.0)
    whole, some = by_popularity(item, rating), item >= 20
    part = mean_by_degree(item[some], rating[some], np.bincount(item))
    assert part.sampling_variance[0] == 0  # none of the first bin is seen
    np.testing.assert_allclose(part.slices[1:], whole.slices[1:], atol=0.02)


def test_a_bin_of_which_no_item_is_seen_is_left_alone():
    item, rating = world(0.0)
    some, wanted = item >= 20, by_popularity(*world(2.0))
    shift = rating_shift(wanted, item[some], rating[some], np.bincount(item))
    assert not shift[:10].any()
    assert shift[30:].any()


@pytest.mark.parametrize(("items", "different"), [(100, 1), (299, 1), (300, 3), (1199, 3), (1200, 6)])
def test_slices_are_of_several_items(items, different):
    found = by_popularity(*world(1.0, items=items, skew=1.0))
    assert all(len(np.unique(row)) == different for row in found.slices.round(5))


def test_the_best_hundredth_of_many_items_is_a_slice_of_its_own():
    rating = np.sort(np.random.default_rng(0).normal(size=6000).reshape(-1, 600), 1).reshape(-1)
    for items, different in ((6000, 7), (5999, 6)):
        found = mean_by_degree(np.arange(items), rating[:items], np.arange(items))
        assert all(len(np.unique(row)) == different for row in found.slices.round(5))


def test_means_of_bins_alone_shift_all_of_a_bin_alike():
    wanted = by_popularity(*world(2.0, skew=1.5))
    item, flat = world(0.0, seed=1)
    each, alike = (rating_shift(w, item, flat, np.bincount(item)) for w in (wanted, wanted._replace(entities=0)))
    assert alike[390] - alike[50] > 0.4
    assert np.abs(np.diff(alike)).max() < 0.1 < np.abs(np.diff(each)).max()


@pytest.mark.parametrize("items", [150, 400, 2000])
def test_the_shift_gives_a_world_the_distribution_of_another(items):
    item, rating = world(2.0, items, skew=1.5)
    wanted = by_popularity(item, rating)
    flat = shifted(wanted, *world(0.0, items, seed=1))
    np.testing.assert_allclose(by_popularity(item, flat).slices, wanted.slices, atol=0.12)


def test_a_source_of_few_items_is_met_in_what_it_can_tell():
    wanted = by_popularity(*world(2.0, 150))  # one mean a bin
    item, flat = world(0.0, 2000, seed=1, skew=1.5)
    before, after = (by_popularity(item, x) for x in (flat, shifted(wanted, item, flat)))
    np.testing.assert_allclose(after.slices @ WIDTH, wanted.slices @ WIDTH, atol=0.1)
    assert (after.slices[:, -1] - after.slices[:, 0]).min() > 0.5 * (before.slices[:, -1] - before.slices[:, 0]).min()


def test_means_of_more_ratings_are_spread_less_by_chance():
    """A source of items that are all alike: those of a larger dataset are not to differ as means of few ratings do."""
    wanted = by_popularity(*world(0.0, 1500))
    item, rating = world(0.0, 1500, seed=1, times=20)
    shift = rating_shift(wanted, item, rating, np.bincount(item))
    few, many = wanted.slices[0], by_popularity(item, rating).slices[0]
    assert np.ptp(few) > 3 * np.ptp(many)
    assert np.abs(shift).max() < 0.5 * np.abs(few).max()


def test_items_not_seen_are_shifted_by_their_popularity():
    wanted = by_popularity(*world(2.0))
    item, rating = world(0.0, seed=1)
    popularity = np.bincount(item)
    some = item % 10 > 0
    shift = rating_shift(wanted, item[some], rating[some], popularity)
    assert shift[390] - shift[50] > 1


def test_few_items_and_equally_popular_ones_are_left_alone():
    item, rating = world(0.0, 1000)
    wanted = by_popularity(*world(2.0, 1000))
    assert not rating_shift(wanted, item[item < 99], rating[item < 99], np.arange(1, 100)).any()
    assert not rating_shift(wanted, item, rating, np.full(1000, 7)).any()
    assert rating_shift(wanted, item, rating, np.arange(1, 1001)).any()
