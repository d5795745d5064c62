"""Bootstrap intervals: they cover, they shrink, and they know what they draw."""

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.list_metrics import harmonic
from ganrs_jax.statistics.bootstrap import OVER, bootstrap_interval


def table(seeds: int, users: int, *, seed_spread: float, user_spread: float, rng: np.random.Generator) -> np.ndarray:
    """Values [S, U] of mean 0: an effect a seed, an effect a user, and noise."""
    effects = rng.normal(0, seed_spread, (seeds, 1)) + rng.normal(0, user_spread, (1, users))
    return effects + rng.normal(0, 0.1, (seeds, users))


@pytest.mark.parametrize(("over", "seed_spread", "user_spread"), [("users", 0, 1), ("seeds", 1, 0), ("both", 0.2, 1)])
def test_intervals_cover_what_they_draw(over, seed_spread, user_spread):
    rng = np.random.default_rng(1)
    hits = []
    for k in range(150):
        values = table(20, 40, seed_spread=seed_spread, user_spread=user_spread, rng=rng)
        found = bootstrap_interval([values], over=over, confidence=0.9, resamples=300, seed=k)
        assert found.value == pytest.approx(values.mean())
        hits.append(found.low < 0 < found.high)
    assert 0.8 < np.mean(hits) < 0.97


def test_each_kind_sees_its_own_spread():
    rng = np.random.default_rng(2)
    of_users = table(8, 60, seed_spread=0, user_spread=1, rng=rng)
    width = {over: np.ptp(bootstrap_interval([of_users], over=over)[1:]) for over in OVER}
    assert width["seeds"] < 0.1 * width["users"]
    assert width["both"] > 0.9 * width["users"]
    assert width["users"] == pytest.approx(2 * 1.96 * of_users.mean(0).std() / np.sqrt(60), rel=0.15)


def test_users_a_seed_does_not_have_are_left_out():
    rng = np.random.default_rng(3)
    values = np.where(rng.random((6, 80)) < 0.3, np.nan, rng.normal(size=(6, 80)))
    found = bootstrap_interval([values], over="both")
    assert found.value == pytest.approx(np.mean([row[np.isfinite(row)].mean() for row in values]))
    assert found.low < found.value < found.high
    constant = np.where(np.isnan(values), np.nan, 2.0)
    assert bootstrap_interval([constant], over="both") == pytest.approx((2, 2, 2))


def test_the_statistic_is_that_of_means():
    rng = np.random.default_rng(4)
    p, r = rng.random((2, 5, 30))
    found = bootstrap_interval([p, r], over="seeds", statistic=harmonic)
    assert found.value == pytest.approx(np.mean(harmonic(p.mean(1), r.mean(1))))


def test_the_same_again_and_in_parts(monkeypatch):
    values = table(6, 40, seed_spread=1, user_spread=1, rng=np.random.default_rng(5))
    found = bootstrap_interval([values], over="both", seed=1)
    assert (
        found == bootstrap_interval([values], over="both", seed=1) != bootstrap_interval([values], over="both", seed=2)
    )
    monkeypatch.setattr("ganrs_jax.statistics.bootstrap._MOST_WEIGHTS", 1000)
    assert bootstrap_interval([values], over="both", seed=1) == pytest.approx(found)


def test_bad_input():
    values = np.zeros((4, 20))
    with pytest.raises(InputError, match="over seeds has 4 of them; accepted: 5 or more"):
        bootstrap_interval([values], over="both")
    with pytest.raises(InputError, match="over users has 4 of them"):
        bootstrap_interval([values.T], over="users")
    with pytest.raises(InputError, match="`over` is 'items'; accepted: users, seeds, both"):
        bootstrap_interval([values], over="items")
    with pytest.raises(InputError, match="`confidence=1`; accepted: more than 0 and less than 1"):
        bootstrap_interval([values], over="users", confidence=1)
