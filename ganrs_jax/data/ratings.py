"""The one data type of the project: explicit ratings of items by users, on a known scale."""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganrs_jax.data.ids import numbered, unrepeated
from ganrs_jax.data.scale import Scale as Scale
from ganrs_jax.data.scale import check_on_scale, equal_ratings, find_scale
from ganrs_jax.errors import InputError, Place

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa


class Columns(NamedTuple):
    """Raw columns as a reader found them, all [N]; ids are whole numbers, or a dictionary of text.

    Times are int64 seconds, or datetime64, of ns or us, where some are within a second.
    """

    user: "np.ndarray | pa.DictionaryArray"
    item: "np.ndarray | pa.DictionaryArray"
    rating: np.ndarray
    timestamp: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, repr=False)
class Ratings:
    """N ratings of I items by U users; no (user, item) pair repeats.

    Attributes:
      user: int32 [N], index into user_ids.
      item: int32 [N], index into item_ids.
      rating: float32 [N], values of `scale`.
      user_ids: [U] the source's own ids, ascending.
      item_ids: [I] likewise.
      scale: the values a rating may take.
      name: of the source, for people.
      timestamp: [N] seconds, int64, or float64 where the source tells parts of a second; or None.
      demographics: "gender", and other columns that group users -> str [U] ("" unknown), "age" -> int16 [U] years
        (-1 unknown).
      notes: what reading changed, one sentence each.
    """

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray
    scale: Scale
    name: str
    timestamp: np.ndarray | None = None
    demographics: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def num_users(self) -> int:
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        return len(self.item_ids)

    @property
    def num_ratings(self) -> int:
        return len(self.rating)

    def __repr__(self) -> str:
        sizes = f"{self.num_users:,} users, {self.num_items:,} items, {self.num_ratings:,} ratings"
        return f"Ratings({self.name}: {sizes}, {self.scale})"

    def to_pandas(self) -> "pandas.DataFrame":
        """A row per rating: the source's own user_id and item_id, rating, and timestamp and demographics if known."""
        more = {} if self.timestamp is None else {"timestamp": self.timestamp}
        more |= {name: values[self.user] for name, values in self.demographics.items()}
        return rating_table(self.user_ids[self.user], self.item_ids[self.item], self.rating, more)

    def levels(self) -> np.ndarray:
        """The place of each rating on the scale, from 0, int32 [N]."""
        return np.rint((self.rating - np.float32(self.scale.low)) / np.float32(self.scale.step)).astype(np.int32)


def from_columns(
    columns: Columns,
    *,
    name: str,
    scale: Scale | None = None,
    duplicates: str = "last",
    first_row: int = 1,
    place: Place | None = None,
) -> Ratings:
    """Validates raw columns and gives users and items consecutive numbers.

    Args:
      columns: as read; all of the same length.
      name: the file or source, named in every error.
      scale: the allowed ratings; None finds it from the values.
      duplicates: which rating of a repeated (user, item) pair stays: "last" (by time, else by
        row), "first", or "error" to refuse them.
      first_row: the number that messages give to the first row.
      place: how messages name a row; None is "NAME: row N", counted from first_row.

    Raises:
      InputError: no rows, fewer than two users or items, a bad id, an empty, non-finite or
        off-scale rating, a repeated pair under "error".
    """
    if len(columns.rating) == 0:
        raise InputError(f"{name}: no ratings found; at least 2 users and 2 items are needed")
    place = place or (lambda row: f"{name}: row {row + first_row}")
    user, item, rating, time = columns
    del columns  # if the caller kept no reference either, each raw column is freed as soon as it is numbered
    rating = np.asarray(rating, np.float32)
    bad = ~np.isfinite(rating)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{place(row)}: rating is {rating[row]}, a finite number is needed")
    scale = scale or find_scale(rating, name)
    check_on_scale(rating, scale, place)
    user, user_ids = numbered(user, "user id", place)
    item, item_ids = numbered(item, "item id", place)
    keep, note = unrepeated(user, item, time, duplicates, name, place)
    if keep is not None:
        user, item, rating = user[keep], item[keep], rating[keep]
        time = None if time is None else time[keep]
    _check_size(len(user_ids), len(item_ids), name)
    _check_levels(rating, name)
    time = _in_seconds(time)
    return Ratings(user, item, rating, user_ids, item_ids, scale, name, time, notes=(note,) if note else ())


def rating_table(
    user: np.ndarray, item: np.ndarray, rating: np.ndarray, more: Mapping[str, np.ndarray]
) -> "pandas.DataFrame":
    """The columns user_id, item_id, rating and `more`, all [N], as a data frame."""
    import pandas  # here: generation needs none of it, and it takes a third of a second to import

    return pandas.DataFrame({"user_id": user, "item_id": item, "rating": rating, **more})


