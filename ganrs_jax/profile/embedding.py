"""The profile embedding: who rates what, how, how noisily and how much, as one vector per user and per item.

Both kinds of vector have the same columns (`model.VectorColumns`): <interaction factors | rating bias and factors |
response style, zero for items | log precision of the rating noise | log number of ratings>. Several posterior draws of
each are kept: the GAN then learns vectors that vary as real ones do, and sees no user's vector twice.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.interactions import fit_interactions
from ganrs_jax.profile.model import DegreeCurve, VectorColumns
from ganrs_jax.profile.posterior import degree_covariates
from ganrs_jax.profile.rating_factors import fit_rating_factors, predicted_with_noise
from ganrs_jax.profile.style import fit_styles
from ganrs_jax.training.loop import Report, silent

_LEAST_PULL = 0.2  # of the first factor on the rarest items, in logits, that its offset is worked out from
_MOST_VECTORS = 1 << 21  # of users, or of items, over all draws: bounds memory
_RAREST = 0.2  # share of the items that are the rarest: fewer point more sharply, from noisier vectors


class ProfileEmbedding(NamedTuple):
    """Posterior draws of the vectors of users [R, U, D] and items [R, I, D].

    `cutpoints` [E], `basis` [E, S]: what response styles mean (`style.Styles`). `offset`: how much of its log degree
    a user's first interaction factor has added (`canonical`).
    """

    users: jax.Array
    items: jax.Array
    cutpoints: np.ndarray
    basis: np.ndarray
    offset: float = 0.0


def fit_profile_embedding(
    key: jax.Array,
    ratings: Ratings,
    columns: VectorColumns,
    *,
    rounds: int,
    sweeps: int,
    draws: int,
    report: Report = silent,
) -> ProfileEmbedding:
    """Embeds users and items.

    Args:
      rounds: of the interaction factors; sweeps: of the rating factors.
      draws: R; of more than two million vectors a side fewer, but two at least.
    """
    draws = min(draws, max(2, _MOST_VECTORS // max(ratings.num_users, ratings.num_items)))
    interaction_key, rating_key, style_key = jax.random.split(key, 3)
    # Who rates what: factors of the 0/1 matrix; intercepts are told by degrees, and go.
    interactions = fit_interactions(
        interaction_key, ratings, rank=columns.interaction_rank, rounds=rounds, draws=draws, report=report
    )
    factors = interactions.user[..., 1:], interactions.item[..., 1:]
    degrees = np.bincount(ratings.user), np.bincount(ratings.item)
    # How they rate, given that: the prior knows degree and interaction factors of each draw.
    covariates = []
    for degree, factors_RxNxK in zip(degrees, factors, strict=True):
        known = degree_covariates(degree)[None]
        known = jnp.broadcast_to(known, (draws, *known.shape[1:]))
        covariates.append(jnp.concatenate([known, factors_RxNxK], -1))
    rates = fit_rating_factors(rating_key, ratings, *covariates, rank=columns.rating_rank, sweeps=sweeps, report=report)
    # How they use the scale, given what each draw predicts.
    style = fit_styles(
        style_key,
        ratings.user,
        ratings.levels(),
        lambda draw: predicted_with_noise(rates.user[draw], rates.item[draw], ratings.user, ratings.item),
        jnp.concatenate([covariates[0][..., :3], rates.user[..., :1], rates.user[..., -1:]], -1),
        rank=columns.style_rank,
        report=report,
    )
    no_style = jnp.zeros((draws, ratings.num_items, columns.style_rank))
    users = _join(factors[0], rates.user, style.user, degrees[0])
    items = _join(factors[1], rates.item, no_style, degrees[1])
    return canonical(ProfileEmbedding(users, items, style.cutpoints, style.basis), columns)


def canonical(embedding: ProfileEmbedding, columns: VectorColumns) -> ProfileEmbedding:
    """The same embedding in coordinates that mean something, each by itself.

    Factors that only occur in products can be shifted and rotated at will. Here rating factors are centred, their
    means' effects moved into the biases; and both kinds are rotated so that those of users are white and those of
    items uncorrelated, the strongest first; but the first interaction factor is the preference for rare items, the
    one whose extremes matter most, and with the log of a user's activity added it is the log of how many it
    rates. Who rates what is given only up to a number per user and one per item.
    """
    k, end = columns.interaction_rank, -2 - columns.style_rank
    users, items = np.asarray(embedding.users, np.float64), np.asarray(embedding.items, np.float64)
    # Rating factors are centred.
    p, q = users[..., k + 1 : end], items[..., k + 1 : end]
    p_mean, q_mean = p.mean((0, 1)), q.mean((0, 1))
    users[..., k] += p @ q_mean - p_mean @ q_mean
    items[..., k] += q @ p_mean
    p -= p_mean
    q -= q_mean
    # Both kinds are rotated.
    for part in (slice(0, k), slice(k + 1, end)):
        of_users, of_items = (np.cov(x[..., part].reshape(-1, x[..., part].shape[-1]).T) for x in (users, items))
        basis = canonical_basis(of_users, of_items)
        users[..., part] = users[..., part] @ basis
        items[..., part] = items[..., part] @ np.linalg.inv(basis).T
    # The first interaction factor points from the mean item to the mean of the rarest.
    log_degree = items[0, :, -1]
    rarest = log_degree <= np.quantile(log_degree, _RAREST)
    mean = items[..., :k].mean(0)
    rare = mean[rarest].mean(0) - mean.mean(0)
    axes = np.linalg.qr(np.concatenate([rare[:, None], np.eye(k)], 1))[0]
    axes = axes * np.sign(axes[:, 0] @ rare)
    users[..., :k], items[..., :k] = users[..., :k] @ axes, items[..., :k] @ axes
    offset = 1 / max(float(items[..., 0][:, rarest].mean() - items[..., 0].mean()), _LEAST_PULL)
    users[..., 0] += offset * users[..., -1]
    first, second = (jnp.asarray(x, jnp.float32) for x in (users, items))
    return embedding._replace(users=first, items=second, offset=offset)


def canonical_basis(of_users: np.ndarray, of_items: np.ndarray, ridge: float = 1e-9) -> np.ndarray:
    """A basis [k, k] in which users' factors are white and items' uncorrelated, strongest first.

    Args:
      of_users, of_items: covariances [k, k], or numbers for k = 1.
      ridge: added to both, so that a direction without variance has an inverse.
    """
    users, items = (np.atleast_2d(c) + ridge * np.eye(np.atleast_2d(c).shape[0]) for c in (of_users, of_items))
    root = np.linalg.inv(np.linalg.cholesky(users)).T  # users @ root is white
    back = np.linalg.inv(root)
    strength, basis = np.linalg.eigh(back @ items @ back.T)
    rotated: np.ndarray = root @ basis[:, np.argsort(-strength)]
    return rotated


def degree_curve(draws_RxNxD: jax.Array, columns: VectorColumns, offset: float) -> DegreeCurve:
    """The mean of interaction factors at each log degree, a parabola by least squares."""
    draws = np.asarray(draws_RxNxD, np.float64).reshape(-1, draws_RxNxD.shape[-1])
    log_degree, factors = draws[:, -1], draws[:, : columns.interaction_rank].copy()
    factors[:, 0] -= offset * log_degree
    centre, scale = log_degree.mean(), log_degree.std() + 1e-9
    x = (log_degree - centre) / scale
    coefficients = np.linalg.lstsq(np.stack([np.ones_like(x), x, x**2], 1), factors, rcond=None)[0]
    return DegreeCurve(*(np.asarray(value, np.float32) for value in (coefficients, centre, scale)))


@jax.jit
def _join(factors: jax.Array, rates: jax.Array, style: jax.Array, degree: jax.Array) -> jax.Array:
    log_degree = jnp.log(jnp.asarray(degree, jnp.float32))[None, :, None]
    log_degree = jnp.broadcast_to(log_degree, (*factors.shape[:2], 1))
    return jnp.concatenate([factors, rates[..., :-1], style, rates[..., -1:], log_degree], -1)
