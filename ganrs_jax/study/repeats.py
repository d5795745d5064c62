"""What tests and intervals ask of repeats: enough of them, finite, and told apart from rounding."""

from typing import Any

import numpy as np

from ganrs_jax.errors import InputError

LEAST_REPEATS = 5  # fewer give a p-value or an interval that means nothing
_ROUNDING = 1e-12  # of the values: less spread than this is none


def checked(values: Any, what: str) -> np.ndarray:
    """Repeats as float64 [S].

    Raises:
      InputError: fewer than 5, or one that is not finite.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) < LEAST_REPEATS:
        raise InputError(f"{what}: {array.size} repeats; accepted: {LEAST_REPEATS} or more (`num_seeds`)")
    if not np.isfinite(array).all():
        missing = np.count_nonzero(~np.isfinite(array))
        raise InputError(f"{what}: {missing} of {len(array)} repeats are not finite; accepted: finite numbers")
    return array


def check_share(name: str, value: float, high: float) -> None:
    """Raises InputError unless 0 < value < high."""
    if not 0 < value < high:
        raise InputError(f"`{name}={value:g}`; accepted: more than 0 and less than {high:g}")


def is_constant(values: np.ndarray, size: float) -> bool:
    """Whether values [S] differ by no more than the rounding of numbers as large as `size`."""
    return bool(np.ptp(values) <= _ROUNDING * size)
