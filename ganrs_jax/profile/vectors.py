"""Generated vectors with the source's distribution: its moments, its quantiles, and its moments by degree.

Networks smooth the tails of what they learn, and tails count: half of all ratings of the rarest items may be those of
a handful of users. So generated vectors of users get, in turn:

1. the source's mean and covariance, by an affine map that is fitted once, in training (`fit_moments`);
2. each column the source's quantiles, whatever the sizes asked for (`map_marginals`);
3. within strata of users of like degree, the mean and covariance of the source's stratum, then its quantiles: real
   biases are skewed, and how many predictions come near the end of the scale depends on that.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.profile.model import MomentMap, ProfileModel, ResidualMLP, Strata, applied

_QUANTILES = 129  # odd, so that the median is one of them
_SHARES = 1 / (1 + np.exp(-np.linspace(-8, 8, _QUANTILES)))  # of quantiles: from 0.03 % on, closest at both ends
_LEAST_VECTORS = 2 * _QUANTILES  # whose quantiles can be told
_MOST_STRATA = 6  # more follow the degree more finely, from fewer vectors each
_LEAST_PER_COLUMN = 3  # vectors per stratum, of the source and of the dataset, for each column
_SHARES_OF_STRATUM = 1 / (1 + np.exp(-np.linspace(-4, 4, 33)))  # from 2 % on; finer ones would be single entities'
_RIDGE = 1e-4  # of a stratum's covariance, in parts of its mean variance: a constant column must have a root


def sample_vectors(key: jax.Array, model: ProfileModel, sigma: float, count: int) -> jax.Array:
    """Generated vectors [count, D] of users from noise N(0, sigma^2)."""
    config = model.config
    network = ResidualMLP(config.width, config.blocks, model.columns.width)
    drawn = generate_vectors(key, network, model.users.weights, jnp.float32(sigma), (count, config.noise_size))
    return match_moments(drawn, model.users.moments)


@functools.partial(jax.jit, static_argnums=(1, 4))
def generate_vectors(
    key: jax.Array, generator: ResidualMLP, weights: optax.Params, sigma: jax.Array, shape: tuple[int, int]
) -> jax.Array:
    """Vectors [N, D] from noise N(0, sigma^2) of `shape` (N, numbers in a noise vector)."""
    return applied(generator, weights, sigma * jax.random.normal(key, shape))


def fit_moments(generated_MxD: jax.Array, wanted_RxNxD: jax.Array) -> MomentMap:
    """The map that gives generated vectors the mean and covariance of the wanted ones, by Cholesky roots."""
    wanted = wanted_RxNxD.reshape(-1, wanted_RxNxD.shape[-1])
    ridge = 1e-6 * jnp.eye(wanted.shape[1])
    have, want = (jnp.linalg.cholesky(jnp.cov(x.T) + ridge) for x in (generated_MxD, wanted))
    moments = (generated_MxD.mean(0), jnp.linalg.inv(have).T @ want.T, wanted.mean(0), wanted.std(0))
    return MomentMap(*(np.asarray(x) for x in moments))


@jax.jit
def match_moments(vectors_NxD: jax.Array, moments: MomentMap) -> jax.Array:
    """Vectors with the source's mean and covariance."""
    return (vectors_NxD - moments.shift_before[None]) @ moments.linear + moments.shift_after[None]


class MarginalMap(NamedTuple):
    """By column: what is added at the generated quantiles [Q, D] to make them the source's, [Q, D]."""

    generated: jax.Array
    added: jax.Array


def find_quantiles(draws_RxNxD: jax.Array) -> np.ndarray:
    """Quantiles of each column of a source's vectors, float32 [Q, D]."""
    draws = np.asarray(draws_RxNxD)
    return _quantiles(draws.reshape(-1, draws.shape[-1]), _SHARES)


