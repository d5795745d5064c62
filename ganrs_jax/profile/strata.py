"""Moments prescribed by rank: active users and popular items are few, but most ratings are theirs.

A catalogue has some fifty items with a quarter of all ratings; drawn by chance, their mean and spread differ
from the source's far more than a whole dataset's do. So owners are cut into strata by the rank of a number
that tells how much they weigh, and within each stratum vectors are given the source's mean and covariance by
an affine map, and then each number the source's quantiles: real biases are skewed, and how many predictions
come near the end of the scale hangs on that.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.marginals import MarginalMap, apply_marginals

_MOST = 6  # strata
_LEAST_OWNERS = 3  # of the source a stratum, and of the dataset, for each column
_QUANTILES = 1 / (1 + np.exp(-np.linspace(-4, 4, 33)))  # from 2 % on; finer ones would be single owners'
_RIDGE = 1e-4  # of a covariance, in parts of its mean variance
_OF_STRATUM = ("mean", "root", "quantiles")


class Strata(NamedTuple):
    """Of a source, by ascending rank in `column`: share of owners below each stratum [M], the first 0, and its moments.

    mean [M, D], root [M, D, D] of the covariance, quantiles [M, Q, D].
    """

    column: np.int32
    below: np.ndarray
    mean: np.ndarray
    root: np.ndarray
    quantiles: np.ndarray


class StrataMap(NamedTuple):
    """By generated `column`: cuts [M - 1], and for each stratum x -> (x - before) @ turn + after, then `marginals`."""

    column: jax.Array
    cuts: jax.Array
    before: jax.Array
    turn: jax.Array
    after: jax.Array
    marginals: MarginalMap


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
    quantiles = np.stack([_quantiles(draws[:, part].reshape(-1, columns)) for part in np.split(order, cuts)])
    below = np.array([0, *(cuts / num_owners)], np.float32)
    return Strata(np.int32(column % columns), below, mean, root, quantiles)._asdict()


def map_strata(vectors_NxD: Any, strata: dict[str, np.ndarray], spread: np.ndarray) -> StrataMap:
    """The map that gives a dataset's vectors the moments of the source's strata; strata of too few stay as they are.

    Args:
      vectors_NxD: generated; strata: of the source (`find_strata`).
      spread: factor of each column's deviations within a stratum, [D].
    """
    vectors = np.asarray(vectors_NxD, np.float64)
    ranked = vectors[:, int(strata["column"])]
    order = np.argsort(ranked, kind="stable")
    places = np.rint(np.asarray(strata["below"])[1:] * len(vectors)).astype(int)
    cuts = ranked[order][np.minimum(places, len(vectors) - 1)]
    maps = [
        _map_stratum(
            vectors[part], {name: np.asarray(strata[name][number], np.float64) for name in _OF_STRATUM}, spread
        )
        for number, part in enumerate(np.split(order, places))
    ]
    before, turn, after, found, added = (jnp.asarray(np.array(x), jnp.float32) for x in zip(*maps, strict=True))
    cuts, marginals = jnp.asarray(cuts, jnp.float32), MarginalMap(found, added)
    return StrataMap(jnp.asarray(strata["column"]), cuts, before, turn, after, marginals)


@jax.jit
def apply_strata(strata_map: StrataMap, vectors_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; the stratum is that of the column they come with."""
    stratum = jnp.searchsorted(strata_map.cuts, vectors_NxD[:, strata_map.column], side="right")

    def move(mapped: jax.Array, part: tuple[Any, ...]) -> tuple[jax.Array, None]:
        number, before, turn, after, marginals = part
        moved = apply_marginals(marginals, (vectors_NxD - before[None]) @ turn + after[None])
        return jnp.where((stratum == number)[:, None], moved, mapped), None

    numbers = jnp.arange(len(strata_map.before))
    return jax.lax.scan(move, jnp.zeros_like(vectors_NxD), (numbers, *strata_map[2:]))[0]


def _map_stratum(
    vectors_NxD: np.ndarray, wanted: dict[str, np.ndarray], spread: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """before, turn, after, and the quantiles found and added, of a stratum; the identity for one of too few."""
    columns = vectors_NxD.shape[1]
    if len(vectors_NxD) < _LEAST_OWNERS * columns:
        still = np.repeat(np.arange(len(_QUANTILES), dtype=np.float64)[:, None], columns, 1)
        return np.zeros(columns), np.eye(columns), np.zeros(columns), still, 0 * still
    mean, root = _moments(vectors_NxD)
    turn = np.linalg.inv(root).T @ (spread[:, None] * wanted["root"]).T
    found = _quantiles((vectors_NxD - mean) @ turn + wanted["mean"])
    middle = wanted["mean"][None]
    return mean, turn, wanted["mean"], found, middle + spread * (wanted["quantiles"] - middle) - found


def _quantiles(vectors_NxD: np.ndarray) -> np.ndarray:
    return np.quantile(vectors_NxD, _QUANTILES, axis=0).astype(np.float32)


def _moments(vectors_NxD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariance = np.atleast_2d(np.cov(vectors_NxD.T))
    ridge = _RIDGE * np.trace(covariance) / len(covariance) + 1e-9
    return vectors_NxD.mean(0), np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
