"""Structure: the spectrum of who rates what, items rated together, popularity against rating, learnability."""

import numpy as np
import scipy.sparse as sp
from scipy.stats import rankdata

from ganrs_jax.fidelity.samples import Sample, TooSmallError
from ganrs_jax.statistics import learnability as held_out
from ganrs_jax.statistics import spectrum
from ganrs_jax.statistics.spectrum import Spectral

_MOST_ITEMS = 300  # whose pairs are looked at: the most popular ones
_MOST_USERS = 50_000  # likewise, at random


def spectral(sample: Sample) -> Spectral:
    """`spectrum.spectral` of a sample.

    Raises:
      TooSmallError: if fewer than three users or items have 5 ratings.
    """
    found = spectrum.spectral(sample.user, sample.item)
    if found is None:
        raise TooSmallError(f"fewer than 3 users or items of {spectrum.CORE} ratings")
    return found


def learnability(sample: Sample) -> held_out.Learnability:
    """`learnability.learnability` of a sample.

    Raises:
      TooSmallError: if there are fewer than 10 ratings, or held-out ratings all equal the mean.
    """
    found = held_out.learnability(sample.user, sample.item, sample.rating)
    if found is None:
        raise TooSmallError("fewer than 10 ratings, or all of them equal")
    return found


def spectrum_error(real: Spectral, synthetic: Spectral) -> float:
    """Mean relative error of singular values 2 to 20.

    Raises:
      TooSmallError: if the real matrix has rank one.
    """
    count = min(len(real.values), len(synthetic.values))
    a, b = real.values[1:count], synthetic.values[1:count]
    known = a > 1e-9
    if not known.any():
        raise TooSmallError("the matrix of who rated what has rank one")
    return float(np.mean(np.abs(a - b)[known] / a[known]))


def popularity_rating_correlation(sample: Sample) -> float:
    """Spearman correlation of the number of ratings and the mean rating of items.

    Raises:
      TooSmallError: if either is the same for all items.
    """
    counts = np.bincount(sample.item)
    means = np.bincount(sample.item, sample.rating) / counts
    if np.ptp(counts) == 0 or np.ptp(means) == 0:
        raise TooSmallError("all items have the same number of ratings, or the same mean rating")
    return float(np.corrcoef(rankdata(counts), rankdata(means))[0, 1])


def lifts(sample: Sample) -> np.ndarray:
    """For pairs of popular items: users who rated both, over what independent items would have, float64 [P].

    The items are the most popular fifth, at most 300; the users at most 50,000 at random: a bounded matrix.

    Raises:
      TooSmallError: if that is fewer than 10 items.
    """
    counts = np.bincount(sample.item)
    number = min(_MOST_ITEMS, sample.num_items // 5)
    if number < 10:
        raise TooSmallError("fewer than 50 items")
    place = np.full(sample.num_items, -1)
    place[np.argsort(-counts, kind="stable")[:number]] = np.arange(number)
    users = np.random.default_rng(0).permutation(sample.num_users)
    kept = (place[sample.item] >= 0) & (users[sample.user] < _MOST_USERS)
    shape = (min(sample.num_users, _MOST_USERS), number)
    ones = np.ones(np.count_nonzero(kept), np.float32)
    matrix = sp.csr_array((ones, (users[sample.user[kept]], place[sample.item[kept]])), shape)
    together = (matrix.T @ matrix).toarray().astype(np.float64)
    each = np.maximum(np.diag(together), 1)
    return (together * shape[0] / (each[:, None] * each))[np.triu_indices(number, 1)]
