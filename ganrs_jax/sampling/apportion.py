"""Whole numbers that are as proportional to weights as bounds and their sum allow."""

import numpy as np

from ganrs_jax.errors import InputError

_LEAST = 1e-200  # of the greatest weight: a weight of nothing still gets what no other may take
_HALVINGS = 100  # more than a double has bits, so that the scale is exact


def apportion(weights: np.ndarray, total: int, low: int, high: int) -> np.ndarray:
    """Whole numbers from low to high that sum to total, proportional to the weights between the bounds.

    One scale is found at which the scaled and clipped weights sum to the total; they are then rounded by largest
    remainder. Weights that already are such numbers come back unchanged. No weight gets less than a smaller one;
    of equal weights the first gets the most.

    Args:
      weights: float64 [N], finite, none below 0; fastest in descending order.
      total: the sum wanted, N * low to N * high.
      low: the least number, 0 or more.
      high: the greatest.

    Returns:
      int64 [N].

    Raises:
      InputError: if no such numbers exist.
    """
    if not len(weights) * low <= total <= len(weights) * high:
        raise InputError(f"{total} cannot be the sum of {len(weights)} numbers from {low} to {high}")
    fits = weights.min() >= low and weights.max() <= high and weights.sum() == total
    if fits and np.all(weights == np.rint(weights)):
        return weights.astype(np.int64)
    if total == len(weights) * low:
        return np.full(len(weights), low, np.int64)
    descending = np.all(weights[1:] <= weights[:-1])
    order = slice(None) if descending else np.argsort(-weights, kind="stable")
    largest = weights.max()
    unit = np.maximum(weights[order] / largest, _LEAST) if largest > 0 else np.ones(len(weights))
    scaled = np.clip(unit * _scale(unit, total, low, high), low, high)
    counts = np.empty(len(weights), np.int64)
    counts[order] = _rounded(scaled, total, low, high)
    return counts


def _scale(unit: np.ndarray, total: int, low: int, high: int) -> float:
    """Bisection of the scale's logarithm; sums run upwards from the least weight, so that none drowns."""
    rising = unit[::-1]
    sums = np.concatenate([[0.0], np.cumsum(rising)])
    below, above = np.log(min(total / sums[-1], 1.0)) - 1, np.log(high / rising[0] + 1) + 1
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        scale = np.exp(middle)
        lows, mids = np.searchsorted(rising, (low / scale, high / scale))
        reached = low * lows + scale * (sums[mids] - sums[lows]) + high * (len(unit) - mids)
        below, above = (middle, above) if reached < total else (below, middle)
    return float(np.exp((below + above) / 2))


def _rounded(wanted: np.ndarray, total: int, low: int, high: int) -> np.ndarray:
    """Largest remainders; the loop runs again only where rounding errors left more than the remainders hold."""
    counts = np.floor(wanted).astype(np.int64)
    while short := total - int(counts.sum()):
        lacking = wanted - counts
        if short > 0:
            able = np.flatnonzero(counts < high)
            counts[able[_largest(lacking[able], short)]] += 1
        else:
            able = np.flatnonzero(counts > low)[::-1]
            counts[able[_largest(-lacking[able], -short)]] -= 1
    return counts


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Places of the largest values, as many as counted, of equal ones the first; a mask [N]."""
    if count >= len(values):
        return np.ones(len(values), bool)
    least = np.partition(values, len(values) - count)[len(values) - count]
    chosen = values > least
    chosen[np.flatnonzero(values == least)[: count - int(chosen.sum())]] = True
    return chosen
