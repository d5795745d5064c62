"""Bootstrap intervals: they cover, they shrink, and they know what they draw."""

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.list_metrics import harmonic
from ganrs_jax.recommenders.ranking import Ranking
from ganrs_jax.study.intervals import OVER, bootstrap_interval, ranking_interval, seed_interval
from tests.recommenders.planted import random_world


def table(seeds: int, users: int, *, seed_spread: float, user_spread: float, rng: np.random.Generator) -> np.ndarray:
    """Values [S, U] of mean 0: an effect a seed, an effect a user, and noise."""
    effects = rng.normal(0, seed_spread, (seeds, 1)) + rng.normal(0, user_spread, (1, users))
    return effects + rng.normal(0, 0.1, (seeds, users))


def test_the_interval_of_seeds_covers_the_mean():
    rng = np.random.default_rng(0)
    found = [seed_interval(rng.normal(3, 1, 20), confidence=0.9, resamples=400, seed=k) for k in range(200)]
    assert 0.83 < np.mean([i.low < 3 < i.high for i in found]) < 0.95
    assert all(i.low < i.value < i.high for i in found)


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
    monkeypatch.setattr("ganrs_jax.study.intervals._AT_A_TIME", 1000)
    assert bootstrap_interval([values], over="both", seed=1) == pytest.approx(found)


def test_seeds_without_spread():
    assert seed_interval([0.1] * 7) == pytest.approx((0.1, 0.1, 0.1))


def rankings(convention: str) -> list[Ranking]:
    """Of five seeds with different users."""
    every = random_world(17, 40, seed=1).rank().rankings[convention]
    return [
        Ranking(convention, every.cutoffs, np.delete(every.user, k), np.delete(every.values, k, 0)) for k in range(5)
    ]


@pytest.mark.parametrize("convention", ["study", "standard"])
@pytest.mark.parametrize("metric", ["f1", "ndcg"])
def test_the_interval_of_a_ranking_is_about_its_mean(convention, metric):
    seeds = rankings(convention)
    found = ranking_interval(seeds, metric, 5, over="users")
    assert found.value == pytest.approx(np.mean([r.mean(metric, 5) for r in seeds]), abs=1e-6)
    assert found.low < found.value < found.high


def test_bad_input():
    values = np.zeros((4, 20))
    with pytest.raises(InputError, match="over seeds has 4 of them; accepted: 5 or more"):
        bootstrap_interval([values], over="both")
    with pytest.raises(InputError, match="over users has 4 of them"):
        bootstrap_interval([values.T], over="users")
    with pytest.raises(InputError, match="over is 'items'; accepted: users, seeds, both"):
        bootstrap_interval([values], over="items")
    with pytest.raises(InputError, match="`confidence=1`; accepted: more than 0 and less than 1"):
        bootstrap_interval([values], over="users", confidence=1)
    with pytest.raises(InputError, match="mae: 3 repeats; accepted: 5 or more"):
        seed_interval([1, 2, 3], name="mae")
    with pytest.raises(InputError, match="no ranking is given"):
        ranking_interval([], "map", 5)
    with pytest.raises(InputError, match="metric is 'auc'"):
        ranking_interval(rankings("study"), "auc", 5)
