"""Who rates what: logistic matrix factorisation of the 0/1 matrix, by Newton steps and posterior draws.

logit P(user u rated item i) = a_u + c_i + x_u . y_i over all cells (Johnson 2014, "Logistic matrix
factorization", without confidence weights), with normal priors learned from the draws. Each round takes a
Newton step on every user's vector, draws it from its Laplace approximation, and then does the same for
items: an approximate Gibbs sampler. The matrix exists a block of rows at a time only.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from ganrs_jax.embedding.posterior import Prior, fit_prior, size_facts, with_prior
from ganrs_jax.ratings import Ratings
from ganrs_jax.resume import NOTHING, Kept
from ganrs_jax.training import Report, silent

_BLOCK_CELLS = 1 << 21  # cells of the matrix held at once
_WARM_UP = 3  # first rounds, without draws
_STAGE = "who rates what"
_LONGEST_STEP = 4.0  # of a vector in a Newton step


class Interactions(NamedTuple):
    """Draws from the posterior: vectors <intercept, factors>, user [R, U, 1 + k] and item [R, I, 1 + k]."""

    user: jax.Array
    item: jax.Array


class _Side(NamedTuple):
    """Rows of one side: cells [blocks, M] = row in block * columns + column, padded; facts [N, 3]."""

    cells: jax.Array
    facts: jax.Array
    block_rows: int
    num_columns: int


def fit_interactions(
    key: jax.Array,
    ratings: Ratings,
    *,
    rank: int,
    rounds: int,
    draws: int,
    report: Report = silent,
    kept: Kept = NOTHING,
) -> Interactions:
    """Draws of the vectors of all users and items.

    Args:
      rank: factors, beside the intercept.
      rounds: passes over users and items.
      draws: R, draws of each side given the last draw of the other.
    """
    users = _side(ratings.user, ratings.item, ratings.num_users, ratings.num_items)
    items = _side(ratings.item, ratings.user, ratings.num_items, ratings.num_users)
    done, (x, y) = kept.resume(_STAGE, _spectral_start(ratings, rank))
    for number in range(done, rounds):
        user_key, item_key = jax.random.split(jax.random.fold_in(key, number))
        warm = number < _WARM_UP
        x = _turn(user_key, users, x, y, 0 if warm else 1)
        y = _turn(item_key, items, y, x, 0 if warm else 1)
        report(_STAGE, number + 1, rounds, {})
        kept.save(_STAGE, number + 1, (x, y))
    keys = jax.random.split(jax.random.fold_in(key, rounds))
    return Interactions(*(_draws(k, *s, draws) for k, s in zip(keys, ((users, x, y), (items, y, x)), strict=True)))


def _turn(key: jax.Array, side: _Side, x: jax.Array, other: jax.Array, drawn: float) -> jax.Array:
    """One Newton step on the vectors of a side, and a draw around where it ends."""
    prior = fit_prior(x, side.facts)
    return _newton(key, side, x, other, prior)[1 if drawn else 0]


def _draws(key: jax.Array, side: _Side, x: jax.Array, other: jax.Array, count: int) -> jax.Array:
    """Draws [R, N, 1 + k] from the Laplace approximation at the mode."""
    prior = fit_prior(x, side.facts)
    for number in range(2):
        x, _ = _newton(jax.random.fold_in(key, number), side, x, other, prior)
    gram, linear = _quadratic(side, x, other)
    drawn = [with_prior(k, gram, linear, prior, side.facts)[1] for k in jax.random.split(key, count)]
    return jnp.stack(drawn)


def _newton(key: jax.Array, side: _Side, x: jax.Array, other: jax.Array, prior: Prior) -> tuple[jax.Array, jax.Array]:
    gram, linear = _quadratic(side, x, other)
    mean, drawn = with_prior(key, gram, linear, prior, side.facts)
    step = mean - x
    length = jnp.linalg.norm(step, axis=1, keepdims=True)
    mode = x + step * jnp.minimum(1.0, _LONGEST_STEP / jnp.maximum(length, 1e-9))
    return mode, mode + drawn - mean


def _quadratic(side: _Side, x: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The log-likelihood around x as gram [N, K, K] and linear term [N, K]; K = 1 + k."""
    return _blocks(side.block_rows, side.num_columns)(side.cells, x, other)


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


def _side(row: np.ndarray, column: np.ndarray, num_rows: int, num_columns: int) -> _Side:
    block_rows = min(num_rows, max(16, min(512, _BLOCK_CELLS // num_columns)))
    block, cell = row // block_rows, (row % block_rows) * num_columns + column
    counts = np.bincount(block, minlength=-(-num_rows // block_rows))
    cells = np.full((len(counts), counts.max()), block_rows * num_columns, np.int32)
    order = np.argsort(block, kind="stable")
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    cells[block[order], within] = cell[order]
    facts = size_facts(np.bincount(row, minlength=num_rows))
    return _Side(jnp.asarray(cells), facts, block_rows, num_columns)


def _spectral_start(ratings: Ratings, rank: int) -> tuple[jax.Array, jax.Array]:
    """Intercepts from the counts, factors from singular vectors 2, 3, ... of the degree-normalised matrix."""
    per_user, per_item = (np.bincount(ids).astype(np.float64) for ids in (ratings.user, ratings.item))
    weight = 1 / np.sqrt(per_user[ratings.user] * per_item[ratings.item])
    matrix = sp.csr_array((weight, (ratings.user, ratings.item)), (len(per_user), len(per_item)))
    start = np.random.default_rng(0).uniform(0.5, 1.5, min(matrix.shape))
    left, values, right = sla.svds(matrix, k=min(rank + 1, min(matrix.shape) - 1), v0=start)
    order = np.argsort(-values)[1:]
    half = 0.5 * np.log(per_user.mean() / len(per_item))
    sides = ((left, per_user, len(per_item), 1.0), (right.T, per_item, len(per_user), 0.5))
    x, y = (_start(vectors[:, order], counts, others, half, spread, rank) for vectors, counts, others, spread in sides)
    return x, y


def _start(vectors: np.ndarray, counts: np.ndarray, others: int, half: float, spread: float, rank: int) -> jax.Array:
    factors = vectors / np.sqrt(counts)[:, None]
    factors = np.clip(spread * factors / (factors.std(0) + 1e-12), -4 * spread, 4 * spread)
    factors = np.pad(factors, ((0, 0), (0, rank - factors.shape[1])))
    return jnp.asarray(np.concatenate([(np.log(counts / others) - half)[:, None], factors], 1), jnp.float32)
