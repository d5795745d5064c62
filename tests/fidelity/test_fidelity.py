"""All figures together: a dataset against itself, against a spoilt one, and ones too small to compare."""

import dataclasses
import json

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, Scale
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.fidelity import fidelity, reference
from tests.fidelity.conftest import relabelled, shuffled

SCALE = Scale(1, 5)


@pytest.fixture(scope="module")
def itself(world, known):
    return fidelity(known, relabelled(world))


def test_a_dataset_against_itself_under_other_ids(itself):
    figures = itself.figures
    distances = {name: figure.distance for name, figure in figures.items() if figure.distance is not None}
    learnt = {"mean_rmse", "bias_ratio", "mf_ratio", "bias_peak"}  # another row order is another split
    tied = {"co_rating_lift"}  # which of the items of equal counts are the most popular
    assert {name: d for name, d in distances.items() if d > 1e-9}.keys() <= learnt | tied
    assert max(distances[name] for name in learnt | tied) < 0.02
    assert figures["mf_gain_kept"].synthetic == pytest.approx(1, abs=0.2)
    assert figures["user_coverage"].synthetic == figures["item_coverage"].synthetic == 1
    assert figures["c2st_user_auc"].synthetic < 0.5  # each profile has a twin on the other side
    assert itself.notes == ()


def test_floors_are_what_halves_show(itself, known):
    floors = {name: figure.floor for name, figure in itself.figures.items() if figure.floor is not None}
    assert floors == known.floors
    assert 0.4 < floors["c2st_user_auc"] < 0.75
    assert floors["user_coverage"] > 0.9
    assert 0 < floors["spectrum_relative_error"] < 0.1
    assert "bias_ratio" not in floors


def test_shuffled_ratings_lose_learnability_and_nothing_else_of_structure(world, known):
    figures = fidelity(known, shuffled(world)).figures
    assert figures["spectrum_relative_error"].distance < 1e-9
    assert figures["rating_tv"].distance == figures["ks_item_counts"].distance == 0
    assert figures["mf_ratio"].synthetic > 0.97
    assert figures["mf_gain_kept"].synthetic < 0.2
    assert figures["c2st_user_auc"].synthetic > 0.9


def test_collapsed_users_are_not_covered(world, known):
    chosen = np.flatnonzero(np.bincount(world.user) >= 50)[:12]
    parts = [world.user == user for user in np.tile(chosen, 50)]
    user = np.repeat(np.arange(len(parts)), [part.sum() for part in parts])
    made = Columns(user, *(np.concatenate([x[part] for part in parts]) for x in (world.item, world.rating)))
    found = fidelity(known, made)
    assert found.figures["user_coverage"].synthetic < 0.3 < found.figures["user_coverage"].floor
    assert "sizes differ" in found.notes[-1]


def test_json_holds_every_figure(itself):
    held = json.loads(json.dumps(itself.as_json(), allow_nan=False))
    assert held["figures"].keys() == itself.figures.keys()
    assert held["figures"]["gini_user"].keys() == {"real", "synthetic", "distance", "floor"}
    assert held["figures"]["rows"] == {"real": 30000, "synthetic": 30000, "distance": None, "floor": None}


def test_figures_of_a_tiny_dataset_are_left_out_with_a_note(known):
    tiny = Columns(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2.0, 5.0]))
    found = fidelity(known, tiny, "tiny.csv")
    assert found.figures["rows"].synthetic == 3
    assert found.figures["rating_tv"].distance > 0
    assert not found.figures.keys() & {"spectrum_relative_error", "c2st_user_auc", "bias_ratio", "user_coverage"}
    notes = "\n".join(found.notes)
    for words in ("spectrum left out: tiny.csv: fewer than 3", "learnability left out: tiny.csv: fewer than 10"):
        assert words in notes


def test_a_tiny_source_has_few_figures_and_fails_nowhere(world):
    tiny = Columns(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2.0, 5.0]))
    found = fidelity(reference(tiny, SCALE), world)
    assert found.figures["users"][:2] == (2, 600)
    assert "user profiles left out: real: fewer than 3 users or items of 5 ratings" in found.notes
    one = dataclasses.replace(world, user=np.zeros(1, np.int32), item=np.zeros(1, np.int32), rating=np.ones(1))
    assert fidelity(reference(one, SCALE), one).figures["gini_user"].distance == 0


def test_what_cannot_be_compared(known):
    with pytest.raises(InputError, match=r"a.csv: rating 1 of 1 is inf"):
        fidelity(known, Columns(np.zeros(1), np.zeros(1), np.array([np.inf])), "a.csv")
