"""What the metrics are computed from: distinct (user, item, rating) rows, numbered without gaps."""

from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from ganrs_jax.data.ratings import Ratings, rows_of
from ganrs_jax.errors import InputError


class TooSmallError(ValueError):
    """A dataset on which a metric is not defined: its text says what is lacking."""


class Rated(Protocol):
    """Anything with rating columns [N]: `Ratings`, a recipe's `Dataset`, a reader's `Columns`."""

    @property
    def user(self) -> np.ndarray:
        """Ids of any kind [N]."""

    @property
    def item(self) -> np.ndarray:
        """Ids of any kind [N]."""

    @property
    def rating(self) -> np.ndarray:
        """Numbers [N]."""


class Sample(NamedTuple):
    """N ratings of U users and I items, each pair once.

    Attributes:
      user, item: int64 [N], every number from 0 to U - 1 and I - 1 occurs, in the order of first appearance.
      rating: float64 [N].
      repeated: rows left out since they repeated an earlier pair.
    """

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    num_users: int
    num_items: int
    repeated: int


def as_sample(rated: Rated, name: str = "ratings") -> Sample:
    """The distinct pairs of a dataset, the first rating of each.

    Args:
      rated: its columns.
      name: what messages call it.

    Raises:
      InputError: if there is no row, a rating that is not a finite number, or an empty id.
    """
    rating = np.asarray(rated.rating, np.float64)
    if len(rating) == 0:
        raise InputError(f"{name}: no ratings found; accepted: at least 1")
    if not np.isfinite(rating).all():
        row = int(np.argmin(np.isfinite(rating)))
        raise InputError(f"{name}: rating {row + 1} of {len(rating)} is {rating[row]}; accepted: finite numbers")
    user, users = _numbered(rated.user, f"{name}: user id")
    item, items = _numbered(rated.item, f"{name}: item id")
    again = pd.Series(user * items + item).duplicated().to_numpy()
    if again.any():
        user, item, rating = user[~again], item[~again], rating[~again]
    return Sample(user, item, rating, users, items, int(again.sum()))


def transposed(sample: Sample) -> Sample:
    """The same rows with users and items in each other's place."""
    user, item, rating, users, items, repeated = sample
    return Sample(item, user, rating, items, users, repeated)


def halves(sample: Sample, seed: int) -> tuple[Sample, Sample]:
    """The rows of a random half of the users, and those of the others.

    Raises:
      TooSmallError: if there are fewer than two users.
    """
    first = first_half(sample.num_users, seed)[sample.user]
    return _rows(sample, first), _rows(sample, ~first)


def first_half(num_users: int, seed: int) -> np.ndarray:
    """Whether each user is of the first of two random halves, bool [num_users]; it has the odd one.

    Raises:
      TooSmallError: if there are fewer than two users.
    """
    if num_users < 2:
        raise TooSmallError("fewer than 2 users cannot be halved")
    chosen = np.zeros(num_users, bool)
    chosen[np.random.default_rng(seed).permutation(num_users)[: (num_users + 1) // 2]] = True
    return chosen


def part(sample: Sample, most_users: int, most_items: int, seed: int = 0) -> Sample:
    """The rows of at most so many users, at random, and of at most so many of their items, the most popular.

    The sample itself where it has no more.
    """
    if sample.num_users > most_users:
        users = np.random.default_rng(seed).permutation(sample.num_users)
        sample = _rows(sample, users[sample.user] < most_users)
    if sample.num_items > most_items:
        place = np.empty(sample.num_items, np.int64)
        place[np.argsort(-np.bincount(sample.item), kind="stable")] = np.arange(sample.num_items)
        sample = _rows(sample, place[sample.item] < most_items)
    return sample


def ratings_of(ratings: Ratings, users: np.ndarray) -> Ratings:
    """The ratings of the users that `users`, bool [U], marks; items that nobody is left to rate go."""
    return rows_of(ratings, users[ratings.user])


def _numbered(ids: np.ndarray, what: str = "id") -> tuple[np.ndarray, int]:
    """The number of each id in the order of first appearance, and how many there are."""
    codes, labels = pd.factorize(np.asarray(ids))
    if codes.min() < 0:
        raise InputError(f"{what} {np.argmin(codes) + 1} of {len(codes)} is empty; accepted: whole numbers or text")
    return codes.astype(np.int64), len(labels)


def _rows(sample: Sample, kept: np.ndarray) -> Sample:
    user, users = _numbered(sample.user[kept])
    item, items = _numbered(sample.item[kept])
    return Sample(user, item, sample.rating[kept], users, items, 0)
