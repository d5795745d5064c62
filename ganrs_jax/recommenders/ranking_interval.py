"""Bootstrap intervals of ranking metrics."""

from collections.abc import Sequence

import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.list_metrics import harmonic
from ganrs_jax.recommenders.ranking import Ranking
from ganrs_jax.statistics.bootstrap import Interval, bootstrap_interval


def ranking_interval(rankings: Sequence[Ranking], metric: str, n: int, *, over: str = "both") -> Interval:
    """`bootstrap_interval` of a metric at N = n, averaged over the seeds: one ranking per seed.

    Under `study`, F1 is that of each resample's mean precision and mean recall.

    Raises:
      InputError: as `bootstrap_interval` and `Ranking.of_users` do.
    """
    if not rankings:
        raise InputError("no ranking is given; accepted: one per seed")
    if metric == "f1" and rankings[0].convention == "study":
        columns = [_by_user(rankings, name, n) for name in ("precision", "recall")]
        return bootstrap_interval(columns, over=over, statistic=harmonic)
    return bootstrap_interval([_by_user(rankings, metric, n)], over=over)


def _by_user(rankings: Sequence[Ranking], metric: str, n: int) -> np.ndarray:
    """[S, U], NaN where the seed has no relevant test item of the user; users of no seed are left out."""
    users = np.unique(np.concatenate([ranking.user for ranking in rankings]))
    table = np.full((len(rankings), len(users)), np.nan)
    for row, ranking in zip(table, rankings, strict=True):
        row[np.searchsorted(users, ranking.user)] = ranking.of_users(metric, n)
    return table
