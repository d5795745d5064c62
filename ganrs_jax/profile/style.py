"""How users use the scale: where each puts the cutpoints between ratings, beside bias and noise.

One user never gives the lowest ratings, another gives little else than the highest and the lowest: a cumulative
probit model with cutpoints of each user's own,

    P(rating of u for i is level l or less) = Phi((e_l + b_l . s_u - prediction_ui) / noise_ui),

e_l the cutpoints of all and b_l polynomials in e_l (rating scale heterogeneity; Johnson 1999, "Ordinal Data
Modeling", chapter 5, gives each judge cutpoints of its own likewise). The styles s_u have a normal prior learned
from the draws, as all vectors here have.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.ordinal import ascending
from ganrs_jax.profile.posterior import clip_step, first_prior, fit_prior, with_prior
from ganrs_jax.training.loop import Report, silent

_STAGE = "how users use the scale"
_ROUNDS = 6  # Newton steps of the modes, which start at 0: each is a pass over all ratings
_BLOCK = 1 << 14  # ratings held at once
_LEAST_CHANCE = 1e-2  # of a rating, in its slope: one rating that is next to impossible must not decide a style
_LONGEST_STEP = 2.0  # of a style in a Newton step
_NO_CUTPOINT = 1e6  # stands for infinite
_MOST_CUTPOINTS = 11  # estimated; a scale of more levels is seen in groups of levels


class Styles(NamedTuple):
    """Draws [R, U, S] of the users' styles; `cutpoints` e [E] of all users, and `basis` b [E, S]."""

    user: jax.Array
    cutpoints: np.ndarray
    basis: np.ndarray


class _Rows(NamedTuple):
    """Ratings in blocks [blocks, B], padded: user (U = none), level, prediction and noise scale."""

    user: jax.Array
    level: jax.Array
    predicted: jax.Array
    noise: jax.Array


def fit_styles(
    key: jax.Array,
    user: np.ndarray,
    level: np.ndarray,
    predicted: Callable[[int], tuple[jax.Array, jax.Array]],
    covariates_RxUxF: jax.Array,
    *,
    rank: int,
    report: Report = silent,
) -> Styles:
    """Draws of the styles of all users, one for each draw of the predictions.

    Args:
      user, level: int [N], the user and the level (0 = lowest) of each rating.
      predicted: the number of a draw -> prediction and standard deviation of the noise of each rating, [N] each;
        those of one draw are held at a time.
      covariates_RxUxF: known covariates of each user, which the prior of its style depends on.
      rank: S, numbers in a style; of a scale of S levels or fewer, some say nothing.
    """
    level = _grouped(level)
    # Shared cutpoints: those at which predictions with noise have the histogram of the ratings.
    first, noise = predicted(0)
    latent = np.asarray(first + noise * jax.random.normal(jax.random.fold_in(key, 0), first.shape))
    cutpoints = np.quantile(latent, np.cumsum(np.bincount(level))[:-1] / len(level)).astype(np.float32)
    basis = _basis(cutpoints, np.bincount(level), rank)
    draws, count = covariates_RxUxF.shape[:2]
    style, drawn = jnp.zeros((count, rank)), jnp.zeros((draws, count, rank))
    prior = first_prior(covariates_RxUxF.shape[2], rank, 4)
    total = _ROUNDS + draws
    for number in range(total):
        which = max(0, number - _ROUNDS)
        rows = _rows(user, level, *predicted(which), count)
        gram, linear = _quadratic(rows, style, jnp.asarray(cutpoints), jnp.asarray(basis))
        mean, draw = with_prior(jax.random.fold_in(key, 1 + number), gram, linear, prior, covariates_RxUxF[which])
        if number < _ROUNDS:
            style = style + clip_step(mean - style, _LONGEST_STEP)
            prior = fit_prior(style + draw - mean, covariates_RxUxF[which])
        else:
            drawn = drawn.at[which].set(draw)
        report(_STAGE, number + 1, total, {})
    return Styles(drawn, cutpoints, basis)


