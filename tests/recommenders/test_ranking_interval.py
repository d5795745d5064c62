"""The interval of a ranking metric is about its mean over seeds, each with users of its own."""

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.ranking import Ranking
from ganrs_jax.recommenders.ranking_interval import ranking_interval
from tests.recommenders.planted import random_world


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
    with pytest.raises(InputError, match="no ranking is given"):
        ranking_interval([], "map", 5)
    with pytest.raises(InputError, match="metric is 'auc'"):
        ranking_interval(rankings("study"), "auc", 5)
