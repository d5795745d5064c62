"""A sparse 0/1 matrix too large to be held densely: products with thin matrices, and its leading singular vectors."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

_GROUP = 32  # columns of one row summed at once
_GROUP_BLOCK = 2048  # such groups held at once
_OVERSAMPLING = 12  # directions beside those wanted
_POWERS = 6  # products with the matrix and its transpose: real spectra fall off slowly


class SparseRows(NamedTuple):
    """Columns of ones in groups of one row: columns [blocks, B, 32] (C = none), owner [blocks, B] (N = none).

    counts: ones of each row, int64 [N].
    """

    columns: jax.Array
    owner: jax.Array
    counts: np.ndarray

    def product(self, table_CxK: jax.Array) -> jax.Array:
        """The matrix times a table, [N, K]: for each row the sum of the table's rows at its ones."""
        return _product(self.columns, self.owner, table_CxK, len(self.counts))


def sparse_rows(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> SparseRows:
    """The matrix [num_rows, num_columns] with ones at (row, column), int [M] each, no pair twice."""
    matrix = sp.csr_array((np.ones(len(row), bool), (row, column)), (num_rows, num_columns))
    counts = np.diff(matrix.indptr).astype(np.int64)
    groups = -(-counts // _GROUP)
    total = -(-groups.sum() // _GROUP_BLOCK) * _GROUP_BLOCK
    owner = np.full(total, num_rows, np.int32)
    owner[: groups.sum()] = np.repeat(np.arange(num_rows, dtype=np.int32), groups)
    columns = np.full(total * _GROUP, num_columns, np.int32)
    filled = np.ones(groups.sum() * _GROUP, bool)  # a mask, not places: these would take 8 bytes a one
    short = np.flatnonzero(counts % _GROUP)
    ends = np.cumsum(groups) * _GROUP
    for missing in range(1, _GROUP):
        filled[ends[short[_GROUP - counts[short] % _GROUP >= missing]] - missing] = False
    columns[: len(filled)][filled] = matrix.indices
    return SparseRows(
        jnp.asarray(columns.reshape(-1, _GROUP_BLOCK, _GROUP)), jnp.asarray(owner.reshape(-1, _GROUP_BLOCK)), counts
    )


@functools.partial(jax.jit, static_argnums=3)
def _product(columns: jax.Array, owner: jax.Array, table: jax.Array, num_rows: int) -> jax.Array:
    padded = jnp.pad(table, ((0, 1), (0, 0)))

    def block(sums: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        columns_BxG, owner_B = part
        return sums.at[owner_B].add(padded[columns_BxG].sum(1), indices_are_sorted=True), None

    return jax.lax.scan(block, jnp.zeros((num_rows + 1, table.shape[1])), (columns, owner))[0][:num_rows]


def randomised_svd(
    key: jax.Array, rows: SparseRows, transposed: SparseRows, rank: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leading singular triples of D_r^-1/2 A D_c^-1/2, A a sparse 0/1 matrix and its transpose, D its row sums.

    Halko, Martinsson and Tropp 2011 (doi 10.1137/090771806), algorithms 4.4 and 5.1: a random subspace, sharpened by
    powers with an orthonormal basis between them, and the small problem within it.

    Returns:
      left [N, rank], values [rank] descending, right [C, rank], float32; a row without ones is zero.
    """
    of_row, of_column = (_inverse_root(side.counts) for side in (rows, transposed))

    def times(x_CxP: jax.Array) -> jax.Array:
        return of_row * rows.product(of_column * x_CxP)

    def back(x_NxP: jax.Array) -> jax.Array:
        return of_column * transposed.product(of_row * x_NxP)

    size = min(rank + _OVERSAMPLING, len(of_row), len(of_column))
    basis = times(jax.random.normal(key, (len(of_column), size)))
    for _ in range(_POWERS):
        basis = times(jnp.linalg.qr(back(jnp.linalg.qr(basis)[0]))[0])
    basis = jnp.linalg.qr(basis)[0]
    right, values, turn = jnp.linalg.svd(back(basis), full_matrices=False)
    left, values, right = (np.asarray(x) for x in (basis @ turn.T, values, right))
    return left[:, :rank], values[:rank], right[:, :rank]


def _inverse_root(counts: np.ndarray) -> jax.Array:
    return jnp.asarray(np.where(counts, 1 / np.sqrt(np.maximum(counts, 1)), 0)[:, None], jnp.float32)
