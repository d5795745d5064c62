"""Who rates what: degrees, items, potentials, and the pairs of a block of users."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.features import item_features, user_features
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.request import RatingsRequest
from ganrs_jax.profile.vectors import VectorMap, sample_vectors, vector_map
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import assign, assignment_intercepts, assignment_potentials, block_users, many
from ganrs_jax.sampling.degree_distributions import distribution_weights, parse_distribution
from ganrs_jax.sampling.potentials import Potentials
from ganrs_jax.sampling.preassigned import Preassigned, preassign, preassigned_counts

_MAPPED_USERS = 32768  # users whose moments are matched: enough for the quantiles of each stratum
_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on: more cost time, item masses then hold to 2 %


class InteractionPlan(NamedTuple):
    """What all blocks of users have in common to draw items.

    Attributes:
      block: users per block.
      activity: ratings of each user, int64 [U].
      user_map: from generated user vectors to those with the source's quantiles and moments.
      items: item vectors [I, D].
      popularity: ratings that each item is wanted to have, int64 [I].
      potentials: of the items, for what is not preassigned.
      preassigned: pairs drawn beforehand.
    """

    block: int
    activity: np.ndarray
    user_map: VectorMap
    items: jax.Array
    popularity: np.ndarray
    potentials: Potentials
    preassigned: Preassigned

    @property
    def num_blocks(self) -> int:
        return -(-len(self.activity) // self.block)


def plan_interactions(model: ProfileModel, request: RatingsRequest) -> InteractionPlan:
    """The plan of a completed request."""
    num_users, num_items, num_ratings = request.num_users, request.num_items, request.num_ratings
    block, short = block_users(num_items), many(num_items)
    # Users: generated vectors, mapped to the source's distribution; the most ratings to the largest generated degree.
    raw = [_raw_users(model, request, number, block) for number in range(-(-num_users // block))]
    user_map = vector_map(model, model.users, jnp.concatenate(raw)[: min(num_users, _MAPPED_USERS)], request.sigma)
    weights = distribution_weights(parse_distribution(request.activity, "activity"), model.activity, num_users)
    counts = apportion(weights, num_ratings, 1, num_items)
    activity = _by_rank(model.columns.log_degree(jnp.concatenate(raw)[:num_users]), counts)
    # Items: likewise.
    raw_items = sample_vectors(plan_key(request, 1), model, model.items, request.sigma, num_items)
    items = vector_map(model, model.items, raw_items, request.sigma)(raw_items)
    weights = distribution_weights(parse_distribution(request.popularity, "popularity"), model.popularity, num_items)
    popularity = _by_rank(model.columns.log_degree(raw_items), apportion(weights, num_ratings, 1, num_users))
    # Potentials at which each item is expected to have the ratings it is wanted to have, solved on the first users.
    features = item_features(model, items, short)
    some = min(len(raw), -(-_POTENTIAL_USERS // block))
    users = [user_features(model, user_map(vectors), short) for vectors in raw[:some]]
    first_users = jnp.concatenate(users)

    def potentials(active: np.ndarray, popular: np.ndarray, near: jax.Array | None = None) -> Potentials:
        mine = np.pad(active, (0, -len(active) % block))[: some * block]
        popular = popular * (mine.sum() / active.sum())
        return assignment_potentials(first_users, features, mine, popular, block, near)

    first = potentials(activity, popularity)
    nothing = Preassigned(*np.zeros((2, 0), np.int32))
    plan = InteractionPlan(block, activity, user_map, items, popularity, first, nothing)
    # Pairs of rare items are drawn beforehand, so that none is left out by chance.
    counts = preassigned_counts(popularity, num_users)
    if not counts.any():
        return plan
    users += [user_features(model, user_map(vectors), short) for vectors in raw[some:]]
    padded = np.pad(activity, (0, -num_users % block)).reshape(-1, block).astype(np.float32)
    intercepts = jnp.concatenate(
        [assignment_intercepts(u, features, first.item, n) for u, n in zip(users, padded, strict=True)]
    )
    everyone = jnp.concatenate(users)[:num_users]
    preassigned = preassign(plan_key(request, 2), everyone, features, intercepts[:num_users], counts, activity)
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
    users, items = user_features(model, users_BxD, short), item_features(model, plan.items, short)
    key = jax.random.fold_in(plan_key(request, 3), number)
    block_of = plan.preassigned.user // plan.block
    mine = slice(*np.searchsorted(block_of, (number, number + 1)))
    user, item = (ids[mine].astype(np.int64) for ids in plan.preassigned)
    most = int(np.bincount(block_of, minlength=1).max())
    return assign(key, users, items, plan.potentials.item, activity, (user % plan.block, item), most)


def user_vectors(model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int) -> jax.Array:
    """Vectors [B, D] of the users of a block."""
    return plan.user_map(_raw_users(model, request, number, plan.block))


def plan_key(request: RatingsRequest, purpose: int) -> jax.Array:
    """A key for each use of a request's seed."""
    return jax.random.fold_in(jax.random.key(request.seed), purpose)


def _by_rank(log_degree: jax.Array, counts: np.ndarray) -> np.ndarray:
    """Descending counts given to entities by descending generated degree."""
    given = np.empty(len(log_degree), np.int64)
    given[np.argsort(-np.asarray(log_degree), kind="stable")] = counts
    return given


def _raw_users(model: ProfileModel, request: RatingsRequest, number: int, block: int) -> jax.Array:
    key = jax.random.fold_in(plan_key(request, 0), number)
    return sample_vectors(key, model, model.users, request.sigma, block)
