"""Lanes of every recipe: which are refused, and that company does not change one."""

import jax
import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.published.settings import LANE_FLOATS, GanrsConfig
from ganrs_jax.recipes import RECIPES
from ganrs_jax.training.lanes import check_lanes

QUICK = {"embedding_epochs": 1, "gan_steps": 50}
OTHER = {"gan_steps": 51, "train_share": 0.7, "sigma": 2.0, "kmeans_tolerance": 0.1, "generator_hidden": (11, 20)}


@pytest.fixture(scope="module")
def ratings(tiny):
    return tiny


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    ("seeds", "count", "words"),
    [
        ([], 0, "0 seeds, 0 configurations; accepted: one of each a lane, at least one"),
        ([0], 2, "1 seeds, 2 configurations; accepted"),
        ([0, 1], 1, "2 seeds, 1 configurations; accepted"),
        ([0, 2**32], 2, "seed 4294967296; accepted: 0 to 4294967295"),
        ([-1], 1, "seed -1; accepted: 0 to 4294967295"),
    ],
)
def test_seeds_and_configurations_that_make_no_lanes_are_refused(name, seeds, count, words, ratings):
    with pytest.raises(InputError, match=words):
        RECIPES[name].fit(seeds, ratings, [RECIPES[name].config()] * count)


@pytest.mark.parametrize("field", OTHER)
def test_lanes_that_differ_in_more_than_the_lane_floats_are_refused(field):
    with pytest.raises(InputError, match=rf"lanes differ in {field}; accepted: .* embedding_learning_rate, .*dropout$"):
        check_lanes([0, 0], [GanrsConfig(), GanrsConfig(**{field: OTHER[field]})], LANE_FLOATS)


@pytest.mark.parametrize("field", LANE_FLOATS)
def test_lanes_may_differ_in_any_lane_float(field):
    check_lanes([0, 2**32 - 1], [GanrsConfig(), GanrsConfig(**{field: 0.123})], LANE_FLOATS)


def test_lanes_of_two_groupings_are_refused(ratings):
    configs = [RECIPES["cganrs"].config(group=group) for group in ("gender", "age")]
    with pytest.raises(InputError, match="lanes differ in group"):
        RECIPES["cganrs"].fit([0, 0], ratings, configs)


@pytest.mark.parametrize("name", RECIPES)
def test_fit_refuses_a_configuration_that_cannot_be(name, ratings):
    config = RECIPES[name].config
    with pytest.raises(InputError, match=r"`config\.beta1=1\.0`; accepted: at least 0 and under 1"):
        RECIPES[name].fit([0, 1], ratings, [config(), config(beta1=1.0)])


def test_a_whole_number_for_a_float_field_is_that_float(ratings):
    fitted = [RECIPES["ganrs"].fit([0], ratings, [GanrsConfig(**QUICK, beta1=zero)])[0] for zero in (0, 0.0)]
    assert_same_arrays(*fitted)


def test_lanes_of_ganrs_are_single_runs_to_the_last_bit(ratings):
    configs = [GanrsConfig(**QUICK, gan_learning_rate=rate) for rate in (1e-4, 2e-4, 1e-3, 2e-3)]
    together = RECIPES["ganrs"].fit([3, 4, 5, 6], ratings, configs)
    for seed, config, lane in zip((3, 4, 5, 6), configs, together, strict=True):
        assert_same_arrays(RECIPES["ganrs"].fit([seed], ratings, [config])[0], lane)


def assert_same_arrays(one, other):
    jax.tree.map(np.testing.assert_array_equal, one.network, other.network)
