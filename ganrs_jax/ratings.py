"""The one data type of the project: explicit ratings of items by users, on a known scale."""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from ganrs_jax.errors import InputError

DUPLICATE_POLICIES = ("last", "first", "error")
_MAX_ID = 2**63 - 1
_STEPS = (1.0, 0.5, 0.25, 0.2, 0.1)
_MAX_LEVELS = 1001
_CHUNK = 1 << 22  # rows checked at a time, so that a check of 100 million rows takes no memory to speak of

Place = Callable[[int], str]  # row index -> "FILE: row N", for messages


class Scale(NamedTuple):
    """The rating values a source allows: low, low + step, ..., high."""

    low: float
    high: float
    step: float = 1.0

    @property
    def levels(self) -> np.ndarray:
        """All allowed values, ascending, float32 [L]."""
        count = round((self.high - self.low) / self.step) + 1
        return (self.low + self.step * np.arange(count)).astype(np.float32)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} in steps of {self.step:g}"


class Columns(NamedTuple):
    """Raw columns as a reader found them, all [N]; ids are integers or text, time is in seconds."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Ratings:
    """N ratings of I items by U users; no (user, item) pair repeats.

    Attributes:
      user: int32 [N], index into user_ids.
      item: int32 [N], index into item_ids.
      rating: float32 [N], values of `scale`.
      user_ids: [U] the source's own ids, ascending.
      item_ids: [I] likewise.
      scale: the values a rating may take.
      name: what the source calls itself.
      timestamp: int64 [N] seconds, or None.
      demographics: "gender" -> str [U] ("" unknown), "age" -> int16 [U] years (-1 unknown).
      notes: what reading changed, a sentence each, for people to see.
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
      place: where a message says that a row is; None is "NAME: row N", counted from first_row.

    Raises:
      InputError: no rows, fewer than two users or items, a bad id, an empty, non-finite or
        off-scale rating, a repeated pair under "error".
    """
    if len(columns.rating) == 0:
        raise InputError(f"{name}: no ratings found; at least 2 users and 2 items are needed")
    place = place or (lambda row: f"{name}: row {row + first_row}")
    user, item, rating, time = columns
    del columns  # if the caller kept no reference either, each raw column is freed as soon as it is numbered
    rating = _checked_rating(rating, place)
    scale = scale or find_scale(rating, name)
    _check_on_scale(rating, scale, place)
    user, user_ids = _dense_ids(user, "user id", place)
    item, item_ids = _dense_ids(item, "item id", place)
    keep, note = _unrepeated(user, item, time, duplicates, name, place)
    if keep is not None:
        user, item, rating = user[keep], item[keep], rating[keep]
        time = None if time is None else time[keep]
    _check_size(len(user_ids), len(item_ids), name)
    return Ratings(user, item, rating, user_ids, item_ids, scale, name, time, notes=(note,) if note else ())


def find_scale(rating: np.ndarray, name: str = "ratings") -> Scale:
    """The smallest regular scale that holds every value.

    Raises:
      InputError: if the values lie on no grid of step 1, 1/2, 1/4, 1/5 or 1/10, or are all equal.
    """
    values = np.sort(pd.unique(rating)).astype(np.float64)
    if len(values) == 1:
        raise InputError(f"{name}: every rating is {values[0]:g}, which tells no scale; give --scale=low:high:step")
    for step in _STEPS:
        steps = (values - values[0]) / step
        if np.all(np.abs(steps - np.round(steps)) < 1e-3) and steps[-1] < _MAX_LEVELS:
            return Scale(float(values[0]), float(values[-1]), step)
    raise InputError(
        f"{name}: ratings from {values[0]:g} to {values[-1]:g} take {len(values)} values on no "
        f"regular grid; accepted: steps of 1, 0.5, 0.25, 0.2 or 0.1 and at most {_MAX_LEVELS} steps"
    )


def split_rows(num_rows: int, train_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random train and held-out row numbers, int32, both in shuffled order.

    Raises:
      InputError: if either part would be empty.
    """
    order = np.random.default_rng(seed).permutation(num_rows).astype(np.int32)
    cut = round(num_rows * train_share)
    if not 0 < cut < num_rows:
        raise InputError(f"a train share of {train_share:g} leaves no row on one side of {num_rows} ratings")
    return order[:cut], order[cut:]


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
        keep &= _chosen(rng, ratings.num_items, max_items)[ratings.item]
    if min_user_ratings > 0:
        counts = np.bincount(ratings.user[keep], minlength=ratings.num_users)
        keep &= (counts >= min_user_ratings)[ratings.user]
    left = np.flatnonzero(np.bincount(ratings.user[keep], minlength=ratings.num_users))
    if 0 < max_users < len(left):
        chosen = np.zeros(ratings.num_users, bool)
        chosen[rng.choice(left, max_users, replace=False)] = True
        keep &= chosen[ratings.user]
    if keep.all():
        return ratings
    return _part(ratings, keep)


