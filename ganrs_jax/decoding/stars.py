"""From predictions and noise to ratings: by each user's own borders, then a monotone map to the wanted histogram."""

from typing import NamedTuple

import numpy as np

_SEARCHED = 200_000  # ratings that the noise is fitted on
_HALVINGS = 14
_LEAST, _MOST = 0.2, 2.0  # factor of the noise
_NOTHING = 1e-12  # a cumulated share of no rating at all


class Latent(NamedTuple):
    """What becomes N ratings: common borders [E]; predicted, noise [N] in stars; each rating's own borders [N, E]."""

    borders: np.ndarray
    predicted: np.ndarray
    noise: np.ndarray
    own: np.ndarray

    def first(self, count: int) -> "Latent":
        return Latent(self.borders, *(x[:count] for x in self[1:]))

    def score(self, noise_factor: float) -> np.ndarray:
        """Prediction and noise as one who uses the scale as all do would have them, [N].

        Piecewise linear: own borders go to the common ones, and beyond the outermost all is shifted as these are.
        """
        y = self.predicted + np.float32(noise_factor) * self.noise
        below, above = self.own[:, 0], self.own[:, -1]
        score = np.where(y <= below, self.borders[0] + y - below, self.borders[-1] + y - above)
        for number in range(len(self.borders) - 1):
            low, high = self.own[:, number], self.own[:, number + 1]
            share = (y - low) / (high - low)
            inside = (share > 0) & (share <= 1)
            step = self.borders[number + 1] - self.borders[number]
            score = np.where(inside, self.borders[number] + share * step, score)
        return score.astype(np.float32)


class Thresholds(NamedTuple):
    """Rating level = number of `edges` [levels - 1] below the score, with `noise_factor` times the noise."""

    edges: np.ndarray
    noise_factor: float

    def level(self, latent: Latent) -> np.ndarray:
        """Level of each rating, int64 [N]."""
        return np.searchsorted(self.edges, latent.score(self.noise_factor))


def fit_thresholds(latent: Latent, histogram: np.ndarray, correlation: float) -> Thresholds:
    """Edges and noise for which the ratings have a histogram and a correlation with their predictions.

    Rounding to levels takes from the correlation, as noise does; so the noise is made smaller.

    Args:
      latent: a large draw.
      histogram: wanted share of each level, [levels].
      correlation: wanted between predictions and ratings.
    """
    cumulated = np.cumsum(histogram)[:-1]
    low, high = _LEAST, _MOST
    some = latent.first(_SEARCHED)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        levels = _at(some, middle, cumulated).level(some)
        found = np.corrcoef(some.predicted, levels)[0, 1] if np.ptp(levels) and np.ptp(some.predicted) else 0.0
        low, high = (middle, high) if found > correlation else (low, middle)
    return _at(latent, (low + high) / 2, cumulated)


def _at(latent: Latent, factor: float, cumulated: np.ndarray) -> Thresholds:
    edges = np.quantile(latent.score(factor), np.clip(cumulated, 0, 1))
    edges = np.where(cumulated < _NOTHING, -np.inf, np.where(cumulated > 1 - _NOTHING, np.inf, edges))
    return Thresholds(edges, factor)
