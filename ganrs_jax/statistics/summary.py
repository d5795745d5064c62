"""A rating dataset in a few numbers: counts, histogram, concentration."""

import dataclasses

import numpy as np

from ganrs_jax.data.ratings import Ratings, Scale, digest

_CHUNK = 1 << 22  # rows at once, so that 100 million take little memory beside themselves


def gini(counts: np.ndarray) -> float:
    """Gini coefficient of non-negative counts [N]: 0 all equal, towards 1 all on one."""
    c = np.sort(np.asarray(counts, np.float64))
    n = len(c)
    return float((2 * np.arange(1, n + 1) - n - 1).dot(c) / (n * c.sum()))


def histogram(rating: np.ndarray, scale: Scale) -> np.ndarray:
    """Share of each level of the scale, float64 [L], summing to 1."""
    parts = [rating[start : start + _CHUNK] for start in range(0, max(1, len(rating)), _CHUNK)]
    levels = (np.rint((part - scale.low) / scale.step).astype(np.int64) for part in parts)
    counts = [np.bincount(level, minlength=len(scale.levels)) for level in levels]
    most = max(map(len, counts))
    return np.sum([np.pad(x, (0, most - len(x))) for x in counts], 0) / len(rating)


@dataclasses.dataclass(frozen=True)
class Summary:
    """A rating dataset in a few numbers; `dataclasses.asdict` makes it json-ready.

    Attributes:
      users, items: those that occur.
      ratings: number of rows.
      mean_rating, std_rating: in the units of the scale.
      rating_levels: the values of the scale, ascending, [L].
      rating_histogram: share of each level, [L], summing to 1.
      gini_user, gini_item: Gini coefficient of the ratings per user and per item.
      repeated_pairs: rows less distinct (user, item) pairs.
    """

    users: int
    items: int
    ratings: int
    mean_rating: float
    std_rating: float
    rating_levels: tuple[float, ...]
    rating_histogram: tuple[float, ...]
    gini_user: float
    gini_item: float
    repeated_pairs: int


@dataclasses.dataclass(frozen=True)
class SourceSummary(Summary):
    """The summary of training data, with its origin.

    Attributes:
      name: what the source calls itself.
      scale: the values a rating may take.
      digest: SHA-256 of its ids, ratings and scale (`data.ratings.digest`).
      notes: what reading changed, a sentence each.
    """

    name: str
    scale: Scale
    digest: str
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.users:,} users, {self.items:,} items, {self.ratings:,} ratings, {self.scale}"


def describe(user: np.ndarray, item: np.ndarray, rating: np.ndarray, scale: Scale) -> Summary:
    """Counts, moments, histogram, Gini per user and per item, and repeated pairs.

    Args:
      user, item: integer ids [N]; only those that occur are counted.
      rating: [N], on the scale.
    """
    per_user = np.unique(user, return_counts=True)[1]
    per_item = np.unique(item, return_counts=True)[1]
    pair = user.astype(np.int64)  # in place, as the pairs of 100 million rows take 0.8 GB
    pair *= int(item.max()) + 1
    pair += item
    pair.sort()
    return Summary(
        users=len(per_user),
        items=len(per_item),
        ratings=len(rating),
        mean_rating=float(np.mean(rating, dtype=np.float64)),
        std_rating=float(np.std(rating, dtype=np.float64)),
        rating_levels=tuple(scale.levels.tolist()),
        rating_histogram=tuple(histogram(rating, scale).tolist()),
        gini_user=gini(per_user),
        gini_item=gini(per_item),
        repeated_pairs=int(np.count_nonzero(pair[1:] == pair[:-1])),
    )


def describe_source(ratings: Ratings) -> SourceSummary:
    """`describe` of a source, with its name, scale, digest and reading notes."""
    return SourceSummary(
        **dataclasses.asdict(describe(ratings.user, ratings.item, ratings.rating, ratings.scale)),
        name=ratings.name,
        scale=Scale(*map(float, ratings.scale)),
        digest=digest(ratings),
        notes=tuple(ratings.notes),
    )
