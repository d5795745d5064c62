"""What calibration compares: statistics of a dataset, of the source and of generated ones."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ganrs_jax.statistics.group_auc import group_auc
from ganrs_jax.statistics.held_out_signal import signal_by_rank
from ganrs_jax.statistics.learnability import learnability
from ganrs_jax.statistics.leverage import Leverage, leverages
from ganrs_jax.statistics.popularity_by_activity import PopularityByActivity, popularity_by_activity
from ganrs_jax.statistics.rating_agreement import rating_agreement
from ganrs_jax.statistics.spectrum import CORE, spectral
from ganrs_jax.statistics.top_items import TopItems, top_items

BANDS = ((2, 10), (11, 20), (21, 30), (31, 50), (51, 70), (71, 100))  # of ranks, whose mean signal is compared
_AT_ONCE = 3  # statistics: each keeps one core busy, and some wait for memory
_LEAST_VALUE = 1e-4  # of the second singular value to the first; less is rounding


class Predictability(NamedTuple):
    """Of held-out ratings: the share of their variance that biases predict, and what factors add to it.

    peak: mean absolute error of the biases over their root mean square (`Learnability.bias_peak`).
    """

    by_biases: float
    by_factors: float
    peak: float


class Targets(NamedTuple):
    """Statistics of a dataset.

    Attributes:
      values: singular values 2, 3, ... of who rated what, [K].
      signal: held-out signal in each of `BANDS`, [B].
      users, items: leverages.
      popularity: of what users rate.
      top_items: NDCG of closed-form recommenders.
      predictability: of ratings.
      agreement: of ratings of neighbouring items.
      groups: how well groups of users are told by what they rate, [S]; of none S = 0.
    """

    values: np.ndarray
    signal: np.ndarray
    users: Leverage
    items: Leverage
    popularity: PopularityByActivity
    top_items: TopItems
    predictability: Predictability
    agreement: float
    groups: np.ndarray


def targets(
    user: np.ndarray,
    item: np.ndarray,
    rating: np.ndarray,
    like: Targets | None = None,
    member: np.ndarray | None = None,
) -> Targets | None:
    """The `Targets` of a dataset [N].

    Args:
      like: those of a dataset to compare with, whose bins are as many.
      member: groups of its users, bool [U, S].

    Returns:
      None if too few users and items have ratings enough for a spectrum, or all have rated all: there is no structure.
    """
    bins = len(like.popularity.popularity) if like else 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        predicted = pool.submit(predictability, user, item, rating)  # the longest first
        top = pool.submit(top_items, user, item)
        spectrum = pool.submit(spectral, user, item)
        signal = pool.submit(signal_by_band, user, item)
        agreement = pool.submit(rating_agreement, user, item, rating)
        groups = None if member is None else pool.submit(group_auc, user, item, member)
        popularity = pool.submit(popularity_by_activity, user, item, bins)
    found, lists = spectrum.result(), top.result()
    if found is None or lists is None or found.values[1] < _LEAST_VALUE * found.values[0]:
        return None
    users, items = leverages(user, item, found, like and (like.users, like.items))
    return Targets(
        values=found.values[1:],
        signal=signal.result(),
        users=users,
        items=items,
        popularity=popularity.result(),
        top_items=lists,
        predictability=predicted.result(),
        agreement=agreement.result(),
        groups=groups.result() if groups else np.zeros(0),
    )


def signal_by_band(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Mean held-out signal in each of `BANDS`, [B]."""
    shape = int(user.max()) + 1, int(item.max()) + 1
    signal = np.pad(signal_by_rank(user, item, shape, core=CORE), (0, BANDS[-1][1]))
    return np.array([signal[low - 2 : high - 1].mean() for low, high in BANDS])


def predictability(user: np.ndarray, item: np.ndarray, rating: np.ndarray) -> Predictability:
    """That of held-out ratings of a dataset [N]; nothing, and errors of no spread, where there is none to predict."""
    found = learnability(user, item, rating)
    if found is None:
        return Predictability(0.0, 0.0, 1.0)
    return Predictability(1 - found.bias_ratio**2, found.bias_ratio**2 - found.mf_ratio**2, found.bias_peak)
