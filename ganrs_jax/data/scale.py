"""The rating values that a source allows."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.errors import InputError, Place

MAX_LEVELS = 1001  # of a scale
_STEPS = (1.0, 0.5, 0.25, 0.2, 0.1)
_CHUNK = 1 << 22  # rows checked at a time, so that a check of 100 million rows takes no memory to speak of


class Scale(NamedTuple):
    """The rating values a source allows: low, low + step, ..., high."""

    low: float
    high: float
    step: float = 1.0

    @property
    def levels(self) -> np.ndarray:
        """All allowed values, ascending, float32 [L]."""
        count = round((self.high - self.low) / self.step) + 1
        return (self.low + self.step * np.arange(count)).astype(np.float32)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} in steps of {self.step:g}"


def find_scale(rating: np.ndarray, name: str = "ratings") -> Scale:
    """The smallest regular scale that holds every value.

    Raises:
      InputError: if the values lie on no grid of step 1, 1/2, 1/4, 1/5 or 1/10, or are all equal.
    """
    values = np.sort(pc.unique(pa.array(rating)).to_numpy()).astype(np.float64)
    if len(values) == 1:
        raise equal_ratings(float(values[0]), name)
    for step in _STEPS:
        steps = (values - values[0]) / step
        if np.all(np.abs(steps - np.round(steps)) < 1e-3) and steps[-1] < MAX_LEVELS:
            return Scale(float(values[0]), float(values[-1]), step)
    raise InputError(
        f"{name}: ratings from {values[0]:g} to {values[-1]:g} take {len(values)} values on no "
        f"regular grid; accepted: steps of 1, 0.5, 0.25, 0.2 or 0.1 and at most {MAX_LEVELS} steps"
    )


def equal_ratings(value: float, name: str) -> InputError:
    """That there is nothing to learn from: likes, clicks and views are no ratings."""
    return InputError(
        f"{name}: every rating is {value:g}, so none is higher than another; accepted: ratings of two values or more "
        "(likes, clicks and views alone are not supported)"
    )


def check_on_scale(rating: np.ndarray, scale: Scale, place: Place) -> None:
    """Raises InputError naming the first rating [N] that is no level of the scale, and its place."""
    for start in range(0, len(rating), _CHUNK):
        part = rating[start : start + _CHUNK]
        steps = (part - np.float32(scale.low)) / np.float32(scale.step)
        bad = (np.abs(steps - np.rint(steps)) > 1e-3) | (part < scale.low) | (part > scale.high)
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"{place(start + row)}: rating {part[row]:g} is off the scale; accepted: {scale}, or another `scale`"
            )
