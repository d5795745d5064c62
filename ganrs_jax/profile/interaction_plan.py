"""Who rates what: the plan that blocks of users have in common, and the items that the users of a block draw."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.cold_counts import ColdCounts, cold_counts, thinned, young_counts
from ganrs_jax.profile.features import item_features
from ganrs_jax.profile.group_degrees import activity_of_users, by_rank, groups_of_users, popularity_among
from ganrs_jax.profile.local_directions import local_scores
from ganrs_jax.profile.model import Items, ProfileModel
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.profile.user_blocks import block_features, block_vectors
from ganrs_jax.sampling.assignment import (
    Preassigned,
    assign,
    assignment_intercepts,
    assignment_potentials,
    block_users,
    many,
    preassign,
)
from ganrs_jax.sampling.distributions import parse_distribution
from ganrs_jax.sampling.potentials import TOLERANCE, Potentials
from ganrs_jax.sampling.skew import degree_counts

_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on: more cost time, and hold item masses better
_OF_PREASSIGNED = 0.02  # tolerance of potentials by which rare items find their users, and others only start


class InteractionPlan(NamedTuple):
    """What all blocks of users have in common to draw items.

    Attributes:
      block: users per block.
      activity: ratings that each user draws, int64 [U].
      items: item vectors [I, D].
      source_item: the item of the source that each is, or is like, [I].
      features: of the items, whose products with those of users are scores, [I, F].
      popularity: ratings that each item is wanted to have, or would have if it were not cold, int64 [I].
      potentials: of the items, for what is not preassigned.
      preassigned: pairs drawn beforehand.
      user_kept: ratings that each of the first users, which are cold, keeps of those it draws, int64 [C]; of a young
        service, that every user keeps, [U].
      item_kept: ratings of each of the first items, which are cold.
      later: pairs of cold items that are still to come.
      groups: the value of each user in each demographic column, int32 [U, K]; K = 0 without groups.
    """

    block: int
    activity: np.ndarray
    items: jax.Array
    source_item: np.ndarray
    features: jax.Array
    popularity: np.ndarray
    potentials: Potentials
    preassigned: Preassigned
    user_kept: np.ndarray
    item_kept: np.ndarray
    later: Preassigned
    groups: np.ndarray

    @property
    def num_blocks(self) -> int:
        return -(-len(self.activity) // self.block)


def plan_interactions(model: ProfileModel, request: RatingsRequest) -> InteractionPlan:
    """The plan of a completed request."""
    num_users, num_items = request.num_users, request.num_items
    block, short, link = block_users(num_items), many(num_items), float(model.link_asymmetry)
    user_counts, item_counts = (young_counts if request.young else _counts)(model, request)
    # Users: generated vectors, of their groups; the most ratings to the largest generated degree.
    code = groups_of_users(model, request)
    generated = [block_vectors(model, request, number, block, code) for number in range(-(-num_users // block))]
    activity = activity_of_users(model, request, jnp.concatenate(generated)[:num_users], code, user_counts)
    # Items: those of the source; the most ratings to the most popular ones.
    source_item, draw = chosen_items(plan_key(request, 1), model.items, num_items)
    items = jnp.asarray(model.items.vectors[draw, source_item])
    popularity = by_rank(np.asarray(model.columns.log_degree(items)), item_counts)
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
        popular = popular * (mine.sum() / popular.sum())
        return assignment_potentials(first_users, features, mine, popular, block, near, link, tolerance)

    if request.group_shares and request.popularity == "source":
        popularity = popularity_among(model, request, users, activity, features, popularity)
    # Pairs of rare and of cold items are drawn beforehand, so that none is left out by chance.
    cold = cold_counts(model, request, activity, popularity)
    beforehand = bool(cold.drawn.any() or request.cold or request.young)
    first = potentials(activity, popularity, tolerance=_OF_PREASSIGNED if beforehand else TOLERANCE)
    nothing = Preassigned(*np.zeros((2, 0), np.int32))
    kept = cold.user_kept, cold.item_kept
    plan = InteractionPlan(
        block, cold.activity, items, source_item, features, popularity, first, nothing, *kept, nothing, code
    )
    if not beforehand:
        return plan
    users += [block_features(model, request, some + n, x, short) for n, x in enumerate(generated[some:])]
    padded = np.pad(activity, (0, -num_users % block)).reshape(-1, block).astype(np.float32)
    intercepts = jnp.concatenate(
        [assignment_intercepts(u, features, first.item, n, link) for u, n in zip(users, padded, strict=True)]
    )
    everyone = jnp.concatenate(users)[:num_users]
    preassigned, later = _preassigned(model, request, cold, everyone, features, intercepts[:num_users])
    plan = plan._replace(preassigned=preassigned, later=later)
    left = cold.activity - np.bincount(preassigned.user, minlength=num_users)
    if not left.any():
        return plan
    wanted = cold.popularity - np.bincount(preassigned.item, minlength=num_items)
    return plan._replace(potentials=potentials(left, wanted, first.item))


def _counts(model: ProfileModel, request: RatingsRequest) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of users and of items as their distributions want them, descending, [U] and [I]."""
    users, items, ratings = request.num_users, request.num_items, request.ratings_before
    activity, popularity = (parse_distribution(getattr(request, name), name) for name in ("activity", "popularity"))
    return (
        degree_counts(activity, model.activity, users, ratings, items)[1],
        degree_counts(popularity, model.popularity, items, ratings, users)[1],
    )


