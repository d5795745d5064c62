"""Who rates what, all cells looked at: Newton steps and posterior draws of one side's vectors given the other's.

The matrix exists a block of rows at a time only, but every cell of it is summed over in every step; for matrices that
are too large for that see `sampled_cells`.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.posterior import Prior, fit_prior, shortened, size_facts, with_prior

_BLOCK_CELLS = 1 << 21  # cells of the matrix held at once


class DenseSide(NamedTuple):
    """Rows of one side: cells [blocks, M] = row in block * columns + column, padded; facts [N, 3]."""

    cells: jax.Array
    facts: jax.Array
    block_rows: int
    num_columns: int

    def turn(self, key: jax.Array, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Vectors after a Newton step, and a draw around them, both [N, K]."""
        return self._newton(key, x, other, fit_prior(x, self.facts))

    def draws(self, key: jax.Array, x: jax.Array, other: jax.Array, count: int) -> jax.Array:
        """Draws [R, N, K] from the Laplace approximation at the mode."""
        prior = fit_prior(x, self.facts)
        for number in range(2):
            x, _ = self._newton(jax.random.fold_in(key, number), x, other, prior)
        gram, linear = self._quadratic(x, other)
        drawn = [with_prior(k, gram, linear, prior, self.facts)[1] for k in jax.random.split(key, count)]
        return jnp.stack(drawn)

    def _newton(self, key: jax.Array, x: jax.Array, other: jax.Array, prior: Prior) -> tuple[jax.Array, jax.Array]:
        gram, linear = self._quadratic(x, other)
        mean, drawn = with_prior(key, gram, linear, prior, self.facts)
        mode = x + shortened(mean - x)
        return mode, mode + drawn - mean

    def _quadratic(self, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The log-likelihood around x as gram [N, K, K] and linear term [N, K]."""
        return _blocks(self.block_rows, self.num_columns)(self.cells, x, other)


def dense_side(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> DenseSide:
    """The side whose vectors are of `row` [N ratings]; `column` [N] is the other's."""
    block_rows = min(num_rows, max(16, min(512, _BLOCK_CELLS // num_columns)))
    block, cell = row // block_rows, (row % block_rows) * num_columns + column
    counts = np.bincount(block, minlength=-(-num_rows // block_rows))
    cells = np.full((len(counts), counts.max()), block_rows * num_columns, np.int32)
    order = np.argsort(block, kind="stable")
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    cells[block[order], within] = cell[order]
    facts = size_facts(np.bincount(row, minlength=num_rows))
    return DenseSide(jnp.asarray(cells), facts, block_rows, num_columns)


@functools.lru_cache
def _blocks(block_rows: int, num_columns: int) -> Callable[..., tuple[jax.Array, jax.Array]]:
    def quadratic(cells: jax.Array, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        size = x.shape[1]
        upper = np.triu_indices(size)
        place = np.zeros((size, size), np.int32)
        place[upper] = place.T[upper] = np.arange(len(upper[0]))
        features = other.at[:, 0].set(1.0)
        products = features[:, upper[0]] * features[:, upper[1]]

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

    return jax.jit(quadratic)
