"""Models of all lanes, calibrated: datasets are generated and compared with a part of the source, round after round.

What is compared is in `targets`, what is moved in `knobs`.
"""

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from ganrs_jax.data.dataset import Rows
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.groups import members
from ganrs_jax.profile.interactions import MOST_CELLS
from ganrs_jax.profile.knobs import CORRELATION_BOUNDS, knobs, with_start
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.profile.settings import ProfileConfig, RatingsRequest
from ganrs_jax.profile.targets import predictability, targets
from ganrs_jax.training.lanes import side_by_side
from ganrs_jax.training.loop import Report, silent
from ganrs_jax.training.stages import Stages

_MOST_RATINGS = 1 << 22  # so many tell a spectrum, and errors of predictions, well enough
_MOST_USERS = 8192  # more cost time in each of the rounds
_MOST_ITEMS = 12288  # of sources of more than MOST_CELLS
_HALF_STEP = 4  # rounds after which steps are half as long


class CalibrationSubsample(NamedTuple):
    """A block of the source: how many users and items are in it, and their ratings."""

    num_users: int
    num_items: int
    rows: Rows

    def request(self, config: ProfileConfig) -> RatingsRequest:
        """A dataset of the same size."""
        num_ratings = max(len(self.rows.rating), self.num_items)
        return RatingsRequest(self.num_users, self.num_items, num_ratings, sigma=config.sigma)


class _StoppedError(Exception):
    """Another lane failed, or the run was interrupted."""


def calibrate(
    models: Sequence[ProfileModel],
    ratings: Ratings,
    report: Report,
    stages: Stages,
    code_UxK: np.ndarray | None = None,
) -> list[ProfileModel]:
    """The models, a lane each, with what learning leaves off; where cores share the lanes, some at once.

    Args:
      code_UxK: groups of the users of `ratings`, of models that know groups.
    """
    subsample, stopped = calibration_subsample(ratings), threading.Event()
    rounds, finished, lock = models[0].config.calibration_rounds, [0] * len(models), threading.Lock()

    def calibrated(lane: int) -> ProfileModel:
        def told(stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
            """The rounds of all lanes are counted together; a lane ends after its round when another one failed."""
            if len(models) == 1:
                report(stage, done, total, metrics)
                return
            if stopped.is_set():
                raise _StoppedError
            with lock:
                finished[lane] = done
                place = {"lane": [float(lane)], "round": [float(done)]}
                report(stage, sum(finished), rounds * len(models), {**place, **metrics})

        return stages.run(
            f"lane {lane}, calibration",
            ProfileModel,
            lambda: calibrate_one(models[lane], subsample, rounds, told, code_UxK),
        )

    threads = 0 if jax.process_count() == 1 else 1  # several processes must go through the stages in the same order
    with threadpool_limits(limits=1):  # the process's: were it set by each thread, sums would depend on the others
        return side_by_side(calibrated, range(len(models)), threads, stopped.set)


def calibrate_one(
    model: ProfileModel,
    subsample: CalibrationSubsample,
    rounds: int,
    report: Report = silent,
    code_UxK: np.ndarray | None = None,
) -> ProfileModel:
    """Stochastic approximation (Robbins and Monro 1951, doi 10.1214/aoms/1177729586) of all knobs at once.

    Each round generates a dataset and moves every parameter by what its own statistic lacks; steps get shorter, since
    each dataset has noise of its own, and the parameters of the best round are kept.

    Returns:
      The model, `training["calibration"]` a record per knob: statistic, parameter, target, reached, error. As it was
      where there are no rounds or no structure, or no round had errors that are numbers.
    """
    wanted = targets(*subsample.rows, member=_members(model, code_UxK))
    if wanted is None or not rounds or model.config.interaction_rank < 2:
        return model
    request = subsample.request(model.config)
    model, basis = with_start(model, wanted)
    table, left = knobs(model, basis), model.config.uncalibrated.split(",")
    best, least = None, np.inf
    for number in range(rounds):
        rows, code = _generated(model, dataclasses.replace(request, seed=number))
        found = targets(*rows, wanted, _members(model, code))
        if found is None:
            break
        errors = [knob.error(wanted, found) for knob in table]
        loss = sum(knob.weight * error for knob, error in zip(table, errors, strict=True))
        if loss < least:
            best, least = (model, found, errors), loss
        rate = 1 / (1 + number / _HALF_STEP)
        for knob in table:
            if knob.moved and knob.parameter not in left:
                model = knob.moved(model, wanted, found, rate)
        report("calibration", number + 1, rounds, {k.statistic: [e] for k, e in zip(table, errors, strict=True)})
    if best is None:
        return model
    chosen, found, errors = best
    records = [knob.record(wanted, found) for knob in table]
    training = {**chosen.training, "spectrum_error": errors[0], "calibration": records}
    return dataclasses.replace(chosen, training=training)


def _members(model: ProfileModel, code_UxK: np.ndarray | None) -> np.ndarray | None:
    return None if model.groups is None or code_UxK is None else members(code_UxK, model.groups.values)


def _generated(model: ProfileModel, request: RatingsRequest) -> tuple[Rows, np.ndarray]:
    """The rows of a dataset, and the groups of its users."""
    plan = make_plan(model, request)
    parts = [block_rows(model, request, plan, block).now for block in range(plan.interactions.num_blocks)]
    return Rows(*(np.concatenate(x) for x in zip(*parts, strict=True))), plan.interactions.groups


def calibration_subsample(ratings: Ratings) -> CalibrationSubsample:
    """All of the source, or a random block of it.

    Of 8,192 users or fewer all are taken, and of users of very many ratings as many as have about 4 million. All
    items are, but of sources of more than `MOST_CELLS` users x items 12,288 at most.
    """
    enough = max(1, _MOST_RATINGS * ratings.num_users // ratings.num_ratings)
    num_users, num_items = min(ratings.num_users, _MOST_USERS, enough), ratings.num_items
    mask = np.random.default_rng(0).permutation(ratings.num_users)[ratings.user] < num_users
    if ratings.num_users * num_items > MOST_CELLS and num_items > _MOST_ITEMS:
        num_items = _MOST_ITEMS
        mask &= np.random.default_rng(1).permutation(ratings.num_items)[ratings.item] < num_items
    return CalibrationSubsample(
        num_users, num_items, Rows(ratings.user[mask], ratings.item[mask], ratings.rating[mask])
    )


def first_correlation(ratings: Ratings) -> np.float32:
    """That of the source's ratings, held out, with what biases predict of them; of very many, of a part."""
    whole = ratings.user, ratings.item, ratings.rating
    found = predictability(*(whole if ratings.num_ratings <= _MOST_RATINGS else calibration_subsample(ratings).rows))
    return np.float32(np.clip(np.sqrt(max(found.by_biases, 0.0)), *CORRELATION_BOUNDS))