def _grouped(level: np.ndarray) -> np.ndarray:
    """Levels that occur, numbered from 0; of many, in groups of about equal shares."""
    seen, place, counts = np.unique(level, return_inverse=True, return_counts=True)
    if len(seen) <= _MOST_CUTPOINTS + 1:
        return place
    middle = (np.cumsum(counts) - counts / 2) / len(level)
    return np.unique((middle * (_MOST_CUTPOINTS + 1)).astype(int), return_inverse=True)[1][place]


def _basis(cutpoints: np.ndarray, histogram: np.ndarray, rank: int) -> np.ndarray:
    """Polynomials of degree 0, 1, ... at the cutpoints, orthonormal where ratings are; zero past what these tell."""
    weight = np.sqrt((histogram[1:] + histogram[:-1]) / (histogram[1:] + histogram[:-1]).sum())
    degrees = min(rank, len(cutpoints))
    powers = np.vander((cutpoints - cutpoints.mean()) / (cutpoints.std() + 1e-9), degrees, increasing=True)
    r = np.linalg.qr(weight[:, None] * powers)[1]
    basis = powers @ np.linalg.inv(r * np.sign(np.diag(r))[:, None] + 1e-9 * np.eye(degrees))
    return np.pad(basis, ((0, 0), (0, rank - degrees))).astype(np.float32)


def _rows(user: np.ndarray, level: np.ndarray, predicted: jax.Array, noise: jax.Array, count: int) -> _Rows:
    def blocked(x: jax.Array, filler: float) -> jax.Array:
        return jnp.pad(x, (0, -len(x) % _BLOCK), constant_values=filler).reshape(-1, _BLOCK)

    return _Rows(
        blocked(jnp.asarray(user, jnp.int32), count),
        blocked(jnp.asarray(level, jnp.int32), 0),
        blocked(predicted, 0.0),
        blocked(noise, 1.0),
    )


@jax.jit
def _quadratic(rows: _Rows, style: jax.Array, cutpoints: jax.Array, basis: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The log-likelihood around the styles as gram (Fisher information) [U, S, S] and linear term [U, S]."""
    count, rank = style.shape
    shown = jnp.concatenate([style, jnp.zeros((1, rank))])
    own_UxE = ascending(cutpoints, shown @ basis.T)
    own_UxE = jnp.pad(own_UxE, ((0, 0), (1, 1)), constant_values=((0, 0), (-_NO_CUTPOINT, _NO_CUTPOINT)))
    slope_ExS = jnp.pad(basis, ((1, 1), (0, 0)))

    def block(sums: tuple[jax.Array, jax.Array], part: _Rows) -> tuple[tuple[jax.Array, jax.Array], None]:
        z = (own_UxE[part.user] - part.predicted[:, None]) / part.noise[:, None]
        chance = jnp.maximum(jnp.diff(jax.scipy.stats.norm.cdf(z), axis=1), _LEAST_CHANCE)
        density = jax.scipy.stats.norm.pdf(z) / part.noise[:, None]
        slopes = density[:, 1:, None] * slope_ExS[1:][None] - density[:, :-1, None] * slope_ExS[:-1][None]
        information = jnp.einsum("nls,nlt,nl->nst", slopes, slopes, 1 / chance)
        score = jnp.take_along_axis(slopes / chance[..., None], part.level[:, None, None], 1)[:, 0]
        return (sums[0].at[part.user].add(information), sums[1].at[part.user].add(score)), None

    zero = jnp.zeros((count + 1, rank, rank)), jnp.zeros((count + 1, rank))
    (gram, score), _ = jax.lax.scan(block, zero, rows)
    gram, score = gram[:count], score[:count]
    return gram, score + jnp.einsum("nij,nj->ni", gram, style)
