"""Items given to users by their scores: Gumbel top-k sampling, or where items are many an exponential race.

Both draw from the same distribution. Of few items a user rates a good part, so a random number per cell is no waste.

Some pairs are preassigned: chance would leave out one in three items that are wanted once, and spread the counts of all
rare ones. So each item of at most 25 ratings has its users drawn beforehand, by the same chances as all others.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.sampling.gumbel_top_k import choose_pairs, exponential_race
from ganrs_jax.sampling.potentials import (
    TOLERANCE,
    Potentials,
    intercepts,
    solve_potentials,
    solve_tiled,
    tiled_intercepts,
)

MANY = 16384  # items, or users, from which on an exponential race costs less than a random number per cell
BLOCK_CELLS = 1 << 21  # cells of users x items held at once: 8 MiB of scores
BLOCK_CELLS_OF_MANY = 1 << 26  # likewise, summed over by tiles and never held as a whole
_COARSE = 8  # times fewer users bring the potentials of many items near: rounds on all of them are what costs
_MOST_OF_USERS = 0.999  # of the users an item is wanted by: one that all rate would need an infinite potential
RARE = 25  # ratings up to which an item is rare: above, chance spreads a count by less than a fifth
_LEAST_USERS = 10  # users, for each rating of an item, among which all its users can be drawn beforehand
_NONE = (np.zeros(0, np.int64),) * 2


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
    asymmetry: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """User and item of each pair, ascending: `activity` [B] distinct items a user, in proportion to exp(score + phi).

    Args:
      preassigned: user and item of the pairs that are among them, ascending.
      most_preassigned: of any block, so that all blocks are one program.
      asymmetry: of the link (`potentials`).
    """
    if many(len(items_IxK)):
        return exponential_race(key, users_BxK, items_IxK, phi_I, activity, preassigned, asymmetry)
    return choose_pairs(key, users_BxK, items_IxK, phi_I, activity, preassigned, most_preassigned, asymmetry)


def assignment_potentials(
    users_UxK: jax.Array,
    items_IxK: jax.Array,
    activity: np.ndarray,
    popularity: np.ndarray,
    block: int,
    near: jax.Array | None = None,
    asymmetry: float = 1.0,
    tolerance: float = TOLERANCE,
) -> Potentials:
    """`solve_potentials` among these users; of many items, with part of the users first.

    Args:
      near: potentials of almost the same activity and popularity, to start with.
      asymmetry: of the link.
      tolerance: as in `solve_potentials`.
    """
    wanted = np.minimum(popularity, _MOST_OF_USERS * np.count_nonzero(activity))
    if not many(len(items_IxK)):
        return solve_potentials(users_UxK, items_IxK, activity, wanted, block, near, asymmetry, tolerance)
    if near is None:
        some = -(-len(users_UxK) // _COARSE)
        share = activity[:some].sum() / activity.sum()
        coarse = np.minimum(popularity * share, _MOST_OF_USERS * np.count_nonzero(activity[:some]))
        near = solve_tiled(users_UxK[:some], items_IxK, activity[:some], coarse, None, asymmetry, tolerance).item
    return solve_tiled(users_UxK, items_IxK, activity, wanted, near, asymmetry, tolerance)


def assignment_intercepts(
    users_BxK: jax.Array, items_IxK: jax.Array, phi_I: jax.Array, activity: np.ndarray, asymmetry: float = 1.0
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity."""
    find = tiled_intercepts if many(len(items_IxK)) else intercepts
    return find(users_BxK, items_IxK, phi_I, jnp.asarray(activity, jnp.float32), jnp.float32(asymmetry))


class Preassigned(NamedTuple):
    """Pairs that will be in the dataset: user, item int32 [M], ascending by (user, item)."""

    user: np.ndarray
    item: np.ndarray


def preassigned_counts(popularity: np.ndarray, num_users: int) -> np.ndarray:
    """How many users are drawn beforehand for each item, [I]: all, one, or none."""
    all_of_them = popularity <= np.minimum(RARE, max(1, num_users // _LEAST_USERS))
    return np.where(all_of_them, popularity, (popularity <= RARE).astype(popularity.dtype))


def preassign(
    key: jax.Array,
    users_UxK: jax.Array,
    items_IxK: jax.Array,
    intercepts: jax.Array,
    counts: np.ndarray,
    kept: np.ndarray,
    activity: np.ndarray,
    asymmetry: float = 1.0,
) -> tuple[Preassigned, Preassigned]:
    """Draws `counts` distinct users for each item, of which chance keeps some; no user gets more than its activity.

    Returns:
      The pairs that stay, and those that do not.

    Args:
      intercepts: a_u of each user (`potentials.intercepts`), [U].
      counts: users drawn for each item, [I]; kept: how many of them stay, [I].
      activity: ratings of each user, [U].
      asymmetry: of the link.
    """
    items = np.flatnonzero(counts)
    # Rare items, of a few users each, whose users are drawn at once.
    if many(len(activity)):
        size = 1 << max(4, (BLOCK_CELLS_OF_MANY // len(activity)).bit_length() - 1)
    else:
        size = BLOCK_CELLS // len(activity)
    size = max(1, min(len(items), size))
    pairs = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for number, first in enumerate(range(0, len(items), size)):
        part = np.resize(items[first : first + size], size)  # one shape, one program
        wanted = np.where(np.arange(size) < len(items) - first, counts[part], 0)
        part_key = jax.random.fold_in(key, number)
        row, user = assign(part_key, items_IxK[part], users_UxK, intercepts, wanted, _NONE, 0, asymmetry)
        pairs.append((user, part[row]))
    user, item = (np.concatenate(x) for x in zip(*pairs, strict=True))
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    if (kept == counts).all():
        return _within(user, item, activity, rng), Preassigned(*np.zeros((2, 0), np.int32))
    order = np.lexsort((rng.random(len(item)), item))
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    stay = place < np.repeat(kept, counts)
    left, others = order[stay], order[~stay]
    made = _within(user[left], item[left], activity, rng)
    of_made, of_others = (of.astype(np.int64) * len(counts) + what for of, what in (made, (user[others], item[others])))
    return made, _ascending(*(x[others][~np.isin(of_others, of_made)] for x in (user, item)))


def _within(user: np.ndarray, item: np.ndarray, activity: np.ndarray, rng: np.random.Generator) -> Preassigned:
    """Moves what is over a user's activity to users who have room, in proportion to the room."""
    order = rng.permutation(len(user))
    user, item = user[order], item[order]
    sorted_ = np.argsort(user, kind="stable")
    taken = np.bincount(user, minlength=len(activity))
    place = np.empty(len(user), np.int64)
    place[sorted_] = np.arange(len(user)) - np.repeat(np.cumsum(taken) - taken, taken)
    over = np.flatnonzero(place >= activity[user])
    room = activity - np.minimum(taken, activity)
    kept = np.ones(len(user), bool)
    for index in over:  # a handful, when a dataset is small and its users rate little
        free = room.astype(np.float64)
        free[user[item == item[index]]] = 0  # they have it
        if not free.any():
            kept[index] = False  # the item is then chosen as all others are
            continue
        user[index] = rng.choice(len(free), p=free / free.sum())
        room[user[index]] -= 1
    return _ascending(user[kept], item[kept])


def _ascending(user: np.ndarray, item: np.ndarray) -> Preassigned:
    order = np.lexsort((item, user))
    return Preassigned(user[order].astype(np.int32), item[order].astype(np.int32))
