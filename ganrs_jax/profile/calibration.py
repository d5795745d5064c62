"""Structure and predictability of the models of all lanes, calibrated by comparing datasets with the source."""

import threading
from collections.abc import Mapping, Sequence

import jax
from threadpoolctl import threadpool_limits

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.calibration_subsample import calibration_subsample
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.predictability import calibrate_predictability
from ganrs_jax.profile.structure import calibrate_structure
from ganrs_jax.training.lanes import side_by_side
from ganrs_jax.training.loop import Report
from ganrs_jax.training.stages import Stages


class _StoppedError(Exception):
    """Another lane failed, or the run was interrupted."""


def calibrate(models: Sequence[ProfileModel], ratings: Ratings, report: Report, stages: Stages) -> list[ProfileModel]:
    """The models, a lane each, with what learning leaves off; where cores share the lanes, some at once."""
    subsample, stopped = calibration_subsample(ratings), threading.Event()
    config = models[0].config
    rounds = config.structure_rounds + config.predictability_rounds
    finished, lock = [0] * len(models), threading.Lock()

    def calibrated(lane: int) -> ProfileModel:
        def told(stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
            """The rounds of all lanes are counted together; a lane ends after its round when another one failed."""
            if len(models) == 1:
                report(stage, done, total, metrics)
                return
            if stopped.is_set():
                raise _StoppedError
            with lock:
                finished[lane] = done if stage == "structure" else config.structure_rounds + done
                place = {"lane": [float(lane)], f"{stage}_round": [float(done)]}
                report("structure and predictability", sum(finished), rounds * len(models), {**place, **metrics})

        structured = stages.run(
            f"lane {lane}, structure",
            ProfileModel,
            lambda: calibrate_structure(models[lane], ratings, subsample, config.structure_rounds, told),
        )
        return stages.run(
            f"lane {lane}, predictability",
            ProfileModel,
            lambda: calibrate_predictability(structured, ratings, subsample, config.predictability_rounds, told),
        )

    threads = 0 if jax.process_count() == 1 else 1  # several processes must go through the stages in the same order
    with threadpool_limits(limits=1):  # the process's: were it set by each thread, sums would depend on the others
        return side_by_side(calibrated, range(len(models)), threads, stopped.set)
