"""What every recommender must do, whatever it is; a recommender joins by its entry in the registry."""

import importlib
import pkgutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax import recommenders
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS, get_recommender
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.interface import Recommender, Scored
from tests.recommenders.conftest import NETWORKS, RANKERS, SEEDS, quick

ALL = tuple(RECOMMENDERS)
FIELDS = Scored._fields
# Trained anew for the test: of the four networks that are alike, one; all of them with --slow.
ALIKE = ("ncf_regression", "ncf_classification", "ncf_classification_improved")
FEWER = [pytest.param(name, marks=pytest.mark.slow) if name in ALIKE else name for name in ALL]


def test_every_module_with_a_recommender_is_registered_by_its_name():
    modules = [
        importlib.import_module(f"{recommenders.__name__}.{m.name}")
        for m in pkgutil.iter_modules(recommenders.__path__)
    ]
    found = {m.__name__.rpartition(".")[2]: m.RECOMMENDER for m in modules if hasattr(m, "RECOMMENDER")}
    assert found == RECOMMENDERS
    assert (len(NETWORKS), len(RECOMMENDERS)) == (6, 14)
    assert all(isinstance(b, Recommender) and get_recommender(n) is b for n, b in RECOMMENDERS.items())


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=r"`models=deepfm`; accepted: deepmf, vdeepmf, .*biases") as raised:
        get_recommender("deepfm")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ALL)
def test_blocks_and_pairs_say_the_same(trained, name):
    model, users = trained(name), np.array([0, 7, 79, 7])
    block = model.score_block(1, users)
    pairs = model.predict(1, np.repeat(users, 60), np.tile(np.arange(60), 4))
    for field, whole, each in zip(FIELDS, block, pairs, strict=True):
        assert whole.shape == (4, 60), field
        np.testing.assert_allclose(whole.ravel(), each, rtol=2e-5, atol=2e-6, err_msg=field)
    np.testing.assert_array_equal(block.score[1], block.score[3])


@pytest.mark.parametrize("name", ALL)
def test_scores_are_finite_and_verdicts_follow_the_threshold(trained, name):
    scored = trained(name).score_block(0, np.arange(80))
    assert np.isfinite(scored.score).all()
    assert np.ptp(scored.score, axis=1).min() > 0  # no user's items are all alike
    if np.isfinite(scored.rating).all():
        np.testing.assert_array_equal(scored.relevant, scored.rating >= 4)
    else:
        assert np.isnan(scored.rating).all()
        assert name in RANKERS or name == "binary_regression"
    reliable = np.asarray(scored.reliability)
    assert (
        np.isnan(reliable).all() if name != "ncf_classification_improved" else ((reliable > 0) & (reliable <= 1)).all()
    )


@pytest.mark.parametrize("name", FEWER)
def test_lanes_equal_single_runs_and_a_seed_repeats(trained, tiny, name):
    alone = fit(RECOMMENDERS[name], SEEDS[1:], tiny, quick(name), 4.0)
    again = fit(RECOMMENDERS[name], SEEDS[1:], tiny, quick(name), 4.0)
    for lanes, one, other in zip(*map(jax.tree.leaves, (trained(name).state, alone.state, again.state)), strict=True):
        np.testing.assert_allclose(lanes[1], one[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(one, other)
    assert not np.allclose(*(trained(name).score_block(lane, np.arange(80)).score for lane in (0, 1)))


@pytest.mark.parametrize("name", ALL)
def test_splits_are_disjoint_whole_and_the_same_for_every_model(trained, tiny, name):
    whole = set(zip(tiny.user.tolist(), tiny.item.tolist(), tiny.rating.tolist(), strict=True))
    for lane, split in enumerate(trained(name).splits):
        train = set(zip(*(x.tolist() for x in split[:3]), strict=True))
        test = set(zip(*(x.tolist() for x in split[3:]), strict=True))
        assert (len(train), len(test)) == (1608, 402)
        assert train | test == whole
        assert [x.dtype for x in split] == [np.int32, np.int32, np.float32] * 2
        np.testing.assert_array_equal(split.test_item, trained("popularity").splits[lane].test_item)


@pytest.mark.parametrize("name", FEWER)
def test_scores_are_functions_that_compile_once_for_all_lanes(trained, tiny, name):
    model, traced = trained(name), []

    @jax.jit
    def best(state, users):
        traced.append(1)
        return jnp.max(model.score_users(state, users).score, 1)

    highest = [best(model.lane(lane), jnp.arange(80)) for lane in (0, 1)]
    assert len(traced) == 1
    assert not np.array_equal(*highest)
    assert fit(RECOMMENDERS[name], [9], tiny, quick(name), 4.0).score_users is model.score_users


@pytest.mark.parametrize("name", FEWER)
def test_ids_without_a_rating_are_scored(tastes, name):
    scored = fit(RECOMMENDERS[name], [0], tastes, quick(name), 4.0).score_block(0, np.array([0, 79]))
    assert not np.any(tastes.user == 79)
    assert not np.any(tastes.item == 59)
    assert scored.score.shape == (2, 60)
    assert np.isfinite(scored.score).all()
