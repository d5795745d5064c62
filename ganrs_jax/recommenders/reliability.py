"""Calibration: is the reliability that a model gives its rating the share of such ratings that are right?"""

from typing import NamedTuple

import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Scored
from ganrs_jax.recommenders.rating_error import known

_SAME = 1e-3  # stars: scales have steps of a tenth or more


class Calibration(NamedTuple):
    """A reliability diagram, bins of equal width from 0 to 1, and what it sums up to.

    Attributes:
      error: expected calibration error, 0 to 1: the mean over rows of |reliability - accuracy| of the row's bin.
      accuracy: share of rows whose predicted rating is the true one.
      reliability: mean of all rows; over `accuracy` where the model is too sure of itself.
      bin_rows: [K] rows in each bin.
      bin_reliability, bin_accuracy: [K] means of a bin, None where it is empty.
    """

    error: float
    accuracy: float
    reliability: float
    bin_rows: list[int]
    bin_reliability: list[float | None]
    bin_accuracy: list[float | None]


def calibration(scored: Scored, rating_N: np.ndarray, num_bins: int = 10) -> Calibration | None:
    """Reliability against accuracy on N test rows; None where the model tells no reliability.

    Diagram and error: Guo et al. 2017 (arXiv 1706.04599), section 2, with "the predicted rating is the true one" for
    accuracy. A bin holds its upper border, not its lower one; the first holds 0 as well.

    Raises:
      InputError: no rows, no bins, a reliability that is not in 0 to 1, or one of some rows only.
    """
    if num_bins < 1:
        raise InputError(f"num_bins is {num_bins}; accepted: whole numbers from 1")
    reliability = known(np.asarray(scored.reliability, np.float64), rating_N, "reliability")
    predicted = known(np.asarray(scored.rating, np.float64), rating_N, "rating")
    if reliability is None or predicted is None:
        return None
    if reliability.min() < 0 or reliability.max() > 1 + 1e-6:  # a softmax in float32 may sum to a bit over 1
        raise InputError(f"reliability from {reliability.min():g} to {reliability.max():g}; accepted: 0 to 1")
    right = np.abs(predicted - rating_N) < _SAME
    place = np.clip(np.ceil(reliability * num_bins).astype(int) - 1, 0, num_bins - 1)
    rows, sure, correct = (np.bincount(place, w, num_bins) for w in (None, reliability, right))
    return Calibration(
        float(np.abs(sure - correct).sum() / len(right)),
        float(right.mean()),
        float(reliability.mean()),
        rows.tolist(),
        _means(sure, rows),
        _means(correct, rows),
    )


def _means(total: np.ndarray, rows: np.ndarray) -> list[float | None]:
    return [float(t / n) if n else None for t, n in zip(total, rows, strict=True)]
