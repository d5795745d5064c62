import dataclasses

import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.fit import fit, split
from ganrs_jax.training.loop import TrainingDivergedError
from tests.recommenders.conftest import NETWORKS, quick

NCF = "ncf_regression"


def refused(match, *, name=NCF, seeds=(0,), ratings=None, config=None, threshold=4.0):
    with pytest.raises(InputError, match=match) as raised:
        fit(RECOMMENDERS[name], seeds, ratings, config or quick(name), threshold)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_a_threshold_off_the_scale_or_out_of_reach_is_refused(tiny, name):
    refused(r"`threshold=5.5` is off the scale; accepted: 1 to 5", name=name, ratings=tiny, threshold=5.5)
    refused(r"`threshold=nan` is off the scale", name=name, ratings=tiny, threshold=float("nan"))
    low = dataclasses.replace(tiny, rating=np.minimum(tiny.rating, 3))
    refused(r"planted has no relevant rating, its highest is 3; accepted: 1 to 3", name=name, ratings=low)


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_too_few_rows_to_split_are_refused(name):
    two = load_ratings("planted", ReadOptions(planted_users=2, planted_items=2, planted_ratings=2, noise=9.0))
    refused(r"train share of 0.8 leaves no row", name=name, ratings=two, threshold=float(two.rating.max()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("embedding_size", 0),
        ("hidden", (70, 0)),
        ("first_dropout", 1.0),
        ("second_dropout", -0.1),
        ("learning_rate", 0.0),
        ("l2", -1.0),
        ("train_share", 1.0),
    ],
)
def test_a_setting_that_cannot_be_is_named(tiny, field, value):
    refused(rf"`config.{field}=.*`; accepted: ", ratings=tiny, config=quick(NCF, **{field: value}))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("ease", "penalty", 0.0),
        ("item_knn", "neighbours", 0),
        ("user_knn", "neighbours", 0),
        ("pure_svd", "factors", 0),
        ("implicit_als", "factors", 0),
        ("implicit_als", "iterations", 0),
        ("implicit_als", "alpha", 0.0),
        ("implicit_als", "penalty", float("inf")),
        ("bpr", "factors", 0),
        ("bpr", "epochs", 0),
        ("bpr", "batch_size", 0),
        ("bpr", "learning_rate", float("nan")),
        ("bpr", "l2", -1.0),
    ],
)
def test_a_setting_of_a_reference_that_cannot_be_is_named(tiny, name, field, value):
    config = dataclasses.replace(RECOMMENDERS[name].config(), **{field: value})
    refused(rf"`config.{field}=.*`; accepted: ", name=name, ratings=tiny, config=config)


def test_vdeepmf_settings_are_checked(tiny):
    for field, value in (("draws", 0), ("kl_weight", -1.0)):
        config = quick("vdeepmf", **{field: value})
        refused(rf"`config.{field}={value}`", name="vdeepmf", ratings=tiny, config=config)


def test_seeds_and_lanes_are_checked(tiny):
    refused("seed -1", seeds=(-1,), ratings=tiny)
    refused("0 seeds", seeds=(), ratings=tiny)
    refused("lanes differ in epochs", seeds=(0, 1), ratings=tiny, config=[quick(NCF), quick(NCF, epochs=3)])


SWEPT = tuple(name for name, recommender in RECOMMENDERS.items() if recommender.lane_floats)


@pytest.mark.parametrize(
    "name", [name if name not in NETWORKS[1:] else pytest.param(name, marks=pytest.mark.slow) for name in SWEPT]
)
def test_every_float_setting_may_differ_by_lane_and_matters(tiny, name):
    """Lanes of one seed but of other settings differ, and equal single runs with these settings."""
    other = {"learning_rate": 3e-3, "l2": 0.05, "kl_weight": 0.1, "first_dropout": 0.1, "second_dropout": 0.0}
    other |= {"alpha": 1.0, "penalty": 10.0}
    for field in RECOMMENDERS[name].lane_floats:
        configs = [quick(name), dataclasses.replace(quick(name), **{field: other[field]})]
        lanes = fit(RECOMMENDERS[name], (3, 3), tiny, configs, 4.0)
        usual, changed = (np.asarray(lanes.score_block(lane, np.arange(80)).score) for lane in (0, 1))
        assert np.abs(usual - changed).max() > 1e-4, field
    alone = fit(RECOMMENDERS[name], [3], tiny, configs[1], 4.0).score_block(0, np.arange(80)).score
    np.testing.assert_allclose(changed, alone, rtol=2e-3, atol=2e-3)


def test_progress_is_reported_an_epoch_and_the_loss_falls(tiny):
    told = []
    fit(
        RECOMMENDERS["deepmf"],
        (0, 1),
        tiny,
        quick("deepmf", epochs=4, learning_rate=0.01),
        4.0,
        lambda *x: told.append(x),
    )
    assert [(stage, done, total) for stage, done, total, _ in told] == [
        ("DeepMF, epochs of 51 steps", n, 4) for n in (1, 2, 3, 4)
    ]
    losses = np.array([metrics["loss"] for *_, metrics in told])
    assert losses.shape == (4, 2)
    assert (np.diff(losses, axis=0) < 0).all()


@pytest.mark.parametrize(("name", "told"), [("deepmf", "DeepMF"), ("bpr", "BPR, epochs of 7 steps")])
def test_divergence_of_all_lanes_is_an_error(tiny, name, told):
    with pytest.raises(TrainingDivergedError, match=told):
        fit(RECOMMENDERS[name], [0], tiny, dataclasses.replace(quick(name), learning_rate=1e30), 4.0)


def test_split_depends_on_the_seed_alone(tiny):
    first, again, other = (split(tiny, 0.8, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.train_user, again.train_user)
    assert not np.array_equal(first.train_user, other.train_user)
