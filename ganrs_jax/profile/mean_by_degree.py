"""Mean ratings given degree: of items given their popularity, and of users given their activity, as in the source.

The rarest items are rated by a handful of users who rate much and mildly or harshly; drawn by chance, the generated
ones are others, and how popularity and mean rating correlate would be theirs. The mean in a bin of popularity is not
enough: recommendations are the few items with the best ratings, and there the real distribution is neither normal nor
the same for rare and for popular ones.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates

_EDGES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])  # bins, by rank of degree
_SLICES = np.array([0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0])  # of the entities of a bin, by rank of mean rating
_MERGED = (  # slices that are one where entities are fewer: each has 3
    (6000, (0, 1, 2, 3, 4, 5, 6)),
    (1200, (0, 1, 2, 3, 4, 5, 5)),
    (300, (0, 0, 1, 1, 2, 2, 2)),
    (0, (0,) * 7),
)
_LEAST_PER_BIN = 10  # entities in each bin, for its mean to be told from chance


class MeanByDegree(NamedTuple):
    """Mean ratings of entities (items or users), standardised by all ratings, in B bins of their degree.

    Attributes:
      slices: mean over the entities of a slice, those of the lowest means of a bin first, [B, S].
      variance: of the means in a bin, [B].
      sampling_variance: the part of it that comes of the mean of few ratings, [B].
      entities: their number; 0 = only the means of bins are to be met.
    """

    slices: np.ndarray
    variance: np.ndarray
    sampling_variance: np.ndarray
    entities: int


def mean_by_degree(entity: np.ndarray, rating: np.ndarray, degree: np.ndarray) -> MeanByDegree:
    """The `MeanByDegree` of a dataset, or of a part of it.

    Args:
      entity: int [N] from 0, the item (or user) of each rating; one without ratings here counts nowhere.
      rating: [N].
      degree: ratings of each entity in the whole dataset, [E].
    """
    scaled = (rating - rating.mean(dtype=np.float64)) / (rating.std(dtype=np.float64) + 1e-9)
    counts, means = _means(entity, scaled, len(degree))
    seen = counts > 0
    within = np.sum((scaled - means[entity]) ** 2) / max(len(entity) - np.sum(seen), 1)
    bins, counts, means = _bin(degree)[seen], counts[seen], means[seen]
    size = np.maximum(np.bincount(bins, minlength=len(_EDGES) - 1), 1)
    mean, chance = (np.bincount(bins, x, len(size)) / size for x in (means, within / counts))
    variance = np.bincount(bins, (means - mean[bins]) ** 2, len(size)) / size
    slices = np.stack([_slice_means(means[bins == number]) for number in range(len(size))])
    slices, variance = _merged(slices, len(means)).astype(np.float32), variance.astype(np.float32)
    return MeanByDegree(slices, variance, chance.astype(np.float32), len(means))


def rating_shift(wanted: MeanByDegree, entity: np.ndarray, rating: np.ndarray, degree: np.ndarray) -> np.ndarray:
    """What is to be added to the ratings of each entity, [E], in standard deviations of all ratings.

    Interpolated between the middles of bins and of slices. Entities that have more ratings than the source's have
    means with less sampling variance, and those are wanted. Too few entities, or all of one degree, get nothing.

    Args:
      entity, rating: [N], of a dataset or a part of it.
      degree: ratings of each entity in the whole dataset, [E].
    """
    if len(degree) < _LEAST_PER_BIN * (len(_EDGES) - 1) or not np.ptp(degree):
        return np.zeros(len(degree), np.float32)
    found = mean_by_degree(entity, rating, degree)
    fewest = min(wanted.entities, found.entities)
    # The wanted slices, with as much sampling variance as these means have.
    own = np.maximum(wanted.variance - wanted.sampling_variance, 0)
    factor = np.sqrt((own + found.sampling_variance) / np.maximum(own + wanted.sampling_variance, 1e-9))
    middle = wanted.slices @ np.diff(_SLICES)
    slices = middle[:, None] + factor[:, None] * (wanted.slices - middle[:, None])
    off = _merged(slices, fewest) - _merged(found.slices, fewest)
    off[found.sampling_variance == 0] = 0  # no entity of the bin has been seen
    # Where each entity lies between the middles of bins and of slices; in the middle if it has no ratings.
    counts, means = _means(entity, rating, len(degree))
    bins, place = _bin(degree), np.full(len(degree), 0.5)
    seen = np.flatnonzero(counts)
    for number in range(len(_EDGES) - 1):
        mine = seen[bins[seen] == number]
        place[mine] = _rank(means[mine])
    at = zip((_rank(degree), place), (_EDGES, _SLICES), strict=True)
    cells = [np.interp(rank, (edges[1:] + edges[:-1]) / 2, np.arange(len(edges) - 1)) for rank, edges in at]
    return map_coordinates(off, cells, order=1, mode="nearest").astype(np.float32)


def _slice_means(means: np.ndarray) -> np.ndarray:
    """Mean in each slice [S]; an entity on a border is in both in parts."""
    if not len(means):
        return np.zeros(len(_SLICES) - 1)
    total = np.append(0.0, np.cumsum(np.sort(means))) / len(means)
    return np.diff(np.interp(_SLICES, np.linspace(0, 1, len(total)), total)) / np.diff(_SLICES)


def _merged(slices_BxS: np.ndarray, count: int) -> np.ndarray:
    """Slices of too few entities each have the mean of several."""
    group = np.array(next(groups for least, groups in _MERGED if count >= least))
    width = np.diff(_SLICES)
    member = (group[:, None] == group) * width
    return slices_BxS @ (member / member.sum(1, keepdims=True)).T


def _means(entity: np.ndarray, rating: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of ratings of each entity [E] and their mean [E], zero of none."""
    counts = np.bincount(entity, minlength=count)
    return counts, np.bincount(entity, rating, count) / np.maximum(counts, 1)


def _bin(degree: np.ndarray) -> np.ndarray:
    return np.searchsorted(_EDGES[1:-1], _rank(degree))


def _rank(values: np.ndarray) -> np.ndarray:
    """Rank of each of them, 0 to 1, the largest last; of equal ones, by number."""
    rank = np.empty(len(values))
    rank[np.argsort(values, kind="stable")] = (np.arange(len(values)) + 0.5) / len(values)
    return rank
