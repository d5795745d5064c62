import numpy as np

from ganrs_jax.data.ratings import Scale
from ganrs_jax.published.duplicates import drop_duplicates

SCALE = Scale(1, 5)


def test_each_case_once():
    user = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2])
    item = np.array([0, 0, 3, 3, 3, 1, 1, 1, 0])
    rating = np.array([4, 4, 2, 5, 2, 1, 2, 3, 5.0])
    distinct = drop_duplicates(user, item, rating, SCALE)
    assert distinct.rows.tolist() == [
        0,
        2,
        8,
    ]  # (0,0) once, the first of (1,3), (2,0); not (2,1), which has three
    assert (distinct.identical, distinct.conflicting, distinct.second_ratings) == (2, 3, 1)
    assert distinct.published_count == 4
    assert len(user) == len(distinct.rows) + distinct.identical + distinct.conflicting + distinct.second_ratings


def by_hand(user, item, rating):
    seen = {}
    for row, (pair, value) in enumerate(zip(zip(user, item, strict=True), rating, strict=True)):
        seen.setdefault(pair, {}).setdefault(value, row)
    distinct = sorted((pair, min(ratings.values())) for pair, ratings in seen.items() if len(ratings) <= 2)
    return [row for _, row in distinct]


def test_random_samples_against_a_loop():
    rng = np.random.default_rng(0)
    user, item, rating = rng.integers(0, 20, 3000), rng.integers(0, 30, 3000), rng.integers(1, 6, 3000).astype(float)
    assert drop_duplicates(user, item, rating, SCALE).rows.tolist() == by_hand(user, item, rating)


def test_halves_are_told_apart():
    distinct = drop_duplicates(np.zeros(2, int), np.zeros(2, int), np.array([3.0, 3.5]), Scale(0.5, 5, 0.5))
    assert distinct.identical == 0
    assert distinct.second_ratings == 1
