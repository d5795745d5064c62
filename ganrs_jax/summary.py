"""What a rating dataset looks like in a few numbers: counts, histogram, concentration."""

from typing import Any

import numpy as np

from ganrs_jax.ratings import Ratings, Scale, digest


def gini(counts: np.ndarray) -> float:
    """Gini coefficient of non-negative counts [N]: 0 all equal, towards 1 all on one."""
    c = np.sort(np.asarray(counts, np.float64))
    n = len(c)
    return float((2 * np.arange(1, n + 1) - n - 1).dot(c) / (n * c.sum()))


def histogram(rating: np.ndarray, scale: Scale) -> np.ndarray:
    """Share of each level of the scale, float64 [L], summing to 1."""
    level = np.rint((rating - scale.low) / scale.step).astype(np.int64)
    return np.bincount(level, minlength=len(scale.levels)) / len(rating)


def describe(user: np.ndarray, item: np.ndarray, rating: np.ndarray, scale: Scale) -> dict[str, Any]:
    """Counts, moments, histogram, Gini per user and per item, and repeated pairs, ready for json.

    Args:
      user, item: integer ids [N]; only those that occur are counted.
      rating: [N], on the scale.
    """
    per_user = np.unique(user, return_counts=True)[1]
    per_item = np.unique(item, return_counts=True)[1]
    pairs = np.unique(user.astype(np.int64) * (int(item.max()) + 1) + item)
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
        "repeated_pairs": len(rating) - len(pairs),
    }


def describe_source(ratings: Ratings) -> dict[str, Any]:
    """`describe` of a source, with its name, scale, digest and reading notes."""
    return {
        "name": ratings.name,
        "scale": [float(x) for x in ratings.scale],
        "digest": digest(ratings),
        "notes": list(ratings.notes),
        **describe(ratings.user, ratings.item, ratings.rating, ratings.scale),
    }
