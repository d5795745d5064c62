"""Fidelity and privacy of halves of the real MovieLens 100K."""

import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.fidelity import compare, reference
from ganrs_jax.fidelity.privacy import privacy, profile_features
from ganrs_jax.fidelity.samples import as_sample, first_half, ratings_of
from ganrs_jax.fidelity.structure import learnability, popularity_rating_correlation
from ganrs_jax.statistics.summary import gini

pytestmark = pytest.mark.usefixtures("optimised")


@pytest.fixture(scope="module")
def halves(data_dir):
    ratings = load_ratings("ml100k", ReadOptions(data_dir=data_dir, download=False))
    chosen = first_half(ratings.num_users, 0)
    return ratings, ratings_of(ratings, chosen), ratings_of(ratings, ~chosen)


def test_metrics_of_movielens_100k(halves):
    ratings, first, second = halves
    known = reference(first, ratings.scale, splits=1)
    found = compare(known, second)
    metrics = found.metrics
    assert metrics["bias_ratio"].real == pytest.approx(0.84, abs=0.02)
    assert metrics["mf_ratio"].distance < 0.03
    assert metrics["spectrum_relative_error"].distance < 0.05
    assert metrics["c2st_user_auc"].synthetic < 0.65
    assert metrics["user_coverage"].synthetic > 0.9
    local = [name for name in metrics if name.startswith(("signal_", "neighbours_", "ndcg_"))]
    assert len(local) == 10
    for name in local:  # halves agree, and quarters less so
        assert metrics[name].distance < 0.04, name
        assert metrics[name].split_half < 0.06, name
    assert metrics["tau"].synthetic >= 0.8
    assert {s.name for s in failed_checks(found)} <= {"nothing to learn beyond biases"}  # halves have little to learn


def test_known_metrics_of_movielens_100k(halves):
    sample = as_sample(halves[0])
    assert gini(np.bincount(sample.item)) == pytest.approx(0.629, abs=5e-4)
    assert learnability(sample)[1:] == pytest.approx((0.836, 0.818, 0.791), abs=5e-4)
    assert popularity_rating_correlation(sample) == pytest.approx(0.503, abs=5e-4)


def test_halves_of_movielens_100k_do_not_give_each_other_away(halves):
    _, first, second = halves
    third = first_half(first.num_users, 1)
    parts = (ratings_of(first, third), ratings_of(first, ~third), second)
    found = privacy(*(profile_features(part, first.scale) for part in parts))
    for auc, _ in found.attacks.values():
        assert 0.4 < auc.value < 0.6
