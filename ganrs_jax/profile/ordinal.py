"""The ordinal link: from predictions and noise to rating levels.

A latent rating falls between the cutpoints of its own user (response style), and a monotone map then gives the
dataset the wanted rating histogram.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

_SEARCHED = 1 << 18  # ratings, at most, that the noise is fitted on: a correlation then has an error of .002
_PRECISION = 2e-4  # of the factor of the noise: well below what a dataset can show
_LEAST, _MOST = 0.4, 2.0  # factor of the noise: a correlation out of reach is not sought further by noise alone
_LEAST_ROWS = 1 << 14  # that scores are worked out for, so that small datasets share one program
_NOTHING = 1e-12  # a cumulated share of no rating at all
_NARROWEST = 0.1  # width of a level at least, in parts of the shared one, so that each user's map has an inverse


class Latent(NamedTuple):
    """N latent ratings: shared cutpoints [E]; predicted, noise [N] in rating units; each rating's own cutpoints [N, E].

    `scale` [N]: the standard deviation of the noise.
    """

    cutpoints: np.ndarray
    predicted: np.ndarray
    noise: np.ndarray
    own: np.ndarray
    scale: np.ndarray

    def shifted(self, shift_N: np.ndarray) -> "Latent":
        """With so much added to the predictions."""
        return self._replace(predicted=self.predicted + shift_N)

    def redrawn(self, rng: np.random.Generator) -> "Latent":
        """With other noise."""
        return self._replace(noise=self.scale * rng.standard_normal(len(self.noise), np.float32))

    def score(self, noise_factor: float) -> np.ndarray:
        """Prediction and noise on the shared scale, [N].

        Piecewise linear: own cutpoints go to the shared ones, and beyond the outermost all is shifted as these are.
        """
        return np.asarray(_score(*self.padded(), np.float32(noise_factor)))[: len(self.noise)]

    def padded(self) -> Iterator[np.ndarray]:
        """Cutpoints, predicted, noise, own, of a length that is a power of two: few shapes, so few programs."""
        more = max(_LEAST_ROWS, 1 << max(len(self.noise) - 1, 0).bit_length()) - len(self.noise)
        yield self.cutpoints
        for x in (self.predicted, self.noise, self.own):
            yield np.concatenate([x, np.zeros((more, *x.shape[1:]), x.dtype)]) if more else x


class OrdinalLink(NamedTuple):
    """Rating level = number of `edges` [levels - 1] below the score, with `noise_factor` times the noise."""

    edges: np.ndarray
    noise_factor: float

    def level(self, latent: Latent) -> np.ndarray:
        """Level of each rating, int32 [N]."""
        found = _level(*latent.padded(), np.float32(self.noise_factor), self.edges.astype(np.float32))
        return np.asarray(found)[: len(latent.noise)]


def fit_link(latent: Latent, biases: np.ndarray, histogram: np.ndarray, correlation: float) -> OrdinalLink:
    """Edges and noise for which the ratings have a histogram, and a correlation with what biases predict of them.

    It makes one dataset as predictable as another, whoever its few most active users and popular items are.

    Args:
      latent: a large draw.
      biases: [N], the part of the predictions that is the user's and the item's alone.
      histogram: wanted share of each level, [levels].
      correlation: wanted between that part and the ratings.
    """
    step = 1 + (len(biases) - 1) // _SEARCHED
    some, biases = Latent(latent.cutpoints, *(x[::step] for x in latent[1:])), biases[::step]

    @functools.cache  # both ends are tried before the search
    def excess(factor: float) -> float:
        levels = link_at(some, factor, histogram).level(some)
        return np.corrcoef(biases, levels)[0, 1] - correlation if np.ptp(levels) and np.ptp(biases) else 0.0

    if excess(_LEAST) <= 0:
        return link_at(latent, _LEAST, histogram)
    if excess(_MOST) >= 0:
        return link_at(latent, _MOST, histogram)
    return link_at(latent, brentq(excess, _LEAST, _MOST, xtol=_PRECISION), histogram)


def link_at(latent: Latent, noise_factor: float, histogram: np.ndarray) -> OrdinalLink:
    """Edges for which the ratings of a large draw have a histogram [levels], with so much of the noise."""
    cumulated = np.cumsum(histogram)[:-1]
    edges = np.quantile(latent.score(noise_factor), np.clip(cumulated, 0, 1))
    edges = np.where(cumulated < _NOTHING, -np.inf, np.where(cumulated > 1 - _NOTHING, np.inf, edges))
    return OrdinalLink(edges, noise_factor)


@jax.jit
def _score(
    cutpoints_E: jax.Array, predicted_N: jax.Array, noise_N: jax.Array, own_NxE: jax.Array, noise_factor: jax.Array
) -> jax.Array:
    y = predicted_N + noise_factor * noise_N
    below, above = own_NxE[:, 0], own_NxE[:, -1]
    score = jnp.where(y <= below, cutpoints_E[0] + (y - below), cutpoints_E[-1] + (y - above))
    for number in range(len(cutpoints_E) - 1):
        low, high = own_NxE[:, number], own_NxE[:, number + 1]
        share = (y - low) / (high - low)
        step = cutpoints_E[number + 1] - cutpoints_E[number]
        score = jnp.where((share > 0) & (share <= 1), cutpoints_E[number] + share * step, score)
    return score


@jax.jit
def _level(*given: jax.Array) -> jax.Array:
    *latent, edges = given
    score = _score(*latent)
    return sum(((score > edge).astype(jnp.int32) for edge in edges), jnp.zeros(score.shape, jnp.int32))


def ascending(cutpoints_E: jax.Array, moved_UxE: jax.Array) -> jax.Array:
    """Own cutpoints [U, E], moved from the shared ones; each level keeps at least a part of its width."""
    own, least = cutpoints_E[None] + moved_UxE, _NARROWEST * jnp.diff(cutpoints_E)
    middle = own.shape[1] // 2
    gaps = jnp.maximum(jnp.diff(own, axis=1), least[None])
    up, down = jnp.cumsum(gaps[:, middle:], 1), jnp.cumsum(gaps[:, :middle][:, ::-1], 1)[:, ::-1]
    centre = own[:, middle : middle + 1]
    return jnp.concatenate([centre - down, centre, centre + up], 1)
