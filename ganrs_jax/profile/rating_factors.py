"""How users rate: Bayesian biased matrix factorisation by Gibbs sampling.

rating = mean + b_u + b_i + p_u . q_i + noise / sqrt(w_u w_i), normal priors and precisions learned from the
draws (Salakhutdinov and Mnih 2008, "Bayesian probabilistic matrix factorization using MCMC"). The mean of a
prior depends on the activity or popularity and on the interaction factors, as in Macau
(arXiv 1509.04610): what one rates and how one rates it are dependent.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.posterior import Prior, first_prior, fit_prior, with_prior
from ganrs_jax.training.loop import Report, silent

_GROUP = 32  # ratings of one user (or item) summed in one product: more fill those of few ratings with nothing
_GROUP_BLOCK = 2048  # such groups held at once
_STAGE = "how users rate"
_PRIOR_RATINGS = (10.0, 20.0)  # that a user's, an item's prior of the noise counts as: more make them more alike


class RatingFactors(NamedTuple):
    """Draws <bias, factors, log precision of the noise>, user [R, U, 2 + k], item [R, I, 2 + k]; the mean rating."""

    user: jax.Array
    item: jax.Array
    mean: float


class _Side(NamedTuple):
    """The entity (user or item) of each rating, ids [N], and the ratings in groups of one entity.

    rows [G, 32] (N = none), entity [G].
    """

    ids: jax.Array
    counts: jax.Array
    rows: jax.Array
    entity: jax.Array


class _Vectors(NamedTuple):
    """Of one side: <bias, factors> [N, 1 + k], noise precisions [N], the prior of the vectors."""

    x: jax.Array
    precision: jax.Array
    prior: Prior


def fit_rating_factors(
    key: jax.Array,
    ratings: Ratings,
    user_covariates: jax.Array,
    item_covariates: jax.Array,
    *,
    rank: int,
    sweeps: int,
    report: Report = silent,
) -> RatingFactors:
    """Draws of the vectors of all users and items, one for each of the R draws of the covariates.

    Args:
      user_covariates, item_covariates: known covariates of each user [R, U, F] and item [R, I, F]; the sampler sees the
        last draw.
      rank: factors, beside the bias.
      sweeps: Gibbs sweeps.
    """
    users, items = _side(ratings.user, ratings.num_users), _side(ratings.item, ratings.num_items)
    mean = float(np.mean(ratings.rating, dtype=np.float64))
    rating = jnp.asarray(ratings.rating - mean)
    first_key, sweep_key, user_key, item_key = jax.random.split(key, 4)
    noise = 1 / jnp.var(rating)
    p = _first(0.0, ratings.num_users, rank, user_covariates.shape[2], jax.random.fold_in(first_key, 1))
    p = p._replace(precision=jnp.full(ratings.num_users, noise))
    q = _first(0.1, ratings.num_items, rank, item_covariates.shape[2], first_key)
    covariates = user_covariates[-1], item_covariates[-1]
    for sweep in range(sweeps):
        p, q = _sweep(jax.random.fold_in(sweep_key, sweep), p, q, users, items, rating, covariates)
        report(_STAGE, sweep + 1, sweeps, {})
    user = _draws(user_key, p, q, users, items, rating, user_covariates)
    return RatingFactors(user, _draws(item_key, q, p, items, users, rating, item_covariates), mean)


def _first(spread: float, size: int, rank: int, num_covariates: int, key: jax.Array) -> _Vectors:
    x = spread * jax.random.normal(key, (size, 1 + rank))
    return _Vectors(x.at[:, 0].set(0), jnp.ones(size), first_prior(num_covariates, 1 + rank, 10))


@jax.jit
def _sweep(
    key: jax.Array,
    p: _Vectors,
    q: _Vectors,
    users: _Side,
    items: _Side,
    rating: jax.Array,
    covariates: tuple[jax.Array, jax.Array],
) -> tuple[_Vectors, _Vectors]:
    """Draws users, items, and both noise precisions, each given all others."""
    user_key, item_key, user_noise_key, item_noise_key = jax.random.split(key, 4)
    x = with_prior(user_key, *_likelihood(p, q, users, items, rating), p.prior, covariates[0])[1]
    p = _Vectors(x, p.precision, fit_prior(x, covariates[0]))
    y = with_prior(item_key, *_likelihood(q, p, items, users, rating), q.prior, covariates[1])[1]
    q = _Vectors(y, q.precision, fit_prior(y, covariates[1]))
    square = jnp.square(rating - _predicted(x[users.ids], y[items.ids]))
    user_noise = _precisions(user_noise_key, users, square * q.precision[items.ids], _PRIOR_RATINGS[0])
    item_noise = _precisions(item_noise_key, items, square * user_noise[users.ids], _PRIOR_RATINGS[1])
    item_noise = item_noise / jnp.exp(jnp.mean(jnp.log(item_noise)))
    return p._replace(precision=user_noise), q._replace(precision=item_noise)


@jax.jit
def predicted_with_noise(
    p_UxD: jax.Array, q_IxD: jax.Array, user_N: np.ndarray, item_N: np.ndarray
) -> tuple[jax.Array, jax.Array]:
    """Prediction less the mean rating, and standard deviation of the noise, [N], of vectors as `RatingFactors` has."""
    x, y = p_UxD[user_N], q_IxD[item_N]
    return _predicted(x[:, :-1], y[:, :-1]), jnp.exp(-(x[:, -1] + y[:, -1]) / 2)


def _predicted(x: jax.Array, y: jax.Array) -> jax.Array:
    """Rating less the mean, [N], of vectors <bias, factors> [N, 1 + k]."""
    return x[:, 0] + y[:, 0] + jnp.sum(x[:, 1:] * y[:, 1:], 1)


def _precisions(key: jax.Array, side: _Side, square_N: jax.Array, prior_ratings: float) -> jax.Array:
    """Draws of the noise precision of each entity, [E], from their gamma posteriors."""
    total = jax.ops.segment_sum(square_N, side.ids, len(side.counts))
    mean = total.sum() / side.counts.sum()
    shape = (prior_ratings + side.counts) / 2
    # Wilson and Hilferty's gamma draw, within 0.1 % at these shapes; jax.random.gamma takes seconds to compile.
    cube_root = 1 - 1 / (9 * shape) + jax.random.normal(key, shape.shape) / (3 * jnp.sqrt(shape))
    return shape * cube_root**3 / ((prior_ratings * mean + total) / 2)


@jax.jit
def _likelihood(
    mine: _Vectors, others: _Vectors, side: _Side, other_side: _Side, rating: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Gram [N, K, K] and linear term [N, K] of each entity's vector given all others; K = 1 + k."""
    features = others.x.at[:, 0].set(1.0)
    other, entity_precision = other_side.ids, mine.precision[side.ids]
    weight = jnp.append(entity_precision * others.precision[other], 0.0)
    target = jnp.append(rating - others.x[other, 0], 0.0)
    other = jnp.append(other, 0)

    def block(rows_BxG: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = features[other[rows_BxG]]
        weighted = x * weight[rows_BxG][..., None]
        return jnp.einsum("bri,brj->bij", weighted, x), jnp.einsum("bri,br->bi", weighted, target[rows_BxG])

    groups, size = len(side.rows), features.shape[1]
    rows = jnp.pad(side.rows, ((0, -groups % _GROUP_BLOCK), (0, 0)), constant_values=len(rating))
    gram, linear = jax.lax.map(block, rows.reshape(-1, _GROUP_BLOCK, _GROUP))
    parts = gram.reshape(-1, size, size)[:groups], linear.reshape(-1, size)[:groups]
    gram, linear = (jax.ops.segment_sum(x, side.entity, len(side.counts), indices_are_sorted=True) for x in parts)
    return gram, linear


def _draws(
    key: jax.Array,
    mine: _Vectors,
    others: _Vectors,
    side: _Side,
    other_side: _Side,
    rating: jax.Array,
    covariates: jax.Array,
) -> jax.Array:
    """Draws [R, N, 2 + k] given the other side, one for each draw of the covariates; the log precision comes last."""
    gram, linear = _likelihood(mine, others, side, other_side, rating)
    log_precision = jnp.log(mine.precision)[:, None]
    drawn = [
        jnp.concatenate([with_prior(k, gram, linear, mine.prior, covariate)[1], log_precision], 1)
        for k, covariate in zip(jax.random.split(key, len(covariates)), covariates, strict=True)
    ]
    return jnp.stack(drawn)


def _side(ids: np.ndarray, size: int) -> _Side:
    counts = np.bincount(ids, minlength=size)
    groups = -(-counts // _GROUP)
    place = np.arange(len(ids)) - np.repeat(np.cumsum(counts) - counts, counts)
    slot = np.repeat((np.cumsum(groups) - groups) * _GROUP, counts) + place
    rows = np.full(groups.sum() * _GROUP, len(ids), np.int32)
    rows[slot] = np.argsort(ids, kind="stable")
    entity = np.repeat(np.arange(size, dtype=np.int32), groups)
    return _Side(*(jnp.asarray(x) for x in (ids, counts, rows.reshape(-1, _GROUP), entity)))
