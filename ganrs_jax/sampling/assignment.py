"""Items given to users by their scores: Gumbel top-k sampling, or where items are many an exponential race.

Both draw from the same distribution. Of few items a user rates a good part, so a random number per cell is no waste.
"""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.sampling.exponential_race import exponential_race
from ganrs_jax.sampling.gumbel_top_k import choose_pairs
from ganrs_jax.sampling.potentials import Potentials, intercepts, solve_potentials
from ganrs_jax.sampling.tiles import solve_tiled, tiled_intercepts

MANY = 16384  # items, or users, from which on an exponential race costs less than a random number per cell
BLOCK_CELLS = 1 << 21  # cells of users x items held at once: 8 MiB of scores
BLOCK_CELLS_OF_MANY = 1 << 26  # likewise, summed over by tiles and never held as a whole
_COARSE = 8  # times fewer users bring the potentials of many items near: rounds on all of them are what costs
_MOST_OF_USERS = 0.999  # of the users an item is wanted by: one that all rate would need an infinite potential


def many(number: int) -> bool:
    """Whether so many items, or users, are drawn by an exponential race."""
    return number >= MANY


def block_users(num_items: int) -> int:
    """Users a block."""
    held = BLOCK_CELLS_OF_MANY if many(num_items) else BLOCK_CELLS
    return max(16, min(512, 1 << int(np.log2(max(1, held // num_items)))))


def assign(
    key: jax.Array,
    users_BxK: jax.Array,
    items_IxK: jax.Array,
    phi_I: jax.Array,
    activity: np.ndarray,
    preassigned: tuple[np.ndarray, np.ndarray],
    most_preassigned: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """User and item of each pair, ascending: `activity` [B] distinct items a user, in proportion to exp(score + phi).

    Args:
      preassigned: user and item of the pairs that are among them, ascending.
      most_preassigned: of any block, so that all blocks are one program.
    """
    if many(len(items_IxK)):
        return exponential_race(key, users_BxK, items_IxK, phi_I, activity, preassigned)
    return choose_pairs(key, users_BxK, items_IxK, phi_I, activity, preassigned, most_preassigned)


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
    wanted = np.minimum(popularity, _MOST_OF_USERS * np.count_nonzero(activity))
    if not many(len(items_IxK)):
        return solve_potentials(users_UxK, items_IxK, activity, wanted, block)
    if near is None:
        some = -(-len(users_UxK) // _COARSE)
        share = activity[:some].sum() / activity.sum()
        coarse = np.minimum(popularity * share, _MOST_OF_USERS * np.count_nonzero(activity[:some]))
        near = solve_tiled(users_UxK[:some], items_IxK, activity[:some], coarse, None).item
    return solve_tiled(users_UxK, items_IxK, activity, wanted, near)


def assignment_intercepts(
    users_BxK: jax.Array, items_IxK: jax.Array, phi_I: jax.Array, activity: np.ndarray
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity."""
    find = tiled_intercepts if many(len(items_IxK)) else intercepts
    return find(users_BxK, items_IxK, phi_I, jnp.asarray(activity, jnp.float32))
