"""Lanes that cores share get what each gets by itself, and are reported as one stage."""

import dataclasses

import jax
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ganrs_jax.profile import calibration
from ganrs_jax.profile import recipe as profile
from ganrs_jax.training import lanes
from ganrs_jax.training.loop import silent
from ganrs_jax.training.stages import Stages
from ganrs_jax.trees import as_tree
from tests.models import quick

ASKED = quick("profile", calibration_rounds=3)


@pytest.fixture(scope="module")
def learned(trained):
    """Two models, one with another gain of its rating factors, that ask for three rounds."""
    model = dataclasses.replace(trained("profile"), config=ASKED)
    return [model, dataclasses.replace(model, factor_gain=np.float32(0.7))]


@pytest.fixture(scope="module")
def uncalibrated(tiny):
    """Models of two seeds with nothing calibrated, that ask for the same."""
    made = profile.fit([0, 1], tiny, [quick("profile", calibration_rounds=0)] * 2)
    return [dataclasses.replace(model, config=ASKED) for model in made]


def calibrated(monkeypatch, cores, models, ratings, report=silent, stages=None):
    monkeypatch.setattr(lanes, "cores", lambda: cores)
    return calibration.calibrate(models, ratings, report, stages or Stages())


def assert_same(some, others):
    for one, other in zip(some, others, strict=True):
        jax.tree.map(np.testing.assert_array_equal, as_tree(one), as_tree(other))


@pytest.mark.slow
def test_side_by_side_as_alone_to_the_last_bit(monkeypatch, uncalibrated, tiny):
    alone = [calibrated(monkeypatch, 1, [model], tiny)[0] for model in uncalibrated]
    assert_same(calibrated(monkeypatch, 2, uncalibrated, tiny), alone)
    for before, after in zip(uncalibrated, alone, strict=True):
        assert not np.array_equal(before.factor_weights, after.factor_weights)
        assert before.bias_correlation != after.bias_correlation


def test_rounds_of_lanes_are_counted_together(monkeypatch, learned, tiny):
    told = []
    calibrated(monkeypatch, 2, learned, tiny, lambda *call: told.append(call))
    assert [call[:3] for call in told] == [("calibration", n, 6) for n in range(1, 7)]
    for lane in (0, 1):
        mine = [call[3] for call in told if call[3]["lane"] == [lane]]
        assert [metrics["round"] for metrics in mine] == [[1.0], [2.0], [3.0]]


def test_a_lane_that_was_done_before_a_stop_is_not_done_again(monkeypatch, learned, tiny, tmp_path):
    whole = calibrated(monkeypatch, 2, learned, tiny)
    calibrated(monkeypatch, 2, learned[:1], tiny, stages=Stages(tmp_path, seconds=0))
    told = []
    went_on = calibrated(monkeypatch, 2, learned, tiny, lambda *call: told.append(call), Stages(tmp_path, seconds=0))
    assert_same(went_on, whole)
    told_of = [call[3]["lane"][0] for call in told]
    assert told_of.count(1) == 3
    assert told_of.count(0) == 0


def test_threads_of_linear_algebra_are_limited_once_for_all_lanes(monkeypatch, learned, tiny):
    """The limit is the process's: a lane that lifts it when it has done would change the sums of another."""

    def found():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen = []
    monkeypatch.setattr(calibration, "calibrate_one", lambda *given: seen.append(found()) or given[0])
    before = found()
    calibrated(monkeypatch, 2, learned, tiny)
    assert seen == [{1}, {1}]
    assert found() == before


def test_a_lane_that_fails_ends_the_others_after_their_round(monkeypatch, learned, tiny):
    told = []

    def report(stage, done, total, metrics):
        told.append(metrics["lane"][0])
        if metrics["lane"] == [0]:
            raise ValueError("disk full")

    with pytest.raises(ValueError, match="disk full"):
        calibrated(monkeypatch, 2, learned, tiny, report)
    assert told.count(0) == 1
    assert told.count(1) < 3
