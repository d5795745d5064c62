"""Models of all lanes, calibrated: datasets are generated and compared with a part of the source, round after round.

Structure first (`structure.py`), then how predictable ratings are, by biases and by factors beside them. The embedding
says the latter to within a few percent, less well where users' own ways to use the scale say much or affinities are
weak; and its noise is normal given user and item, where real ratings are now and then far from what is expected. So
what is predicted of held-out ratings of generated datasets, and how the errors are spread, is compared too.
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
from ganrs_jax.profile.interactions import MOST_CELLS
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.profile.settings import ProfileConfig, RatingsRequest
from ganrs_jax.profile.structure import calibrate_structure
from ganrs_jax.statistics.learnability import learnability
from ganrs_jax.training.lanes import side_by_side
from ganrs_jax.training.loop import Report, silent
from ganrs_jax.training.stages import Stages

_MOST_RATINGS = 1 << 22  # so many tell a spectrum, and errors of predictions, well enough
_MOST_USERS = 8192  # more cost time in each of the rounds
_MOST_ITEMS = 12288  # of sources of more than MOST_CELLS
_RESPONSES = {"bias_correlation": 0.5, "factor_gain": 0.4}  # to what is predicted, which is a square of either
_BOUNDS = {"bias_correlation": (0.05, 0.98), "factor_gain": (0.5, 2.0)}  # in all, so that neither runs away
_ONE_ROUND = (0.8, 1.25)  # bounds of what one dataset changes: each has chances of its own
_LEAST = {"bias_correlation": 0.01, "factor_gain": 0.002}  # predicted share of the variance, to be told from chance
_PEAK_RESPONSE = -0.09  # of `Learnability.bias_peak` to the log-variance, as measured on MyAnimeList and MovieLens
_MOST_STEP, _MOST_LOG_VARIANCE = 0.15, 0.4  # in a round; in all: the response holds for small ones alone


class CalibrationSubsample(NamedTuple):
    """A block of the source: how many users and items are in it, and their ratings."""

    num_users: int
    num_items: int
    rows: Rows

    def request(self, config: ProfileConfig) -> RatingsRequest:
        """A dataset of the same size."""
        num_ratings = max(len(self.rows.rating), self.num_items)
        return RatingsRequest(self.num_users, self.num_items, num_ratings, sigma=config.sigma)


class Predictability(NamedTuple):
    """What the three calibrated fields of the model are a matter of.

    Attributes:
      bias_correlation: share of the held-out variance that biases predict.
      factor_gain: what factors add to it.
      noise_log_variance: peak of the errors, `Learnability.bias_peak`.
    """

    bias_correlation: float
    factor_gain: float
    noise_log_variance: float


class _StoppedError(Exception):
    """Another lane failed, or the run was interrupted."""


def calibrate(models: Sequence[ProfileModel], ratings: Ratings, report: Report, stages: Stages) -> list[ProfileModel]:
    """The models, a lane each, with what learning leaves off; where cores share the lanes, some at once."""
    subsample, stopped = calibration_subsample(ratings), threading.Event()
    config, (user, item, _) = models[0].config, subsample.rows
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
            lambda: calibrate_structure(
                models[lane], user, item, subsample.request(config), config.structure_rounds, told
            ),
        )
        return stages.run(
            f"lane {lane}, predictability",
            ProfileModel,
            lambda: calibrate_predictability(structured, subsample, config.predictability_rounds, told),
        )

    threads = 0 if jax.process_count() == 1 else 1  # several processes must go through the stages in the same order
    with threadpool_limits(limits=1):  # the process's: were it set by each thread, sums would depend on the others
        return side_by_side(calibrated, range(len(models)), threads, stopped.set)


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


def calibrate_predictability(
    model: ProfileModel, subsample: CalibrationSubsample, rounds: int, report: Report = silent
) -> ProfileModel:
    """The model with the correlation with biases, factor gain and log-variance of the noise scale of the source."""
    if not rounds:
        return model
    request, wanted = subsample.request(model.config), predictability(*subsample.rows)
    for number in range(rounds):
        asked = dataclasses.replace(request, seed=number)
        plan = make_plan(model, asked)
        parts = [block_rows(model, asked, plan, block) for block in range(plan.interactions.num_blocks)]
        found = predictability(*(np.concatenate(x) for x in zip(*parts, strict=True)))
        rate = 1 / (1 + number / 2)  # falls: each dataset has chances of its own, and steps that do not would swing
        off = {}
        for name, target, reached in zip(Predictability._fields, wanted, found, strict=True):
            moved = {name: _moved(name, getattr(model, name), target, reached, rate)}
            model = dataclasses.replace(model, **moved)  # type: ignore[arg-type]
            off[f"{name}_off"] = [reached - target]
        report("predictability", number + 1, rounds, off)
    return model


def first_correlation(ratings: Ratings) -> np.float32:
    """That of the source's ratings, held out, with what biases predict of them; of very many, of a part."""
    whole = ratings.user, ratings.item, ratings.rating
    found = predictability(*(whole if ratings.num_ratings <= _MOST_RATINGS else calibration_subsample(ratings).rows))
    return np.float32(np.clip(np.sqrt(max(found.bias_correlation, 0.0)), *_BOUNDS["bias_correlation"]))


def predictability(user: np.ndarray, item: np.ndarray, rating: np.ndarray) -> Predictability:
    """That of held-out ratings of a dataset [N]; nothing, and errors of no spread, where there is none to predict."""
    found = learnability(user, item, rating)
    if found is None:
        return Predictability(0.0, 0.0, 1.0)
    return Predictability(1 - found.bias_ratio**2, found.bias_ratio**2 - found.mf_ratio**2, found.bias_peak)


def _moved(name: str, value: np.float32, wanted: float, found: float, rate: float) -> np.float32:
    """The value of a field after a step towards what is wanted of its statistic."""
    if name == "noise_log_variance":
        if max(wanted, found) >= 1:  # no errors to tell it from
            return value
        step = np.clip((wanted - found) / _PEAK_RESPONSE, -_MOST_STEP, _MOST_STEP)
        return np.float32(np.clip(value + rate * step, 0, _MOST_LOG_VARIANCE))
    if wanted < _LEAST[name]:
        return value
    factor = np.clip((wanted / max(found, _LEAST[name])) ** _RESPONSES[name], *_ONE_ROUND) ** rate
    return np.float32(np.clip(value * factor, *_BOUNDS[name]))
