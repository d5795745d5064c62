"""What a rating dataset looks like in a few numbers: counts, histogram, concentration."""

from typing import Any

import numpy as np

from ganrs_jax.data.ratings import Ratings, Scale, digest

_CHUNK = 1 << 22  # rows looked at at once, so that 100 million take little memory beside themselves


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


def describe(user: np.ndarray, item: np.ndarray, rating: np.ndarray, scale: Scale) -> dict[str, Any]:
    """Counts, moments, histogram, Gini per user and per item, and repeated pairs, ready for json.

    Args:
      user, item: integer ids [N]; only those that occur are counted.
      rating: [N], on the scale.
    """
    per_user = np.unique(user, return_counts=True)[1]
    per_item = np.unique(item, return_counts=True)[1]
    return {
        "users": len(per_user),
        "items": len(per_item),
        "ratings": len(rating),
        "mean_rating": float(np.mean(rating, dtype=np.float64)),
        "std_rating": float(np.std(rating, dtype=np.float64)),
        "rating_levels": [float(x) for x in scale.levels],
        "rating_histogram": [float(x) for x in histogram(rating, scale)],
        "gini_user": gini(per_user),
        "gini_item": gini(per_item),
        "repeated_pairs": _repeated(user, item),
    }


def _repeated(user: np.ndarray, item: np.ndarray) -> int:
    """Rows less distinct pairs; in place, as the pairs of 100 million rows take 0.8 GB."""
    pair = user.astype(np.int64)
    pair *= int(item.max()) + 1
    pair += item
    pair.sort()
    return int(np.count_nonzero(pair[1:] == pair[:-1]))


def describe_source(ratings: Ratings) -> dict[str, Any]:
    """`describe` of a source, with its name, scale, digest and reading notes."""
    return {
        "name": ratings.name,
        "scale": [float(x) for x in ratings.scale],
        "digest": digest(ratings),
        "notes": list(ratings.notes),
        **describe(ratings.user, ratings.item, ratings.rating, ratings.scale),
    }