def map_marginals(vectors_NxD: jax.Array, wanted_QxD: np.ndarray, spread: np.ndarray) -> MarginalMap:
    """The map that gives a dataset's vectors the wanted quantiles; too few vectors stay as they are.

    Args:
      spread: factor of each wanted column's deviations from its median, [D].
    """
    vectors = np.asarray(vectors_NxD)
    generated = _quantiles(vectors, _SHARES)
    middle = wanted_QxD[_QUANTILES // 2]
    wanted = middle + spread * (wanted_QxD - middle) if len(vectors) >= _LEAST_VECTORS else generated
    return MarginalMap(jnp.asarray(generated), jnp.asarray(wanted - generated, jnp.float32))


@jax.jit
def apply_marginals(marginal_map: MarginalMap, vectors_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; monotone in each column."""
    added = jax.vmap(jnp.interp, in_axes=1, out_axes=1)(vectors_NxD, marginal_map.generated, marginal_map.added)
    return vectors_NxD + added


class StrataMap(NamedTuple):
    """By generated `column`: cuts [M - 1], and per stratum x -> (x - before) @ linear + after, then `marginals`."""

    column: jax.Array
    cuts: jax.Array
    before: jax.Array
    linear: jax.Array
    after: jax.Array
    marginals: MarginalMap


def find_strata(draws_RxNxD: jax.Array, column: int, slope: float) -> Strata:
    """The `Strata` of a source's vectors.

    Args:
      column: the number that vectors are ranked by.
      slope: times that number is the log of how many ratings are at stake. Strata hold equal sums of the square
        root of these: between equal numbers of vectors and of ratings.
    """
    draws = np.asarray(draws_RxNxD, np.float64)
    count, columns = draws.shape[1:]
    order = np.argsort(draws[0, :, column], kind="stable")
    weight = np.cumsum(np.exp(slope * draws[0, order, column] / 2))
    for number in range(_MOST_STRATA, 0, -1):  # as many strata as have vectors enough
        cuts = np.searchsorted(weight, weight[-1] * np.arange(1, number) / number)
        if number == 1 or np.diff([0, *cuts, count]).min() >= _LEAST_PER_COLUMN * columns:
            break
    parts = [draws[:, part].reshape(-1, columns) for part in np.split(order, cuts)]
    mean, root = (np.stack(x).astype(np.float32) for x in zip(*map(_moments, parts), strict=True))
    quantiles = np.stack([_quantiles(part, _SHARES_OF_STRATUM) for part in parts])
    below = np.array([0, *(cuts / count)], np.float32)
    return Strata(np.int32(column % columns), below, mean, root, quantiles)


def map_strata(vectors_NxD: jax.Array, strata: Strata, spread: np.ndarray) -> StrataMap:
    """The map that gives a dataset's vectors the moments of the source's strata; strata of too few stay as they are.

    Args:
      vectors_NxD: generated; strata: of the source.
      spread: factor of each column's deviations within a stratum, [D].
    """
    vectors = np.asarray(vectors_NxD, np.float64)
    ranked = vectors[:, int(strata.column)]
    order = np.argsort(ranked, kind="stable")
    places = np.rint(np.asarray(strata.below)[1:] * len(vectors)).astype(int)
    cuts = ranked[order][np.minimum(places, len(vectors) - 1)]
    maps = []
    for number, part in enumerate(np.split(order, places)):
        wanted_mean, wanted_root, wanted_quantiles = (
            np.asarray(x[number], np.float64) for x in (strata.mean, strata.root, strata.quantiles)
        )
        columns = vectors.shape[1]
        if len(part) < _LEAST_PER_COLUMN * columns:  # the identity
            still = np.repeat(np.arange(len(_SHARES_OF_STRATUM), dtype=np.float64)[:, None], columns, 1)
            maps.append((np.zeros(columns), np.eye(columns), np.zeros(columns), still, 0 * still))
            continue
        mean, root = _moments(vectors[part])
        linear = np.linalg.inv(root).T @ (spread[:, None] * wanted_root).T
        found = _quantiles((vectors[part] - mean) @ linear + wanted_mean, _SHARES_OF_STRATUM)
        middle = wanted_mean[None]
        maps.append((mean, linear, wanted_mean, found, middle + spread * (wanted_quantiles - middle) - found))
    befores, linears, afters, *marginals = (jnp.asarray(np.array(x), jnp.float32) for x in zip(*maps, strict=True))
    edges = jnp.asarray(cuts, jnp.float32)
    return StrataMap(jnp.asarray(strata.column), edges, befores, linears, afters, MarginalMap(*marginals))


@jax.jit
def apply_strata(strata_map: StrataMap, vectors_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; the stratum is that of the column they come with."""
    stratum = jnp.searchsorted(strata_map.cuts, vectors_NxD[:, strata_map.column], side="right")

    def move(
        mapped: jax.Array, part: tuple[jax.Array, jax.Array, jax.Array, jax.Array, MarginalMap]
    ) -> tuple[jax.Array, None]:
        number, before, linear, after, marginals = part
        moved = apply_marginals(marginals, (vectors_NxD - before[None]) @ linear + after[None])
        return jnp.where((stratum == number)[:, None], moved, mapped), None

    numbers = jnp.arange(len(strata_map.before))
    return jax.lax.scan(move, jnp.zeros_like(vectors_NxD), (numbers, *strata_map[2:]))[0]


def _quantiles(vectors_NxD: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return np.quantile(vectors_NxD, shares, axis=0).astype(np.float32)


def _moments(vectors_NxD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D] and Cholesky root [D, D] of the covariance."""
    covariance = np.atleast_2d(np.cov(vectors_NxD.T))
    ridge = _RIDGE * np.trace(covariance) / len(covariance) + 1e-9
    return vectors_NxD.mean(0), np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))


class VectorMap(NamedTuple):
    """From generated vectors to those with the source's quantiles, then with its moments by degree."""

    marginals: MarginalMap
    strata: StrataMap

    def __call__(self, vectors_NxD: jax.Array) -> jax.Array:
        return apply_strata(self.strata, apply_marginals(self.marginals, vectors_NxD))


def vector_map(model: ProfileModel, raw_NxD: jax.Array, sigma: float) -> VectorMap:
    """What gives generated vectors the source's distribution, as wide as another sigma makes them."""
    spread = np.ones(raw_NxD.shape[1])
    if sigma != model.config.sigma:
        spread = np.asarray(raw_NxD.std(0)) / np.maximum(model.users.moments.spread, 1e-6)
    marginals = map_marginals(raw_NxD, model.users.quantiles, spread)
    return VectorMap(marginals, map_strata(apply_marginals(marginals, raw_NxD), model.users.strata, spread))
