"""Synthetic ratings: a dataset, whole or by blocks of users."""

import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Scale, rating_table

if TYPE_CHECKING:
    import pandas


class Rows(NamedTuple):
    """Ratings of a block of users: user, item int32 [M], ascending by (user, item), rating float32 [M]."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray


class BlockRows(NamedTuple):
    """The ratings of a block that the dataset has, and those that its cold users and items will have."""

    now: Rows
    later: Rows


@dataclasses.dataclass(frozen=True, repr=False)
class Dataset:
    """M generated ratings.

    Attributes:
      user, item: int32 [M], numbers from 0; rows ascend by (user, item), no pair repeats.
      rating: float32 [M], on `scale`.
      groups: demographic column -> its value for each user id, str [num_users].
      metadata: the request, what was kept and dropped, the generator's origin; json-ready.
      item_ids: the source's id of each item, [num_items], that tables have in place of numbers; or None.
      later: ratings that cold users give, and cold items get, after those of the dataset, of a young
        service all users and items: to test on. None where none are cold.
    """

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    scale: Scale
    groups: Mapping[str, np.ndarray]
    metadata: Mapping[str, Any]
    item_ids: np.ndarray | None = None
    later: Rows | None = None

    def __repr__(self) -> str:
        users, items = (len(np.unique(ids)) for ids in (self.user, self.item))
        return f"Dataset({users:,} users, {items:,} items, {len(self.rating):,} ratings, {self.scale})"

    def to_pandas(self) -> "pandas.DataFrame":
        """A row per rating: user_id, item_id, rating, and each demographic column by the row's user."""
        groups = {k: v[self.user] for k, v in self.groups.items()}
        return rating_table(self.user, written_ids(self.item, self.item_ids), self.rating, groups)


def written_ids(item: np.ndarray, item_ids: np.ndarray | None) -> np.ndarray:
    """The ids [M] that tables have of items [M]: `item_ids` of each, or their numbers where that is None."""
    return item if item_ids is None else item_ids[item]


class Blocks(NamedTuple):
    """A dataset by blocks of users, each generated independently: the same in any order and by any process.

    Attributes:
      num_blocks: how many there are; blocks 0, 1, ... hold the users in ascending order.
      rows: (number) -> the ratings of a block.
      scale: of the ratings.
      metadata: the request, the generator's origin and warnings; json-ready.
      item_ids: as in `Dataset`.
      with_later: (number) -> the ratings of a block, and those that cold users and items have later.
      groups: as in `Dataset`.
    """

    num_blocks: int
    rows: Callable[[int], Rows]
    scale: Scale
    metadata: Mapping[str, Any]
    item_ids: np.ndarray | None = None
    with_later: Callable[[int], BlockRows] | None = None
    groups: Mapping[str, np.ndarray] = types.MappingProxyType({})
