"""Profiles: a row of numbers a user (or item) that says how it rates, relative to its own dataset.

Items of synthetic data are nobody's items: nothing here depends on which they are, only on how popular and how well
liked they are in their own dataset, so that profiles of two datasets of other items can be compared.
"""

from typing import NamedTuple

import numpy as np

from ganrs_jax.fidelity.samples import Sample, TooSmallError
from ganrs_jax.statistics.spectrum import Spectral

LEAST_RATINGS = 10  # a mean over one or two ratings takes few values: such a lattice tells any two samples apart
_LEVELS = 5  # of rating, by the quantiles of the scale
_BANDS = 10  # of popularity


class Profiles(NamedTuple):
    """users [n], those of enough ratings, and features_nxD of each."""

    users: np.ndarray
    features_nxD: np.ndarray


def profiles(sample: Sample, spectrum: Spectral, levels: np.ndarray, *, bands: bool = False) -> Profiles:
    """17 features of each user of at least 10 ratings; of `transposed` arguments, of each item.

    Log activity; mean and spread of its ratings; mean and spread of its items' popularity ranks; its items' mean
    rating; how its ratings differ from, and vary with, that and popularity; shares of five rating levels; and its
    place in the spectrum. With `bands`, also the shares of ten popularity bands and of five bands of mean rating.

    Raises:
      TooSmallError: if fewer than 10 users have as many ratings.
    """
    counts = np.bincount(sample.user)
    users = np.flatnonzero(counts >= LEAST_RATINGS)
    if len(users) < 10:
        raise TooSmallError(f"fewer than 10 profiles of {LEAST_RATINGS} ratings")
    popularity, liked = _item_facts(sample)
    columns = _rating_features(sample, counts, popularity[sample.item], liked[sample.item])
    edges = np.quantile(levels, np.linspace(0, 1, _LEVELS + 1)[1:-1])
    columns += _shares(sample, counts, np.searchsorted(edges, sample.rating, side="left"), _LEVELS)
    scaled = spectrum.users_UxK * spectrum.values
    energy = scaled[:, 1:] ** 2  # in the leading factors of who rates what, past the first, which is the degree
    columns += [energy.sum(1), energy[:, :5].sum(1), np.abs(scaled[:, 1:6]).max(1)]
    if bands:
        columns += _shares(sample, counts, (popularity[sample.item] * _BANDS).astype(int), _BANDS)
        edges = np.quantile(liked[sample.item], np.linspace(0, 1, _LEVELS + 1)[1:-1])
        columns += _shares(sample, counts, np.searchsorted(edges, liked[sample.item]), _LEVELS)
    return Profiles(users, np.stack(columns, 1)[users])


def _item_facts(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Popularity rank, 0 to 1, and mean rating of each item [I]."""
    counts = np.bincount(sample.item)
    rank = np.empty(len(counts))
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts)) / len(counts)
    return rank, np.bincount(sample.item, sample.rating) / counts


def _rating_features(sample: Sample, counts: np.ndarray, popularity: np.ndarray, liked: np.ndarray) -> list[np.ndarray]:
    """Nine columns [U] from the rating, and the popularity and mean rating of its item, of each row [N]."""
    rating = sample.rating

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(sample.user, values) / counts

    def spread(values: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(mean(values * values) - mean_value**2, 0))

    mean_rating, mean_popularity, mean_liked = mean(rating), mean(popularity), mean(liked)
    return [
        np.log(counts / counts.mean()),
        mean_rating,
        spread(rating, mean_rating),
        mean_popularity,
        spread(popularity, mean_popularity),
        mean_liked,
        mean((rating - liked) ** 2),
        mean(rating * liked) - mean_rating * mean_liked,
        mean(rating * popularity) - mean_rating * mean_popularity,
    ]


def _shares(sample: Sample, counts: np.ndarray, level: np.ndarray, number: int) -> list[np.ndarray]:
    """The share of each level [N] among each user's rows: `number` columns [U]."""
    cells = np.bincount(sample.user * number + level, minlength=len(counts) * number)
    return list((cells.reshape(-1, number) / counts[:, None]).T)
