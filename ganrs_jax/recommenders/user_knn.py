"""User-based nearest neighbours: an item by how alike a user's neighbours who rated it are to the user.

J. S. Breese, D. Heckerman, C. Kadie: Empirical Analysis of Predictive Algorithms for Collaborative Filtering. UAI 1998
(arXiv 1301.7363), section 2.1, on who rated what: every vote is 1, and the similarity is the cosine.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.checks import check_memory
from ganrs_jax.recommenders.hyperparameters import NeighboursConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Score, Scored, Split, Task, scored_by_rank
from ganrs_jax.recommenders.user_rows import UserRows, first_not, padded
from ganrs_jax.recommenders.who_rated_what import CELLS, indicators, training_rows
from ganrs_jax.training.loop import Report

_COPIES = 8  # bytes a neighbour: who it is and how near
_PAIRS = 1 << 12  # whose neighbours are looked through at a time


class Neighbours(NamedTuple):
    """Each user's nearest others [U, K], the nearest first, their cosines, and who rated what in training."""

    user_UxK: jax.Array
    cosine_UxK: jax.Array
    rows: UserRows


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[NeighboursConfig], report: Report
) -> Fitted:
    number = min(configs[0].neighbours, task.num_users)
    check_memory("num_users", task.num_users, _COPIES * number * (len(splits) + 1))
    rows, size = training_rows(splits, task)
    lanes = [nearest_users(each, task, size, number) for each in rows]
    return Fitted(jax.tree.map(lambda *x: jnp.stack(x), *lanes), _score(task, size))


@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def nearest_users(rows: UserRows, task: Task, size: int, number: int) -> Neighbours:
    """Each user's nearest others by the cosine of their rows, at most all users.

    A block of users is compared with a block of others at a time; of equal cosines the lower number is nearer.
    """
    block = _block(task)
    blocks = jnp.arange(-(-task.num_users // block) * block).reshape(-1, block)
    length_U = jnp.sqrt(jnp.maximum(jnp.diff(rows.first_U1), 1).astype(jnp.float32))

    def of_users(user_B: jax.Array) -> tuple[jax.Array, jax.Array]:
        own_BxI = indicators(rows, jnp.minimum(user_B, task.num_users - 1), task, size)

        def nearer(best: tuple[jax.Array, jax.Array], other_B: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
            clipped_B = jnp.minimum(other_B, task.num_users - 1)
            cosine_BxB = own_BxI @ indicators(rows, clipped_B, task, size).T / length_U[clipped_B][None]
            stranger_BxB = (other_B < task.num_users)[None] & (user_B[:, None] != other_B[None])
            found = jnp.where(stranger_BxB, cosine_BxB, 0.0), jnp.broadcast_to(clipped_B[None], cosine_BxB.shape)
            cosine_BxC, who_BxC = (jnp.concatenate(x, 1) for x in zip(best, found, strict=True))
            cosine_BxK, place_BxK = jax.lax.top_k(cosine_BxC, number)
            return (cosine_BxK, jnp.take_along_axis(who_BxC, place_BxK, 1)), None

        none = jnp.zeros((block, number)), jnp.zeros((block, number), blocks.dtype)
        return jax.lax.scan(nearer, none, blocks)[0]

    cosine_UxK, who_UxK = (x.reshape(-1, number)[: task.num_users] for x in jax.lax.map(of_users, blocks))
    return Neighbours(who_UxK, cosine_UxK / length_U[:, None], rows)


def _block(task: Task) -> int:
    """Users of a block: their rows, and cosines with as many others, are held at once."""
    return max(1, min(task.num_users, CELLS // task.num_items, int(CELLS**0.5)))


@functools.lru_cache
def _score(task: Task, size: int) -> Score:
    def of_all_items(state: Neighbours, user_B: jax.Array) -> jax.Array:
        def add(score_BxI: jax.Array, neighbour: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            other_B, cosine_B = neighbour
            item_BxP, _ = padded(state.rows, other_B, size, task.num_items)
            return score_BxI.at[jnp.arange(len(user_B))[:, None], item_BxP].add(cosine_B[:, None], mode="drop"), None

        none = jnp.zeros((len(user_B), task.num_items))
        return jax.lax.scan(add, none, (state.user_UxK[user_B].T, state.cosine_UxK[user_B].T))[0]

    def of_pair(state: Neighbours, user: jax.Array, item: jax.Array) -> jax.Array:
        other_K, item_n = state.user_UxK[user], state.rows.item_n
        place_K = first_not(lambda place_K: item_n[place_K] < item, state.rows, other_K, size)
        rated_K = (place_K < state.rows.first_U1[other_K + 1]) & (item_n[place_K] == item)
        return jnp.sum(jnp.where(rated_K, state.cosine_UxK[user], 0.0))

    def score(state: Neighbours, user: jax.Array, item: jax.Array) -> Scored:
        if user.ndim == 2 and user.shape[1] == 1 and item.shape == (1, task.num_items):  # users and all items
            return scored_by_rank(of_all_items(state, user[:, 0])[:, item[0]])
        pairs = [x.ravel() for x in jnp.broadcast_arrays(user, item)]
        found = jax.lax.map(lambda pair: of_pair(state, *pair), pairs, batch_size=_PAIRS)
        return scored_by_rank(found.reshape(jnp.broadcast_shapes(user.shape, item.shape)))

    return score


RECOMMENDER = Recommender(NeighboursConfig, _fit)
