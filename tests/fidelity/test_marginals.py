"""Validity and marginals against counts by hand and scipy."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from ganrs_jax.data.ratings import Columns
from ganrs_jax.fidelity.marginals import ks_distance, marginals, validity
from ganrs_jax.fidelity.samples import TooSmallError, as_sample

LEVELS = np.arange(1, 6, dtype=np.float32)


def columns(user, item, rating) -> Columns:
    return Columns(np.array(user), np.array(item), np.array(rating, np.float32))


def test_validity_counts_every_row():
    real = columns([0, 0, 1], [0, 1, 1], [1, 2, 3])
    made = columns([0, 0, 0, 1], [0, 0, 1, 2], [1, 5, 2.5, 6])
    found = validity(as_sample(real), as_sample(made), LEVELS, made)
    assert {name: metric[:2] for name, metric in found.items()} == {
        "rows": (3, 4),
        "users": (2, 2),
        "items": (2, 3),
        "repeated_pairs": (0, 1),
        "off_scale_ratings": (None, 2),
    }


def test_a_tenth_scale_holds_its_levels():
    levels = (1 + 0.1 * np.arange(41)).astype(np.float32)
    made = columns([0] * 41, np.arange(41), np.round(1 + 0.1 * np.arange(41), 1))
    assert validity(as_sample(made), as_sample(made), levels, made)["off_scale_ratings"].synthetic == 0
    assert marginals(as_sample(made), as_sample(made), levels)["rating_tv"].distance == 0


def test_histogram_and_counts_by_hand():
    real = as_sample(columns([0, 0, 0, 1], [0, 1, 2, 0], [1, 1, 2, 2]))
    made = as_sample(columns([0, 0, 1, 1], [0, 1, 0, 2], [1, 2, 3, 9]))
    found = marginals(real, made, LEVELS)
    assert found["rating_tv"].distance == pytest.approx((0.25 + 0.25 + 0.25) / 2)  # 9 is no level
    assert found["gini_user"][:3] == (0.25, 0.0, 0.25)
    assert found["ks_user_counts"].distance == 0.5
    assert "ks_user_mean_rating" not in found  # nobody has 5 ratings


def test_size_does_not_matter_to_counts(world):
    once = as_sample(world)
    user = np.concatenate([world.user, world.user + world.num_users])
    item, rating = np.tile(world.item, 2), np.tile(world.rating, 2)
    found = marginals(once, as_sample(columns(user, item, rating)), LEVELS)
    assert found.pop("ks_item_mean_rating").distance < 0.01  # more items have 5 ratings
    assert max(metric.distance for metric in found.values()) < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_ks_distance_is_scipys(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 20, 150) / 10, rng.normal(size=97)
    assert ks_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic, abs=1e-12)
    with pytest.raises(TooSmallError):
        ks_distance(a, b[:0])
