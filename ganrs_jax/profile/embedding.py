"""What a profile is: who rates what, how, how noisily and how much, as one vector a user and one an item.

Both kinds of vector have the same columns: <interaction factors | rating bias and factors | style of using the
scale, zero for items | log precision of the rating noise | log number of ratings>. Several posterior draws of each
are kept: whoever learns from them sees vectors that vary as real ones do, and no user's vector twice.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.interactions import fit_interactions
from ganrs_jax.profile.posterior import size_facts
from ganrs_jax.profile.rating_factors import RatingFactors, fit_rating_factors, predicted_with_noise
from ganrs_jax.profile.style import Styles, fit_styles
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent

_LEAST_PULL = 0.2  # of the first factor on the rarest items, in logits, that its offset is worked out from
_MOST_VECTORS = 1 << 21  # of users, or of items, over all draws


class Columns(NamedTuple):
    """Which numbers of a vector are what."""

    interaction_rank: int
    rating_rank: int
    style_rank: int

    @property
    def width(self) -> int:
        return self.interaction_rank + self.rating_rank + self.style_rank + 3

    def interaction(self, vectors: jax.Array) -> jax.Array:
        """Factors [..., k] whose weighted products say who rates what."""
        return vectors[..., : self.interaction_rank]

    def rating(self, vectors: jax.Array) -> jax.Array:
        """<bias, factors> [..., 1 + k]."""
        return vectors[..., self.interaction_rank : -2 - self.style_rank]

    def style(self, vectors: jax.Array) -> jax.Array:
        """How a user uses the scale (`style.fit_styles`), [..., S]."""
        return vectors[..., -2 - self.style_rank : -2]

    def log_precision(self, vectors: jax.Array) -> jax.Array:
        return vectors[..., -2]

    def size(self, vectors: jax.Array) -> jax.Array:
        """Log number of ratings, [...]."""
        return vectors[..., -1]

    def tasted(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Products of the rating factors, [N], in stars."""
        return jnp.sum(self.rating(users_NxD)[:, 1:] * self.rating(items_NxD)[:, 1:], 1)

    def predicted(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Rating less the mean rating, [N], in stars."""
        plain = self.rating(users_NxD)[:, 0] + self.rating(items_NxD)[:, 0]
        return plain + self.tasted(users_NxD, items_NxD)

    def noise_scale(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Standard deviation of a rating around `predicted`, [N], in stars."""
        return jnp.exp(-(self.log_precision(users_NxD) + self.log_precision(items_NxD)) / 2)


class ProfileEmbedding(NamedTuple):
    """Posterior draws of the vectors of users [R, U, D] and items [R, I, D], and the mean rating.

    `borders` [E], `basis` [E, S]: what styles mean (`style.Styles`). `offset`: how much of its size a user's first
    interaction factor has added (`canonical`).
    """

    users: jax.Array
    items: jax.Array
    mean_rating: float
    borders: np.ndarray
    basis: np.ndarray
    offset: float = 0.0


def fit_profile_embedding(
    key: jax.Array,
    ratings: Ratings,
    columns: Columns,
    *,
    rounds: int,
    sweeps: int,
    draws: int,
    report: Report = silent,
    kept: Kept = NOTHING,
) -> ProfileEmbedding:
    """Embeds users and items.

    Args:
      rounds: of the interaction factors; sweeps: of the rating factors.
      draws: R; of more than two million vectors a side fewer, but two at least.
    """
    draws = min(draws, max(2, _MOST_VECTORS // max(ratings.num_users, ratings.num_items)))
    keys = jax.random.split(key, 3)
    how: Any = {"report": report, "kept": kept}
    acts = fit_interactions(keys[0], ratings, rank=columns.interaction_rank, rounds=rounds, draws=draws, **how)
    per_user, per_item = np.bincount(ratings.user), np.bincount(ratings.item)
    factors = acts.user[..., 1:], acts.item[..., 1:]
    facts = [_facts(counts, drawn) for counts, drawn in zip((per_user, per_item), factors, strict=True)]
    rates = fit_rating_factors(keys[1], ratings, *facts, rank=columns.rating_rank, sweeps=sweeps, **how)
    style = _styles(keys[2], ratings, columns, rates, facts[0], how)
    none = jnp.zeros((draws, ratings.num_items, columns.style_rank))
    users = _vectors(factors[0], rates.user, style.user, per_user)
    items = _vectors(factors[1], rates.item, none, per_item)
    return canonical(ProfileEmbedding(users, items, rates.mean, style.borders, style.basis), columns)


def _styles(
    key: jax.Array, ratings: Ratings, columns: Columns, rates: RatingFactors, facts: jax.Array, how: dict[str, Any]
) -> Styles:
    """Those of the users, given the draws of how they rate."""

    def predicted(draw: int) -> tuple[jax.Array, jax.Array]:
        return predicted_with_noise(rates.user[draw], rates.item[draw], ratings.user, ratings.item)

    known = jnp.concatenate([facts[..., :3], rates.user[..., :1], rates.user[..., -1:]], -1)
    return fit_styles(key, ratings.user, ratings.levels(), predicted, known, rank=columns.style_rank, **how)


def canonical(embedding: ProfileEmbedding, columns: Columns) -> ProfileEmbedding:
    """The same embedding in coordinates that mean something, each by itself.

    Factors that only occur in products can be shifted and turned at will. Here rating factors are centred, their
    means' effects moved into the biases; and both kinds are turned so that those of users are white and those of
    items uncorrelated, the strongest first; but the first interaction factor is the appetite for rare items, the
    one whose extremes matter most, and with the log of a user's activity added it is the log of how many it
    rates. Who rates what is given only up to a number a user and one an item.
    """
    k = columns.interaction_rank
    users, items = np.asarray(embedding.users, np.float64), np.asarray(embedding.items, np.float64)
    end = -2 - columns.style_rank
    p, q = users[..., k + 1 : end], items[..., k + 1 : end]
    p_mean, q_mean = p.mean((0, 1)), q.mean((0, 1))
    users[..., k] += p @ q_mean - p_mean @ q_mean
    items[..., k] += q @ p_mean
    p -= p_mean
    q -= q_mean
    for part in (slice(0, k), slice(k + 1, end)):
        turn = _turn(users[..., part], items[..., part])
        users[..., part] = users[..., part] @ turn
        items[..., part] = items[..., part] @ np.linalg.inv(turn).T
    turn = _towards_rare(items[..., :k], items[0, :, -1])
    users[..., :k], items[..., :k] = users[..., :k] @ turn, items[..., :k] @ turn
    offset = 1 / max(float(items[..., 0][:, _rarest(items[0, :, -1])].mean() - items[..., 0].mean()), _LEAST_PULL)
    users[..., 0] += offset * users[..., -1]
    first, second = (jnp.asarray(x, jnp.float32) for x in (users, items))
    return embedding._replace(users=first, items=second, offset=offset)


def _towards_rare(items_RxIxK: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A rotation [k, k] whose first axis points from the mean item to the mean of the rarest fifth."""
    mean = items_RxIxK.mean(0)
    rare = mean[_rarest(size)].mean(0) - mean.mean(0)
    basis = np.linalg.qr(np.concatenate([rare[:, None], np.eye(len(rare))], 1))[0]
    axes: np.ndarray = basis * np.sign(basis[:, 0] @ rare)
    return axes


def by_size(draws_RxNxD: jax.Array, columns: Columns, offset: float) -> dict[str, np.ndarray]:
    """The mean of interaction factors at each size: `coefficients` [3, k] of 1, x, x^2; x = (size - centre) / scale."""
    draws = np.asarray(draws_RxNxD, np.float64).reshape(-1, draws_RxNxD.shape[-1])
    size, factors = draws[:, -1], draws[:, : columns.interaction_rank].copy()
    factors[:, 0] -= offset * size
    centre, scale = size.mean(), size.std() + 1e-9
    x = (size - centre) / scale
    coefficients = np.linalg.lstsq(np.stack([np.ones_like(x), x, x**2], 1), factors, rcond=None)[0]
    held = {"coefficients": coefficients, "centre": centre, "scale": scale}
    return {name: np.asarray(value, np.float32) for name, value in held.items()}


def _rarest(size: np.ndarray) -> np.ndarray:
    """Mask of the rarest fifth."""
    mask: np.ndarray = size <= np.quantile(size, 0.2)
    return mask


def _turn(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """A basis [k, k] in which users' factors are white and items' uncorrelated, strongest first."""
    covariances = (np.cov(x.reshape(-1, x.shape[-1]).T).reshape(x.shape[-1], -1) for x in (users, items))
    of_users, of_items = (c + 1e-9 * np.eye(len(c)) for c in covariances)
    root = np.linalg.inv(np.linalg.cholesky(of_users)).T  # users @ root is white
    back = np.linalg.inv(root)
    strength, basis = np.linalg.eigh(back @ of_items @ back.T)
    turn: np.ndarray = root @ basis[:, np.argsort(-strength)]
    return turn


def _facts(counts: np.ndarray, factors_RxNxK: jax.Array) -> jax.Array:
    sizes = size_facts(counts)[None]
    return jnp.concatenate([jnp.broadcast_to(sizes, (len(factors_RxNxK), *sizes.shape[1:])), factors_RxNxK], -1)


def _vectors(factors: jax.Array, rates: jax.Array, style: jax.Array, counts: np.ndarray) -> jax.Array:
    size = jnp.broadcast_to(jnp.log(jnp.asarray(counts, jnp.float32))[None, :, None], (*factors.shape[:2], 1))
    return jnp.concatenate([factors, rates[..., :-1], style, rates[..., -1:], size], -1)
