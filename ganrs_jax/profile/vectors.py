"""Generated vectors of users with the source's distribution: its moments, and its quantiles, by degree.

Networks smooth the tails of what they learn, and tails count: half of all ratings of the rarest items may be those of
a handful of users. So what is generated is mapped, within strata of users of like degree, to the mean and covariance of
the source's stratum, then each column to its quantiles: real biases are skewed, and how many predictions come near the
end of the scale depends on that. The map is fitted once, in training, on many generated vectors, so that a dataset of
few users gets the same one; vectors of another sigma keep what they differ by.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.profile.model import ProfileModel, ResidualMLP, VectorColumns, VectorMap, applied
from ganrs_jax.profile.settings import ProfileConfig

_MOST_STRATA = 6  # more follow the degree more finely, from fewer vectors each
_LEAST_PER_COLUMN = 3  # vectors of the source per stratum, for each column
_SHARES = 1 / (1 + np.exp(-np.linspace(-6, 6, 65)))  # of quantiles: from 0.25 % on, closest at both ends
_RIDGE = 1e-4  # of a stratum's covariance, in parts of each column's variance: a constant column must have a root


def sample_vectors(key: jax.Array, model: ProfileModel, sigma: float, count: int) -> jax.Array:
    """Vectors [count, D] of new users, from noise N(0, sigma^2)."""
    raw = raw_vectors(key, model.users.weights, model.config, model.columns, sigma, count)
    return apply_map(model.users.vector_map, raw)


def raw_vectors(
    key: jax.Array, weights: optax.Params, config: ProfileConfig, columns: VectorColumns, sigma: float, count: int
) -> jax.Array:
    """What is mapped, [count, D]: vectors from the GAN, or plain noise of Gaussian users."""
    if config.users == "gaussian":
        return sigma * jax.random.normal(key, (count, columns.width))
    network = ResidualMLP(config.width, config.blocks, columns.width)
    return generate_vectors(key, network, weights, jnp.float32(sigma), (count, config.noise_size))


@functools.partial(jax.jit, static_argnums=(1, 4))
def generate_vectors(
    key: jax.Array, generator: ResidualMLP, weights: optax.Params, sigma: jax.Array, shape: tuple[int, int]
) -> jax.Array:
    """Vectors [N, D] from noise N(0, sigma^2) of `shape` (N, numbers in a noise vector)."""
    return applied(generator, weights, sigma * jax.random.normal(key, shape))


def fit_map(generated_MxD: jax.Array, source_RxNxD: jax.Array) -> VectorMap:
    """The map from generated vectors to a source's, of R draws each, by the rank of the last column, a log degree.

    Strata hold equal sums of the square roots of the degrees: between equal numbers of users and of ratings.
    """
    made, draws = np.asarray(generated_MxD, np.float64), np.asarray(source_RxNxD, np.float64)
    count, columns = draws.shape[1:]
    order = np.argsort(draws[0, :, -1], kind="stable")
    weight = np.cumsum(np.exp(draws[0, order, -1] / 2))
    for number in range(_MOST_STRATA, 0, -1):  # as many strata as have vectors enough
        cuts = np.searchsorted(weight, weight[-1] * np.arange(1, number) / number)
        if number == 1 or np.diff([0, *cuts, count]).min() >= _LEAST_PER_COLUMN * columns:
            break
    places = np.rint(cuts / count * len(made)).astype(int)
    ranks = np.argsort(made[:, -1], kind="stable")
    maps = []
    for found, part in zip(np.split(made[ranks], places), np.split(order, cuts), strict=True):
        wanted = draws[:, part].reshape(-1, columns)
        (before, have), (after, want) = _moments(found), _moments(wanted)
        linear = np.linalg.inv(have).T @ want.T
        at = np.quantile((found - before) @ linear + after, _SHARES, axis=0)
        maps.append((before, linear, after, at, np.quantile(wanted, _SHARES, axis=0) - at))
    least = [-np.inf, *made[ranks[places], -1]]
    return VectorMap(*(np.array(x, np.float32) for x in (least, *zip(*maps, strict=True))))


@jax.jit
def apply_map(vector_map: VectorMap, raw_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; within a stratum, the order of degrees stays."""
    log_degree = raw_NxD[:, -1:]

    def move(mapped: jax.Array, stratum: VectorMap) -> tuple[jax.Array, None]:
        moved = (raw_NxD - stratum.before[None]) @ stratum.linear + stratum.after[None]
        moved += jax.vmap(jnp.interp, in_axes=1, out_axes=1)(moved, stratum.at, stratum.added)
        return jnp.where(log_degree >= stratum.least, moved, mapped), None

    return jax.lax.scan(move, raw_NxD, vector_map)[0]


def _moments(vectors_NxD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D], and root [D, D] of the covariance: upper triangular, so that the last column maps by itself."""
    covariance = np.atleast_2d(np.cov(vectors_NxD.T))
    covariance += np.diag(_RIDGE * np.diag(covariance) + 1e-9)
    return vectors_NxD.mean(0), np.linalg.cholesky(covariance[::-1, ::-1])[::-1, ::-1]
