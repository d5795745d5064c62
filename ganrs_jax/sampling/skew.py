"""Degrees of users, or of items, of a wanted distribution and sum: some distributions are known from the sum alone.

`gini:G` is the source's distribution made more even, or steeper: its quantiles to the power at which the counts, whole
numbers between their bounds, have the Gini coefficient G. `thinned` is what a part of the source's ratings, taken at
random, leaves of its distribution: that of a service at a younger age.
"""

import numpy as np
from scipy.optimize import brentq

from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.distributions import DegreeDistribution, DegreeSpec, distribution_weights
from ganrs_jax.statistics.summary import gini

GINI_TOLERANCE = 0.01  # between the Gini coefficient asked for and the counts'
_MOST_POWER = 12.0  # of the source's quantiles: further, one user or item has nearly all
_TINY = 1e-9  # a share that leaves next to nothing
_POWER_STEPS = 24  # of bisection


def degree_counts(
    spec: DegreeSpec, source: DegreeDistribution, size: int, total: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a distribution wants, float64 [size], and the whole numbers from 1 to `most` that sum to `total`, int64.

    Both descend. Of kind gini the two are the same; whether the coefficient was reached, `gini_missed` tells.

    Raises:
      InputError: if no such numbers exist, or a file has another number of weights than size.
    """
    if spec.kind == "gini":
        counts = _of_gini(spec.parameter, source, size, total, most)
        return counts.astype(np.float64), counts
    weights = _thinned(source, size, total) if spec.kind == "thinned" else distribution_weights(spec, source, size)
    return weights, apportion(weights, total, 1, most)


def gini_missed(spec: DegreeSpec, counts: np.ndarray) -> bool:
    """Whether counts lack the Gini coefficient that was asked for."""
    return spec.kind == "gini" and abs(gini(counts) - spec.parameter) > GINI_TOLERANCE


def gini_bounds(source: DegreeDistribution, size: int, total: int, most: int) -> tuple[float, float]:
    """The least and the greatest Gini coefficient that counts of this size and sum can have."""
    return tuple(gini(_powered(source, power, size, total, most)) for power in (0.0, _MOST_POWER))  # type: ignore[return-value]


def _of_gini(wanted: float, source: DegreeDistribution, size: int, total: int, most: int) -> np.ndarray:
    """Counts in proportion to a power of the source's, found by bisection; the nearest there are where none fit."""
    low, high = 0.0, _MOST_POWER
    for _ in range(_POWER_STEPS):
        middle = (low + high) / 2
        counts = _powered(source, middle, size, total, most)
        low, high = (middle, high) if gini(counts) < wanted else (low, middle)
    return counts


def _powered(source: DegreeDistribution, power: float, size: int, total: int, most: int) -> np.ndarray:
    quantiles = distribution_weights(DegreeSpec("source"), source, size)
    return apportion((quantiles / quantiles[0]) ** power, total, 1, most)


def survivors(source: DegreeDistribution, size: int, total: int) -> np.ndarray:
    """Degrees in the source, descending [size], of users, or items, that thinning to a sum leaves any ratings."""
    kept = _kept_share(source, total / size)
    if not kept:
        return distribution_weights(DegreeSpec("source"), source, size).astype(np.int64)
    return _of_survivors(source, size, kept)[::-1]


def _thinned(source: DegreeDistribution, size: int, total: int) -> np.ndarray:
    """Quantiles of what chance leaves of the source's degrees, of those that it leaves any of, with the mean asked for.

    Where more is asked for than the source has, all of it is left.
    """
    kept = _kept_share(source, total / size)
    if not kept:
        return distribution_weights(DegreeSpec("source"), source, size)
    some = max(size, min(4 * size, 1 << 22))  # of whose remains the quantiles are taken
    # Their degrees, in proportion to the chance that anything is left, and then what is left, given that it is some.
    own = _of_survivors(source, some, kept)
    rng = np.random.default_rng(0)
    remains = rng.binomial(own, kept)
    while len(none := np.flatnonzero(remains == 0)) and kept > _TINY:
        remains[none] = rng.binomial(own[none], kept)
        if len(none) > some // 2:  # most would go on in vain: of these one rating is left
            remains[remains == 0] = 1
    ranked = np.sort(np.maximum(remains, 1))[::-1]
    return ranked[((2 * np.arange(size, dtype=np.int64) + 1) * some) // (2 * size)].astype(np.float64)


def _kept_share(source: DegreeDistribution, mean: float) -> float:
    """The share at which those of whom chance leaves any have so many on average; 0 where all must be left."""
    degree, number = (np.asarray(x, np.float64) for x in source)

    def left(kept: float) -> float:
        return kept * (number @ degree) / (number @ -np.expm1(degree * np.log1p(-kept)))

    if mean >= left(1 - _TINY):
        return 0.0
    return brentq(lambda share: left(share) - mean, _TINY, 1 - _TINY) if mean > left(_TINY) else _TINY


def _of_survivors(source: DegreeDistribution, size: int, kept: float) -> np.ndarray:
    """Quantiles, ascending, of the degrees of those of whom a share leaves any."""
    chance = np.asarray(source.number, np.float64) * -np.expm1(np.asarray(source.degree) * np.log1p(-kept))
    at = np.searchsorted(np.cumsum(chance) / chance.sum(), (np.arange(size) + 0.5) / size)
    return source.degree[np.minimum(at, len(source.degree) - 1)].astype(np.int64)
