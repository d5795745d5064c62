"""Where the interaction factors start: singular vectors of the degree-normalised matrix of who rated what."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.sampled_cells import SparseRows

_KEY = 0  # of the random subspace
_OVERSAMPLING = 12  # directions beside those wanted
_POWERS = 6  # products with the matrix and its transpose: real spectra fall off slowly


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


def randomised_svd(
    key: jax.Array, rows: SparseRows, transposed: SparseRows, rank: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leading singular triples of D_r^-1/2 A D_c^-1/2, A a sparse 0/1 matrix and its transpose, D its row sums.

    Halko, Martinsson and Tropp 2011 (doi 10.1137/090771806), algorithms 4.4 and 5.1: a random subspace, sharpened by
    powers with an orthonormal basis between them, and the small problem within it.

    Returns:
      left [N, rank], values [rank] descending, right [C, rank], float32; a row without ones is zero.
    """
    of_row, of_column = (
        jnp.asarray(np.where(side.counts, 1 / np.sqrt(np.maximum(side.counts, 1)), 0)[:, None], jnp.float32)
        for side in (rows, transposed)
    )

    def times(x_CxP: jax.Array) -> jax.Array:
        return of_row * rows.product(of_column * x_CxP)

    def back(x_NxP: jax.Array) -> jax.Array:
        return of_column * transposed.product(of_row * x_NxP)

    size = min(rank + _OVERSAMPLING, len(of_row), len(of_column))
    basis = times(jax.random.normal(key, (len(of_column), size)))
    for _ in range(_POWERS):
        basis = times(jnp.linalg.qr(back(jnp.linalg.qr(basis)[0]))[0])
    basis = jnp.linalg.qr(basis)[0]
    right, values, rotation = jnp.linalg.svd(back(basis), full_matrices=False)
    left, values, right = (np.asarray(x) for x in (basis @ rotation.T, values, right))
    return left[:, :rank], values[:rank], right[:, :rank]


def _starts(
    left: np.ndarray, right: np.ndarray, per_user: np.ndarray, per_item: np.ndarray, rank: int
) -> tuple[jax.Array, jax.Array]:
    """Vectors <intercept, factors>; those of users have a spread of 1, those of items of a half."""
    half = 0.5 * np.log(per_user.mean() / len(per_item))
    starts = []
    for vectors, counts, others, spread in (
        (left, per_user, len(per_item), 1.0),
        (right, per_item, len(per_user), 0.5),
    ):
        factors = vectors / np.sqrt(counts)[:, None]
        factors = np.clip(spread * factors / (factors.std(0) + 1e-12), -4 * spread, 4 * spread)
        factors = np.pad(factors, ((0, 0), (0, rank - factors.shape[1])))
        intercept = (np.log(counts / others) - half)[:, None]
        starts.append(jnp.asarray(np.concatenate([intercept, factors], 1), jnp.float32))
    return starts[0], starts[1]