def _preassigned(
    model: ProfileModel, request: RatingsRequest, cold: ColdCounts, users: jax.Array, items: jax.Array, a_U: jax.Array
) -> tuple[Preassigned, Preassigned]:
    """Users of rare and of cold items, and those that cold ones have later; cold users have none of them.

    Args:
      users, items: features [U, F], [I, F]; a_U: intercepts of the users.
    """
    number = request.cold.users.number(len(cold.activity))
    room = cold.activity.copy()
    room[: len(cold.user_kept)] = cold.user_kept  # what is drawn beforehand stays
    room[:number] = 0
    a_U = jnp.where(jnp.arange(len(a_U)) < number, -jnp.inf, a_U)
    link = float(model.link_asymmetry)
    return preassign(plan_key(request, 2), users, items, a_U, cold.drawn, cold.kept, room, link)


class Pairs(NamedTuple):
    """User within a block, item, [N] each, ascending; and whether the rating is still to come, of a cold one."""

    user: np.ndarray
    item: np.ndarray
    later: np.ndarray


def draw_pairs(
    model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, number: int, users_BxD: jax.Array
) -> Pairs:
    """The ratings of the users of block `number`.

    Args:
      users_BxD: vectors of the block's users (`user_vectors`).
    """
    short = many(len(plan.popularity))
    activity = plan.activity[number * plan.block : (number + 1) * plan.block]
    activity = np.pad(activity, (0, plan.block - len(activity)))
    users = block_features(model, request, number, users_BxD, short)
    key = jax.random.fold_in(plan_key(request, 3), number)
    most = int(np.bincount(plan.preassigned.user // plan.block, minlength=1).max())
    given, link = _of_block(plan.preassigned, number, plan.block), float(model.link_asymmetry)
    user, item = assign(key, users, plan.features, plan.potentials.item, activity, given, most, link)
    kept = plan.user_kept[number * plan.block : (number + 1) * plan.block]
    # Of what was not drawn beforehand, some of the first users keep a part.
    free = ~np.isin(user * len(plan.popularity) + item, given[0] * len(plan.popularity) + given[1])
    kept = kept - np.bincount(given[0], minlength=plan.block)[: len(kept)]
    later = np.zeros(len(user), bool)
    later[free] = ~thinned(jax.random.fold_in(plan_key(request, 9), number), user[free], kept)
    if not len(plan.later.user):
        return Pairs(user, item, later)
    more_users, more_items = _of_block(plan.later, number, plan.block)
    user, item = np.concatenate([user, more_users]), np.concatenate([item, more_items])
    later = np.concatenate([later, np.ones(len(more_users), bool)])
    order = np.lexsort((item, user))
    return Pairs(user[order], item[order], later[order])


def _of_block(pairs: Preassigned, number: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """User within a block, and item, of the pairs that are of its users."""
    mine = slice(*np.searchsorted(pairs.user, (number * block, (number + 1) * block)))
    return pairs.user[mine].astype(np.int64) % block, pairs.item[mine].astype(np.int64)


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
    return block_vectors(model, request, number, plan.block, plan.groups)
