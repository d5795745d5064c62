"""Claims on results of known answers: a copy is equivalent and in order, a shifted or reversed one is not."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.study.claims import (
    comparisons,
    equivalences,
    lead,
    networks,
    orders,
    ranking_of,
    size_change,
    size_trends,
    trends,
)
from ganrs_jax.study.significance import welch_t

CUTOFFS = [5, 10, 15]


def results(level, seed=0, slope=0.01, seeds=10):
    """Each model's metrics: its level, plus slope times N, plus noise of 0.002."""
    rng = np.random.default_rng(seed)

    def metric(at):
        return (at + slope * np.arange(3) + 0.002 * rng.normal(size=(seeds, 3))).tolist()

    made = {
        name: {
            "settings": {"embedding_size": 3},
            "mae": [0.7],
            "cutoffs": CUTOFFS,
            "metrics": {c: {m: metric(at) for m in METRICS} for c in ("study", "standard")},
        }
        for name, at in level.items()
    }
    one = {**next(iter(made.values())), "settings": {}}
    return {**made, "popularity": {**one, "mae": None}, "biases": one}


LEVELS = {"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.2}
REAL = results(LEVELS)


def test_networks_are_those_that_embed():
    assert list(networks(REAL)) == list(LEVELS)


def test_all_models_are_ordered_by_ndcg_and_those_that_predict_ratings_or_relevance_by_f1():
    """`binary_regression` is a network without ratings."""
    others = {"binary_regression": {**REAL["a"], "mae": None}, "bpr": {**REAL["popularity"], "settings": {"epochs": 9}}}
    real = {**REAL, **others}
    found = orders(real, real, "standard")
    assert found["ndcg"].models == (*LEVELS, "popularity", "biases", "binary_regression", "bpr")
    assert found["f1"].models == (*LEVELS, "biases", "binary_regression")
    references = {name: real[name] for name in ("popularity", "biases", "bpr")}
    assert orders(references, references, "study").keys() == {"ndcg"}  # one alone of them predicts ratings


@pytest.mark.parametrize(("other", "tau"), [(LEVELS, 1), ({"a": 0.2, "b": 0.3, "c": 0.4, "d": 0.5}, -1)])
def test_order_of_models(other, tau):
    for convention in ("study", "standard"):
        sides = (networks(side) for side in (REAL, results(other, 1)))
        for order in orders(*sides, convention).values():
            assert order.tau == pytest.approx(tau)
    assert ranking_of(results(other, 1), "study", "f1", 10)[0] == max(other, key=other.get)


def test_equivalent_within_the_margin_and_different_beyond_it():
    shifted = results({**LEVELS, "b": 0.41, "c": 0.36}, 1)
    tests = equivalences(REAL, shifted, "study", 0.03)
    assert tests.keys() == {(m, metric, n) for m in "abcd" for metric in ("precision", "recall", "f1") for n in (5, 10)}
    assert {name for (name, _, _), t in tests.items() if t.equivalent} == {"a", "b", "d"}
    assert {name for (name, _, _), t in tests.items() if not t.equivalent} == {"c"}
    assert tests["c", "f1", 5].difference == pytest.approx(0.06, abs=0.003)  # synthetic less real
    different = welch_t(comparisons(REAL, shifted, "study"))
    assert {name for (name, _, _), t in different.items() if t.p_holm < 0.001} == {"b", "c"}


def test_trends_tell_curves_apart():
    falling = results(LEVELS, 1, slope=-0.01)
    assert all(t.correlation > 0.9 and t.gap < 0.003 for t in trends(REAL, results(LEVELS, 2), "study").values())
    assert all(t.correlation < -0.9 for t in trends(REAL, falling, "study").values())
    flat = {name: {**r, "metrics": {"study": {m: [[0.1] * 3] for m in METRICS}}} for name, r in REAL.items()}
    assert {t.correlation for t in trends(REAL, flat, "study").values()} == {None}


def test_size_trends():
    by_size = {100: results(LEVELS), 1000: results({k: v + 0.1 for k, v in LEVELS.items()}, 1)}
    assert min(size_trends(by_size, "standard", "precision", 10).values()) > 0.999


def test_the_change_with_size_has_an_interval():
    by_size = {n: results({k: v + n / 1e4 for k, v in LEVELS.items()}, n) for n in (100, 500, 1000)}
    found = size_change(by_size, "study", "recall", 10)
    assert found.low < 0.09 < found.high
    assert found.high - found.low < 0.005
    with pytest.raises(InputError, match="3 repeats; accepted: 5 or more"):
        size_change({1: results(LEVELS, seeds=3), 2: results(LEVELS, seeds=3)}, "study", "recall", 10)


@pytest.mark.parametrize(("claimed", "wanted"), [("ab", 0.1), ("a", 0.1), ("bc", -0.2), ("ad", -0.2)])
def test_the_lead_of_the_claimed(claimed, wanted):
    found = lead(REAL, claimed, "standard", 10)
    assert found.value == pytest.approx(wanted, abs=0.003)
    assert found.low < found.value < found.high
    assert (found.low > 0) == (wanted > 0)


def test_level_models_have_no_sure_lead():
    level = results({"a": 0.5, "b": 0.5, "c": 0.5}, 3)
    found = lead(level, "a", "study", 10)
    assert found.low < 0


def test_welch_is_scipys_corrected_by_holm():
    rng = np.random.default_rng(0)
    family = {k: (rng.normal(k / 3, 1, 9), rng.normal(0, 2, 12)) for k in range(4)}
    found = welch_t(family)
    p = [stats.ttest_ind(*pair, equal_var=False).pvalue for pair in family.values()]
    np.testing.assert_allclose([t.p for t in found.values()], p)
    np.testing.assert_allclose([t.p_holm for t in found.values()], multipletests(p, method="holm")[1])
    one, other = family[2]
    assert found[2].effect == pytest.approx(
        (one.mean() - other.mean()) / np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    )
    assert welch_t({"same": (np.ones(6), np.ones(6))})["same"][:3] == (0, 0, 1)
    assert welch_t({}) == {}
