"""Generation in two pure functions: `make_plan`, global and small, and `block_rows`, local to a block of users.

A block's rows depend on the plan and the block's number alone: any block, on any device, in any order, gives the same
rows.
"""

import functools
import hashlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Rows
from ganrs_jax.profile.features import item_features, user_features
from ganrs_jax.profile.local_directions import local_interests, local_scores
from ganrs_jax.profile.mean_by_degree import rating_shift
from ganrs_jax.profile.model import Items, ProfileModel, VectorColumns
from ganrs_jax.profile.ordinal import Latent, OrdinalLink, ascending, fit_link, link_at
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.profile.vectors import sample_vectors
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import (
    Preassigned,
    assign,
    assignment_intercepts,
    assignment_potentials,
    block_users,
    many,
    preassign,
    preassigned_counts,
)
from ganrs_jax.sampling.distributions import distribution_weights, parse_distribution, parse_histogram
from ganrs_jax.sampling.potentials import TOLERANCE, Potentials
from ganrs_jax.statistics.learnability import fit_biases
from ganrs_jax.training.loop import Report, silent

_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on: more cost time, and hold item masses better
_OF_PREASSIGNED = 0.02  # tolerance of potentials by which rare items find their users, and others only start
_CALIBRATION_ROWS = 1 << 20  # rows that the link is fitted on
_NOISES = 4  # draws of the noise that are averaged: biases are then fitted to half the noise of one
_SHIFT_ROUNDS = 4  # of meeting the mean ratings by degree: each moves the levels that the next looks at
_ROW_STEP = 1 << 14  # rows of a block are padded to a multiple of it


