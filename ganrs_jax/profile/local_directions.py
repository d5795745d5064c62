"""Local directions: which items are rated by the same users beyond taste, at ranks past those that are learned.

Real matrices have structure at all ranks: sequels, series, editions. The leading eigenvectors of how often two items
are rated by the same user, degree-normalised, say which; the diagonal is left out, since an item with itself says
nothing (in expectation that is what the two halves of randomly split ratings have in common). What popularity and the
learned factors span is projected out. A user's coordinates along them are not learned: they are independent normal
numbers, and exponentials of them are uneven enough.
"""

from typing import NamedTuple

import jax
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from threadpoolctl import threadpool_limits

_PSEUDO_RATINGS = 5.0  # by which loadings of rare items are shrunk: few users say little


class LocalDirections(NamedTuple):
    """`loadings` [I, K] of items, each column of mean square 1 over the ratings; `strength` [K], descending."""

    loadings: np.ndarray
    strength: np.ndarray


@threadpool_limits.wrap(limits=1)  # vectors are short: threads lose more than they gain
def local_directions(
    user: np.ndarray, item: np.ndarray, factors_IxF: np.ndarray, rank: int, least_users: int
) -> LocalDirections:
    """The strongest `rank` directions beyond popularity and factors; fewer, or none, where users or items are few.

    Args:
      user, item: pairs [N].
      factors_IxF: of the items, whose span is left out.
      least_users: an item of fewer has no loadings: they would be those of single users.
    """
    # Items that enough users have rated; of positive eigenvalues there are no more than users.
    popularity = np.bincount(item, minlength=len(factors_IxF)).astype(np.float64)
    known = popularity >= least_users
    activity = np.maximum(np.bincount(user), 1)
    least = least_counts(rank, factors_IxF.shape[1])
    rank += min(0, len(activity) - least[0], int(known.sum()) - least[1])
    if rank < 1:
        return LocalDirections(np.zeros((len(popularity), 0), np.float32), np.zeros(0, np.float32))
    # D_u^-1/2 A D_i^-1/2 of these, and what is known already: sqrt(popularity) times 1 and the factors.
    kept = known[item]
    weight = 1 / np.sqrt(activity[user[kept]] * popularity[item[kept]])
    matrix = sp.csr_array((weight, (user[kept], item[kept])), (len(activity), len(popularity)))
    transposed = matrix.T.tocsr()
    diagonal = np.asarray(matrix.multiply(matrix).sum(0)).ravel()
    root = np.sqrt(popularity * known)
    basis = np.linalg.qr(root[:, None] * np.concatenate([np.ones((len(root), 1)), factors_IxF], 1))[0]

    def beyond(x: np.ndarray) -> np.ndarray:
        return x - basis @ (basis.T @ x)

    def product(x: np.ndarray) -> np.ndarray:
        x = beyond(x.ravel())
        return beyond(transposed @ (matrix @ x) - diagonal * x)

    # Eigenvectors of its Gram matrix without the diagonal, on what is beyond; per item, shrunk, of mean square 1.
    operator = sla.LinearOperator((len(root), len(root)), matvec=product, dtype=np.float64)
    rng = np.random.default_rng(0)  # of the start, and of restarts: without it those draw from the machine's entropy
    values, vectors = sla.eigsh(operator, k=rank, which="LA", v0=rng.uniform(0.5, 1.5, len(root)), rng=rng)
    values, vectors = values[::-1], vectors[:, ::-1]
    loadings = vectors / np.maximum(root, 1)[:, None] * (popularity / (popularity + _PSEUDO_RATINGS))[:, None]
    return LocalDirections(_of_mean_square_1(loadings, popularity), np.maximum(values, 0).astype(np.float32))


def exchanged(local: LocalDirections, popularity: np.ndarray, among: int) -> LocalDirections:
    """Loadings on each direction exchanged by chance among at least `among` items of like popularity.

    What is left of the source is how loadings are distributed, by direction and popularity: not which two items go
    together, which is what gives users away who rated both.

    Args:
      popularity: ratings of each item, [I].
    """
    loadings = local.loadings.copy()
    known = np.flatnonzero(loadings.any(1))
    order, rng = known[np.argsort(-popularity[known], kind="stable")], np.random.default_rng(0)
    for items in np.array_split(order, max(1, len(order) // among)):
        # Sorted before they are shuffled: a shuffle alone is undone by whoever knows its seed.
        loadings[items] = rng.permuted(np.sort(loadings[items], 0), axis=0)
    return local._replace(loadings=_of_mean_square_1(loadings, popularity))


def _of_mean_square_1(loadings: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """Columns of mean square 1 over the ratings."""
    loadings = loadings / (np.sqrt((popularity @ loadings**2) / popularity.sum())[None] + 1e-12)
    return loadings.astype(np.float32)


def least_counts(rank: int, factors: int) -> tuple[int, int]:
    """The least users, and items of `least_users` users each, that may have so many directions beyond the factors."""
    return rank + 1, rank + factors + 2


def local_interests(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Coordinates of users along the local directions, [B, K]: independent normal numbers."""
    return jax.random.normal(key, shape)


def local_scores(loadings_IxK: np.ndarray, gain_K: np.ndarray) -> np.ndarray:
    """What interests are multiplied by to add to the scores of items, [I, K].

    Two items are rated by the same user 1 + g^2 w_i w_j times as often as by chance, by what eigenvectors say; normal
    interests whose products with s are added to log-odds make that exp(s_i s_j) times. So s is g w where that is
    small, and grows with the root of its logarithm where a direction is concentrated on few items.
    """
    return np.sign(loadings_IxK) * np.sqrt(np.log1p((gain_K * loadings_IxK) ** 2))
