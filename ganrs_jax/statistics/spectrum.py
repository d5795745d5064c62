"""The spectrum of who rates what: leading singular values of the degree-normalised 0/1 matrix."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from threadpoolctl import threadpool_limits

RANK = 20  # singular values compared, the first (of degrees alone) among them; later ones are nearer to the noise
CORE = 5  # ratings of a user and of an item in the matrix: a lone pair would be a component of its own


class Spectral(NamedTuple):
    """Leading singular vectors users_UxK and items_IxK, and values [K], descending."""

    users_UxK: np.ndarray
    values: np.ndarray
    items_IxK: np.ndarray

    def transposed(self) -> "Spectral":
        """That of the transposed matrix."""
        return Spectral(self.items_IxK, self.values, self.users_UxK)


def spectral(user: np.ndarray, item: np.ndarray, rank: int = RANK) -> Spectral | None:
    """The leading singular triples of D_u^-1/2 A D_i^-1/2, A the 0/1 matrix of who rated what.

    A holds the ratings whose user and item have at least 5; the other rows and columns are zero.

    Args:
      user, item: integer ids [N] from 0, no pair twice.

    Returns:
      None if fewer than three users or items have as many.
    """
    shape = int(user.max()) + 1, int(item.max()) + 1
    kept = (np.bincount(user)[user] >= CORE) & (np.bincount(item)[item] >= CORE)
    user, item = user[kept], item[kept]
    of_user, of_item = np.bincount(user, minlength=shape[0]), np.bincount(item, minlength=shape[1])
    weight = 1 / np.sqrt(of_user[user].astype(np.float64) * of_item[item])
    matrix = sp.csr_array((weight, (user, item)), shape)
    users, items = np.count_nonzero(np.diff(matrix.indptr)), len(np.unique(matrix.indices))
    if users < 3 or items < 3:
        return None
    return singular_triples(matrix, min(rank, min(matrix.shape) - 1))


@threadpool_limits.wrap(limits=1)  # vectors are short: threads lose more than they gain
def singular_triples(matrix: sp.csr_array, rank: int, without: tuple[np.ndarray, np.ndarray] | None = None) -> Spectral:
    """The leading singular triples of a sparse matrix [U, I], from one start: the same matrix gives the same bytes.

    Args:
      rank: how many, less than U and I.
      without: vectors [U] and [I] whose outer product is taken from the matrix first.
    """
    transposed = matrix.T.tocsr()  # a product with it is twice as fast as with matrix.T

    def times(x: np.ndarray) -> np.ndarray:
        return matrix @ x if without is None else matrix @ x - without[0] * (without[1] @ x)

    def transposed_times(x: np.ndarray) -> np.ndarray:
        return transposed @ x if without is None else transposed @ x - without[1] * (without[0] @ x)

    operator = sla.LinearOperator(
        matrix.shape,
        dtype=matrix.dtype,
        matvec=lambda x: times(x.ravel()),
        rmatvec=lambda x: transposed_times(x.ravel()),
    )
    rng = np.random.default_rng(0)  # of the start, and of restarts: without it those draw from the machine's entropy
    left, values, right = sla.svds(operator, k=rank, v0=rng.uniform(0.5, 1.5, min(matrix.shape)), rng=rng)
    order = np.argsort(-values)
    return Spectral(left[:, order], values[order], right[order].T)
