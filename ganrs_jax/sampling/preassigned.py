"""Users preassigned to rare items, so that every item occurs and rare ones occur as often as wanted.

Chance would leave out one in three items that are wanted once, and spread the counts of all rare ones. So
each item of at most 25 ratings has its users drawn beforehand, by the same chances as all others.
"""

from typing import NamedTuple

import jax
import numpy as np

from ganrs_jax.sampling.assignment import BLOCK_CELLS, BLOCK_CELLS_OF_MANY, assign, many

RARE = 25  # ratings up to which an item is rare: above, chance spreads a count by less than a fifth
_LEAST_USERS = 10  # users, for each rating of an item, among which all its users can be drawn beforehand
_NONE = (np.zeros(0, np.int64),) * 2


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
    activity: np.ndarray,
) -> Preassigned:
    """Draws `counts` distinct users for each item; no user gets more items than its activity.

    Args:
      intercepts: a_u of each user (`potentials.intercepts`), [U].
      counts: users wanted for each item, [I].
      activity: ratings of each user, [U].
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
        row, user = assign(jax.random.fold_in(key, number), items_IxK[part], users_UxK, intercepts, wanted, _NONE)
        pairs.append((user, part[row]))
    user, item = (np.concatenate(x) for x in zip(*pairs, strict=True))
    return _within(user, item, activity, np.random.default_rng(np.asarray(jax.random.key_data(key))))


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
    user, item = user[kept], item[kept]
    order = np.lexsort((item, user))
    return Preassigned(user[order].astype(np.int32), item[order].astype(np.int32))
