"""All metrics together: a dataset against itself, against a spoilt one, and ones too small to compare."""

import dataclasses
import json

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, Scale
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity import fidelity as module
from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.fidelity import Side, compare, reference
from tests.fidelity.conftest import dealt_out, relabelled, shuffled

SCALE = Scale(1, 5)


@pytest.fixture(scope="module")
def itself(world, known):
    return compare(known, relabelled(world))


def test_a_dataset_against_itself_under_other_ids(itself):
    metrics = itself.metrics
    distances = {name: metric.distance for name, metric in metrics.items() if metric.distance is not None}
    learnt = {"mean_rmse", "bias_ratio", "mf_ratio", "bias_peak"}  # another row order is another split
    learnt |= {name for name in metrics if name.startswith(("signal_", "ndcg_"))}
    # Which of the items of equal counts are the most popular, and which of equal cosines the nearest.
    tied = {"co_rating_lift", "rating_agreement"}
    assert {name: d for name, d in distances.items() if d > 1e-9}.keys() <= learnt | tied
    assert max(distances[name] for name in learnt | tied) < 0.02
    assert {check.name for check in failed_checks(itself)} <= {"memorisation of users", "memorisation of items"}
    assert metrics["mf_gain_kept"].synthetic == pytest.approx(1, abs=0.2)
    assert metrics["user_coverage"].synthetic == metrics["item_coverage"].synthetic == 1
    assert metrics["c2st_user_auc"].synthetic < 0.5  # each profile has a twin on the other side
    assert itself.notes == ()


def test_split_half_baselines_are_what_halves_show(itself, known):
    split_half = {name: metric.split_half for name, metric in itself.metrics.items() if metric.split_half is not None}
    assert split_half == known.split_half
    assert 0.4 < split_half["c2st_user_auc"] < 0.75
    assert split_half["user_coverage"] > 0.9
    assert 0 < split_half["spectrum_relative_error"] < 0.1
    assert max(gap for name, gap in split_half.items() if name.startswith(("signal_", "neighbours_", "ndcg_"))) < 0.05
    assert -1 <= split_half["tau"] <= 1
    assert "bias_ratio" not in split_half


def test_shuffled_ratings_lose_learnability_and_nothing_else_of_structure(world, known):
    metrics = compare(known, shuffled(world)).metrics
    assert metrics["spectrum_relative_error"].distance < 1e-9
    assert metrics["rating_tv"].distance == metrics["ks_item_counts"].distance == 0
    assert metrics["mf_ratio"].synthetic > 0.97
    assert metrics["mf_gain_kept"].synthetic < 0.2
    assert metrics["c2st_user_auc"].synthetic > 0.9
    local = [name for name in metrics if name.startswith(("signal_", "neighbours_", "ndcg_"))]
    assert len(local) == 10
    assert all(metrics[name].distance == 0 for name in local)  # no rating is looked at
    assert metrics["tau"].synthetic == 1


def test_items_dealt_out_at_random_lose_local_structure(world, known):
    found = compare(known, dealt_out(world))
    assert found.metrics["signal_2_10"].synthetic < 0 < 0.01 < found.metrics["signal_2_10"].real
    assert found.metrics["neighbours_items"].synthetic < found.metrics["neighbours_items"].real - 0.01
    assert found.metrics["ndcg_ease"].synthetic < 0.8 * found.metrics["ndcg_ease"].real
    said = {check.name: check.found for check in failed_checks(found)}
    assert said.keys() >= {"wrong local structure", "recommenders misjudged"}
    assert "worse here than on the source" in said["recommenders misjudged"]


def test_local_structure_can_be_left_out(world, monkeypatch):
    for measured in ("signal", "nearest_cosines", "ndcg"):
        monkeypatch.delattr(Side, measured)
    known = reference(world, world.scale, splits=1, local_structure=False)
    monkeypatch.setattr(module, "reference", lambda *_, local_structure: None if local_structure else known)
    for found in (compare(known, world), compare(world, world, local_structure=False)):
        assert not [name for name in found.metrics if name.startswith(("signal_", "neighbours_", "ndcg_", "tau"))]
        assert found.notes == ()


def test_a_large_dataset_is_bounded_and_a_note_says_so(world, monkeypatch):
    monkeypatch.setattr("ganrs_jax.fidelity.local_structure.MOST_USERS", 300)
    monkeypatch.setattr("ganrs_jax.fidelity.local_structure.MOST_ITEMS", 200)
    known = reference(world, world.scale, splits=0)
    found = compare(known, world)
    assert (known.real.bounded.num_users, known.real.bounded.num_items) == (300, 200)
    assert found.metrics["ndcg_ease"].distance == 0
    assert found.notes == ("local structure is that of at most 300 users and 200 items",)


def test_collapsed_users_are_not_covered(world, known):
    chosen = np.flatnonzero(np.bincount(world.user) >= 50)[:12]
    parts = [world.user == user for user in np.tile(chosen, 50)]
    user = np.repeat(np.arange(len(parts)), [part.sum() for part in parts])
    made = Columns(user, *(np.concatenate([x[part] for part in parts]) for x in (world.item, world.rating)))
    found = compare(known, made)
    assert found.metrics["user_coverage"].synthetic < 0.3 < found.metrics["user_coverage"].split_half
    assert "sizes differ" in found.notes[-1]


def test_json_holds_every_metric(itself):
    held = json.loads(json.dumps(itself.as_json(), allow_nan=False))
    assert held["metrics"].keys() == itself.metrics.keys()
    assert held["metrics"]["gini_user"].keys() == {"real", "synthetic", "distance", "split_half"}
    assert held["metrics"]["rows"] == {"real": 30000, "synthetic": 30000, "distance": None, "split_half": None}


def test_metrics_of_a_tiny_dataset_are_left_out_with_a_note(known):
    tiny = Columns(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2.0, 5.0]))
    found = compare(known, tiny, "tiny.csv")
    assert found.metrics["rows"].synthetic == 3
    assert found.metrics["rating_tv"].distance > 0
    assert not found.metrics.keys() & {"spectrum_relative_error", "c2st_user_auc", "bias_ratio", "user_coverage"}
    notes = "\n".join(found.notes)
    assert not [name for name in found.metrics if name.startswith(("signal_", "neighbours_", "ndcg_", "tau"))]
    for words in (
        "spectrum left out: tiny.csv: fewer than 3",
        "learnability left out: tiny.csv: fewer than 10",
        "held-out signal left out: tiny.csv: fewer than 32 ranks of users and items with 5 ratings",
        "neighbourhoods left out: tiny.csv: no item or no user has 10 neighbours",
        "recommenders left out: tiny.csv: fewer than 20 items",
    ):
        assert words in notes


def test_a_tiny_source_has_few_metrics_and_fails_nowhere(world):
    tiny = Columns(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2.0, 5.0]))
    found = compare(reference(tiny, SCALE), world)
    assert found.metrics["users"][:2] == (2, 600)
    assert "user profiles left out: real: fewer than 3 users or items of 5 ratings" in found.notes
    one = dataclasses.replace(world, user=np.zeros(1, np.int32), item=np.zeros(1, np.int32), rating=np.ones(1))
    assert compare(reference(one, SCALE), one).metrics["gini_user"].distance == 0


def test_what_cannot_be_compared(known):
    with pytest.raises(InputError, match=r"a.csv: rating 1 of 1 is inf"):
        compare(known, Columns(np.zeros(1), np.zeros(1), np.array([np.inf])), "a.csv")
