"""How well ratings can be predicted, prescribed: by biases, and by factors beside them, as well as the source's.

The embedding says it to within a few percent, less well where users' own ways to use the scale say much or tastes
are weak; and its noise is normal given user and item, where real ratings are now and then far from what is expected. So
datasets of the source's size are generated, and what is predicted of their held-out ratings, and how the errors are
spread, is compared with the source.
"""

import dataclasses

import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.calibration_subsample import MOST_RATINGS, compared_part
from ganrs_jax.profile.rating_plan import make_plan, rows
from ganrs_jax.statistics.learnability import Learnability, learnability
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent

_RESPONSES = {"correlation": 0.5, "taste": 0.4}  # to what is predicted, which is a square of either
_BOUNDS = {"correlation": (0.05, 0.98), "taste": (0.5, 2.0)}
_ONE_ROUND = (0.8, 1.25)  # bounds of what one dataset changes: each has chances of its own
_LEAST = {"correlation": 0.01, "taste": 0.002}  # predicted share of the variance, for it to be told from chance
_PEAK_RESPONSE = -0.09  # of `Learnability.bias_peak` to the tails, as measured on MyAnimeList and MovieLens
_MOST_STEP, _MOST_TAILS = 0.15, 0.4  # in a round; in all


def prescribe_predictability(
    generator: Generator,
    ratings: Ratings,
    request: Request,
    compared: np.ndarray,
    rounds: int,
    report: Report = silent,
    kept: Kept = NOTHING,
    name: str = "predictability",
) -> Generator:
    """The generator with `arrays["correlation"]`, of ratings with the plain part of predictions, `taste` and `tails`.

    taste: what the products of rating factors are multiplied by. tails: variance of the log of the noise's scale.

    Args:
      request: of the size of the source, or of the part of it that is compared.
      compared: mask [N] of the source's ratings that are.
      name: what rounds that are done are kept under.
    """
    if not rounds:
        return generator
    wanted = _figures(learnability(ratings.user[compared], ratings.item[compared], ratings.rating[compared]))
    done, arrays = kept.resume(name, {key: generator.arrays[key] for key in wanted})
    generator = generator._replace(arrays={**generator.arrays, **arrays})
    for number in range(done, rounds):
        found = _figures(_generated(generator, dataclasses.replace(request, seed=number)))
        report("predictability", number + 1, rounds, {f"{k}_off": [found[k] - wanted[k]] for k in wanted})
        gain = 1 / (1 + number / 2)  # falls: each dataset has chances of its own, and steps that do not would swing
        arrays = {key: _moved(key, generator.arrays[key], wanted[key], found[key], gain) for key in wanted}
        generator = generator._replace(arrays={**generator.arrays, **arrays})
        kept.save(name, number + 1, arrays)
    return generator


def first_correlation(ratings: Ratings) -> np.float32:
    """That of the source's ratings, held out, with what biases predict of them; of very many, of a part."""
    part = slice(None) if ratings.num_ratings <= MOST_RATINGS else compared_part(ratings).mask
    found = _figures(learnability(ratings.user[part], ratings.item[part], ratings.rating[part]))["correlation"]
    return np.float32(np.clip(np.sqrt(max(found, 0.0)), *_BOUNDS["correlation"]))


def _moved(name: str, value: np.float32, wanted: float, found: float, gain: float) -> np.float32:
    if name == "tails":
        if max(wanted, found) >= 1:  # no errors to tell them from
            return value
        step = np.clip((wanted - found) / _PEAK_RESPONSE, -_MOST_STEP, _MOST_STEP)
        return np.float32(np.clip(value + gain * step, 0, _MOST_TAILS))
    if wanted < _LEAST[name]:
        return value
    factor = np.clip((wanted / max(found, _LEAST[name])) ** _RESPONSES[name], *_ONE_ROUND) ** gain
    return np.float32(np.clip(value * factor, *_BOUNDS[name]))


def _figures(found: Learnability | None) -> dict[str, float]:
    """By the array that it is a matter of: the share of the variance that biases predict, what factors add, the peak.

    Nothing, and errors like those of no tails, where there is none to predict.
    """
    if found is None:
        return {**dict.fromkeys(_RESPONSES, 0.0), "tails": 1.0}
    predicted = {"correlation": 1 - found.bias_ratio**2, "taste": found.bias_ratio**2 - found.mf_ratio**2}
    return {**predicted, "tails": found.bias_peak}


def _generated(generator: Generator, request: Request) -> Learnability | None:
    plan = make_plan(generator, request)
    parts = [rows(generator, request, plan, number) for number in range(plan.num_blocks)]
    user, item, rating = (np.concatenate(x) for x in zip(*parts, strict=True))
    return learnability(user, item, rating)
