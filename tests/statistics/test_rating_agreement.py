"""How far ratings of neighbouring items agree, on worlds where that is known."""

import numpy as np
import pytest

from ganrs_jax.statistics.rating_agreement import rating_agreement

USERS, ITEMS, SERIES = 2000, 200, 20


def world(share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten series, of which a user rates one more than others; within a series `share` of the variance is in common."""
    rng = np.random.default_rng(seed)
    series = np.arange(ITEMS) // SERIES
    own = rng.integers(0, ITEMS // SERIES, USERS)[:, None] == series
    user, item = np.nonzero(rng.random((USERS, ITEMS)) < np.where(own, 0.75, 0.05))
    liking = rng.normal(size=(USERS, ITEMS // SERIES))[user, series[item]]
    noise = np.sqrt(share) * liking + np.sqrt(1 - share) * rng.normal(size=len(user))
    return user, item, 3 + rng.normal(size=ITEMS)[item] + noise


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_share_in_common_is_found(share):
    """A user's mean takes part of it: its own series is most of what it rates."""
    alone, together = (rating_agreement(*world(each)) for each in (0.0, share))
    assert alone == pytest.approx(-0.05, abs=0.04)
    assert together - alone == pytest.approx(share / 2, abs=0.12 * share + 1e-9)


def test_neither_shifts_nor_scales_of_ratings_matter():
    user, item, rating = world(0.5)
    found = rating_agreement(user, item, 10 + 3 * rating)
    assert found == pytest.approx(rating_agreement(user, item, rating), abs=1e-6)


def test_chance_of_the_items_looked_at_hardly_matters():
    assert rating_agreement(*world(0.5), seed=1) == pytest.approx(rating_agreement(*world(0.5)), abs=0.01)


def test_too_few_items_agree_in_nothing():
    user, item, rating = world(0.5)
    few = item < 5
    assert rating_agreement(user[few], item[few], rating[few]) == 0
    assert rating_agreement(user, item, np.full(len(user), 3.0)) == 0
