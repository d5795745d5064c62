"""Cold start in a study: the counterpart has the shares and counts asked for, and the split leaves them to train on."""

import numpy as np
import pytest

from ganrs_jax.profile.cold_start import ColdStart, parse_cold
from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.recommenders.parts import evaluate_parts
from ganrs_jax.study.cold import ColdRatings, cold_counterpart, cold_splits, young_counterpart
from ganrs_jax.study.falls import Fall

COLD = ColdStart(parse_cold(0.25, "2:4", "user"), parse_cold(0.1, "1:3", "item"))


@pytest.fixture
def cold(tiny) -> ColdRatings:
    return cold_counterpart(tiny, COLD, 3)


def test_the_counterpart_is_the_source_with_ratings_taken_away(cold, tiny):
    assert (cold.cold_user.sum(), cold.cold_item.sum()) == (20, 6)
    users = np.bincount(cold.now.user, minlength=80)[cold.cold_user]
    items = np.bincount(cold.now.item, minlength=60)[cold.cold_item]
    assert (users.min(), users.max()) == (2, 4)
    assert (items.min(), items.max()) == (1, 3)
    assert not (cold.cold_user[cold.now.user] & cold.cold_item[cold.now.item]).any()
    together = np.concatenate([cold.now.user * 60 + cold.now.item, cold.later.user * 60 + cold.later.item])
    assert len(np.unique(together)) == len(together) <= tiny.num_ratings
    assert (cold.cold_user[cold.later.user] | cold.cold_item[cold.later.item]).all()


def test_a_split_leaves_cold_ones_their_ratings_and_tests_on_later_ones(cold):
    first, second = cold_splits(cold, 0.8, [0, 1])
    assert [len(x) for x in first] == [len(x) for x in second]
    assert not np.array_equal(first.test_item, second.test_item)
    few = cold.cold_user[cold.now.user] | cold.cold_item[cold.now.item]
    trained = cold.cold_user[first.train_user] | cold.cold_item[first.train_item]
    assert trained.sum() == few.sum()
    pairs = [np.stack(x).T.tolist() for x in ((first.train_user, first.train_item), (first.test_user, first.test_item))]
    assert not {tuple(p) for p in pairs[0]} & {tuple(p) for p in pairs[1]}


def test_parts_are_measured_in_lists_of_their_own_items(cold, tiny):
    """Of popularity, cold items among themselves: what a sort by numbers of ratings says."""
    (split,) = cold_splits(cold, 0.8, [0])
    task = Task(80, 60, tiny.scale, 4.0)
    found = evaluate_parts("popularity", [split], task, cold.parts(), seeds=[0], config=Settings(), cutoffs=(2,))[
        "cold items"
    ]["standard"]["precision"][0][0]
    count = np.bincount(split.train_item, minlength=60)
    good = (split.test_rating >= 4) & cold.cold_item[split.test_item] & ~cold.cold_user[split.test_user]
    shares = []
    for user in np.unique(split.test_user[good]):
        seen = set(split.train_item[split.train_user == user])
        listed = sorted((i for i in np.flatnonzero(cold.cold_item) if i not in seen), key=lambda i: (-count[i], i))[:2]
        shares.append(np.isin(listed, split.test_item[good & (split.test_user == user)]).sum() / 2)
    assert found == pytest.approx(np.mean(shares), abs=1e-6)


def test_a_young_service_has_the_users_and_items_that_chance_leaves(tiny):
    young = young_counterpart(tiny, 0.05, 0)
    assert young.num_ratings == round(0.05 * tiny.num_ratings)
    assert np.bincount(young.user).min() == np.bincount(young.item).min() == 1


def test_a_fall_is_kept_by_sign_and_size():
    assert Fall("m", "study", "f1", (0.5, 0.3), (0.45, 0.28)).kept
    assert not Fall("m", "study", "f1", (0.5, 0.49), (0.45, 0.46)).kept
    assert not Fall("m", "study", "f1", (0.5, 0.3), (0.5, 0.2)).kept
