"""Errors of predicted ratings on test rows, in stars."""

from typing import NamedTuple

import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Scored


class RatingError(NamedTuple):
    """Errors in stars.

    Attributes:
      mae: mean absolute error.
      rmse: root mean squared error.
      rows: that they were measured on.
    """

    mae: float
    rmse: float
    rows: int


def rating_error(scored: Scored, rating_N: np.ndarray) -> RatingError | None:
    """MAE and RMSE of what a model predicts for N rows; None where it predicts no rating.

    Predictions are taken as they are: not rounded, nor clipped to the scale.

    Raises:
      InputError: no rows, or predictions of some rows only.
    """
    predicted = known(np.asarray(scored.rating, np.float64), rating_N, "rating")
    if predicted is None:
        return None
    error = predicted - np.asarray(rating_N, np.float64)
    return RatingError(float(np.abs(error).mean()), float(np.sqrt(np.square(error).mean())), len(error))


def known(value_N: np.ndarray, rating_N: np.ndarray, name: str) -> np.ndarray | None:
    """What a model says of N rows, or None where it says nothing of any.

    Raises:
      InputError: no rows, another number of them, or something said of some rows only.
    """
    if len(value_N) != len(rating_N) or not len(rating_N):
        raise InputError(f"{len(value_N)} predictions for {len(rating_N)} test ratings; accepted: one each, and some")
    said = np.isfinite(value_N)
    if said.any() and not said.all():
        raise InputError(
            f"the {name} of {np.count_nonzero(~said)} of {len(said)} rows is not finite; accepted: all or none"
        )
    return value_N if said.all() else None
