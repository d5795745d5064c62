"""Kendall's tau of the order of models: the same, the reverse, against scipy, and level."""

import numpy as np
import pytest
from scipy import stats

from ganrs_jax.errors import InputError
from ganrs_jax.study.model_order import model_order


def results(means, spread: float = 0.01, seeds: int = 8, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"m{k}": rng.normal(mean, spread, seeds) for k, mean in enumerate(means)}


def test_the_same_order_and_the_reverse():
    one = results([1, 2, 3, 4])
    assert model_order(one, results([10, 20, 25, 90], seed=1))[:3] == pytest.approx((1, 1, 1))
    assert model_order(one, results([4, 3, 2, 1], seed=1))[:3] == pytest.approx((-1, -1, -1))
    assert model_order(one, one).models == ("m0", "m1", "m2", "m3")


def test_tau_is_that_of_scipy_with_ties():
    one, other = results([1, 1, 2, 5, 3], spread=0), results([1, 2, 2, 4, 6], spread=0, seeds=5)
    wanted = stats.kendalltau([1, 1, 2, 5, 3], [1, 2, 2, 4, 6]).statistic
    found = model_order(one, other)
    assert found.tau == pytest.approx(wanted)
    assert (found.low, found.high) == pytest.approx((wanted, wanted))


def test_tau_is_that_of_scipy_on_any_values():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(0, 4, (2, 6)).astype(float)
        wanted = stats.kendalltau(x, y).statistic
        found = model_order(results(x, spread=0), results(y, spread=0), resamples=2)
        assert found.tau == (None if np.isnan(wanted) else pytest.approx(wanted))


def test_models_may_come_in_any_order():
    one, other = results([1, 2, 3, 4]), results([2, 1, 3, 4], seed=1)
    turned = dict(reversed(other.items()))
    assert model_order(one, turned) == model_order(one, other)
    assert model_order(one, other).tau == pytest.approx(2 / 3)


def test_noise_widens_the_interval_and_seeds_repeat_it():
    sure, unsure = (model_order(results([1, 2, 3, 4], s), results([1, 2, 3, 4], s, seed=1)) for s in (0.01, 3))
    assert (sure.low, sure.high) == (1, 1)
    assert unsure.low < unsure.tau <= unsure.high <= 1
    noisy = results([1, 2, 3, 4], 3), results([1, 2, 3, 4], 3, seed=1)
    assert model_order(*noisy, seed=3) == model_order(*noisy, seed=3)


def test_a_dataset_with_itself_agrees_as_far_as_its_seeds_tell_models_apart():
    sure, level = (model_order(one, one) for one in (results([1, 2, 3, 4]), results([1, 1, 1, 1])))
    assert sure.middle == 1
    assert -0.5 < level.low < level.middle < 1 == level.tau


def test_seeds_are_drawn_for_all_models_alike():
    """A spread that models share, as that of a hard split, leaves their order alone."""
    shared = np.random.default_rng(0).normal(0, 100, 8)
    one = {f"m{k}": shared + k for k in range(4)}
    assert model_order(one, results([1, 2, 3, 4]))[:3] == pytest.approx((1, 1, 1))


def test_a_dataset_that_puts_all_models_level():
    found = model_order(results([1, 1, 1], spread=0), results([1, 2, 3]))
    assert found[:3] == (None, None, None)


def test_bad_input():
    one = results([1, 2, 3])
    with pytest.raises(InputError, match="only one dataset has results of: m3; accepted: the same models in both"):
        model_order(one, results([1, 2, 3, 4]))
    with pytest.raises(InputError, match="an order of 2 models; accepted: 3 or more"):
        model_order(results([1, 2]), results([1, 2]))
    with pytest.raises(InputError, match="m0: 4 repeats; accepted: 5 or more"):
        model_order(one, results([1, 2, 3], seeds=4))
    with pytest.raises(InputError, match="models have 7 to 8 seeds; accepted: the same for all"):
        model_order({**one, "m1": np.ones(7)}, one)
    with pytest.raises(InputError, match="`confidence=0`; accepted"):
        model_order(one, one, confidence=0)
