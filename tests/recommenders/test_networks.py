"""What each network is, and that it learns what it should in a world where the answer is known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.scale import Scale
from ganrs_jax.recommenders import RECOMMENDERS, training
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.recommenders.layers import Dropout, Joined
from ganrs_jax.recommenders.ncf_classification import cross_entropy
from ganrs_jax.training.lanes import lane_keys
from tests.recommenders.conftest import NETWORKS, quick

TABLES = (943 + 1682) * 5
PARAMETERS = {
    "deepmf": TABLES,
    "vdeepmf": TABLES + 4 * (5 * 5 + 5),
    "ncf_regression": TABLES + (10 * 70 + 70) + (70 * 30 + 30) + (30 + 1),
    "ncf_classification": TABLES + (10 * 70 + 70) + (70 * 30 + 30) + 5 * (30 + 1),
    "ncf_classification_improved": TABLES + 2 * (5 * 70 + 70) + (140 * 30 + 30) + 5 * (30 + 1),
    "binary_regression": TABLES + (10 * 70 + 70) + (70 * 30 + 30) + (30 + 1),
}


@functools.cache
def initial(name):
    """Parameters of one lane, the lane axis leading, for the sizes of MovieLens 100K."""
    module = RECOMMENDERS[name].fit.args[0].module(Task(943, 1682, Scale(1, 5), 4.0), RECOMMENDERS[name].config())
    floats = {field: jnp.ones(1) / 2 for field in RECOMMENDERS[name].lane_floats}
    return training._init(module, lane_keys([0]), floats)[0]


def test_parameter_counts():
    assert {name: sum(x.size for x in jax.tree.leaves(initial(name))) for name in NETWORKS} == PARAMETERS


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_start_as_in_keras(name):
    for path, leaf in jax.tree_util.tree_leaves_with_path(initial(name)):
        bound = {"embedding": 0.05, "bias": 0.0, "kernel": np.sqrt(6 / sum(leaf.shape[1:]))}[path[-1].key]
        assert np.abs(leaf).max() <= bound
        assert np.abs(leaf).max() >= 0.8 * bound


@pytest.mark.parametrize("name", NETWORKS)
def test_opposite_tastes_are_learned(tastes, name):
    """Each of two groups likes what the other dislikes, so that popularity and biases know nothing."""
    trained = fit(RECOMMENDERS[name], [0], tastes, quick(name, epochs=60), 4.0)
    test = trained.splits[0]
    scored = trained.predict(0, test.test_user, test.test_item)
    liked = test.test_rating == 5
    assert np.mean(np.asarray(scored.relevant) == liked) > 0.9
    assert np.median(scored.score[liked]) > np.quantile(scored.score[~liked], 0.9)
    if name != "binary_regression":
        assert np.abs(np.asarray(scored.rating) - test.test_rating).mean() < 0.6
    chance = fit(RECOMMENDERS["biases"], [0], tastes, quick("biases"), 4.0).predict(0, test.test_user, test.test_item)
    assert np.abs(np.asarray(chance.rating) - test.test_rating).mean() > 1.5


def test_improved_classifier_ranks_by_rating_then_reliability(trained):
    scored = trained("ncf_classification_improved").score_block(0, np.arange(80))
    score, rating, reliability = (np.asarray(x).ravel() for x in (scored.score, scored.rating, scored.reliability))
    assert set(rating.tolist()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert len(set(rating.tolist())) > 1
    assert reliability.min() >= 1 / 5
    order, expected = np.argsort(score, kind="stable"), np.lexsort((reliability, rating))
    np.testing.assert_array_equal(rating[order], rating[expected])
    np.testing.assert_allclose(reliability[order], reliability[expected], atol=1e-6)


def test_classifier_predicts_the_expectation_within_the_scale(trained):
    rating = np.asarray(trained("ncf_classification").score_block(0, np.arange(80)).rating)
    assert 1 <= rating.min() < rating.max() <= 5
    assert len(np.unique(np.round(rating, 3))) > 20


def test_cross_entropy_finds_the_class_of_a_rating_on_a_half_star_scale():
    task = Task(2, 2, Scale(0.5, 4, 0.5), 3.0)
    logits = jnp.tile(jnp.log(jnp.arange(1.0, 9)), (8, 1))
    loss = cross_entropy(logits, jnp.asarray(task.scale.levels), task, {})
    np.testing.assert_allclose(np.exp(-loss), np.arange(1, 9) / 36, rtol=1e-5)
    assert RECOMMENDERS["ncf_classification"].fit.args[0].module(task, quick("ncf_classification")).outputs == 8


def test_vdeepmf_averages_over_its_draws(tiny):
    """With more draws two draws of the same network agree better; a pair's rating does not depend on its company."""
    spread = []
    for draws in (1, 50):
        trained = fit(RECOMMENDERS["vdeepmf"], [3], tiny, quick("vdeepmf", draws=draws), 4.0)
        assert trained.state["user"].shape == (1, 80, 5 * draws)
        spread.append(np.std(trained.score_block(0, np.arange(80)).score))
    assert spread[1] < 0.8 * spread[0]


def test_kl_weight_pulls_vdeepmf_to_the_standard_normal(tastes):
    config = [quick("vdeepmf", epochs=10, kl_weight=w) for w in (0.0, 100.0)]
    trained = fit(RECOMMENDERS["vdeepmf"], [0, 0], tastes, config, 4.0)
    free, pulled = (np.asarray(trained.lane(lane)["item"]) for lane in (0, 1))
    assert abs(np.mean(pulled)) < 0.1
    assert abs(np.std(pulled) - 1) < 0.1
    assert abs(np.std(free) - 1) > 0.2


def test_joined_is_a_dense_layer_on_both_and_broadcasts():
    user, item = jax.random.normal(jax.random.key(0), (4, 3)), jax.random.normal(jax.random.key(1), (5, 2))
    layer = Joined(7)
    params = layer.init(jax.random.key(2), user, item[:4])
    params["params"]["bias"] = jnp.arange(7.0)
    block = layer.apply(params, user[:, None], item[None])
    for u in range(4):
        for i in range(5):
            expected = np.concatenate([user[u], item[i]]) @ params["params"]["kernel"] + np.arange(7)
            np.testing.assert_allclose(block[u, i], expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(layer.apply(params, user[u], item[i]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    x = jnp.ones((199, 101))
    out = np.asarray(Dropout().apply({}, x, rate, train=True, rngs={"noise": jax.random.key(0)}))
    assert abs(np.mean(out == 0) - rate) < 0.01
    np.testing.assert_allclose(out[out > 0], 1 / (1 - rate), rtol=1e-6)
    columns, rows = np.mean(out == 0, 0), np.mean(out == 0, 1)
    assert max(np.abs(columns - rate).max(), np.abs(rows - rate).max()) < 0.2
    np.testing.assert_array_equal(Dropout().apply({}, x, rate, train=False), x)
