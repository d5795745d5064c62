"""How much users rate and how often items are rated where users are of groups, in other shares than in the source.

A group is as active as in the source. Where there are more of one group than in the source, items have of each user
what they would have there: the potentials are those of the source's shares, and popularity follows.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.groups import asked_shares, cells_of, codes_of_users, within_groups
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.profile.user_blocks import block_features, block_vectors
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import assign, assignment_potentials, many
from ganrs_jax.sampling.distributions import DegreeSpec
from ganrs_jax.sampling.potentials import TOLERANCE
from ganrs_jax.sampling.skew import degree_counts


def groups_of_users(model: ProfileModel, request: RatingsRequest) -> np.ndarray:
    """The value of each user in each demographic column, [U, K]."""
    if model.groups is None:
        return np.zeros((request.num_users, 0), np.int32)
    seed = np.asarray(jax.random.key_data(plan_key(request, 11)))
    return codes_of_users(model.groups, asked_shares(model.groups, request.group_shares), request.num_users, seed)


def activity_of_users(
    model: ProfileModel, request: RatingsRequest, users: jax.Array, code: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Ratings of each user, [U]: by its vector, and as its groups have them.

    Args:
      users: vectors [U, D]; code: their groups, [U, K]; counts: what all of them have, descending.
    """
    log_degree = np.asarray(model.columns.log_degree(users), np.float64)
    if model.groups is not None:
        log_degree = within_groups(model.groups.log_degree, cells_of(model.groups, code), log_degree)
        if request.group_shares and request.activity == "source":  # of other shares, all have other numbers
            weights = np.exp(np.sort(log_degree)[::-1])
            counts = apportion(weights, int(counts.sum()), 1, request.num_items)
    return by_rank(log_degree, counts)


def popularity_among(
    model: ProfileModel,
    request: RatingsRequest,
    users: Sequence[jax.Array],
    activity: np.ndarray,
    items: jax.Array,
    popularity: np.ndarray,
) -> np.ndarray:
    """Ratings of each item, [I], of users in other shares of groups: items are to them what they are in the source.

    Args:
      users: features of the first blocks; items: of the items, [I, F].
      popularity: ratings of each item of users in the source's shares, [I].
    """
    block, link = len(users[0]), float(model.link_asymmetry)
    short, size = many(len(items)), block * len(users)
    nobody = np.zeros((size, 0), np.int32)
    vectors = [block_vectors(model, request, number, block, nobody) for number in range(len(users))]
    as_in_source = jnp.concatenate([block_features(model, request, n, x, short) for n, x in enumerate(vectors)])
    log_degree = np.asarray(model.columns.log_degree(jnp.concatenate(vectors)))
    total = int(popularity.sum()) * size // request.num_users
    counts = degree_counts(DegreeSpec("source"), model.activity, size, max(total, size), len(items))[1]
    wanted = popularity * (counts.sum() / popularity.sum())
    found = assignment_potentials(
        as_in_source, items, by_rank(log_degree, counts), wanted, block, None, link, TOLERANCE
    )
    # What the users that are wanted rate at these potentials.
    drawn = np.zeros(len(items), np.int64)
    padded = np.pad(activity, (0, max(0, size - len(activity))))[:size].reshape(-1, block)
    none = np.zeros((2, 0), np.int64)
    for number, (features, mine) in enumerate(zip(users, padded, strict=True)):
        key = jax.random.fold_in(plan_key(request, 12), number)
        _, item = assign(key, features, items, found.item, mine, (none[0], none[1]), 0, link)
        drawn += np.bincount(item, minlength=len(items))
    order = np.argsort(-drawn, kind="stable")
    given = np.empty(len(items), np.int64)
    given[order] = apportion(drawn[order].astype(np.float64), int(popularity.sum()), 1, request.num_users)
    return given


def by_rank(log_degree: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Descending counts given to entities by descending generated degree."""
    given = np.empty(len(log_degree), np.int64)
    given[np.argsort(-log_degree, kind="stable")] = counts
    return given
