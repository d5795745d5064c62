"""How popular the items are that users rate, by how much they rate."""

from typing import NamedTuple

import numpy as np

_MOST_BINS, _LEAST_USERS = 8, 50  # of degree; users in each, for a mean beyond chance


class PopularityByActivity(NamedTuple):
    """Of users in bins of degree, [B] each.

    Attributes:
      log_degree: mean log number of ratings.
      popularity: mean log number of ratings of the items they rate, each user's mean once.
      variance: of that log number among the items that one user rates, mean over the ratings.
    """

    log_degree: np.ndarray
    popularity: np.ndarray
    variance: np.ndarray


def popularity_by_activity(user: np.ndarray, item: np.ndarray, num_bins: int = 0) -> PopularityByActivity:
    """The `PopularityByActivity` of a dataset's pairs [N]; `num_bins` of degree, 0 = as many as there are users for."""
    counts, popularity = np.bincount(user), np.log(np.bincount(item))[item]
    size = np.maximum(counts, 1)
    mean = np.bincount(user, popularity) / size
    square = np.bincount(user, np.square(popularity - mean[user]))
    # Users who rate, in bins of as many by how much they do, the least active first.
    users = np.flatnonzero(counts)
    order = users[np.argsort(counts[users], kind="stable")]
    bins = np.array_split(order, num_bins or max(1, min(_MOST_BINS, len(order) // _LEAST_USERS)))
    log_degree, popular = (np.array([x[part].mean() for part in bins]) for x in (np.log(size), mean))
    return PopularityByActivity(log_degree, popular, np.array([square[b].sum() / counts[b].sum() for b in bins]))
