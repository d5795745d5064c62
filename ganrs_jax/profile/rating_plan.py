"""What ratings they give: latent ratings of pairs, and the ordinal link that gives them the wanted histogram."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.interaction_plan import InteractionPlan, draw_pairs, plan_key, user_vectors
from ganrs_jax.profile.mean_by_degree import rating_shift
from ganrs_jax.profile.model import ProfileModel, VectorColumns
from ganrs_jax.profile.ordinal import Latent, OrdinalLink, fit_link, link_at
from ganrs_jax.profile.request import RatingsRequest
from ganrs_jax.profile.style import ascending
from ganrs_jax.sampling.histograms import parse_histogram
from ganrs_jax.statistics.learnability import fit_biases

_CALIBRATION_ROWS = 1 << 20  # rows that the link is fitted on
_NOISES = 4  # draws of the noise that are averaged: biases are then fitted to half the noise of one
_SHIFT_ROUNDS = 4  # of meeting the mean ratings by degree: the last moves them by under .01
_ROW_STEP = 1 << 14  # rows of a block are padded to a multiple of it


class RatingPlan(NamedTuple):
    """What all blocks of users have in common to rate items.

    Attributes:
      item_shift: added to the latent ratings of each item, [I], in rating units.
      user_shift: added to the latent ratings of each user, [U].
      link: from latent ratings to levels.
    """

    item_shift: np.ndarray
    user_shift: np.ndarray
    link: OrdinalLink


def plan_ratings(model: ProfileModel, request: RatingsRequest, interactions: InteractionPlan) -> RatingPlan:
    """The link, and shifts at which mean ratings of items given popularity and of users given activity are met.

    Fitted on the first blocks: all of them where the dataset is small.
    """
    user, item, latent = _calibration_rows(model, request, interactions)
    wanted = parse_histogram(request.rating_histogram, model.scale, "rating_histogram")
    histogram = np.asarray(model.source.rating_histogram) if wanted is None else wanted

    def fitted(latent: Latent, first: OrdinalLink) -> OrdinalLink:
        """The link with which biases predict the ratings as well as they do in the source."""
        rng = np.random.default_rng(0)
        mean = np.mean([first.level(latent.redrawn(rng)) for _ in range(_NOISES)], 0)
        shape = int(user.max()) + 1, int(item.max()) + 1
        of_user, of_item = fit_biases(user, item, mean - mean.mean(), shape)
        return fit_link(latent, of_user[user] + of_item[item], histogram, float(model.bias_correlation))

    link = fitted(latent, link_at(latent, 1.0, histogram))
    # Mean ratings by degree: shifts of items and users, in a few rounds, since each moves the other.
    sides = ((item, interactions.popularity, model.item_means), (user, interactions.activity, model.user_means))
    item_shift, user_shift = (np.zeros(len(degree), np.float32) for _, degree, _ in sides)
    for _ in range(_SHIFT_ROUNDS):
        shifted = latent.shifted(item_shift[item] + user_shift[user])
        spread = np.std(shifted.score(link.noise_factor))
        levels = link_at(shifted, link.noise_factor, histogram).level(shifted)
        steps = [spread * rating_shift(means, ids, levels, degree) for ids, degree, means in sides]
        item_shift, user_shift = item_shift + steps[0], user_shift + steps[1]
    link = fitted(latent.shifted(item_shift[item] + user_shift[user]), link)
    return RatingPlan(item_shift, user_shift, link)


def draw_latent(
    model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int, items_IxD: jax.Array
) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User within block `number`, item and latent rating of each of its ratings.

    Args:
      items_IxD: the vectors of the items, whose biases may have been shifted.
    """
    users = user_vectors(model, request, plan, number)
    user, item = draw_pairs(model, request, plan, number, users)
    size = len(user) + -len(user) % _ROW_STEP
    key = jax.random.fold_in(plan_key(request, 4), number)
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    held = (model.factor_gain, model.factor_bounds, model.noise_log_variance)
    drawn = _predicted(key, model.columns, *held, users, items_IxD, *pairs)
    predicted, noise, scale = (np.asarray(x)[: len(user)] for x in drawn)
    own = np.asarray(_own_cutpoints(model.columns, model.style.cutpoints, model.style.basis, users))
    return user, item, Latent(model.style.cutpoints, predicted, noise, own[user], scale)


def _calibration_rows(
    model: ProfileModel, request: RatingsRequest, plan: InteractionPlan
) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User, item and latent rating of the rows that the link is fitted on."""
    users, items, parts = [], [], []
    for number in range(plan.num_blocks):
        user, item, latent = draw_latent(model, request, plan, number, plan.items)
        users.append(user + number * plan.block)
        items.append(item)
        parts.append(latent)
        if sum(map(len, items)) >= _CALIBRATION_ROWS:
            break
    found = (users, items, *list(zip(*parts, strict=True))[1:])
    user, item, *drawn = (np.concatenate(x)[:_CALIBRATION_ROWS] for x in found)
    return user, item, Latent(parts[0].cutpoints, *drawn)


@functools.partial(jax.jit, static_argnums=0)
def _own_cutpoints(columns: VectorColumns, cutpoints: jax.Array, basis: jax.Array, users_NxD: jax.Array) -> jax.Array:
    """Where users put the cutpoints between ratings, [N, E]."""
    return ascending(cutpoints, columns.style(users_NxD) @ basis.T)


@functools.partial(jax.jit, static_argnums=1)
def _predicted(
    key: jax.Array,
    columns: VectorColumns,
    factor_gain: jax.Array,
    bounds: jax.Array,
    noise_log_variance: jax.Array,
    users: jax.Array,
    items: jax.Array,
    user: jax.Array,
    item: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Prediction, noise and standard deviation of the noise of each pair, [N] each, in rating units."""
    x, y = users[user], items[item]
    score = columns.factor_score(x, y)
    normal = jax.random.normal(jax.random.fold_in(key, 1), user.shape)
    log_scale = jnp.sqrt(noise_log_variance) * normal - noise_log_variance  # keeps the variance
    scale = columns.noise_scale(x, y) * jnp.exp(log_scale)
    bounded = factor_gain * jnp.clip(score, bounds[0], bounds[1])
    return columns.predicted(x, y) - score + bounded, scale * jax.random.normal(key, user.shape), scale
