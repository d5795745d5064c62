"""Ratings as predictable as the source's, by biases and by factors beside them: calibrated.

The embedding says it to within a few percent, less well where users' own ways to use the scale say much or affinities
are weak; and its noise is normal given user and item, where real ratings are now and then far from what is expected. So
datasets of the source's size are generated, and what is predicted of their held-out ratings, and how the errors are
spread, is compared with the source.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.calibration_subsample import MOST_RATINGS, CalibrationSubsample, calibration_subsample
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.statistics.learnability import learnability
from ganrs_jax.training.loop import Report, silent

_RESPONSES = {"bias_correlation": 0.5, "factor_gain": 0.4}  # to what is predicted, which is a square of either
_BOUNDS = {"bias_correlation": (0.05, 0.98), "factor_gain": (0.5, 2.0)}  # in all, so that neither runs away
_ONE_ROUND = (0.8, 1.25)  # bounds of what one dataset changes: each has chances of its own
_LEAST = {"bias_correlation": 0.01, "factor_gain": 0.002}  # predicted share of the variance, to be told from chance
_PEAK_RESPONSE = -0.09  # of `Learnability.bias_peak` to the log-variance, as measured on MyAnimeList and MovieLens
_MOST_STEP, _MOST_LOG_VARIANCE = 0.15, 0.4  # in a round; in all: the response holds for small ones alone


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


def calibrate_predictability(
    model: ProfileModel, ratings: Ratings, subsample: CalibrationSubsample, rounds: int, report: Report = silent
) -> ProfileModel:
    """The model with the correlation with biases, factor gain and log-variance of the noise scale of the source."""
    if not rounds:
        return model
    request, mask = subsample.request(model.config), subsample.mask
    wanted = predictability(ratings.user[mask], ratings.item[mask], ratings.rating[mask])
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
    part = slice(None) if ratings.num_ratings <= MOST_RATINGS else calibration_subsample(ratings).mask
    found = predictability(ratings.user[part], ratings.item[part], ratings.rating[part])
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
