"""Paired t with Holm's correction and equivalence: against the libraries, by simulation, and at their ends."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from ganrs_jax.errors import InputError
from ganrs_jax.study.significance import all_pairs, paired_t, tost


def normal(seed: int, shift: float = 0.0, count: int = 10, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, spread, count)


def test_paired_t_is_that_of_scipy_with_effect_size():
    x, y = normal(0, 0.5), normal(1)
    found, wanted = paired_t({"one": (x, y)})["one"], stats.ttest_rel(x, y)
    assert (found.t, found.p, found.p_holm) == pytest.approx((wanted.statistic, wanted.pvalue, wanted.pvalue))
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    assert found.difference == pytest.approx((x - y).mean())
    assert found.effect == pytest.approx((x - y).mean() / (x - y).std(ddof=1))
    assert found.repeats == 10


def test_holm_by_hand():
    family = {str(k): (normal(k, shift), normal(9)) for k, shift in enumerate((0.9, 0.0, 2.0))}
    found = paired_t(family)
    p = {name: test.p for name, test in found.items()}
    first, second, third = sorted(p, key=p.get)
    wanted = {first: 3 * p[first], second: 2 * p[second], third: p[third]}
    wanted[second] = max(wanted[second], wanted[first])
    wanted[third] = max(wanted[third], wanted[second])
    assert {name: test.p_holm for name, test in found.items()} == pytest.approx(
        {k: min(v, 1) for k, v in wanted.items()}
    )
    assert list(found) == list(family)
    assert paired_t({}) == {}


def test_all_pairs_of_models():
    values = {name: normal(k) for k, name in enumerate("abc")}
    found = paired_t(all_pairs(values))
    assert list(found) == ["a - b", "a - c", "b - c"]
    assert found["a - c"].difference == pytest.approx((values["a"] - values["c"]).mean())


def test_shared_rows_widen_the_error():
    x, y = normal(0, 0.5), normal(1)
    usual, wider = (paired_t({"": (x, y)}, overlap)[""] for overlap in (0, 0.25))
    assert usual.t / wider.t == pytest.approx(np.sqrt((0.1 + 0.25) / 0.1))
    assert wider.p > usual.p
    assert wider.effect == usual.effect


def test_a_pair_without_spread():
    same = paired_t({"": ([0.1] * 5, [0.1] * 5)})[""]
    assert (same.difference, same.effect, same.t, same.p, same.p_holm) == (0, 0, 0, 1, 1)
    x = np.array([0.1, 0.2, 0.3, 0.4, 0.7])  # less 0.3 is constant but for rounding
    shifted = paired_t({"": (x - 0.3, x)})[""]
    assert shifted.difference == pytest.approx(-0.3)
    assert (shifted.effect, shifted.t, shifted.p) == (-np.inf, -np.inf, 0)
    assert shifted.low == shifted.high == shifted.difference


def test_tost_is_that_of_statsmodels():
    x, y = normal(0, 0.2), normal(1, count=14, spread=2)
    found = tost(x, y, 1.5)
    assert found.p == pytest.approx(ttost_ind(x, y, -1.5, 1.5, usevar="unequal")[0])
    interval = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx(tuple(interval))
    assert (found.margin, found.alpha) == (1.5, 0.05)


def test_equivalent_is_an_interval_within_the_margin():
    verdicts = set()
    for seed in range(40):
        found = tost(normal(seed, 0.5), normal(100 + seed), 1.0, alpha=0.1)
        assert found.equivalent == (found.p < 0.1) == (max(-found.low, found.high) < 1.0)
        verdicts.add(found.equivalent)
    assert verdicts == {False, True}


def test_tost_accepts_equal_laws_and_rejects_shifted_ones():
    rng = np.random.default_rng(0)

    def accepted(shift: float) -> float:
        return np.mean([tost(rng.normal(0, 1, 10), rng.normal(shift, 1.5, 10), 2.0).equivalent for _ in range(400)])

    assert accepted(0) > 0.85
    assert 0.02 < accepted(2.0) < 0.08  # at the margin, alpha
    assert accepted(4.0) == 0


def test_tost_without_spread():
    equal = tost([0.3] * 5, [0.3] * 6, 0.01)
    assert (equal.equivalent, equal.p, equal.difference) == (True, 0, 0)
    apart = tost([0.3] * 5, [0.4] * 5, 0.01)
    assert (apart.equivalent, apart.p) == (False, 1)
    assert not tost([1.0] * 5, [2.0] * 5, 1.0).equivalent
    half = tost([0.3] * 8, normal(0, 0.3, 8, 0.001), 0.01)  # one side alone is constant
    assert half.equivalent
    assert 0 < half.p < 0.05


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"x": [1.0] * 4}, "TOST: 4 repeats; accepted: 5 or more"),
        ({"y": [1.0, 2, 3, 4, np.nan]}, "1 of 5 repeats are not finite"),
        ({"margin": 0.0}, "`margin=0`; accepted: more than 0"),
        ({"margin": np.nan}, "`margin=nan`; accepted"),
        ({"margin": np.inf}, "`margin=inf`; accepted"),
        ({"alpha": 0.5}, r"`alpha=0.5`; accepted: more than 0 and less than 0.5"),
        ({"alpha": 0.0}, "`alpha=0`; accepted"),
    ],
)
def test_bad_input(how, message):
    given = {"x": [1.0, 2, 3, 4, 5], "y": [1.0, 2, 3, 4, 6], "margin": 1.0}
    tost(**given)
    with pytest.raises(InputError, match=message):
        tost(**{**given, **how})


def test_bad_input_of_paired_t():
    with pytest.raises(InputError, match="a - b: 4 repeats; accepted: 5 or more"):
        paired_t({"a - b": ([1.0] * 4, [1.0] * 4)})
    with pytest.raises(InputError, match="a - b: 5 and 6 repeats; accepted: equally many, of the same seeds"):
        paired_t({"a - b": ([1.0] * 5, [1.0] * 6)})
    with pytest.raises(InputError, match="`overlap=-1`; accepted: 0 or more"):
        paired_t({}, overlap=-1)
