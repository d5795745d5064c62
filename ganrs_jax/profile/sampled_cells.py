"""Who rates what where users x items are too many to sum over: rated cells exactly, all cells from sampled columns.

The gradient of the log-likelihood is, for each user, the sum of the vectors of the items it rated, less the sum of
those of all items times their chances; the Hessian is a sum over all items alone. The first is a product with a sparse
matrix. The sums over all items are estimated, in each step from a new sample of them without replacement, an
item's weight one over its chance to be in the sample (Horvitz and Thompson 1952, doi 10.1080/01621459.1952.10483446).
Chances rise with popularity, as the terms of the sums do, and the most popular items are always there; the
sample is taken at equal steps along the items in order of popularity, so that each popularity is there in its
share. All of it likewise with users and items exchanged. Estimates are unbiased whatever the sample's size.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from ganrs_jax.profile.posterior import Prior, clip_step, column_products, degree_covariates, fit_prior, with_prior

_SAMPLE = 4096  # columns per step: more make steps less noisy and cost time and memory in proportion
_EVEN = 0.25  # part of the sample that is drawn whatever the popularity: affinities for rare items count too
_GROUP = 32  # columns of one row summed at once: more fill rows of few ratings with nothing
_GROUP_BLOCK = 2048  # such groups held at once
_BLOCK_CELLS = 1 << 21  # rows x sampled columns held at once


class SparseRows(NamedTuple):
    """Columns of ones in groups of one row: columns [blocks, B, 32] (C = none), row [blocks, B] (N = none).

    counts: ones of each row, int64 [N].
    """

    columns: jax.Array
    row: jax.Array
    counts: np.ndarray

    def product(self, table_CxK: jax.Array) -> jax.Array:
        """The matrix times a table, [N, K]: for each row the sum of the table's rows at its ones."""
        return _product(self.columns, self.row, table_CxK, len(self.counts))


