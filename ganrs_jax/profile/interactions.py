"""Who rates what: logistic matrix factorisation of the 0/1 matrix, by Newton steps and posterior draws.

logit P(user u rated item i) = a_u + c_i + x_u . y_i over all cells (Johnson 2014, "Logistic matrix
factorization", without confidence weights), with normal priors learned from the draws. Each round takes a
Newton step on every user's vector, draws it from its Laplace approximation, and then does the same for
items: an approximate Gibbs sampler. All cells are summed over (`dense_cells`), a block at a time; of matrices of
more than `MOST_CELLS` a new sample of columns in every step (`sampled_cells`), whose time grows with users,
items and ratings, not with users x items.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.dense_cells import DenseSide, dense_side
from ganrs_jax.profile.sampled_cells import SampledSide, sampled_side
from ganrs_jax.profile.spectral_start import randomised_start, spectral_start
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent

MOST_CELLS = 1 << 28  # users x items that are all summed over
_WARM_UP = 3  # first rounds, without draws
_STAGE = "who rates what"

_Start = tuple[jax.Array, jax.Array]


class Interactions(NamedTuple):
    """Draws from the posterior: vectors <intercept, factors>, user [R, U, 1 + k] and item [R, I, 1 + k]."""

    user: jax.Array
    item: jax.Array


def fit_interactions(
    key: jax.Array,
    ratings: Ratings,
    *,
    rank: int,
    rounds: int,
    draws: int,
    report: Report = silent,
    kept: Kept = NOTHING,
) -> Interactions:
    """Draws of the vectors of all users and items.

    Args:
      rank: factors, beside the intercept.
      rounds: passes over users and items.
      draws: R, draws of each side given the last draw of the other.
    """
    (users, items), start = _sides(ratings, rank)
    done, (x, y) = kept.resume(_STAGE, start)
    for number in range(done, rounds):
        user_key, item_key = jax.random.split(jax.random.fold_in(key, number))
        drawn = 0 if number < _WARM_UP else 1
        x = users.turn(user_key, x, y)[drawn]
        y = items.turn(item_key, y, x)[drawn]
        report(_STAGE, number + 1, rounds, {})
        kept.save(_STAGE, number + 1, (x, y))
    user_key, item_key = jax.random.split(jax.random.fold_in(key, rounds))
    return Interactions(users.draws(user_key, x, y, draws), items.draws(item_key, y, x, draws))


def _sides(ratings: Ratings, rank: int) -> tuple[Sequence[DenseSide] | Sequence[SampledSide], _Start]:
    """Users and items, and where their vectors start."""
    size, turned = (ratings.num_users, ratings.num_items), (ratings.num_items, ratings.num_users)
    by_user, by_item = (ratings.user, ratings.item, *size), (ratings.item, ratings.user, *turned)
    if size[0] * size[1] <= MOST_CELLS:
        return (dense_side(*by_user), dense_side(*by_item)), spectral_start(ratings, rank)
    users, items = sampled_side(*by_user), sampled_side(*by_item)
    return (users, items), randomised_start(users.rated, items.rated, rank)
