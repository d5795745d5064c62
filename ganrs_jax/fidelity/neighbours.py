"""Nearest neighbours in bounded memory; density and coverage."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ganrs_jax.fidelity.samples import TooSmallError

_CELLS = 1 << 22  # distances held at a time: 32 MiB
_MOST = 2500  # points of each side of density and coverage


class DensityCoverage(NamedTuple):
    """density: 1 where synthetic points lie as the real ones; coverage: share of real points with one near, 0 to 1."""

    density: float
    coverage: float


def nearest_distances(queries_QxD: np.ndarray, points_NxD: np.ndarray, k: int = 1, *, same: bool = False) -> np.ndarray:
    """Euclidean distances to the k nearest points, ascending, float64 [Q, k].

    Args:
      queries_QxD, points_NxD: on one scale (see `standardised`).
      same: queries and points are the same array, and no point is its own neighbour.

    Raises:
      TooSmallError: if there are not k points.
    """
    if len(points_NxD) - same < k:
        raise TooSmallError(f"fewer than {k + same} points")
    found = np.empty((len(queries_QxD), k))
    for rows, squared_BxN in _squared_distances(queries_QxD, points_NxD):
        if same:
            squared_BxN[np.arange(len(squared_BxN)), np.arange(rows.start, rows.stop)] = np.inf
        found[rows] = np.sqrt(np.sort(np.partition(squared_BxN, k - 1, axis=1)[:, :k], axis=1))
    return found


def standardised(reference_NxD: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """The reference and the others with its mean and standard deviation taken out of every column.

    A column that is the same for the whole reference is left at its scale.
    """
    mean, std = reference_NxD.mean(0), reference_NxD.std(0)
    scale = np.where(std > 1e-12, std, 1.0)
    return [(each - mean) / scale for each in (reference_NxD, *others)]


def density_coverage(real_nxD: np.ndarray, synthetic_nxD: np.ndarray, k: int = 5, seed: int = 0) -> DensityCoverage:
    """Naeem et al. 2020 (arXiv 2002.09797, section 3.2), on as many standardised points of either side.

    A real point's ball reaches to its k-th nearest real point. Density is how many balls a synthetic point lies in,
    over k; coverage the share of balls with a synthetic point: about 1 - 2^-k for two samples of one distribution.

    Raises:
      TooSmallError: if either side has k points or fewer.
    """
    count = min(len(real_nxD), len(synthetic_nxD), _MOST)
    if count <= k:
        raise TooSmallError(f"fewer than {k + 1} profiles")
    rng = np.random.default_rng(seed)
    real, synthetic = (side[rng.permutation(len(side))[:count]] for side in standardised(real_nxD, synthetic_nxD))
    radius = nearest_distances(real, real, k, same=True)[:, -1]
    in_balls = np.empty(count)
    for rows, squared_BxN in _squared_distances(real, synthetic):
        in_balls[rows] = np.count_nonzero(squared_BxN <= radius[rows, None] ** 2, axis=1)
    return DensityCoverage(float(in_balls.mean() / k), float(np.mean(in_balls > 0)))


def _squared_distances(queries_QxD: np.ndarray, points_NxD: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The squared distances of a block of queries to all points, block after block."""
    lengths = np.einsum("nd,nd->n", points_NxD, points_NxD)
    step = max(1, _CELLS // len(points_NxD))
    for start in range(0, len(queries_QxD), step):
        rows = slice(start, min(start + step, len(queries_QxD)))
        block = queries_QxD[rows]
        squared = block @ points_NxD.T
        squared *= -2
        squared += lengths
        squared += np.einsum("qd,qd->q", block, block)[:, None]
        yield rows, np.maximum(squared, 0, out=squared)