def sparse_rows(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> SparseRows:
    """The matrix [num_rows, num_columns] with ones at (row, column), int [M] each, no pair twice."""
    matrix = sp.csr_array((np.ones(len(row), bool), (row, column)), (num_rows, num_columns))
    counts = np.diff(matrix.indptr).astype(np.int64)
    groups = -(-counts // _GROUP)
    total = -(-groups.sum() // _GROUP_BLOCK) * _GROUP_BLOCK
    row_of_group = np.full(total, num_rows, np.int32)
    row_of_group[: groups.sum()] = np.repeat(np.arange(num_rows, dtype=np.int32), groups)
    columns = np.full(total * _GROUP, num_columns, np.int32)
    filled = np.ones(groups.sum() * _GROUP, bool)  # a mask, not places: these would take 8 bytes a one
    short = np.flatnonzero(counts % _GROUP)
    ends = np.cumsum(groups) * _GROUP
    for missing in range(1, _GROUP):
        filled[ends[short[_GROUP - counts[short] % _GROUP >= missing]] - missing] = False
    columns[: len(filled)][filled] = matrix.indices
    return SparseRows(
        jnp.asarray(columns.reshape(-1, _GROUP_BLOCK, _GROUP)),
        jnp.asarray(row_of_group.reshape(-1, _GROUP_BLOCK)),
        counts,
    )


@functools.partial(jax.jit, static_argnums=3)
def _product(columns: jax.Array, row: jax.Array, table: jax.Array, num_rows: int) -> jax.Array:
    padded = jnp.pad(table, ((0, 1), (0, 0)))

    def block(sums: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        columns_BxG, row_B = part
        return sums.at[row_B].add(padded[columns_BxG].sum(1), indices_are_sorted=True), None

    return jax.lax.scan(block, jnp.zeros((num_rows + 1, table.shape[1])), (columns, row))[0][:num_rows]


class Sample(NamedTuple):
    """Columns in a sample, int64 [M], and what each stands for, float32 [M]."""

    column: np.ndarray
    weight: np.ndarray


class SampledSide(NamedTuple):
    """Rows of one side: what they rated; covariates [N, 3]; of the columns, how often each is rated, int64 [C]."""

    rated: SparseRows
    covariates: jax.Array
    popularity: np.ndarray

    def newton_step(self, key: jax.Array, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Vectors after a Newton step, and a draw around them, both [N, K]."""
        mode, drawn = self._step(key, x, other, fit_prior(x, self.covariates), 1)
        return mode, drawn[0]

    def draws(self, key: jax.Array, x: jax.Array, other: jax.Array, count: int) -> jax.Array:
        """Draws [R, N, K] from the Laplace approximation at the mode."""
        prior = fit_prior(x, self.covariates)
        for number in range(2):
            x, _ = self._step(jax.random.fold_in(key, number), x, other, prior, 1)
        return self._step(jax.random.fold_in(key, 2), x, other, prior, count)[1]

    def _step(
        self, key: jax.Array, x: jax.Array, other: jax.Array, prior: Prior, count: int
    ) -> tuple[jax.Array, jax.Array]:
        """Vectors after a Newton step [N, K] and draws around them [R, N, K]."""
        sample_key, draw_key = jax.random.split(key)
        sample = draw_columns(sample_key, self.popularity, _SAMPLE)
        features = other.at[:, 0].set(1.0)
        seen = other[sample.column], jnp.asarray(sample.weight)
        return _steps(draw_key, x, self.rated.product(features), self.covariates, *seen, prior, count)


def sampled_side(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> SampledSide:
    """The side whose vectors are of `row` [N ratings]; `column` [N] is the other's."""
    rated = sparse_rows(row, column, num_rows, num_columns)
    return SampledSide(rated, degree_covariates(rated.counts), np.bincount(column, minlength=num_columns))


def draw_columns(key: jax.Array, popularity: np.ndarray, size: int) -> Sample:
    """A sample of columns, none twice; all of them if they are no more than `size`.

    Args:
      popularity: [C], not negative. A column's chance is in proportion to it, beside an even part, and at most 1.
    """
    if len(popularity) <= size:
        return Sample(np.arange(len(popularity)), np.ones(len(popularity), np.float32))
    rng = np.random.default_rng(np.asarray(jax.random.bits(key, (2,))))
    chance = _chances(popularity, size)
    order = np.lexsort((rng.random(len(chance)), popularity))
    ends = np.cumsum(chance[order])
    place = np.searchsorted(ends / ends[-1] * size, np.arange(size) + rng.random(), side="right")
    column = order[np.unique(np.minimum(place, len(order) - 1))]
    return Sample(column, (1 / chance[column]).astype(np.float32))


def _chances(popularity: np.ndarray, size: int) -> np.ndarray:
    """Of each column to be in a sample of so many."""
    share = (1 - _EVEN) * popularity / popularity.sum() + _EVEN / len(popularity)
    certain = np.zeros(len(share), bool)
    while True:
        chance = np.where(certain, 1.0, share * ((size - certain.sum()) / share[~certain].sum()))
        if (chance <= 1).all():
            return chance
        certain |= chance > 1


@functools.partial(jax.jit, static_argnums=7)
def _steps(
    key: jax.Array,
    x: jax.Array,
    rated: jax.Array,
    covariates: jax.Array,
    other_MxK: jax.Array,
    weight_M: jax.Array,
    prior: Prior,
    count: int,
) -> tuple[jax.Array, jax.Array]:
    """A block of rows at a time from the likelihood to the draws: grams of all rows are never held."""
    size = x.shape[1]
    features = other_MxK.at[:, 0].set(1.0)
    weighted = weight_M[:, None] * features
    products, place = column_products(weighted, features)

    def block(part: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        number, x_BxK, rated_BxK, covariates_BxF = part
        chance = jax.nn.sigmoid(x_BxK @ features.T + other_MxK[:, 0][None])
        gram = ((chance * (1 - chance)) @ products)[:, place]
        linear = rated_BxK - chance @ weighted + jnp.einsum("nij,nj->ni", gram, x_BxK)
        keys = jax.random.split(jax.random.fold_in(key, number), count)
        mean, drawn = jax.vmap(lambda k: with_prior(k, gram, linear, prior, covariates_BxF))(keys)
        mode = x_BxK + clip_step(mean[0] - x_BxK)
        return mode, mode[None] + drawn - mean

    block_rows = max(1, min(len(x), _BLOCK_CELLS // len(weight_M)))
    blocked = [
        jnp.pad(part, ((0, -len(x) % block_rows), (0, 0))).reshape(-1, block_rows, part.shape[1])
        for part in (x, rated, covariates)
    ]
    mode, drawn = jax.lax.map(block, (jnp.arange(len(blocked[0])), *blocked))
    drawn = drawn.transpose(1, 0, 2, 3).reshape(count, -1, size)
    return mode.reshape(-1, size)[: len(x)], drawn[:, : len(x)]
