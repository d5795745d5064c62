"""How popular the items are that users of each activity rate: their popularity preference, calibrated.

The few ratings of a user who hardly rates say next to nothing of its factors. Those are what its degree lets expect,
by a parabola, which is off at the ends; and an affinity of chance leads away from the items that all rate. So a
weight by the user's degree times the item's log popularity is added to the scores (the least change that gives it a
mean), found by comparing generated datasets with the source.
"""

from typing import NamedTuple

import numpy as np

_MOST_BINS, _LEAST_USERS = 8, 50  # of degree, and users in each at least, for their mean to be told from chance
_LONGEST_STEP = 1.0  # of a weight in a round: the response is that of small steps
_LEAST_RESPONSE = 0.1  # of the mean to the weight, for a step to be worked out


class PopularityByActivity(NamedTuple):
    """Of users in bins of degree, [B] each.

    Attributes:
      log_degree: mean log number of ratings.
      popularity: mean log number of ratings of the items they rate, each user's mean once.
    """

    log_degree: np.ndarray
    popularity: np.ndarray


def popularity_by_activity(user: np.ndarray, item: np.ndarray) -> PopularityByActivity:
    """The `PopularityByActivity` of a dataset's pairs [N]."""
    counts, popularity = np.bincount(user), np.log(np.bincount(item))[item]
    mean = np.bincount(user, popularity) / np.maximum(counts, 1)
    bins, log_degree = _bins(counts), np.log(np.maximum(counts, 1))
    return PopularityByActivity(*(np.array([x[part].mean() for part in bins]) for x in (log_degree, mean)))


def preference_step(
    wanted: PopularityByActivity, user: np.ndarray, item: np.ndarray, weighed: np.ndarray
) -> np.ndarray:
    """What is to be added to the weights at the log degrees of `wanted`, [B]: a Newton step.

    The mean log popularity answers to the weight of a number by the covariance of the two in what users rate.

    Args:
      user, item: pairs [N] of a generated dataset.
      weighed: the number of its items that the weight is of, [I].
    """
    found, popularity = popularity_by_activity(user, item), np.log(np.bincount(item))
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
