"""Who rates what: logistic matrix factorisation of the 0/1 matrix, by Newton steps and posterior draws.

logit P(user u rated item i) = a_u + c_i + x_u . y_i over all cells (Johnson 2014, "Logistic matrix
factorization", without confidence weights), with normal priors learned from the draws. Each round takes a
Newton step on every user's vector, draws it from its Laplace approximation, and then does the same for
items: an approximate Gibbs sampler. All cells are summed over, a block at a time; of matrices of
more than `MOST_CELLS` a new sample of columns in every step (`sampled_cells`), whose time grows with users,
items and ratings, not with users x items.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.posterior import Prior, clip_step, column_products, degree_covariates, fit_prior, with_prior
from ganrs_jax.profile.sampled_cells import SampledSide, SparseRows, sampled_side
from ganrs_jax.training.loop import Report, silent

_KEY = 0  # of the random subspace
_OVERSAMPLING = 12  # directions beside those wanted
_POWERS = 6  # products with the matrix and its transpose: real spectra fall off slowly
MOST_CELLS = 1 << 28  # users x items that are all summed over: samples add noise, but cost no more with size
_BLOCK_CELLS = 1 << 21  # cells of the matrix held at once: 8 MiB
_WARM_UP = 3  # first rounds, without draws: their noise would hide the way from the start to the mode
_STAGE = "who rates what"


def spectral_start(ratings: Ratings, rank: int) -> tuple[jax.Array, jax.Array]:
    """Vectors of users [U, 1 + k] and items [I, 1 + k].

    Intercepts come from the counts, factors from singular vectors 2, 3, ....
    """
    per_user, per_item = (np.bincount(ids).astype(np.float64) for ids in (ratings.user, ratings.item))
    weight = 1 / np.sqrt(per_user[ratings.user] * per_item[ratings.item])
    matrix = sp.csr_array((weight, (ratings.user, ratings.item)), (len(per_user), len(per_item)))
    rng = np.random.default_rng(0)
    start, most = rng.uniform(0.5, 1.5, min(matrix.shape)), min(matrix.shape) - 1
    left, values, right = sla.svds(matrix, k=min(rank + 1, most), v0=start, rng=rng)
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


class Interactions(NamedTuple):
    """Draws from the posterior: vectors <intercept, factors>, user [R, U, 1 + k] and item [R, I, 1 + k]."""

    user: jax.Array
    item: jax.Array


def fit_interactions(
    key: jax.Array,
    ratings: Ratings,
    *,
    rank: int,
    rounds: int,
    draws: int,
    report: Report = silent,
) -> Interactions:
    """Draws of the vectors of all users and items.

    Args:
      rank: factors, beside the intercept.
      rounds: passes over users and items.
      draws: R, draws of each side given the last draw of the other.
    """
    users: DenseSide | SampledSide
    items: DenseSide | SampledSide
    size, transposed = (ratings.num_users, ratings.num_items), (ratings.num_items, ratings.num_users)
    if size[0] * size[1] <= MOST_CELLS:
        users = dense_side(ratings.user, ratings.item, *size)
        items = dense_side(ratings.item, ratings.user, *transposed)
        x, y = spectral_start(ratings, rank)
    else:
        users = sampled_side(ratings.user, ratings.item, *size)
        items = sampled_side(ratings.item, ratings.user, *transposed)
        x, y = randomised_start(users.rated, items.rated, rank)
    for number in range(rounds):
        user_key, item_key = jax.random.split(jax.random.fold_in(key, number))
        drawn = 0 if number < _WARM_UP else 1
        x = users.newton_step(user_key, x, y)[drawn]
        y = items.newton_step(item_key, y, x)[drawn]
        report(_STAGE, number + 1, rounds, {})
    user_key, item_key = jax.random.split(jax.random.fold_in(key, rounds))
    return Interactions(users.draws(user_key, x, y, draws), items.draws(item_key, y, x, draws))


class DenseSide(NamedTuple):
    """Rows of one side: cells [blocks, M] = row in block * columns + column, padded; covariates [N, 3]."""

    cells: jax.Array
    covariates: jax.Array
    block_rows: int
    num_columns: int

    def newton_step(self, key: jax.Array, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Vectors after a Newton step, and a draw around them, both [N, K]."""
        return self._newton(key, x, other, fit_prior(x, self.covariates))

    def draws(self, key: jax.Array, x: jax.Array, other: jax.Array, count: int) -> jax.Array:
        """Draws [R, N, K] from the Laplace approximation at the mode."""
        prior = fit_prior(x, self.covariates)
        for number in range(2):
            x, _ = self._newton(jax.random.fold_in(key, number), x, other, prior)
        gram, linear = _quadratic(self.cells, x, other, self.block_rows, self.num_columns)
        drawn = [with_prior(k, gram, linear, prior, self.covariates)[1] for k in jax.random.split(key, count)]
        return jnp.stack(drawn)

    def _newton(self, key: jax.Array, x: jax.Array, other: jax.Array, prior: Prior) -> tuple[jax.Array, jax.Array]:
        gram, linear = _quadratic(self.cells, x, other, self.block_rows, self.num_columns)
        mean, drawn = with_prior(key, gram, linear, prior, self.covariates)
        mode = x + clip_step(mean - x)
        return mode, mode + drawn - mean


def dense_side(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> DenseSide:
    """The side whose vectors are of `row` [N ratings]; `column` [N] is the other's."""
    block_rows = min(num_rows, max(16, min(512, _BLOCK_CELLS // num_columns)))
    block, cell = row // block_rows, (row % block_rows) * num_columns + column
    counts = np.bincount(block, minlength=-(-num_rows // block_rows))
    cells = np.full((len(counts), counts.max()), block_rows * num_columns, np.int32)
    order = np.argsort(block, kind="stable")
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    cells[block[order], within] = cell[order]
    covariates = degree_covariates(np.bincount(row, minlength=num_rows))
    return DenseSide(jnp.asarray(cells), covariates, block_rows, num_columns)


@functools.partial(jax.jit, static_argnums=(3, 4))
def _quadratic(
    cells: jax.Array, x: jax.Array, other: jax.Array, block_rows: int, num_columns: int
) -> tuple[jax.Array, jax.Array]:
    """The log-likelihood around x as gram [N, K, K] and linear term [N, K]."""
    size = x.shape[1]
    features = other.at[:, 0].set(1.0)
    products, place = column_products(features, features)

    def block(part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        cells_M, x_BxK = part
        rated = jnp.zeros(block_rows * num_columns).at[cells_M].set(1.0, mode="drop")
        chance = jax.nn.sigmoid(x_BxK @ features.T + other[:, 0][None])
        gram = ((chance * (1 - chance)) @ products)[:, place]
        slope = (rated.reshape(block_rows, num_columns) - chance) @ features
        return gram, slope + jnp.einsum("nij,nj->ni", gram, x_BxK)

    rows = cells.shape[0] * block_rows
    padded = jnp.pad(x, ((0, rows - len(x)), (0, 0))).reshape(-1, block_rows, size)
    gram, linear = jax.lax.map(block, (cells, padded))
    return gram.reshape(rows, size, size)[: len(x)], linear.reshape(rows, size)[: len(x)]
