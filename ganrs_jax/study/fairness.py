"""Gaps between groups of users, on real ratings and on synthetic ones; and sources in other shares of two groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.groups import OfGroups

_SIGNIFICANT = 1.96  # standard errors, over users
WANTED = 1 / 3  # of a real gap, at most, between it and the synthetic one


class Gap(NamedTuple):
    """What a group has more than all other users: real and synthetic.

    Attributes:
      of: the model, or "data".
      quantity: as in `recommenders.groups`, or of the data.
      error: standard error of the real gap, over users.
    """

    of: str
    quantity: str
    group: str
    real: float
    synthetic: float
    error: float

    @property
    def significant(self) -> bool:
        return abs(self.real) > _SIGNIFICANT * self.error

    @property
    def sign_kept(self) -> bool:
        return bool(np.sign(self.real) == np.sign(self.synthetic))

    @property
    def kept(self) -> bool:
        """Whether its sign is that of the real one, and its size within a third of it."""
        return self.sign_kept and abs(self.synthetic - self.real) <= WANTED * abs(self.real)


def gaps(
    real: Mapping[str, Mapping[str, OfGroups]], synthetic: Mapping[str, Mapping[str, OfGroups]], names: Sequence[str]
) -> Iterator[Gap]:
    """Of each model (or "data") and quantity, that of each group; of two groups of the first alone.

    Args:
      names: of the groups.
    """
    shown = range(1 if len(names) == 2 else len(names))
    for of, quantities in real.items():
        for quantity, values in quantities.items():
            for group in shown:
                one, error = group_gap(values, group)
                other, _ = group_gap(synthetic[of][quantity], group)
                yield Gap(of, quantity, names[group], one, other, error)


def group_gap(values: OfGroups, group: int) -> tuple[float, float]:
    """Mean over a group's users less that over all others, and its standard error over users, means over seeds."""
    number, mean, variance = (np.asarray(values[key], np.float64) for key in ("users", "mean", "variance"))
    others = np.delete(number, group, 1)
    rest = (np.delete(mean, group, 1) * others).sum(1) / others.sum(1)
    spread = np.delete(variance, group, 1) + (np.delete(mean, group, 1) - rest[:, None]) ** 2
    of_rest = (spread * others).sum(1) / others.sum(1) ** 2
    error = np.sqrt(variance[:, group] / np.maximum(number[:, group], 1) + of_rest)
    return float((mean[:, group] - rest).mean()), float(error.mean())


def of_data(ratings: Ratings) -> dict[str, np.ndarray]:
    """What the data themselves say of each user: log number of ratings, and mean rating, [U] each."""
    number = np.bincount(ratings.user, minlength=ratings.num_users)
    mean = np.bincount(ratings.user, ratings.rating, ratings.num_users) / np.maximum(number, 1)
    return {"log activity": np.log(number), "mean rating": mean}


def part_of_shares(ratings: Ratings, group: np.ndarray, share: float, num_users: int, seed: int) -> np.ndarray:
    """Random users of whom a share is of group 0 and the others of group 1, ascending.

    Raises:
      InputError: if a group has not so many.
    """
    rng = np.random.default_rng(seed)
    first = round(share * num_users)
    chosen = []
    for number, wanted in ((0, first), (1, num_users - first)):
        members = np.flatnonzero(group == number)
        if len(members) < wanted:
            raise InputError(f"{ratings.name}: {len(members)} users are of group {number}, {wanted} are wanted")
        chosen.append(rng.choice(members, wanted, replace=False))
    return np.sort(np.concatenate(chosen))
