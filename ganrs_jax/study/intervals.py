"""Bootstrap intervals over users, over seeds, or over both."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.list_metrics import harmonic
from ganrs_jax.recommenders.ranking import Ranking
from ganrs_jax.study.repeats import LEAST_REPEATS, check_share, checked, is_constant

OVER = ("users", "seeds", "both")
_AT_A_TIME = 1 << 22  # weights of users drawn at a time


class Interval(NamedTuple):
    """A value and its bootstrap interval."""

    value: float
    low: float
    high: float


def seed_interval(
    values_S: Any, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 0, name: str = "bootstrap"
) -> Interval:
    """The mean of repeats [S] and its BCa bootstrap interval (Efron 1987, doi 10.1080/01621459.1987.10478410).

    Raises:
      InputError: fewer than 5 repeats, numbers that are not finite, a confidence not within 0 and 1.
    """
    check_share("confidence", confidence, 1)
    values = checked(values_S, name)
    mean = float(values.mean())
    if is_constant(values, float(np.abs(values).max())):
        return Interval(mean, mean, mean)
    rng = np.random.default_rng(seed)
    found = stats.bootstrap((values,), np.mean, n_resamples=resamples, confidence_level=confidence, rng=rng)
    return Interval(mean, float(found.confidence_interval.low), float(found.confidence_interval.high))


def ranking_interval(rankings: Sequence[Ranking], metric: str, n: int, *, over: str = "both", **how: Any) -> Interval:
    """`bootstrap_interval` of a metric, averaged over the seeds that the rankings are of.

    Under `study`, F1 is that of each resample's mean precision and mean recall.

    Raises:
      InputError: as `bootstrap_interval` and `Ranking.of_users` do.
    """
    if not rankings:
        raise InputError("no ranking is given; accepted: one a seed")
    if metric == "f1" and rankings[0].convention == "study":
        columns = [_by_user(rankings, name, n) for name in ("precision", "recall")]
        return bootstrap_interval(columns, over=over, statistic=harmonic, **how)
    return bootstrap_interval([_by_user(rankings, metric, n)], over=over, **how)


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
    check_share("confidence", confidence, 1)
    statistic = statistic or (lambda mean: mean)
    seeds, users = columns[0].shape
    _check_over(over, seeds, users)
    rng = np.random.default_rng(seed)
    weight_RxS = _weights(rng, resamples, seeds) if over != "users" else np.ones((resamples, seeds))
    step = max(1, _AT_A_TIME // users) if over != "seeds" else resamples
    drawn = []
    for start in range(0, resamples, step):
        weight = weight_RxS[start : start + step]
        of_users = _weights(rng, len(weight), users) if over != "seeds" else np.ones((1, users))
        drawn.append(_weighted(weight, statistic(*(_means(of_users, column) for column in columns))))
    whole = statistic(*(_means(np.ones((1, users)), column) for column in columns))
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(whole.mean()), float(low), float(high))


def resampled_means(rng: np.random.Generator, value_MxS: np.ndarray, resamples: int) -> np.ndarray:
    """Means over seeds drawn with replacement, for all rows alike, [R, M]."""
    seeds = value_MxS.shape[1]
    return value_MxS[:, rng.integers(seeds, size=(resamples, seeds))].mean(2).T


def percentiles(value: float, drawn_R: np.ndarray, confidence: float) -> Interval:
    """A value with the percentile interval of its resamples."""
    low, high = np.quantile(drawn_R, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(value), float(low), float(high))


def _by_user(rankings: Sequence[Ranking], metric: str, n: int) -> np.ndarray:
    """[S, U], NaN where the seed has no relevant test item of the user; users of no seed are left out."""
    users = np.unique(np.concatenate([ranking.user for ranking in rankings]))
    table = np.full((len(rankings), len(users)), np.nan)
    for row, ranking in zip(table, rankings, strict=True):
        row[np.searchsorted(users, ranking.user)] = ranking.of_users(metric, n)
    return table


def _means(weight_RxU: np.ndarray, value_SxU: np.ndarray) -> np.ndarray:
    """Weighted means over the users that a seed has, [R, S]; NaN where none was drawn."""
    has = np.isfinite(value_SxU)
    weight = weight_RxU @ has.T.astype(np.float64)
    total = weight_RxU @ np.where(has, value_SxU, 0.0).T
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def _weighted(weight_RxS: np.ndarray, value_RxS: np.ndarray) -> np.ndarray:
    return (weight_RxS * value_RxS).sum(1) / weight_RxS.sum(1)


def _weights(rng: np.random.Generator, resamples: int, size: int) -> np.ndarray:
    """How often each of `size` is drawn in `size` draws with replacement, float64 [resamples, size]."""
    return rng.multinomial(size, np.full(size, 1 / size), resamples).astype(np.float64)


def _check_over(over: str, seeds: int, users: int) -> None:
    if over not in OVER:
        raise InputError(f"over is {over!r}; accepted: {', '.join(OVER)}")
    for name, count in (("users", users), ("seeds", seeds)):
        if over in (name, "both") and count < LEAST_REPEATS:
            raise InputError(f"a bootstrap over {name} has {count} of them; accepted: {LEAST_REPEATS} or more")
