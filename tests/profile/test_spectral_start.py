"""Products with a sparse 0/1 matrix in groups, and its leading singular triples, beside the dense ones and scipy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse.linalg as sla

from ganrs_jax.profile.interactions import randomised_svd
from ganrs_jax.profile.sampled_cells import SparseRows, sparse_rows

ROWS, COLUMNS, RANK = 300, 200, 6


@pytest.fixture(scope="module")
def dense() -> np.ndarray:
    """Four groups of rows with preferences of their own; rows of 0, 32, 33 and all columns, and a column of none."""
    rng = np.random.default_rng(0)
    same = np.arange(ROWS)[:, None] % 4 == np.arange(COLUMNS) % 4
    matrix = rng.random((ROWS, COLUMNS)) < np.where(same, 0.5, 0.1) * rng.uniform(0.3, 1, (ROWS, 1))
    for row, ones in enumerate((0, 32, 33, COLUMNS)):
        matrix[row] = np.arange(COLUMNS) < ones
    matrix[:, 150] = False
    return matrix


def sides(dense: np.ndarray) -> tuple[SparseRows, SparseRows]:
    row, column = (x[np.random.default_rng(1).permutation(dense.sum())] for x in np.nonzero(dense))
    return sparse_rows(row, column, *dense.shape), sparse_rows(column, row, *dense.T.shape)


def normalised(dense: np.ndarray) -> np.ndarray:
    of_row, of_column = (np.maximum(dense.sum(axis), 1) ** -0.5 for axis in (1, 0))
    return of_row[:, None] * dense * of_column


def test_products_are_those_of_the_dense_matrix(dense):
    for side, matrix in zip(sides(dense), (dense, dense.T), strict=True):
        table = np.random.default_rng(2).normal(size=(matrix.shape[1], 5)).astype(np.float32)
        np.testing.assert_allclose(side.product(jnp.asarray(table)), matrix @ table, atol=1e-4)
        np.testing.assert_array_equal(side.counts, matrix.sum(1))


def test_singular_triples_are_scipys(dense):
    left, values, right = randomised_svd(jax.random.key(0), *sides(dense), RANK)
    assert (left.shape, values.shape, right.shape) == ((ROWS, RANK), (RANK,), (COLUMNS, RANK))
    assert (np.diff(values) <= 0).all()
    wanted_left, wanted, wanted_right = sla.svds(normalised(dense), k=RANK, random_state=0)
    wanted_values = np.sort(wanted)[::-1]
    np.testing.assert_allclose(values[:4], wanted_values[:4], rtol=1e-4)  # four stand out of the noise
    np.testing.assert_allclose(values, wanted_values, rtol=0.02)
    for found, theirs in ((left, wanted_left), (right, wanted_right.T)):
        overlap = np.linalg.svd(found[:, :4].T @ theirs[:, np.argsort(-wanted)[:4]])[1]
        assert overlap.min() > 0.999
        np.testing.assert_allclose(found.T @ found, np.eye(RANK), atol=1e-4)


def test_the_rank_may_be_all_there_is(dense):
    small = dense[10:40, :20]
    left, values, right = randomised_svd(jax.random.key(0), *sides(small), 20)
    np.testing.assert_allclose(values, np.linalg.svd(normalised(small))[1], atol=1e-5)
    np.testing.assert_allclose((left * values) @ right.T, normalised(small), atol=1e-5)


def test_the_key_decides(dense):
    first, again, other = (randomised_svd(jax.random.key(k), *sides(dense), RANK) for k in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])
