"""Ratings to the GAN's unit scale and back."""

import numpy as np

from ganrs_jax.data.ratings import Scale


def to_unit(rating: np.ndarray, scale: Scale) -> np.ndarray:
    """(rating - middle) / width: (r - 3) / 5 on 1-5 and (r - 5) / 10 on 1-10, as published."""
    return ((rating - _middle(scale)) / _width(scale)).astype(np.float32)


def from_unit(value: np.ndarray, scale: Scale) -> np.ndarray:
    """The nearest level of the scale to each value, float32."""
    rating = np.asarray(value, np.float64) * _width(scale) + _middle(scale)
    level = np.clip(np.rint((rating - scale.low) / scale.step), 0, len(scale.levels) - 1)
    return scale.levels[level.astype(np.int64)]


def match_moments(value: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Shifts and stretches values to a mean and standard deviation.

    Replaces the notebooks' multiplication by real mean / fake mean, which inflates the spread (from
    0.156 to 0.243 in their own log) and flips every sign where the two means differ in sign.
    """
    value = np.asarray(value, np.float64)
    spread = value.std()
    return mean + (value - value.mean()) * (std / spread if spread > 0 else 0.0)


def _middle(scale: Scale) -> float:
    """The middle of the scale, or the level below where the middle is none: 3 of 1-5, 5 of 1-10."""
    steps = (scale.high - scale.low) / scale.step / 2
    return scale.low + scale.step * np.floor(steps)


def _width(scale: Scale) -> float:
    """Levels times step: 5 for 1-5, 10 for 1-10."""
    return scale.high - scale.low + scale.step
