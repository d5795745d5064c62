"""Items given to users by their scores: a number a cell (`choice`), or by visits where items are many (`arrivals`).

Both draw from the same distribution. With few items a user's own are a good part of them, and every cell needs a look.
"""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.sampling.exponential_race import choose_few
from ganrs_jax.sampling.gumbel_top_k import cells, choose
from ganrs_jax.sampling.potentials import Potentials, intercepts, solve_potentials
from ganrs_jax.sampling.tiles import solve_tiled, tiled_intercepts

MANY = 16384  # items, or users, from which on they are found by visits
_BLOCK_CELLS, _BLOCK_CELLS_OF_MANY = 1 << 21, 1 << 26  # cells of users x items held at once, or summed over at once
_COARSE = 8  # times fewer users are enough to bring the potentials of many items near
_LEAST_SURE = 256  # reserved cells of a block that programs are compiled for, or a power of two above


def many(number: int) -> bool:
    """Whether so many items, or users, are found by visits."""
    return number >= MANY


def block_users(num_items: int) -> int:
    """Users a block."""
    held = _BLOCK_CELLS_OF_MANY if many(num_items) else _BLOCK_CELLS
    return max(16, min(512, 1 << int(np.log2(max(1, held // num_items)))))


def assign(
    key: jax.Array,
    users_BxK: jax.Array,
    items_IxK: jax.Array,
    phi_I: jax.Array,
    activity: np.ndarray,
    sure: tuple[np.ndarray, np.ndarray],
    most_sure: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """User and item of each pair, ascending: `activity` [B] distinct items a user, in proportion to exp(score + phi).

    Args:
      sure: user and item of the pairs that are among them, ascending.
      most_sure: of any block, so that all blocks are one program.
    """
    if many(len(items_IxK)):
        return choose_few(key, users_BxK, items_IxK, phi_I, activity, sure)
    cell = sure[0] * len(items_IxK) + sure[1]
    length = max(_LEAST_SURE, 1 << (max(most_sure, len(cell), 1) - 1).bit_length())
    padded = np.pad(cell, (0, length - len(cell)), constant_values=np.iinfo(np.int32).max)
    given = jnp.asarray(activity, jnp.int32), jnp.asarray(padded, jnp.int32)
    return cells(choose(key, users_BxK, items_IxK, phi_I, *given))


def assignment_potentials(
    users_UxK: jax.Array,
    items_IxK: jax.Array,
    activity: np.ndarray,
    popularity: np.ndarray,
    block: int,
    near: jax.Array | None = None,
) -> Potentials:
    """`solve_potentials` among these users; of many items, with part of the users first.

    Args:
      near: potentials of almost the same activity and popularity, to start with where items are many.
    """
    wanted = np.minimum(popularity, 0.999 * np.count_nonzero(activity))
    if not many(len(items_IxK)):
        return solve_potentials(users_UxK, items_IxK, activity, wanted, block)
    if near is None:
        some = -(-len(users_UxK) // _COARSE)
        share = activity[:some].sum() / activity.sum()
        coarse = np.minimum(popularity * share, 0.999 * np.count_nonzero(activity[:some]))
        near = solve_tiled(users_UxK[:some], items_IxK, activity[:some], coarse, None).item
    return solve_tiled(users_UxK, items_IxK, activity, wanted, near)


def assignment_intercepts(
    users_BxK: jax.Array, items_IxK: jax.Array, phi_I: jax.Array, activity: np.ndarray
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity."""
    find = tiled_intercepts if many(len(items_IxK)) else intercepts
    return find(users_BxK, items_IxK, phi_I, jnp.asarray(activity, jnp.float32))