class InteractionPlan(NamedTuple):
    """What all blocks of users have in common to draw items.

    Attributes:
      block: users per block.
      activity: ratings of each user, int64 [U].
      items: item vectors [I, D].
      source_item: the item of the source that each is, or is like, [I].
      features: of the items, whose products with those of users are scores, [I, F].
      popularity: ratings that each item is wanted to have, int64 [I].
      potentials: of the items, for what is not preassigned.
      preassigned: pairs drawn beforehand.
    """

    block: int
    activity: np.ndarray
    items: jax.Array
    source_item: np.ndarray
    features: jax.Array
    popularity: np.ndarray
    potentials: Potentials
    preassigned: Preassigned

    @property
    def num_blocks(self) -> int:
        return -(-len(self.activity) // self.block)


def plan_interactions(model: ProfileModel, request: RatingsRequest) -> InteractionPlan:
    """The plan of a completed request."""
    num_users, num_items, num_ratings = request.num_users, request.num_items, request.num_ratings
    block, short, link = block_users(num_items), many(num_items), float(model.link_asymmetry)
    # Users: generated vectors; the most ratings to the largest generated degree.
    generated = [_block_vectors(model, request, number, block) for number in range(-(-num_users // block))]
    weights = distribution_weights(parse_distribution(request.activity, "activity"), model.activity, num_users)
    counts = apportion(weights, num_ratings, 1, num_items)
    activity = _by_rank(model.columns.log_degree(jnp.concatenate(generated)[:num_users]), counts)
    # Items: those of the source; the most ratings to the most popular ones.
    source_item, draw = chosen_items(plan_key(request, 1), model.items, num_items)
    items = jnp.asarray(model.items.vectors[draw, source_item])
    weights = distribution_weights(parse_distribution(request.popularity, "popularity"), model.popularity, num_items)
    popularity = _by_rank(model.columns.log_degree(items), apportion(weights, num_ratings, 1, num_users))
    # Potentials at which each item is expected to have the ratings it is wanted to have, solved on the first users.
    local = local_scores(model.items.local[source_item], model.local_gain)
    features = jnp.concatenate([local, item_features(model, items, short)], 1)
    some = min(len(generated), -(-_POTENTIAL_USERS // block))
    users = [block_features(model, request, n, vectors, short) for n, vectors in enumerate(generated[:some])]
    first_users = jnp.concatenate(users)

    def potentials(
        active: np.ndarray, popular: np.ndarray, near: jax.Array | None = None, tolerance: float = TOLERANCE
    ) -> Potentials:
        mine = np.pad(active, (0, -len(active) % block))[: some * block]
        popular = popular * (mine.sum() / active.sum())
        return assignment_potentials(first_users, features, mine, popular, block, near, link, tolerance)

    # Pairs of rare items are drawn beforehand, so that none is left out by chance.
    counts = preassigned_counts(popularity, num_users)
    first = potentials(activity, popularity, tolerance=_OF_PREASSIGNED if counts.any() else TOLERANCE)
    nothing = Preassigned(*np.zeros((2, 0), np.int32))
    plan = InteractionPlan(block, activity, items, source_item, features, popularity, first, nothing)
    if not counts.any():
        return plan
    users += [block_features(model, request, some + n, x, short) for n, x in enumerate(generated[some:])]
    padded = np.pad(activity, (0, -num_users % block)).reshape(-1, block).astype(np.float32)
    intercepts = jnp.concatenate(
        [assignment_intercepts(u, features, first.item, n, link) for u, n in zip(users, padded, strict=True)]
    )
    everyone = jnp.concatenate(users)[:num_users]
    preassigned = preassign(plan_key(request, 2), everyone, features, intercepts[:num_users], counts, activity, link)
    left = activity - np.bincount(preassigned.user, minlength=num_users)
    if not left.any():
        return plan._replace(preassigned=preassigned)
    rest = potentials(left, popularity - np.bincount(preassigned.item, minlength=num_items), first.item)
    return plan._replace(preassigned=preassigned, potentials=rest)


def draw_pairs(
    model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int, users_BxD: jax.Array
) -> tuple[np.ndarray, np.ndarray]:
    """User within block `number`, and item, of each of its ratings, ascending.

    Args:
      users_BxD: vectors of the block's users (`user_vectors`).
    """
    short = many(len(plan.popularity))
    activity = plan.activity[number * plan.block : (number + 1) * plan.block]
    activity = np.pad(activity, (0, plan.block - len(activity)))
    users = block_features(model, request, number, users_BxD, short)
    key = jax.random.fold_in(plan_key(request, 3), number)
    block_of = plan.preassigned.user // plan.block
    mine = slice(*np.searchsorted(block_of, (number, number + 1)))
    user, item = (ids[mine].astype(np.int64) for ids in plan.preassigned)
    most, link = int(np.bincount(block_of, minlength=1).max()), float(model.link_asymmetry)
    return assign(key, users, plan.features, plan.potentials.item, activity, (user % plan.block, item), most, link)


def block_features(
    model: ProfileModel, request: RatingsRequest, number: int, users_BxD: jax.Array, short: bool
) -> jax.Array:
    """Features of the users of a block: what they care for locally, and what their vectors say."""
    key = jax.random.fold_in(plan_key(request, 5), number)
    interests = local_interests(key, (len(users_BxD), len(model.local_gain)))
    return jnp.concatenate([interests, user_features(model, users_BxD, short)], 1)


def chosen_items(key: jax.Array, items: Items, num_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Which item of the source each is, or is like, [I], and which of its posterior draws it has, [I].

    All of the source's come once before any comes again, in an order of chance.
    """
    draws, own = items.vectors.shape[:2]
    copies = -(-num_items // own)
    orders = [np.asarray(jax.random.permutation(jax.random.fold_in(key, copy), own)) for copy in range(copies)]
    draw = np.repeat(np.arange(copies) % draws, own)
    return np.concatenate(orders)[:num_items], draw[:num_items]


def source_items(model: ProfileModel, request: RatingsRequest) -> np.ndarray:
    """The item of the source that each item of a completed request is, or is like, [I]."""
    return chosen_items(plan_key(request, 1), model.items, request.num_items)[0]


def user_vectors(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int) -> jax.Array:
    """Vectors [B, D] of the users of a block."""
    return _block_vectors(model, request, number, plan.block)


def plan_key(request: RatingsRequest, purpose: int) -> jax.Array:
    """A key for each use of a request's seed."""
    return jax.random.fold_in(jax.random.key(request.seed), purpose)


def _by_rank(log_degree: jax.Array, counts: np.ndarray) -> np.ndarray:
    """Descending counts given to entities by descending generated degree."""
    given = np.empty(len(log_degree), np.int64)
    given[np.argsort(-np.asarray(log_degree), kind="stable")] = counts
    return given


def _block_vectors(model: ProfileModel, request: RatingsRequest, number: int, block: int) -> jax.Array:
    key = jax.random.fold_in(plan_key(request, 0), number)
    return sample_vectors(key, model, request.sigma, block)


class Drawn(NamedTuple):
    """Ratings of a block before the link: user within it, item, latent rating, [N] each."""

    user: np.ndarray
    item: np.ndarray
    latent: Latent


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
    user, item, latent = _calibration_rows(first, interactions.block)
    wanted = parse_histogram(request.rating_histogram, model.scale, "rating_histogram")
    histogram = np.asarray(model.source.rating_histogram) if wanted is None else wanted

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
    link = fitted(latent.shifted(item_shift[item] + user_shift[user]), link)
    return RatingPlan(item_shift, user_shift, link, first)


def draw_latent(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int) -> Drawn:
    """The ratings of block `number` before the plan of ratings."""
    users = user_vectors(model, request, plan, number)
    user, item = draw_pairs(model, request, plan, number, users)
    size = len(user) + -len(user) % _ROW_STEP
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    key, local_key = (jax.random.fold_in(plan_key(request, purpose), number) for purpose in (4, 6))
    held = (model.factor_gain, model.factor_bounds, model.noise_log_variance, model.noise_agreement)
    # All directions alike, however much they say of who rates what: those of broad groups would be factors.
    interests = local_interests(local_key, (len(users), len(model.local_gain)))
    drawn = _predicted(key, model.columns, *held, users, plan.items, interests, plan.features, model.local_gain, *pairs)
    predicted, noise, scale = (np.asarray(x)[: len(user)] for x in drawn)
    own = np.asarray(_own_cutpoints(model.columns, model.style.cutpoints, model.style.basis, users))
    return Drawn(user, item, Latent(model.style.cutpoints, predicted, noise, own[user], scale))


def _first_blocks(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan) -> list[Drawn]:
    """As many as have a million ratings, or all."""
    found: list[Drawn] = []
    for number in range(plan.num_blocks):
        found.append(draw_latent(model, request, plan, number))
        if sum(len(drawn.item) for drawn in found) >= _CALIBRATION_ROWS:
            break
    return found


def _calibration_rows(first: list[Drawn], block: int) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User, item and latent rating of the rows that the link is fitted on."""
    parts = ((drawn.user + number * block, drawn.item, *drawn.latent[1:]) for number, drawn in enumerate(first))
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


class Plan(NamedTuple):
    """All that blocks of users have in common: what draws items, and what gives ratings."""

    interactions: InteractionPlan
    ratings: RatingPlan

    @property
    def digest(self) -> str:
        """Of what blocks must agree on, for the dataset to have the users, items and ratings asked for."""
        made = self.interactions
        agreed = (made.activity, made.popularity, *made.preassigned)
        whole = hashlib.sha256()
        for numbers in agreed:
            whole.update(np.ascontiguousarray(numbers, np.int64).tobytes())
        return whole.hexdigest()


def make_plan(model: ProfileModel, request: RatingsRequest, report: Report = silent) -> Plan:
    """The plan of a completed request."""
    interactions = plan_interactions(model, request)
    report("plan", 1, 2, {})
    ratings = plan_ratings(model, request, interactions)
    report("plan", 2, 2, {})
    return Plan(interactions, ratings)


def block_rows(model: ProfileModel, request: RatingsRequest, plan: Plan, number: int) -> Rows:
    """The ratings of block `number`."""
    made = plan.ratings
    first = number * plan.interactions.block
    known = number < len(made.first)
    user, item, latent = made.first[number] if known else draw_latent(model, request, plan.interactions, number)
    latent = latent.shifted(made.item_shift[item] + made.user_shift[user + first])
    rating = model.scale.levels[made.link.level(latent)].astype(np.float32)
    return Rows((user + first).astype(np.int32), item.astype(np.int32), rating)
