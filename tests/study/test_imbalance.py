"""Parts of a source, from even to steep: of one size, with the counts that are wanted, and a synthetic one to match."""

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.statistics.summary import gini
from ganrs_jax.study.imbalance import AXES, capped_powers, resampled, skewed_parts


@pytest.mark.parametrize("axis", AXES)
def test_parts_are_of_one_size_and_ever_steeper(axis, tiny):
    parts = list(skewed_parts(tiny, axis, 0.3, 4, 0))
    assert {part.ratings.num_ratings for part in parts} == {round(0.3 * tiny.num_ratings)}
    coefficients = [part.gini for part in parts]
    assert np.diff(coefficients) == pytest.approx(np.full(3, (coefficients[-1] - coefficients[0]) / 3), abs=0.02)
    assert coefficients[-1] - coefficients[0] > 0.1
    for part in parts:
        pairs = part.ratings.user_ids[part.ratings.user] * 100 + part.ratings.item_ids[part.ratings.item]
        assert np.isin(pairs, tiny.user_ids[tiny.user] * 100 + tiny.item_ids[tiny.item]).all()
        assert part.request["num_users"] == part.ratings.num_users
    assert gini(np.bincount(parts[0].ratings.item)) < 0.2 or axis != "items"


def test_numbers_keep_to_what_there_is():
    own = np.array([0, 5, 100, 30, 1])
    assert capped_powers(own, 1.0, 136).tolist() == own.tolist()
    assert capped_powers(own, 0.0, 66).tolist() == [0, 5, 30, 30, 1]
    assert capped_powers(own, 8.0, 100).tolist() == [0, 1, 97, 1, 1]


def test_rows_are_taken_at_random():
    of = np.repeat([0, 1, 2], [4, 6, 2])
    kept = [resampled(of, np.array([2, 3, 0]), seed) for seed in range(200)]
    assert {tuple(np.bincount(of[k], minlength=3)) for k in kept} == {(2, 3, 0)}
    assert np.bincount(np.concatenate(kept), minlength=12)[:4] == pytest.approx([100] * 4, abs=30)


def test_a_share_too_small_is_refused(tiny):
    with pytest.raises(InputError, match="less than one for each of its 80 users; accepted"):
        list(skewed_parts(tiny, "users", 0.01, 3, 0))
