"""Rows of a split gathered by user, padded to one width for a block of users: all that ranking needs, on device."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class UserRows(NamedTuple):
    """Rows in the order of users, and of items within a user (compressed sparse rows).

    Attributes:
      first_U1: int32 [U + 1], where each user's rows begin; the last is their number.
      item_n: int32 [n].
      marked_n: bool [n], what the caller wants to know of each row.
    """

    first_U1: jax.Array
    item_n: jax.Array
    marked_n: jax.Array


def user_rows(user_n: np.ndarray, item_n: np.ndarray, marked_n: np.ndarray, num_users: int) -> UserRows:
    """Sorts rows [n] by user, then by item."""
    order = np.lexsort((item_n, user_n))
    first = np.concatenate([[0], np.cumsum(np.bincount(user_n, minlength=num_users))])
    return UserRows(
        jnp.asarray(first, jnp.int32), jnp.asarray(item_n[order], jnp.int32), jnp.asarray(marked_n[order], bool)
    )


def width(rows: UserRows) -> int:
    """The least power of two that the rows of any user fit in: splits of one dataset mostly share it, and a program."""
    most = int(np.max(np.diff(np.asarray(rows.first_U1)), initial=1))
    return 1 << (most - 1).bit_length()


def padded(rows: UserRows, user_B: jax.Array, size: int, filler: int) -> tuple[jax.Array, jax.Array]:
    """Each user's items, int32 [B, size], and marks, bool [B, size]; `filler` and False where the user has no more."""
    place_BxW = rows.first_U1[user_B][:, None] + jnp.arange(size)[None]
    own_BxW = place_BxW < rows.first_U1[user_B + 1][:, None]
    item_BxW, marked_BxW = (x.at[place_BxW].get(mode="clip") for x in (rows.item_n, rows.marked_n))
    return jnp.where(own_BxW, item_BxW, filler), own_BxW & marked_BxW


def first_not(before: Callable[[jax.Array], jax.Array], rows: UserRows, user: jax.Array, size: int) -> jax.Array:
    """The place [...] of the first of a user's rows that does not come before what is looked for, by bisection.

    One past the user's last row where all come before.

    Args:
      before: places int32 [...] -> bool [...], true of the first of the user's rows and false of all others.
      user: int32 [...].
      size: a width that the rows of every user fit in.
    """

    def halve(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = (low + high) // 2
        later = (low < high) & before(middle)
        return jnp.where(later, middle + 1, low), jnp.where(later, high, middle)

    return jax.lax.fori_loop(0, size.bit_length(), halve, (rows.first_U1[user], rows.first_U1[user + 1]))[0]
