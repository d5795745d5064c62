"""What references learn from that look at who rated what and at no stars: training rows of 1, all else 0.

They predict no rating and hold every item relevant, as `popularity` does.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.checks import check_memory
from ganrs_jax.recommenders.interface import Fitted, Score, Scored, Split, Task, scored_by_rank
from ganrs_jax.recommenders.user_rows import UserRows, padded, user_rows, width

CELLS = 1 << 22  # of users x items, or of other numbers, held at once
_WORKING_BYTES = 12  # bytes a pair of items: what is counted, what is made of it, and one more beside them


class ItemWeights(NamedTuple):
    """What each rated item (row) adds to the score of each item (column), [I, I], and who rated what in training."""

    weight_IxI: jax.Array
    rows: UserRows


def fit_item_weights(splits: Sequence[Split], task: Task, weigh: Callable[[jax.Array], jax.Array]) -> Fitted:
    """Scores that sum, over the items of a user, what these say of the item.

    Args:
      weigh: from how many users rated each pair of items, [I, I], in the diagonal each item's own number, to weights.

    Raises:
      InputError: more items than pairs of them fit in memory.
    """
    check_memory("num_items", task.num_items, task.num_items * (4 * len(splits) + _WORKING_BYTES))
    rows, size = training_rows(splits, task)
    lanes = [ItemWeights(weigh(co_occurrences(each, task, size)), each) for each in rows]
    return Fitted(jax.tree.map(lambda *x: jnp.stack(x), *lanes), _score(task, size))


def training_rows(splits: Sequence[Split], task: Task) -> tuple[list[UserRows], int]:
    """Training rows of each lane, and a width that the rows of every user fit in."""
    rows = [
        user_rows(split.train_user, split.train_item, np.ones(len(split.train_user), bool), task.num_users)
        for split in splits
    ]
    return rows, max(map(width, rows))


@functools.partial(jax.jit, static_argnums=(1, 2))
def co_occurrences(rows: UserRows, task: Task, size: int) -> jax.Array:
    """How many users rated each pair of items, float32 [I, I]; a block of users at a time."""
    block = max(1, min(task.num_users, CELLS // task.num_items))
    users = jnp.arange(-(-task.num_users // block) * block).reshape(-1, block)

    def add(counts_IxI: jax.Array, user_B: jax.Array) -> tuple[jax.Array, None]:
        own_BxI = indicators(rows, jnp.minimum(user_B, task.num_users - 1), task, size)
        own_BxI = own_BxI * (user_B < task.num_users)[:, None]
        return counts_IxI + own_BxI.T @ own_BxI, None

    return jax.lax.scan(add, jnp.zeros((task.num_items, task.num_items)), users)[0]


def indicators(rows: UserRows, user_B: jax.Array, task: Task, size: int) -> jax.Array:
    """1 for each item that a user has a training row of, else 0, float32 [B, I]."""
    item_BxP, _ = padded(rows, user_B, size, task.num_items)
    none = jnp.zeros((len(user_B), task.num_items))
    return none.at[jnp.arange(len(user_B))[:, None], item_BxP].set(1.0, mode="drop")


@functools.lru_cache
def _score(task: Task, size: int) -> Score:
    def score(state: ItemWeights, user: jax.Array, item: jax.Array) -> Scored:
        if user.ndim == 2 and user.shape[1] == 1 and item.shape == (1, task.num_items):  # users and all items
            return scored_by_rank(indicators(state.rows, user[:, 0], task, size) @ state.weight_IxI[:, item[0]])
        shape = jnp.broadcast_shapes(user.shape, item.shape)
        item_NxP, _ = padded(state.rows, jnp.broadcast_to(user, shape).ravel(), size, task.num_items)
        of_item = jnp.broadcast_to(item, shape).ravel()[:, None]
        weight_NxP = state.weight_IxI.at[item_NxP, of_item].get(mode="fill", fill_value=0.0)
        return scored_by_rank(weight_NxP.sum(1).reshape(shape))

    return score
