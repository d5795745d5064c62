"""Moments prescribed by rank: active users and popular items are few, but most ratings are theirs.

A catalogue has some fifty items with a quarter of all ratings; drawn by chance, their mean and spread differ
from the source's far more than a whole dataset's do. So owners are cut into strata by the rank of a number
that tells how much they weigh, and within each stratum vectors are given the source's mean and covariance by
an affine map.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_MOST = 6  # strata
_LEAST_OWNERS = 3  # of the source a stratum, and of the dataset, for each column
_RIDGE = 1e-4  # of a covariance, in parts of its mean variance


class Strata(NamedTuple):
    """Of a source, by ascending rank in `column`: share of owners below each stratum [M], the first 0, and its moments.

    mean [M, D], root [M, D, D] of the covariance.
    """

    column: np.int32
    below: np.ndarray
    mean: np.ndarray
    root: np.ndarray


class StrataMap(NamedTuple):
    """By generated `column`: cuts [M - 1], and for each stratum x -> (x - before) @ turn + after."""

    column: jax.Array
    cuts: jax.Array
    before: jax.Array
    turn: jax.Array
    after: jax.Array


def find_strata(draws_RxNxD: jax.Array, column: int, slope: float) -> dict[str, np.ndarray]:
    """The `Strata` of a source's vectors, as arrays to keep.

    Args:
      column: the number that owners are ranked by.
      slope: times that number is the log of how many ratings are at stake. Strata hold equal sums of the square
        root of these: between equal numbers of owners and of ratings.
    """
    draws = np.asarray(draws_RxNxD, np.float64)
    num_owners, columns = draws.shape[1:]
    order = np.argsort(draws[0, :, column], kind="stable")
    weight = np.cumsum(np.exp(slope * draws[0, order, column] / 2))
    for count in range(_MOST, 0, -1):
        cuts = np.searchsorted(weight, weight[-1] * np.arange(1, count) / count)
        if count == 1 or np.diff([0, *cuts, num_owners]).min() >= _LEAST_OWNERS * columns:
            break
    moments = [_moments(draws[:, part].reshape(-1, columns)) for part in np.split(order, cuts)]
    mean, root = (np.stack(x).astype(np.float32) for x in zip(*moments, strict=True))
    return Strata(np.int32(column % columns), np.array([0, *(cuts / num_owners)], np.float32), mean, root)._asdict()


def map_strata(vectors_NxD: Any, strata: dict[str, np.ndarray], spread: np.ndarray) -> StrataMap:
    """The map that gives a dataset's vectors the moments of the source's strata; strata of too few stay as they are.

    Args:
      vectors_NxD: generated; strata: of the source (`find_strata`).
      spread: factor of each column's deviations within a stratum, [D].
    """
    vectors = np.asarray(vectors_NxD, np.float64)
    columns = vectors.shape[1]
    ranked = vectors[:, int(strata["column"])]
    order = np.argsort(ranked, kind="stable")
    places = np.rint(np.asarray(strata["below"])[1:] * len(vectors)).astype(int)
    cuts = ranked[order][np.minimum(places, len(vectors) - 1)]
    before, turn, after = [], [], []
    for number, part in enumerate(np.split(order, places)):
        enough = len(part) >= _LEAST_OWNERS * columns
        mean, root = _moments(vectors[part]) if enough else (np.zeros(columns), np.eye(columns))
        wanted = spread[:, None] * np.asarray(strata["root"][number], np.float64) if enough else np.eye(columns)
        before.append(mean)
        turn.append(np.linalg.inv(root).T @ wanted.T)
        after.append(strata["mean"][number] if enough else np.zeros(columns))
    arrays = (jnp.asarray(np.array(x), jnp.float32) for x in (cuts, before, turn, after))
    return StrataMap(jnp.asarray(strata["column"]), *arrays)


@jax.jit
def apply_strata(strata_map: StrataMap, vectors_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; the stratum is that of the column they come with."""
    stratum = jnp.searchsorted(strata_map.cuts, vectors_NxD[:, strata_map.column], side="right")
    mapped = jnp.zeros_like(vectors_NxD)
    for number in range(len(strata_map.before)):
        moved = (vectors_NxD - strata_map.before[number][None]) @ strata_map.turn[number] + strata_map.after[number][
            None
        ]
        mapped = jnp.where((stratum == number)[:, None], moved, mapped)
    return mapped


def _moments(vectors_NxD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariance = np.atleast_2d(np.cov(vectors_NxD.T))
    ridge = _RIDGE * np.trace(covariance) / len(covariance) + 1e-9
    return vectors_NxD.mean(0), np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
