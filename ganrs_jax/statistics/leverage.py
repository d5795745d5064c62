"""Leverage: how much of the leading structure of who rates what is of one user, or of one item."""

from typing import NamedTuple

import numpy as np

from ganrs_jax.statistics.spectrum import Spectral

_MOST_BINS, _LEAST_PER_BIN = 8, 50  # of degree, and entities in each at least: more bins are finer, and noisier
RANKS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0])  # bins of leverage
_LEAST_IN_TAIL = 4.0  # entities in the last bin: fewer and its mean is one of them's


class Leverage(NamedTuple):
    """Leverages of one side: mean in bins of degree, at log degrees `log_degree` [B], and their spread.

    by_degree: [B], of geometric mean 1. spread: [Q], relative to what the degree lets expect, in bins of its rank.
    """

    log_degree: np.ndarray
    by_degree: np.ndarray
    spread: np.ndarray


def leverages(
    user: np.ndarray, item: np.ndarray, found: Spectral, like: tuple[Leverage, Leverage] | None = None
) -> tuple[Leverage, Leverage]:
    """Of users, and of items: the lengths of their rows in the leading singular vectors times their values.

    Args:
      user, item: pairs [N], of which `found` are the singular triples.
      like: of a dataset to compare with, whose bins are as many; omitted, as many as there are entities for.
    """
    sides = ((user, found.users_UxK), (item, found.items_IxK))
    users, items = (
        _leverage(np.bincount(ids), x[:, 1:] * found.values[1:], other)
        for (ids, x), other in zip(sides, like or (None, None), strict=True)
    )
    return users, items


def _leverage(degree: np.ndarray, scaled_NxK: np.ndarray, like: Leverage | None) -> Leverage:
    """Of the entities with ratings enough to be in the spectrum."""
    length = np.linalg.norm(scaled_NxK, axis=1)
    seen = length > 1e-9
    log_degree, length = np.log(degree[seen]), length[seen]
    edges = RANKS[:-1][(1 - RANKS[:-1]) * len(length) >= _LEAST_IN_TAIL]
    count = max(1, min(_MOST_BINS, len(log_degree) // _LEAST_PER_BIN))
    if like is not None:
        edges, count = RANKS[: len(like.spread)], len(like.by_degree)
    bins = np.array_split(np.argsort(log_degree, kind="stable"), count)
    at, by_degree = (np.array([x[part].mean() for part in bins]) for x in (log_degree, length))
    relative = np.sort(length / np.interp(log_degree, at, by_degree))
    starts = (edges * len(length)).astype(int)
    spread = np.add.reduceat(relative, starts) / np.diff(np.append(starts, len(length)))
    return Leverage(at, by_degree / np.exp(np.mean(np.log(by_degree))), spread)
