"""Structure: the spectrum of who rates what, items rated together, popularity against rating."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from ganrs_jax.evaluation.samples import Sample, TooSmallError

RANK = 20  # singular values compared, the first (of degrees alone) among them
CORE = 5  # ratings of a user and of an item in the matrix: a lone pair would be a component of its own
_MOST_ITEMS = 300  # whose pairs are looked at: the most popular ones
_MOST_USERS = 50_000  # likewise, at random


class Spectral(NamedTuple):
    """Leading singular vectors users_UxK and items_IxK, and values [K], descending."""

    users_UxK: np.ndarray
    values: np.ndarray
    items_IxK: np.ndarray

    def turned(self) -> "Spectral":
        """That of the transposed matrix."""
        return Spectral(self.items_IxK, self.values, self.users_UxK)


@threadpool_limits.wrap(limits=1)  # vectors are short: threads lose more than they gain
def spectral(sample: Sample) -> Spectral:
    """The 20 leading singular triples of D_u^-1/2 A D_i^-1/2, A the 0/1 matrix of who rated what.

    A holds the ratings whose user and item have at least 5; the other rows and columns are zero.

    Raises:
      TooSmallError: if fewer than three users or items have as many.
    """
    matrix = _normalised(sample)
    held = np.count_nonzero(np.diff(matrix.indptr)), len(np.unique(matrix.indices))  # users, items
    if held[0] < 3 or held[1] < 3:
        raise TooSmallError(f"fewer than 3 users or items of {CORE} ratings")
    transposed = matrix.T.tocsr()  # a product with it is twice as fast as with matrix.T
    operator = sla.LinearOperator(
        matrix.shape, dtype=matrix.dtype, matvec=lambda x: matrix @ x, rmatvec=lambda x: transposed @ x
    )
    start = np.random.default_rng(0).uniform(0.5, 1.5, min(matrix.shape))
    left, values, right = sla.svds(operator, k=min(RANK, min(matrix.shape) - 1), v0=start)
    order = np.argsort(-values)
    return Spectral(left[:, order], values[order], right[order].T)


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


def _normalised(sample: Sample) -> sp.csr_array:
    user, item = sample.user, sample.item
    kept = (np.bincount(user)[user] >= CORE) & (np.bincount(item)[item] >= CORE)
    user, item = user[kept], item[kept]
    of_user = np.bincount(user, minlength=sample.num_users)
    of_item = np.bincount(item, minlength=sample.num_items)
    weight = 1 / np.sqrt(of_user[user].astype(np.float64) * of_item[item])
    return sp.csr_array((weight, (user, item)), (sample.num_users, sample.num_items))
