"""Imbalance in a study: parts of a source of equal size, from even to steeper than the source, by re-sampling its rows.

What is uneven is the number of ratings per user, or per item, or of each rating value. The synthetic counterpart is
asked for with the same sizes and the same Gini coefficient, or shares of the values.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Ratings, part_of
from ganrs_jax.errors import InputError
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.statistics.summary import gini, histogram

AXES = ("users", "items", "ratings")
_MOST_POWER = 8.0  # of the source's numbers; beyond, all rows are of its head
_HALVINGS = 40


class Skewed(NamedTuple):
    """A part of a source: its Gini coefficient along an axis, its ratings, and what a synthetic one is asked for."""

    gini: float
    ratings: Ratings
    request: dict[str, Any]


def skewed_parts(ratings: Ratings, axis: str, share: float, levels: int, seed: int) -> Iterator[Skewed]:
    """Parts with a share of the rows, from the most even that the source's rows allow to the steepest.

    Args:
      axis: one of `AXES`.
      levels: how many, 2 or more; their Gini coefficients are evenly spaced.

    Raises:
      InputError: a share so small that not every user, item or value keeps a rating.
    """
    of = {"users": ratings.user, "items": ratings.item, "ratings": ratings.levels()}[axis]
    own = np.bincount(of, minlength=len(ratings.scale.levels) if axis == "ratings" else 0)
    total = round(share * ratings.num_ratings)
    if total < np.count_nonzero(own):
        least = np.count_nonzero(own) / ratings.num_ratings
        raise InputError(
            f"`share={share:g}` of {ratings.name} is {total:,} ratings, less than one for each of its "
            f"{np.count_nonzero(own):,} {axis}; accepted: {least:.2g} or more"
        )
    low, high = (gini(capped_powers(own, power, total)) for power in (0.0, _MOST_POWER))
    for wanted in np.linspace(low, high, levels):
        kept = resampled(of, _counts_of_gini(own, float(wanted), total), seed)
        yield _part(ratings, axis, kept)


def capped_powers(own: np.ndarray, power: float, total: int) -> np.ndarray:
    """Whole numbers in proportion to a power of the source's, none above its own, at least 1 where it has any.

    Numbers that would be above their own keep all of it, and the others share what is left.

    Args:
      own: int64 [N].
      total: their sum.
    """
    counts, open_ones = np.zeros_like(own), own > 0
    weights = np.where(open_ones, (own / own.max()) ** power, 0.0)
    while True:
        left = total - int(counts.sum())
        given = apportion(weights[open_ones], left, 1, left)
        over = given >= own[open_ones]
        if not over.any():
            counts[open_ones] = given
            return counts
        full = np.flatnonzero(open_ones)[over]
        counts[full] = own[full]
        open_ones[full] = False
        if not open_ones.any():
            return counts


def resampled(of: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
    """Rows that stay, ascending: of each user, item or value as many as are wanted, at random.

    Args:
      of: int [M], whose each row is.
      counts: int64 [N], at most those there are.
    """
    order = np.lexsort((np.random.default_rng(seed).random(len(of)), of))
    own = np.bincount(of, minlength=len(counts))
    place = np.arange(len(of)) - np.repeat(np.cumsum(own) - own, own)
    return np.sort(order[place < counts[of[order]]])


def _counts_of_gini(own: np.ndarray, wanted: float, total: int) -> np.ndarray:
    low, high = 0.0, _MOST_POWER
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if gini(capped_powers(own, middle, total)) < wanted else (low, middle)
    return capped_powers(own, high, total)


def _part(ratings: Ratings, axis: str, kept: np.ndarray) -> Skewed:
    part = part_of(ratings, kept, f"{ratings.name}, part")
    request: dict[str, Any] = {
        "num_users": part.num_users,
        "num_items": part.num_items,
        "num_ratings": part.num_ratings,
    }
    request |= {"activity": "thinned", "popularity": "thinned"}
    if axis == "ratings":
        shares = histogram(part.rating, ratings.scale)
        texts = (f"{level:g}={share!r}" for level, share in zip(ratings.scale.levels, shares.tolist(), strict=True))
        return Skewed(gini(shares), part, request | {"rating_histogram": ",".join(texts)})
    coefficient = gini(np.bincount(part.user if axis == "users" else part.item))
    name = "activity" if axis == "users" else "popularity"
    return Skewed(coefficient, part, request | {name: f"gini:{coefficient:.4f}"})