def split_rows(num_rows: int, train_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random train and held-out row numbers, int32, both in shuffled order.

    Raises:
      InputError: if either part would be empty.
    """
    order = np.random.default_rng(seed).permutation(num_rows).astype(np.int32)
    cut = round(num_rows * train_share)
    if not 0 < cut < num_rows:
        raise InputError(
            f"a train share of {train_share:g} leaves no row on one side of {num_rows} ratings; accepted: more"
        )
    return order[:cut], order[cut:]


def part_of(ratings: Ratings, rows: np.ndarray, name: str) -> Ratings:
    """Some rows of a dataset, and the users and items that have any of them.

    Args:
      rows: their numbers, ascending, or which they are.
      name: of the part.
    """
    users, user = np.unique(ratings.user[rows], return_inverse=True)
    items, item = np.unique(ratings.item[rows], return_inverse=True)
    return Ratings(
        user.astype(np.int32),
        item.astype(np.int32),
        ratings.rating[rows],
        ratings.user_ids[users],
        ratings.item_ids[items],
        ratings.scale,
        name,
        demographics={column: values[users] for column, values in ratings.demographics.items()},
    )


def subsample(
    ratings: Ratings,
    *,
    max_users: int = 0,
    max_items: int = 0,
    min_user_ratings: int = 0,
    seed: int = 0,
) -> Ratings:
    """A seeded random part of a source: items first, then users of enough ratings (0 = no limit).

    This is how the study (arXiv 2410.17651) makes Netflix* of the Netflix Prize.

    Raises:
      InputError: if fewer than two users or items are left.
    """
    if not (max_users or max_items or min_user_ratings):
        return ratings
    rng = np.random.default_rng(seed)
    keep = np.ones(ratings.num_ratings, bool)
    if 0 < max_items < ratings.num_items:
        keep &= _mask(rng.choice(ratings.num_items, max_items, replace=False), ratings.num_items)[ratings.item]
    if min_user_ratings > 0:
        counts = np.bincount(ratings.user[keep], minlength=ratings.num_users)
        keep &= (counts >= min_user_ratings)[ratings.user]
    left = np.flatnonzero(np.bincount(ratings.user[keep], minlength=ratings.num_users))
    if 0 < max_users < len(left):
        keep &= _mask(rng.choice(left, max_users, replace=False), ratings.num_users)[ratings.user]
    if keep.all():
        return ratings
    name = f"{ratings.name}, what `max_users`, `max_items` and `min_user_ratings` leave"
    if not keep.any():
        _check_size(0, 0, name)
    part = rows_of(ratings, keep)
    _check_size(part.num_users, part.num_items, name)
    _check_levels(part.rating, name)
    return part


def rows_of(ratings: Ratings, keep: np.ndarray) -> Ratings:
    """The ratings that `keep`, bool [N], marks (at least one), and the users and items that have any."""
    user, users = numbered(ratings.user[keep], "user", str)
    item, items = numbered(ratings.item[keep], "item", str)
    return dataclasses.replace(
        ratings,
        user=user,
        item=item,
        rating=ratings.rating[keep],
        timestamp=None if ratings.timestamp is None else ratings.timestamp[keep],
        user_ids=ratings.user_ids[users],
        item_ids=ratings.item_ids[items],
        demographics={name: values[users] for name, values in ratings.demographics.items()},
    )


def digest(ratings: Ratings) -> str:
    """SHA-256 of all that a recipe can see: ids, ratings, scale."""
    sha = hashlib.sha256(repr(tuple(ratings.scale)).encode())
    for array in (ratings.user, ratings.item, ratings.rating):
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _mask(index: np.ndarray, size: int) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[index] = True
    return mask


def _check_size(users: int, items: int, name: str) -> None:
    if users < 2 or items < 2:
        raise InputError(f"{name}: {users} user(s) and {items} item(s); at least 2 of each are needed")


def _check_levels(rating: np.ndarray, name: str) -> None:
    if (rating == rating[0]).all():
        raise equal_ratings(float(rating[0]), name)


def _in_seconds(time: np.ndarray | None) -> np.ndarray | None:
    if time is None or time.dtype.kind != "M":
        return time
    a_second = {"ns": 10**9, "us": 10**6}[np.datetime_data(time.dtype)[0]]
    seconds, parts = np.divmod(time.view(np.int64), a_second)  # nanoseconds of our time have more digits than a float
    return seconds + parts / a_second
