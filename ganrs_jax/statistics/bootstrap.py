"""Repeats of a measurement, and bootstrap intervals over users, over seeds, or over both."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganrs_jax.errors import InputError

LEAST_REPEATS = 5  # fewer give a p-value or an interval that means nothing
OVER = ("users", "seeds", "both")
_ROUNDING = 1e-12  # of the values: a smaller spread is rounding
_MOST_WEIGHTS = 1 << 22  # weights of users drawn at a time: 32 MiB


class Interval(NamedTuple):
    """A value and its bootstrap interval."""

    value: float
    low: float
    high: float


def bootstrap_interval(
    columns: Sequence[np.ndarray],
    *,
    over: str,
    statistic: Callable[..., np.ndarray] | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of the mean over seeds of a statistic of the means over users.

    Users are drawn with replacement for all seeds alike, since they are the same people; seeds for all users alike.
    Over both is the pigeonhole bootstrap (Owen 2007, doi 10.1214/07-AOAS122), which errs on the wide side.

    Args:
      columns: values [S, U] each; NaN where a seed has no value of a user, at the same places in all.
      over: of `OVER`; what is not drawn is taken as it is.
      statistic: (mean of each column, any shape) -> the same shape; None is the mean of the only column.
      resamples: R.

    Raises:
      InputError: fewer than 5 users or seeds to draw from, an unknown `over`, a confidence not within 0 and 1.
    """
    check_between("confidence", confidence, 0, 1)
    if over not in OVER:
        raise InputError(f"`over` is {over!r}; accepted: {', '.join(OVER)}")
    statistic = statistic or (lambda mean: mean)
    seeds, users = columns[0].shape
    for name, count in (("users", users), ("seeds", seeds)):
        if over in (name, "both") and count < LEAST_REPEATS:
            raise InputError(f"a bootstrap over {name} has {count} of them; accepted: {LEAST_REPEATS} or more")

    # how often each seed is drawn in each resample; then, in parts that fit memory, how often each user is
    rng = np.random.default_rng(seed)
    weight_RxS = _draw_counts(rng, resamples, seeds) if over != "users" else np.ones((resamples, seeds))
    part_size = max(1, _MOST_WEIGHTS // users) if over != "seeds" else resamples
    drawn = []
    for start in range(0, resamples, part_size):
        weight = weight_RxS[start : start + part_size]
        of_users = _draw_counts(rng, len(weight), users) if over != "seeds" else np.ones((1, users))
        value_RxS = statistic(*(_weighted_means(of_users, column) for column in columns))
        drawn.append((weight * value_RxS).sum(1) / weight.sum(1))

    whole_1xS = statistic(*(_weighted_means(np.ones((1, users)), column) for column in columns))
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(whole_1xS.mean()), float(low), float(high))


def resampled_means(rng: np.random.Generator, value_MxS: np.ndarray, resamples: int) -> np.ndarray:
    """Means over seeds drawn with replacement, for all rows alike, [R, M]."""
    seeds = value_MxS.shape[1]
    return value_MxS[:, rng.integers(seeds, size=(resamples, seeds))].mean(2).T


def percentile_interval(value: float, drawn_R: np.ndarray, confidence: float) -> Interval:
    """A value with the percentile interval of its resamples."""
    low, high = np.quantile(drawn_R, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(value), float(low), float(high))


def checked_repeats(values: ArrayLike, name: str) -> np.ndarray:
    """Repeats as float64 [S].

    Args:
      values: one number per repeat.
      name: what messages call them.

    Raises:
      InputError: fewer than 5, or one that is not finite.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) < LEAST_REPEATS:
        raise InputError(f"{name}: {array.size} repeats; accepted: {LEAST_REPEATS} or more (`num_seeds`)")
    if not np.isfinite(array).all():
        missing = np.count_nonzero(~np.isfinite(array))
        raise InputError(f"{name}: {missing} of {len(array)} repeats are not finite; accepted: finite numbers")
    return array


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raises InputError unless low < value < high."""
    if not low < value < high:
        raise InputError(f"`{name}={value:g}`; accepted: more than {low:g} and less than {high:g}")


def is_constant(values: np.ndarray, size: float) -> bool:
    """Whether values [S] differ by no more than the rounding of numbers as large as `size`."""
    return bool(np.ptp(values) <= _ROUNDING * size)


def _weighted_means(weight_RxU: np.ndarray, value_SxU: np.ndarray) -> np.ndarray:
    """Weighted means over the users that a seed has, [R, S]; NaN where none was drawn."""
    has = np.isfinite(value_SxU)
    weight = weight_RxU @ has.T.astype(np.float64)
    total = weight_RxU @ np.where(has, value_SxU, 0.0).T
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def _draw_counts(rng: np.random.Generator, resamples: int, size: int) -> np.ndarray:
    """How often each of `size` is drawn in `size` draws with replacement, float64 [resamples, size]."""
    return rng.multinomial(size, np.full(size, 1 / size), resamples).astype(np.float64)
