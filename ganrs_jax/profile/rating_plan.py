"""How users rate: the plan that blocks of users have in common, and the latent ratings of a block."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.groups import cells_of, group_shift
from ganrs_jax.profile.interaction_plan import InteractionPlan, draw_pairs, user_vectors
from ganrs_jax.profile.local_directions import local_interests
from ganrs_jax.profile.mean_by_degree import rating_shift
from ganrs_jax.profile.model import ProfileModel, VectorColumns
from ganrs_jax.profile.ordinal import Latent, OrdinalLink, ascending, fit_link, link_at
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.sampling.assignment import many
from ganrs_jax.sampling.distributions import parse_histogram
from ganrs_jax.statistics.learnability import fit_biases

_CALIBRATION_ROWS = 1 << 20  # rows that the link is fitted on
_NOISES = 4  # draws of the noise that are averaged: biases are then fitted to half the noise of one
_SHIFT_ROUNDS = 4  # of meeting the mean ratings by degree: each moves the levels that the next looks at
_BY_RATING = ("predicted", "noise", "own", "scale")  # fields of `Latent`
_ROW_STEP = 1 << 14  # rows of a block are padded to a multiple of it


class Drawn(NamedTuple):
    """Ratings of a block before the link: user within it, item, whether still to come, latent rating, [N] each."""

    user: np.ndarray
    item: np.ndarray
    later: np.ndarray
    latent: Latent

    def those(self, chosen: np.ndarray) -> "Drawn":
        """The ratings that are marked, bool [N]."""
        latent = self.latent._replace(**{name: getattr(self.latent, name)[chosen] for name in _BY_RATING})
        return Drawn(self.user[chosen], self.item[chosen], self.later[chosen], latent)


class RatingPlan(NamedTuple):
    """What all blocks of users have in common to rate items.

    Attributes:
      item_shift: added to the latent ratings of each item, [I], in rating units.
      user_shift: added to the latent ratings of each user, [U].
      link: from latent ratings to levels.
      first: the first blocks, on which the link is fitted: they are not drawn again.
    """

    item_shift: np.ndarray
    user_shift: np.ndarray
    link: OrdinalLink
    first: list[Drawn]


def plan_ratings(model: ProfileModel, request: RatingsRequest, interactions: InteractionPlan) -> RatingPlan:
    """The link, and shifts at which mean ratings of items given popularity and of users given activity are met.

    Fitted on the first blocks: all of them where the dataset is small.
    """
    first = _first_blocks(model, request, interactions)
    user, item, latent = _calibration_rows(first, interactions.block, request.young)
    own = np.asarray(model.source.rating_histogram)
    histogram = parse_histogram(request.rating_histogram, model.scale, "rating_histogram", own)

    def fitted(latent: Latent, near: OrdinalLink) -> OrdinalLink:
        """The link with which biases predict the ratings as well as they do in the source."""
        rng = np.random.default_rng(0)
        mean = np.mean([near.level(latent.redrawn(rng)) for _ in range(_NOISES)], 0)
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
        if model.groups is not None:
            cell = cells_of(model.groups, interactions.groups)
            user_shift = user_shift + spread * group_shift(model.groups, cell, user, levels)
    link = fitted(latent.shifted(item_shift[item] + user_shift[user]), link)
    return RatingPlan(item_shift, user_shift, link, first)


def draw_latent(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int) -> Drawn:
    """The ratings of block `number` before the plan of ratings."""
    users = user_vectors(model, request, plan, number)
    user, item, later = draw_pairs(model, request, plan, number, users)
    size = len(user) + -len(user) % _ROW_STEP
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    key, local_key = (jax.random.fold_in(plan_key(request, purpose), number) for purpose in (4, 6))
    held = (model.factor_gain, model.factor_bounds, model.noise_log_variance, model.noise_agreement)
    # All directions alike, however much they say of who rates what: those of broad groups would be factors.
    interests = local_interests(local_key, (len(users), len(model.local_gain)))
    drawn = _predicted(key, model.columns, *held, users, plan.items, interests, plan.features, model.local_gain, *pairs)
    predicted, noise, scale = (np.asarray(x)[: len(user)] for x in drawn)
    own = np.asarray(_own_cutpoints(model.columns, model.style.cutpoints, model.style.basis, users))
    return Drawn(user, item, later, Latent(model.style.cutpoints, predicted, noise, own[user], scale))


def _first_blocks(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan) -> list[Drawn]:
    """As many as have a million ratings, or all."""
    found: list[Drawn] = []
    for number in range(plan.num_blocks):
        found.append(draw_latent(model, request, plan, number))
        if sum(len(drawn.item) for drawn in found) >= _CALIBRATION_ROWS:
            break
    return found


def _calibration_rows(first: list[Drawn], block: int, young: bool) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User, item and latent rating of the rows that the link is fitted on.

    Of a young service those to come as well: the link is that of the source, whose biases tell more at its age.
    """
    now = (drawn.those(~drawn.later) if drawn.later.any() and not young else drawn for drawn in first)
    parts = ((drawn.user + number * block, drawn.item, *drawn.latent[1:]) for number, drawn in enumerate(now))
    user, item, *latent = (np.concatenate(x)[:_CALIBRATION_ROWS] for x in zip(*parts, strict=True))
    return user, item, Latent(first[0].latent.cutpoints, *latent)


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
    noise_agreement: jax.Array,
    users: jax.Array,
    items: jax.Array,
    interests: jax.Array,
    features: jax.Array,
    local_gain: jax.Array,
    user: jax.Array,
    item: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Prediction, noise and standard deviation of the noise of each pair, [N] each, in rating units.

    Args:
      interests: of users along the local directions, by which they like items that are alike, [B, K].
      features: of the items, the first K along the local directions, [I, F].
    """
    x, y = users[user], items[item]
    score = columns.factor_score(x, y)
    normal = jax.random.normal(jax.random.fold_in(key, 1), user.shape)
    log_scale = jnp.sqrt(noise_log_variance) * normal - noise_log_variance  # keeps the variance
    scale = columns.noise_scale(x, y) * jnp.exp(log_scale)
    # Items alike along the local directions share a part of the noise.
    own = jax.random.normal(key, user.shape)
    local = _along_directions(interests, features, local_gain, user, item)
    noise = jnp.where(local == 0, own, jnp.sqrt(1 - noise_agreement) * own + jnp.sqrt(noise_agreement) * local)
    bounded = factor_gain * jnp.clip(score, bounds[0], bounds[1])
    return columns.predicted(x, y) - score + bounded, scale * noise, scale


def _along_directions(
    interests: jax.Array, features: jax.Array, gain: jax.Array, user: jax.Array, item: jax.Array
) -> jax.Array:
    """Interests of users in what items are, [N], of variance 1; 0 of items without local directions."""
    directions = interests.shape[1]

    def of_length_1(items: jax.Array) -> jax.Array:
        loadings = items[:, :directions] / gain[None]
        return loadings / jnp.maximum(jnp.linalg.norm(loadings, axis=1, keepdims=True), 1e-9)

    def some(pairs: tuple[jax.Array, jax.Array]) -> jax.Array:
        return (interests[pairs[0]] * of_length_1(features[pairs[1]])).sum(1)

    if many(len(features)):  # a block's users then have few of the items
        steps = (ids.reshape(-1, _ROW_STEP) for ids in (user, item))
        return jax.lax.map(some, tuple(steps)).reshape(-1)
    return (interests @ of_length_1(features).T)[user, item]
