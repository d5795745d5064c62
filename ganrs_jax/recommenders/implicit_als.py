"""Implicit ALS: vectors of users and items by weighted least squares, in turns, rated pairs weighing more than others.

Y. Hu, Y. Koren, C. Volinsky: Collaborative Filtering for Implicit Feedback Datasets. ICDM 2008
(doi 10.1109/ICDM.2008.22), equations 3 to 5, on who rated what: the confidence in a rated pair is 1 + alpha.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.checks import check_memory
from ganrs_jax.recommenders.hyperparameters import ImplicitALSConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Split, Task
from ganrs_jax.recommenders.pure_svd import score
from ganrs_jax.recommenders.user_rows import UserRows, user_rows
from ganrs_jax.recommenders.who_rated_what import CELLS
from ganrs_jax.training.lanes import Floats, lane, lane_keys, stacked_floats
from ganrs_jax.training.loop import Report

_FLOATS = ("alpha", "penalty")
_ROWS = 32  # of each user of a block, summed at a time
_COPIES = 8  # bytes a number of a vector: the vectors of one round and of the next
START = 0.01  # standard deviation of the items' vectors at first
_product = functools.partial(jnp.einsum, precision="highest")  # accelerators round products to fewer digits unless told


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[ImplicitALSConfig], report: Report
) -> Fitted:
    factors, iterations, floats = configs[0].factors, configs[0].iterations, stacked_floats(configs, _FLOATS)
    check_memory("factors", factors, _COPIES * (task.num_users + task.num_items) * len(splits))
    lanes = []
    for number, (split, key) in enumerate(zip(splits, lane_keys(seeds), strict=True)):
        rated = np.ones(len(split.train_user), bool)
        sides = (
            user_rows(split.train_user, split.train_item, rated, task.num_users),
            user_rows(split.train_item, split.train_user, rated, task.num_items),
        )
        lanes.append(_alternated(*sides, factors, iterations, key, lane(floats, number)))
        report("implicit ALS", number + 1, len(splits), {})
    return Fitted(jax.tree.map(lambda *x: jnp.stack(x), *lanes), score)


@functools.partial(jax.jit, static_argnums=2)
def _alternated(
    of_users: UserRows, of_items: UserRows, factors: int, iterations: int, key: jax.Array, floats: Floats
) -> dict[str, jax.Array]:
    """Vectors of users [U, K] and of items [I, K], those of items solved for last."""

    def turn(_: int, held: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        user_UxK = solved(of_users, held[1], floats)
        return user_UxK, solved(of_items, user_UxK, floats)

    users, items = len(of_users.first_U1) - 1, len(of_items.first_U1) - 1
    start = jnp.zeros((users, factors)), START * jax.random.normal(key, (items, factors))
    user_UxK, item_IxK = jax.lax.fori_loop(0, iterations, turn, start)
    return {"user": user_UxK, "item": item_IxK}


def solved(rows: UserRows, item_IxK: jax.Array, floats: Floats) -> jax.Array:
    """The vectors of users that fit those of the items best, [U, K]: a system of K equations for each user.

    Users are solved for in blocks of nearly equal numbers of rows, and of each a few rows are added at a time, so that
    memory grows neither with the number of users nor with the rows of any.
    """
    users, factors = len(rows.first_U1) - 1, item_IxK.shape[1]
    block = max(1, min(users, CELLS // (factors * (factors + 2 * _ROWS))))
    by_rows = jnp.argsort(jnp.diff(rows.first_U1))
    blocks = jnp.concatenate([by_rows, jnp.repeat(by_rows[-1:], -users % block)]).reshape(-1, block)
    of_all_KxK = _product("ik,il->kl", item_IxK, item_IxK) + floats["penalty"] * jnp.eye(factors)

    def of_block(user_B: jax.Array) -> jax.Array:
        first_B, end_B = rows.first_U1[user_B], rows.first_U1[user_B + 1]

        def add(number: int, held: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            place_BxR = first_B[:, None] + number * _ROWS + jnp.arange(_ROWS)[None]
            own_BxR = place_BxR < end_B[:, None]
            item_BxRxK = item_IxK[rows.item_n.at[place_BxR].get(mode="clip")] * own_BxR[:, :, None]
            return held[0] + _product("brk,brl->bkl", item_BxRxK, item_BxRxK), held[1] + item_BxRxK.sum(1)

        none = jnp.zeros((block, factors, factors)), jnp.zeros((block, factors))
        rated_BxKxK, rated_BxK = jax.lax.fori_loop(0, -(-jnp.max(end_B - first_B) // _ROWS), add, none)
        factor = jax.scipy.linalg.cho_factor(of_all_KxK[None] + floats["alpha"] * rated_BxKxK)
        right_BxKx1 = (1 + floats["alpha"]) * rated_BxK[:, :, None]
        return jax.scipy.linalg.cho_solve(factor, right_BxKx1)[:, :, 0]

    found = jax.lax.map(of_block, blocks).reshape(-1, factors)
    return jnp.zeros((users, factors)).at[blocks.ravel()].set(found)


RECOMMENDER = Recommender(ImplicitALSConfig, _fit, _FLOATS)
