"""Local structure: what singular values 2 to 20 do not see, and neighbourhood models live on.

Held-out signal by rank, cosines to the nearest, and how well reference recommenders do.
"""

import numpy as np
from scipy.stats import kendalltau

from ganrs_jax.fidelity.metrics import Metric, pair
from ganrs_jax.fidelity.ndcg import MODELS
from ganrs_jax.fidelity.samples import Sample, TooSmallError, part
from ganrs_jax.statistics import held_out_signal as held_out
from ganrs_jax.statistics import neighbourhoods
from ganrs_jax.statistics.held_out_signal import HeldOutSignal
from ganrs_jax.statistics.spectrum import CORE

MOST_USERS, MOST_ITEMS = 10_000, 8192  # that are looked at: weights of each pair of so many items take a minute


def bounded(sample: Sample) -> Sample:
    """The sample itself or, of a larger one, the rows of 10,000 random users and their 8,192 most popular items."""
    return part(sample, MOST_USERS, MOST_ITEMS)


def signal(sample: Sample) -> HeldOutSignal:
    """`held_out_signal` of users and items with 5 ratings: lone pairs take up the first ranks by chance.

    Raises:
      TooSmallError: if there are fewer than 32 ranks.
    """
    found = held_out.held_out_signal(sample.user, sample.item, (sample.num_users, sample.num_items), core=CORE)
    if found is None:
        raise TooSmallError(f"fewer than {held_out.RANKS[-1][0] + 1} ranks of users and items with {CORE} ratings")
    return found


def nearest_cosines(sample: Sample) -> tuple[float, float]:
    """`nearest_cosine` of items, and of users.

    Raises:
      TooSmallError: if no item or no user has 10 others that it shares a user or item with.
    """
    shape = sample.num_users, sample.num_items
    items = neighbourhoods.nearest_cosine(sample.item, sample.user, shape[::-1])
    users = neighbourhoods.nearest_cosine(sample.user, sample.item, shape)
    if items is None or users is None:
        raise TooSmallError(f"no item or no user has {neighbourhoods.NEAREST} neighbours")
    return items, users


def signal_metrics(real: HeldOutSignal, synthetic: HeldOutSignal) -> dict[str, Metric]:
    """signal_2_10, signal_11_30, signal_31_100."""
    names = (f"signal_{low}_{high}" for low, high in held_out.RANKS)
    return {name: pair(a, b) for name, a, b in zip(names, real, synthetic, strict=True)}


def recommender_metrics(real_SxM: np.ndarray, synthetic_SxM: np.ndarray) -> dict[str, Metric]:
    """ndcg_* of each recommender, means over splits of the rows, and tau.

    Kendall's tau of the recommenders' order on real and on synthetic data is the `synthetic` of its metric; its `real`
    is that of the order on the first two splits of the real data, where there are two. Absent where all are level.

    Args:
      real_SxM, synthetic_SxM: what `ndcg` returns, a row a split.
    """
    real, synthetic = real_SxM.mean(0), synthetic_SxM.mean(0)
    metrics = {f"ndcg_{name}": pair(a, b) for name, a, b in zip(MODELS, real, synthetic, strict=True)}
    tau = _tau(real, synthetic)
    if tau is not None:
        metrics["tau"] = Metric(_tau(*real_SxM[:2]) if len(real_SxM) > 1 else None, tau)
    return metrics


def _tau(one_M: np.ndarray, other_M: np.ndarray) -> float | None:
    found = round(float(kendalltau(one_M, other_M)[0]), 12)  # not 0.9999999999999999
    return found if np.isfinite(found) else None
