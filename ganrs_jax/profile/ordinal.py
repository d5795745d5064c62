"""From predictions and noise to ratings: by each user's own borders, then a monotone map to the wanted histogram."""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

_SEARCHED = 1 << 18  # ratings, at most, that the noise is fitted on
_PRECISION = 2e-4  # of the factor of the noise
_LEAST, _MOST = 0.4, 2.0  # factor of the noise
_LEAST_ROWS = 1 << 14  # that scores are worked out for
_NOTHING = 1e-12  # a cumulated share of no rating at all


class Latent(NamedTuple):
    """What becomes N ratings: common borders [E]; predicted, noise [N] in stars; each rating's own borders [N, E].

    `scale` [N]: the standard deviation of the noise.
    """

    borders: np.ndarray
    predicted: np.ndarray
    noise: np.ndarray
    own: np.ndarray
    scale: np.ndarray

    def thinned(self, step: int) -> "Latent":
        """Every so manyth rating."""
        return Latent(self.borders, *(x[::step] for x in self[1:]))

    def redrawn(self, rng: np.random.Generator) -> "Latent":
        """With other noise."""
        return self._replace(noise=self.scale * rng.standard_normal(len(self.noise), np.float32))

    def score(self, noise_factor: float) -> np.ndarray:
        """Prediction and noise as one who uses the scale as all do would have them, [N].

        Piecewise linear: own borders go to the common ones, and beyond the outermost all is shifted as these are.
        """
        return np.asarray(_score(*self._padded(), np.float32(noise_factor)))[: len(self.noise)]

    def level(self, noise_factor: float, edges: np.ndarray) -> np.ndarray:
        """Number of `edges` [levels - 1] below each score, int32 [N]."""
        found = _level(*self._padded(), np.float32(noise_factor), edges.astype(np.float32))
        return np.asarray(found)[: len(self.noise)]

    def _padded(self) -> Iterator[np.ndarray]:
        """Borders, predicted, noise, own, of a length that is a power of two: few shapes, so few programs."""
        more = max(_LEAST_ROWS, 1 << max(len(self.noise) - 1, 0).bit_length()) - len(self.noise)
        yield self.borders
        for x in (self.predicted, self.noise, self.own):
            yield np.concatenate([x, np.zeros((more, *x.shape[1:]), x.dtype)]) if more else x


class Thresholds(NamedTuple):
    """Rating level = number of `edges` [levels - 1] below the score, with `noise_factor` times the noise."""

    edges: np.ndarray
    noise_factor: float

    def level(self, latent: Latent) -> np.ndarray:
        """Level of each rating, int32 [N]."""
        return latent.level(self.noise_factor, self.edges)


def fit_thresholds(latent: Latent, plain: np.ndarray, histogram: np.ndarray, correlation: float) -> Thresholds:
    """Edges and noise for which the ratings have a histogram, and a correlation with a part of their predictions.

    It makes one dataset as predictable as another, whoever its few most active users and popular items are.

    Args:
      latent: a large draw.
      plain: [N], the part of the predictions that is the user's and the item's alone.
      histogram: wanted share of each level, [levels].
      correlation: wanted between that part and the ratings.
    """
    step = 1 + (len(plain) - 1) // _SEARCHED
    some, plain = latent.thinned(step), plain[::step]

    @functools.cache  # both ends are looked at before the search
    def excess(factor: float) -> float:
        levels = thresholds_at(some, factor, histogram).level(some)
        return np.corrcoef(plain, levels)[0, 1] - correlation if np.ptp(levels) and np.ptp(plain) else 0.0

    if excess(_LEAST) <= 0:
        return thresholds_at(latent, _LEAST, histogram)
    if excess(_MOST) >= 0:
        return thresholds_at(latent, _MOST, histogram)
    return thresholds_at(latent, brentq(excess, _LEAST, _MOST, xtol=_PRECISION), histogram)


def thresholds_at(latent: Latent, noise_factor: float, histogram: np.ndarray) -> Thresholds:
    """Edges for which the ratings of a large draw have a histogram [levels], with so much of the noise."""
    cumulated = np.cumsum(histogram)[:-1]
    edges = np.quantile(latent.score(noise_factor), np.clip(cumulated, 0, 1))
    edges = np.where(cumulated < _NOTHING, -np.inf, np.where(cumulated > 1 - _NOTHING, np.inf, edges))
    return Thresholds(edges, noise_factor)


@jax.jit
def _score(
    borders_E: jax.Array, predicted_N: jax.Array, noise_N: jax.Array, own_NxE: jax.Array, noise_factor: jax.Array
) -> jax.Array:
    y = predicted_N + noise_factor * noise_N
    below, above = own_NxE[:, 0], own_NxE[:, -1]
    score = jnp.where(y <= below, borders_E[0] + (y - below), borders_E[-1] + (y - above))
    for number in range(len(borders_E) - 1):
        low, high = own_NxE[:, number], own_NxE[:, number + 1]
        share = (y - low) / (high - low)
        step = borders_E[number + 1] - borders_E[number]
        score = jnp.where((share > 0) & (share <= 1), borders_E[number] + share * step, score)
    return score


@jax.jit
def _level(*given: jax.Array) -> jax.Array:
    *latent, edges = given
    score = _score(*latent)
    return sum(((score > edge).astype(jnp.int32) for edge in edges), jnp.zeros(score.shape, jnp.int32))