def digest(ratings: Ratings) -> str:
    """SHA-256 of all that a recipe can see: ids, ratings, scale."""
    sha = hashlib.sha256(repr(tuple(ratings.scale)).encode())
    for array in (ratings.user, ratings.item, ratings.rating):
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _part(ratings: Ratings, keep: np.ndarray) -> Ratings:
    name = f"{ratings.name}, what --max_users, --max_items and --min_user_ratings leave"
    if not keep.any():
        _check_size(0, 0, name)
    user, users = _dense_ids(ratings.user[keep], "user", str)
    item, items = _dense_ids(ratings.item[keep], "item", str)
    _check_size(len(users), len(items), name)
    return dataclasses.replace(
        ratings,
        user=user,
        item=item,
        rating=ratings.rating[keep],
        timestamp=None if ratings.timestamp is None else ratings.timestamp[keep],
        user_ids=ratings.user_ids[users],
        item_ids=ratings.item_ids[items],
        demographics={k: v[users] for k, v in ratings.demographics.items()},
    )


def _chosen(rng: np.random.Generator, size: int, count: int) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[rng.choice(size, count, replace=False)] = True
    return mask


def _check_size(users: int, items: int, name: str) -> None:
    if users < 2 or items < 2:
        raise InputError(f"{name}: {users} user(s) and {items} item(s); at least 2 of each are needed")


def _checked_rating(rating: np.ndarray, place: Place) -> np.ndarray:
    rating = np.asarray(rating, np.float32)
    bad = ~np.isfinite(rating)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{place(row)}: rating is {rating[row]}, a finite number is needed")
    return rating


def _check_on_scale(rating: np.ndarray, scale: Scale, place: Place) -> None:
    for start in range(0, len(rating), _CHUNK):
        part = rating[start : start + _CHUNK]
        steps = (part - np.float32(scale.low)) / np.float32(scale.step)
        bad = (np.abs(steps - np.rint(steps)) > 1e-3) | (part < scale.low) | (part > scale.high)
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"{place(start + row)}: rating {part[row]:g} is off the scale; accepted: {scale}")


def _dense_ids(ids: np.ndarray, what: str, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Index of each id among the distinct ones, int32 [N], and those ids, ascending."""
    ids = np.asarray(ids)
    if ids.dtype.kind == "f":
        ids = _whole_ids(ids, what, place)
    if ids.dtype.kind not in "iu":
        codes, labels = pd.factorize(ids, sort=True)
        if (codes < 0).any():
            raise InputError(f"{place(int(np.argmin(codes)))}: {what} is empty")
        return codes.astype(np.int32), np.asarray(labels)
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high > _MAX_ID:
        row = int(np.argmax(ids < 0)) if low < 0 else int(np.argmax(ids))
        raise _bad_id(ids[row], what, place(row))
    if high < max(4 * len(ids), 1 << 20):  # a table of marks: linear time, no sort
        return _numbered(ids, high)
    labels, codes = np.unique(ids, return_inverse=True)
    return codes.astype(np.int32), labels


def _numbered(ids: np.ndarray, high: int) -> tuple[np.ndarray, np.ndarray]:
    seen = np.zeros(high + 1, bool)
    codes = np.empty(len(ids), np.int32)
    parts = [slice(start, start + _CHUNK) for start in range(0, len(ids), _CHUNK)]  # an index is copied to 64 bits
    for part in parts:
        seen[ids[part]] = True
    number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    for part in parts:
        codes[part] = number[ids[part]]
    return codes, np.flatnonzero(seen)


def _whole_ids(ids: np.ndarray, what: str, place: Place) -> np.ndarray:
    bad = ~np.isfinite(ids) | (ids != np.rint(ids)) | (np.abs(ids) > 2.0**53)
    if bad.any():
        row = int(np.argmax(bad))
        raise _bad_id(ids[row], what, place(row))
    return ids.astype(np.int64)


def _bad_id(value: object, what: str, where: str) -> InputError:
    return InputError(f"{where}: {what} {value}; accepted: whole numbers from 0 to {_MAX_ID}, or text")


def _unrepeated(
    user: np.ndarray,
    item: np.ndarray,
    time: np.ndarray | None,
    policy: str,
    name: str,
    place: Place,
) -> tuple[np.ndarray | None, str]:
    """Rows to keep, ascending (None = all), and what to tell of it."""
    if policy not in DUPLICATE_POLICIES:
        raise InputError(f"duplicates policy {policy!r}; accepted: {', '.join(DUPLICATE_POLICIES)}")
    pair = user.astype(np.int64)
    pair *= int(item.max()) + 1
    pair += item
    pair.sort()
    repeats = int((pair[1:] == pair[:-1]).sum())
    del pair
    if repeats == 0:
        return None, ""
    table = pd.DataFrame({"user": user, "item": item})
    if time is not None:
        table = table.iloc[np.argsort(time, kind="stable")]
    again = table.duplicated(keep="last" if policy == "last" else "first")
    if policy == "error":
        row = int(table.index[again].min())
        raise InputError(
            f"{place(row)}: repeats an earlier (user, item) pair, one of {repeats}; "
            "accepted: each pair once, or --duplicates=last or first"
        )
    order = " by time" if time is not None else ""
    return (
        np.sort(table.index[~again].to_numpy()),
        f"{name}: {repeats} repeated (user, item) pairs dropped, the {policy} rating{order} kept",
    )
