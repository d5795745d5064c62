"""Validity and marginals: counts, the rating histogram, ratings per user and per item."""

import numpy as np

from ganrs_jax.fidelity.metrics import Metric, pair
from ganrs_jax.fidelity.samples import Rated, Sample, TooSmallError
from ganrs_jax.statistics.summary import gini

LEAST_RATINGS = 5  # of a user or item whose mean rating is compared


def validity(real: Sample, synthetic: Sample, levels: np.ndarray, rated: Rated) -> dict[str, Metric]:
    """Rows (with repeated ones), users, items, repeated pairs, ratings that are no level [L] of the source's scale."""
    off = int((~np.isin(np.asarray(rated.rating, np.float32), levels.astype(np.float32))).sum())
    return {
        "rows": Metric(len(real.rating) + real.repeated, len(synthetic.rating) + synthetic.repeated),
        "users": Metric(real.num_users, synthetic.num_users),
        "items": Metric(real.num_items, synthetic.num_items),
        "repeated_pairs": Metric(real.repeated, synthetic.repeated),
        "off_scale_ratings": Metric(None, off),
    }


def marginals(real: Sample, synthetic: Sample, levels: np.ndarray) -> dict[str, Metric]:
    """The rating histogram, then of users and of items: Gini, and distances of counts and of mean ratings.

    Counts are divided by their mean, so that a dataset of another size can be compared. Mean ratings are those of users
    (items) of at least 5 ratings; the metric is absent where nobody has as many.
    """
    shares = _level_shares(real.rating, levels), _level_shares(synthetic.rating, levels)
    metrics = {
        "mean_rating": pair(real.rating.mean(), synthetic.rating.mean()),
        "std_rating": pair(real.rating.std(), synthetic.rating.std()),
        "rating_tv": Metric(distance=float(np.abs(shares[0] - shares[1]).sum() / 2)),
    }
    for name, of_real, of_synthetic in (
        ("user", real.user, synthetic.user),
        ("item", real.item, synthetic.item),
    ):
        a, b = np.bincount(of_real), np.bincount(of_synthetic)
        metrics[f"gini_{name}"] = pair(gini(a), gini(b))
        metrics[f"ks_{name}_counts"] = Metric(distance=ks_distance(a / a.mean(), b / b.mean()))
        a, b = _mean_ratings(of_real, real.rating), _mean_ratings(of_synthetic, synthetic.rating)
        if len(a) and len(b):
            metrics[f"ks_{name}_mean_rating"] = Metric(distance=ks_distance(a, b))
    return metrics


def ks_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov statistic of [N] and [M]: the greatest gap between their distribution functions.

    Raises:
      TooSmallError: if either is empty.
    """
    if not (len(a) and len(b)):
        raise TooSmallError("nothing to compare")
    a, b = np.sort(a), np.sort(b)
    at = np.concatenate([a, b])
    below_a, below_b = (np.searchsorted(x, at, side="right") / len(x) for x in (a, b))
    return float(np.abs(below_a - below_b).max())


def _level_shares(rating: np.ndarray, levels: np.ndarray) -> np.ndarray:
    rating, levels = rating.astype(np.float32), levels.astype(np.float32)
    place = np.minimum(np.searchsorted(levels, rating), len(levels) - 1)
    return np.bincount(place[levels[place] == rating], minlength=len(levels)) / len(rating)


def _mean_ratings(index: np.ndarray, rating: np.ndarray) -> np.ndarray:
    counts = np.bincount(index)
    return (np.bincount(index, rating) / counts)[counts >= LEAST_RATINGS]
