"""How well liked items are by how popular they are: the source's distribution of mean ratings, prescribed.

The rarest items are rated by a handful of users who rate much and mildly or harshly; drawn by chance, the generated
ones are others, and how popularity and mean rating hang together would be theirs. The mean of a bin of popularity
is not enough: recommendations are the few items that are liked best, and there the real distribution is
neither normal nor the same for rare and for popular ones.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates

_EDGES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])  # bins, by rank of popularity
_SLICES = np.array([0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0])  # of the items of a bin, by rank of mean rating
_JOINED = (  # slices that are one where items are fewer: each has 3
    (6000, (0, 1, 2, 3, 4, 5, 6)),
    (1200, (0, 1, 2, 3, 4, 5, 5)),
    (300, (0, 0, 1, 1, 2, 2, 2)),
    (0, (0,) * 7),
)
_LEAST_ITEMS = 10  # in each bin, for its mean to be told from chance


class Liking(NamedTuple):
    """Of mean ratings of items, standardised by all ratings, in bins of popularity.

    Attributes:
      slices: mean over the items of a slice, the least liked of a bin first, [B, S].
      spread: variance in a bin, [B].
      chance: the part of it that comes of the mean of few ratings, [B].
      items: their number; 0 = the means of bins are all that counts.
    """

    slices: np.ndarray
    spread: np.ndarray
    chance: np.ndarray
    items: int


def find_liking(item: np.ndarray, rating: np.ndarray, popularity: np.ndarray) -> Liking:
    """The `Liking` of a dataset, or of a part of it.

    Args:
      item: int [N] from 0; an item without ratings here counts nowhere.
      rating: [N].
      popularity: ratings of each item in the whole of it, [I].
    """
    scaled = (rating - rating.mean(dtype=np.float64)) / (rating.std(dtype=np.float64) + 1e-9)
    counts, means = _means(item, scaled, len(popularity))
    seen = counts > 0
    within = np.sum((scaled - means[item]) ** 2) / max(len(item) - np.sum(seen), 1)
    bins, counts, means = _bin(popularity)[seen], counts[seen], means[seen]
    size = np.maximum(np.bincount(bins, minlength=len(_EDGES) - 1), 1)
    mean, chance = (np.bincount(bins, x, len(size)) / size for x in (means, within / counts))
    spread = np.bincount(bins, (means - mean[bins]) ** 2, len(size)) / size
    slices = np.stack([_slice_means(means[bins == number]) for number in range(len(size))])
    slices, spread = _joined(slices, len(means)).astype(np.float32), spread.astype(np.float32)
    return Liking(slices, spread, chance.astype(np.float32), len(means))


def means_alone(liking: Liking) -> Liking:
    """Only the mean of each bin; of users: most of a large dataset are not looked at, but their activity is known."""
    return liking._replace(items=0)


def liking_shift(wanted: Liking, item: np.ndarray, rating: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """What the items' ratings have added, [I], in standard deviations of all ratings, to have the liking wanted.

    Between the middles of bins and of slices it is interpolated. Items that have more ratings than the source's have
    means less spread by chance, and those are wanted. Too few items, or all equally popular, get nothing.

    Args:
      item, rating: [N], of a dataset or a part of it.
      popularity: ratings of each item in the whole of it, [I].
    """
    if len(popularity) < _LEAST_ITEMS * (len(_EDGES) - 1) or not np.ptp(popularity):
        return np.zeros(len(popularity), np.float32)
    found = find_liking(item, rating, popularity)
    fewest = min(wanted.items, found.items)
    off = _joined(_with_chance(wanted, found.chance), fewest) - _joined(found.slices, fewest)
    off[found.chance == 0] = 0  # no item of the bin has been seen
    places = _place(_bin(popularity), *_means(item, rating, len(popularity)))
    at = zip((_rank(popularity), places), (_EDGES, _SLICES), strict=True)
    cells = [np.interp(rank, (edges[1:] + edges[:-1]) / 2, np.arange(len(edges) - 1)) for rank, edges in at]
    return map_coordinates(off, cells, order=1, mode="nearest").astype(np.float32)


def _with_chance(liking: Liking, chance_B: np.ndarray) -> np.ndarray:
    """Slices [B, S] as they would be if chance had another part in them."""
    own = np.maximum(liking.spread - liking.chance, 0)
    factor = np.sqrt((own + chance_B) / np.maximum(own + liking.chance, 1e-9))
    middle = liking.slices @ np.diff(_SLICES)
    return middle[:, None] + factor[:, None] * (liking.slices - middle[:, None])


def _slice_means(means: np.ndarray) -> np.ndarray:
    """Mean in each slice [S]; an item on a border is in both in parts."""
    if not len(means):
        return np.zeros(len(_SLICES) - 1)
    total = np.append(0.0, np.cumsum(np.sort(means))) / len(means)
    return np.diff(np.interp(_SLICES, np.linspace(0, 1, len(total)), total)) / np.diff(_SLICES)


def _joined(slices_BxS: np.ndarray, num_items: int) -> np.ndarray:
    """Slices of too few items each have the mean of several."""
    group = np.array(next(groups for least, groups in _JOINED if num_items >= least))
    width = np.diff(_SLICES)
    member = (group[:, None] == group) * width
    return slices_BxS @ (member / member.sum(1, keepdims=True)).T


def _means(item: np.ndarray, rating: np.ndarray, num_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of ratings of each item [I] and their mean [I], zero of none."""
    counts = np.bincount(item, minlength=num_items)
    return counts, np.bincount(item, rating, num_items) / np.maximum(counts, 1)


def _place(bins: np.ndarray, counts: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Rank of each item's mean among those of its bin, 0 to 1; in the middle if it has no ratings."""
    place = np.full(len(bins), 0.5)
    seen = np.flatnonzero(counts)
    for number in range(len(_EDGES) - 1):
        mine = seen[bins[seen] == number]
        place[mine] = _rank(means[mine])
    return place


def _bin(counts: np.ndarray) -> np.ndarray:
    return np.searchsorted(_EDGES[1:-1], _rank(counts))


def _rank(values: np.ndarray) -> np.ndarray:
    """Rank of each of them, 0 to 1, the largest last; of equal ones, by number."""
    rank = np.empty(len(values))
    rank[np.argsort(values, kind="stable")] = (np.arange(len(values)) + 0.5) / len(values)
    return rank
