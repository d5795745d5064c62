"""Where the interaction factors start: singular vectors of the degree-normalised matrix of who rated what."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.sparse_rows import SparseRows, randomised_svd

_KEY = 0  # of the random subspace


def spectral_start(ratings: Ratings, rank: int) -> tuple[jax.Array, jax.Array]:
    """Vectors of users [U, 1 + k] and items [I, 1 + k].

    Intercepts come from the counts, factors from singular vectors 2, 3, ....
    """
    per_user, per_item = (np.bincount(ids).astype(np.float64) for ids in (ratings.user, ratings.item))
    weight = 1 / np.sqrt(per_user[ratings.user] * per_item[ratings.item])
    matrix = sp.csr_array((weight, (ratings.user, ratings.item)), (len(per_user), len(per_item)))
    start = np.random.default_rng(0).uniform(0.5, 1.5, min(matrix.shape))
    left, values, right = sla.svds(matrix, k=min(rank + 1, min(matrix.shape) - 1), v0=start)
    order = np.argsort(-values)[1:]
    return _starts(left[:, order], right.T[:, order], per_user, per_item, rank)


def randomised_start(users: SparseRows, items: SparseRows, rank: int) -> tuple[jax.Array, jax.Array]:
    """As `spectral_start`, from a randomised SVD of the matrix and its transpose in sparse blocks."""
    left, _, right = randomised_svd(jax.random.key(_KEY), users, items, rank + 1)
    per_user, per_item = (side.counts.astype(np.float64) for side in (users, items))
    return _starts(left[:, 1:], right[:, 1:], per_user, per_item, rank)


def _starts(
    left: np.ndarray, right: np.ndarray, per_user: np.ndarray, per_item: np.ndarray, rank: int
) -> tuple[jax.Array, jax.Array]:
    half = 0.5 * np.log(per_user.mean() / len(per_item))
    sides = ((left, per_user, len(per_item), 1.0), (right, per_item, len(per_user), 0.5))
    x, y = (_start(vectors, counts, others, half, spread, rank) for vectors, counts, others, spread in sides)
    return x, y


def _start(vectors: np.ndarray, counts: np.ndarray, others: int, half: float, spread: float, rank: int) -> jax.Array:
    factors = vectors / np.sqrt(counts)[:, None]
    factors = np.clip(spread * factors / (factors.std(0) + 1e-12), -4 * spread, 4 * spread)
    factors = np.pad(factors, ((0, 0), (0, rank - factors.shape[1])))
    return jnp.asarray(np.concatenate([(np.log(counts / others) - half)[:, None], factors], 1), jnp.float32)
