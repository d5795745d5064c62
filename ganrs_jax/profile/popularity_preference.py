"""How popular the items are that users who rate much, or little, choose: prescribed.

The few ratings of a user who hardly rates say next to nothing of its factors. Those are what its size lets expect, by
a parabola, which is off at the ends; and a taste of chance leads away from the items that all choose. So scores have
a weight by the user's size times the item's log popularity added (the least change there is that gives it a mean),
found by comparing generated datasets with the source.
"""

from typing import NamedTuple

import numpy as np

_MOST_BINS, _LEAST_USERS = 8, 50  # of size, and users in each at least
_LONGEST_STEP = 1.0
_LEAST_RESPONSE = 0.1


class Appetite(NamedTuple):
    """Of users in bins of size, [B] each.

    Attributes:
      size: mean log number of ratings.
      popularity: mean log number of ratings of the items they rate, each user's mean once.
    """

    size: np.ndarray
    popularity: np.ndarray


def plain_appetite() -> dict[str, np.ndarray]:
    """Before any is prescribed: the `weight` of an item's popularity at users' log sizes `size`, ascending; none."""
    return {"size": np.zeros(1, np.float32), "weight": np.zeros(1, np.float32)}


def find_appetite(user: np.ndarray, item: np.ndarray) -> Appetite:
    """The `Appetite` of a dataset's pairs [N]."""
    counts, popularity = np.bincount(user), np.log(np.bincount(item))[item]
    mean = np.bincount(user, popularity) / np.maximum(counts, 1)
    bins = _bins(counts)
    return Appetite(*(np.array([x[part].mean() for part in bins]) for x in (np.log(np.maximum(counts, 1)), mean)))


def appetite_step(wanted: Appetite, user: np.ndarray, item: np.ndarray, weighed: np.ndarray) -> np.ndarray:
    """What the weights have to have added at the sizes of `wanted`, [B]: a Newton step.

    The mean log popularity answers to the weight of a number by the covariance of the two in what users rate.

    Args:
      user, item: pairs [N] of a generated dataset.
      weighed: the number of its items that the weight is of, [I].
    """
    found, popularity = find_appetite(user, item), np.log(np.bincount(item))
    bins = _bins(np.bincount(user))
    bin_of = np.empty(int(user.max()) + 1, np.int64)
    for number, part in enumerate(bins):
        bin_of[part] = number
    rows = bin_of[user]
    size = np.bincount(rows, minlength=len(bins))
    x, y = (values - (np.bincount(rows, values) / size)[rows] for values in (weighed[item], popularity[item]))
    response = np.maximum(np.bincount(rows, x * y) / size, _LEAST_RESPONSE)
    step: np.ndarray = np.clip((wanted.popularity - found.popularity) / response, -_LONGEST_STEP, _LONGEST_STEP)
    return step


def _bins(counts: np.ndarray) -> list[np.ndarray]:
    """Users who rate, in bins of as many by how much they do, the least active first."""
    users = np.flatnonzero(counts)
    order = users[np.argsort(counts[users], kind="stable")]
    return np.array_split(order, max(1, min(_MOST_BINS, len(order) // _LEAST_USERS)))
