"""How well liked items are by how popular they are: the source's curve, prescribed.

The rarest items are rated by a handful of users who rate much and mildly or harshly; drawn by chance, the generated
ones are others, and how popularity and mean rating hang together would be theirs.
"""

import numpy as np

_EDGES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])  # bins, by rank of popularity
_LEAST_ITEMS = 10  # in each bin, for its mean to be told from chance


def find_liking(item: np.ndarray, rating: np.ndarray, num_items: int) -> np.ndarray:
    """Mean over the items of each bin of popularity of their mean rating, standardised by all ratings; float32 [B].

    Args:
      item: int [N] from 0; an item without ratings counts nowhere.
      rating: [N].
      num_items: I.
    """
    counts = np.bincount(item, minlength=num_items)
    scaled = (rating - rating.mean(dtype=np.float64)) / (rating.std(dtype=np.float64) + 1e-9)
    means = np.bincount(item, scaled, num_items) / np.maximum(counts, 1)
    bins, seen = np.searchsorted(_EDGES[1:-1], _rank(counts)), counts > 0
    total = np.bincount(bins[seen], minlength=len(_EDGES) - 1)
    return (np.bincount(bins[seen], means[seen], len(_EDGES) - 1) / np.maximum(total, 1)).astype(np.float32)


def liking_shift(wanted_B: np.ndarray, found_B: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """What the items' ratings have added, [I], in standard deviations of all ratings, for bins to have what is wanted.

    Between the middles of bins it is interpolated. Too few items, or all equally popular, get nothing.
    """
    if len(popularity) < _LEAST_ITEMS * (len(_EDGES) - 1) or not np.ptp(popularity):
        return np.zeros(len(popularity), np.float32)
    return np.interp(_rank(popularity), (_EDGES[1:] + _EDGES[:-1]) / 2, wanted_B - found_B).astype(np.float32)


def _rank(counts: np.ndarray) -> np.ndarray:
    """Rank of each item, 0 to 1, the most popular last; of equally popular ones, by number."""
    rank = np.empty(len(counts))
    rank[np.argsort(counts, kind="stable")] = (np.arange(len(counts)) + 0.5) / len(counts)
    return rank
