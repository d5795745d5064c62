"""From predictions and noise to ratings on the scale: a monotone map that gives the wanted histogram."""

from typing import NamedTuple

import numpy as np

_SEARCHED = 200_000  # ratings that the noise is fitted on
_HALVINGS = 14
_LEAST, _MOST = 0.2, 2.0  # factor of the noise
_NOTHING = 1e-12  # a cumulated share of no rating at all


class Thresholds(NamedTuple):
    """Rating level = number of `edges` [levels - 1] below prediction + `noise_factor` * noise."""

    edges: np.ndarray
    noise_factor: float

    def level(self, predicted: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Level of each rating, int64 [N]."""
        return np.searchsorted(self.edges, predicted + np.float32(self.noise_factor) * noise)


def fit_thresholds(predicted: np.ndarray, noise: np.ndarray, histogram: np.ndarray, correlation: float) -> Thresholds:
    """Edges and noise for which the ratings have a histogram and a correlation with their predictions.

    Rounding to levels takes from the correlation, as noise does; so the noise is made smaller.

    Args:
      predicted, noise: float32 [N], a large draw.
      histogram: wanted share of each level, [levels].
      correlation: wanted between predictions and ratings.
    """
    cumulated = np.cumsum(histogram)[:-1]
    low, high = _LEAST, _MOST
    some = predicted[:_SEARCHED], noise[:_SEARCHED]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        levels = _at(*some, middle, cumulated).level(*some)
        found = np.corrcoef(some[0], levels)[0, 1] if np.ptp(levels) and np.ptp(some[0]) else 0.0
        low, high = (middle, high) if found > correlation else (low, middle)
    return _at(predicted, noise, (low + high) / 2, cumulated)


def _at(predicted: np.ndarray, noise: np.ndarray, factor: float, cumulated: np.ndarray) -> Thresholds:
    edges = np.quantile(predicted + np.float32(factor) * noise, np.clip(cumulated, 0, 1))
    edges = np.where(cumulated < _NOTHING, -np.inf, np.where(cumulated > 1 - _NOTHING, np.inf, edges))
    return Thresholds(edges, factor)
