"""The users of a block, before they rate: their vectors, and the features by which they choose items."""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.features import user_features
from ganrs_jax.profile.groups import CANDIDATES, cells_of, chosen_of_groups
from ganrs_jax.profile.local_directions import local_interests
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.profile.vectors import sample_vectors


def block_vectors(
    model: ProfileModel, request: RatingsRequest, number: int, block: int, code_UxK: np.ndarray
) -> jax.Array:
    """Vectors [B, D] of the users of a block, given the groups of all users; K = 0: of no group."""
    key = jax.random.fold_in(plan_key(request, 0), number)
    if model.groups is None or not code_UxK.shape[1]:
        return sample_vectors(key, model, request.sigma, block)
    candidates = sample_vectors(key, model, request.sigma, CANDIDATES * block).reshape(block, CANDIDATES, -1)
    mine = code_UxK[number * block : (number + 1) * block]
    cell = cells_of(model.groups, np.pad(mine, ((0, block - len(mine)), (0, 0))))
    return chosen_of_groups(jax.random.fold_in(key, 1), model.groups, cell, candidates)


def block_features(
    model: ProfileModel, request: RatingsRequest, number: int, users_BxD: jax.Array, short: bool
) -> jax.Array:
    """Features of the users of a block: what they care for locally, and what their vectors say."""
    key = jax.random.fold_in(plan_key(request, 5), number)
    interests = local_interests(key, (len(users_BxD), len(model.local_gain)))
    return jnp.concatenate([interests, user_features(model, users_BxD, short)], 1)
