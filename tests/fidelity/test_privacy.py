"""Attacks find planted memorisation, and guess where nothing was memorised."""

import json

import numpy as np
import pytest

from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.privacy import privacy, profile_features
from ganrs_jax.fidelity.samples import TooSmallError, ratings_of
from tests.fidelity.conftest import relabelled


def normal(seed: int, count: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 5))


@pytest.fixture(scope="module")
def thirds(world):
    third = np.random.default_rng(0).permutation(world.num_users) % 3
    return [ratings_of(world, third == number) for number in range(3)]


def attacked(*parts):
    return privacy(*(profile_features(part, parts[0].scale) for part in parts))


def test_fresh_records_give_nobody_away():
    found = privacy(normal(0), normal(1), normal(2))
    for auc, _ in found.attacks.values():
        assert auc.low < 0.5 < auc.high
        assert auc.high - auc.low < 0.1
    assert found.distance_ratio == pytest.approx(1, abs=0.05)
    assert found.closer_to_training == pytest.approx(0.5, abs=0.06)
    assert (found.members, found.others, found.records) == (400, 400, 400)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_copied_records_give_all_away(noise):
    members = normal(0)
    found = privacy(members, normal(1), members + noise * normal(3))
    assert min(auc.low for auc, _ in found.attacks.values()) > 0.97
    assert found.distance_ratio < 0.2
    assert found.closer_to_training > 0.97
    assert found.member_distance < 0.2 * found.other_distance


def test_some_copies_among_fresh_records_are_noticed():
    members = normal(0)
    found = privacy(members, normal(1), np.concatenate([members[:120], normal(2, 280)]))
    assert min(auc.value for auc, _ in found.attacks.values()) == pytest.approx(0.5 + 0.3 / 2, abs=0.05)


def test_a_copied_half_of_real_users_under_other_ids(thirds):
    members, others, _ = thirds
    found = attacked(members, others, relabelled(members))
    assert min(auc.value for auc, _ in found.attacks.values()) > 0.95
    assert [s.name for s in failed_checks(privacy=found)] == ["memorisation"]


def test_other_users_of_the_same_world(thirds):
    found = attacked(*thirds)
    for auc, _ in found.attacks.values():
        assert auc.low < 0.5 < auc.high
    assert failed_checks(privacy=found) == []


def test_only_so_many_members_are_looked_at(monkeypatch):
    monkeypatch.setattr("ganrs_jax.fidelity.privacy._MOST", 50)
    found = privacy(normal(0), normal(1, 30), normal(2))
    assert (found.members, found.others, found.records) == (50, 30, 400)


def test_json_and_too_small():
    held = json.loads(json.dumps(privacy(normal(0), normal(1), normal(2)).as_json(), allow_nan=False))
    assert held["attacks"]["closest"]["auc"].keys() == {"value", "low", "high"}
    assert held["distance_ratio"] == pytest.approx(held["training_distance"] / held["held_out_distance"])
    with pytest.raises(TooSmallError, match="9 records of a kind; at least 10"):
        privacy(normal(0), normal(1, 9), normal(2))


def test_a_distance_of_zero_on_both_sides_is_no_difference():
    same = np.repeat(normal(0, 1), 20, axis=0)
    found = privacy(same, same, same)
    assert found.distance_ratio == 1
    assert found.closer_to_training == 0.5
    assert found.attacks["closest"].auc.value == 0.5
