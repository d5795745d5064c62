"""Gaussian posteriors of many small vectors at once: draws, and the prior they share.

A vector estimated from few ratings is pulled to its prior's mean, so that estimates vary less than what
they estimate. A draw from the posterior varies as much: all stages that follow see draws.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_FLOOR = 1e-3  # variance of the prior that no direction falls under: its precision must stay finite
_LONGEST_STEP = 4.0  # of a vector in a Newton step: as far as the quadratic approximation is to be trusted


class Prior(NamedTuple):
    """Normal prior of a vector of K numbers given F known covariates: mean covariates @ coefficients.

    coefficients_FxK, precision_KxK.
    """

    coefficients_FxK: jax.Array
    precision_KxK: jax.Array


@jax.jit
def draw_vectors(key: jax.Array, precision_NxKxK: jax.Array, linear_NxK: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean [N, K] and one draw [N, K] of each normal density exp(linear x - x precision x / 2)."""
    chol = jnp.linalg.cholesky(precision_NxKxK)
    scaled = jax.scipy.linalg.solve_triangular(chol, linear_NxK[..., None], lower=True)
    noise = jax.random.normal(key, linear_NxK.shape)[..., None]
    # Both in one solve: two that run side by side can block each other on a machine of two cores.
    both = jax.scipy.linalg.solve_triangular(chol, jnp.concatenate([scaled, scaled + noise], -1), lower=True, trans=1)
    return both[..., 0], both[..., 1]


@functools.partial(jax.jit, static_argnums=(0, 1))
def first_prior(num_covariates: int, size: int, precision: float) -> Prior:
    """The prior before there are vectors to learn it from: mean 0, the same precision in each direction."""
    return Prior(jnp.zeros((num_covariates, size)), precision * jnp.eye(size))


@jax.jit
def fit_prior(vectors_NxK: jax.Array, covariates_NxF: jax.Array) -> Prior:
    """The prior that N drawn vectors follow, by regression on their covariates (empirical Bayes)."""
    gram = covariates_NxF.T @ covariates_NxF + jnp.eye(covariates_NxF.shape[1])
    coefficients = jnp.linalg.solve(gram, covariates_NxF.T @ vectors_NxK)
    rest = vectors_NxK - covariates_NxF @ coefficients
    covariance = rest.T @ rest / rest.shape[0] + _FLOOR * jnp.eye(rest.shape[1])
    return Prior(coefficients, jnp.linalg.inv(covariance))


@jax.jit
def with_prior(
    key: jax.Array, gram_NxKxK: jax.Array, linear_NxK: jax.Array, prior: Prior, covariates_NxF: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Mean and draw [N, K] of the posterior of a normal likelihood (gram, linear) and the prior."""
    mean = covariates_NxF @ prior.coefficients_FxK
    return draw_vectors(key, gram_NxKxK + prior.precision_KxK[None], linear_NxK + mean @ prior.precision_KxK)


def degree_covariates(counts: np.ndarray) -> jax.Array:
    """Covariates [N, 3] of users or items: 1, the standardised log of their number of ratings, and its square."""
    degree = np.log(counts)
    degree = (degree - degree.mean()) / (degree.std() + 1e-9)
    return jnp.asarray(np.stack([np.ones_like(degree), degree, degree**2], 1), jnp.float32)


@jax.jit
def clip_step(step_NxK: jax.Array, longest: float = _LONGEST_STEP) -> jax.Array:
    """Newton steps [N, K] of vectors, none longer than a quadratic approximation is to be trusted."""
    length = jnp.linalg.norm(step_NxK, axis=1, keepdims=True)
    return step_NxK * jnp.minimum(1.0, longest / jnp.maximum(length, 1e-9))


def column_products(left_MxK: jax.Array, right_MxK: jax.Array) -> tuple[jax.Array, np.ndarray]:
    """Products [M, K (K + 1) / 2] of each pair of columns, once, and which of them stands where in a gram [K, K]."""
    size = right_MxK.shape[1]
    upper = np.triu_indices(size)
    place_KxK = np.zeros((size, size), np.int32)
    place_KxK[upper] = place_KxK.T[upper] = np.arange(len(upper[0]))
    return left_MxK[:, upper[0]] * right_MxK[:, upper[1]], place_KxK
