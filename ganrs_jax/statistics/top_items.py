"""How well the next items of users are found: NDCG@10 of three recommenders on a part of a dataset, in closed form.

Singular values and held-out signal are means over all pairs. What recommenders are judged by is whether a held-out
item is among the ten best of thousands, which depends on how high the highest chances of a user are.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ganrs_jax.statistics.spectrum import singular_triples

_MOST_USERS, _MOST_ITEMS = 4096, 2048  # looked at: a random part, and the most popular
_RANK = 10  # of PureSVD (Cremonesi, Koren and Turrin 2010, doi 10.1145/1864708.1864721)
_NEIGHBOURS = 100  # of item-kNN (Sarwar et al. 2001, doi 10.1145/371920.372071)
_PENALTY = 200.0  # of EASE (Steck 2019, arXiv 1905.03375)
_NEAREST = 10  # neighbours whose cosines are averaged
_LIST = 10  # items recommended
_JUDGED = 1024  # users whose lists are made: chance moves their mean by two percent
_LEAST = 12  # users and items, for a list to be a choice


class TopItems(NamedTuple):
    """`ndcg` of PureSVD, item-kNN and EASE, [3]; mean cosine of items to their ten nearest, `neighbours`."""

    ndcg: np.ndarray
    neighbours: float


def top_items(user: np.ndarray, item: np.ndarray, seed: int = 0) -> TopItems | None:
    """Of a dataset's pairs [N], a random fifth of the rows held out.

    Of many users a random part is looked at, and of many items the most popular ones; memory holds 2,048 x 2,048
    numbers.

    Returns:
      None where there are too few users or items, or nothing is held out.
    """
    rng = np.random.default_rng(seed)
    users = rng.permutation(int(user.max()) + 1)[:_MOST_USERS]
    items = np.sort(np.argsort(-np.bincount(item), kind="stable")[:_MOST_ITEMS])
    if min(len(users), len(items)) < _LEAST:
        return None
    rows = sp.csr_array((np.ones(len(user), np.float32), (user, item)))[users][:, items].tocoo()
    held_out = rng.random(rows.nnz) < 0.2
    train, test = (
        sp.csr_array((rows.data[part], (rows.row[part], rows.col[part])), rows.shape) for part in (~held_out, held_out)
    )
    if not test.nnz or not train.nnz:
        return None
    # Items by items: projection on the leading directions, cosines to neighbours, and regression on all others.
    dense = train.toarray()
    gram = dense.T @ dense
    counts = np.diagonal(gram).copy()
    right = singular_triples(train.astype(np.float64), _RANK).items_IxK.astype(np.float32)
    root = np.sqrt(np.maximum(counts, 1))
    cosine = gram / root[:, None] / root[None]
    np.fill_diagonal(cosine, 0)
    order = np.partition(cosine, -min(_NEIGHBOURS, len(cosine)), axis=1)[:, -min(_NEIGHBOURS, len(cosine))]
    nearest = np.where(cosine >= order[:, None], cosine, 0).T
    np.fill_diagonal(gram, counts + _PENALTY)
    precision = np.linalg.inv(gram)
    regression = precision / -np.diagonal(precision)[None]
    np.fill_diagonal(regression, 0)
    neighbours = np.partition(cosine, -_NEAREST, axis=1)[:, -_NEAREST:].mean()
    # The lists of some of the users who have held-out items.
    judged = np.flatnonzero(np.diff(test.indptr))[:_JUDGED]
    seen, relevant = dense[judged], test[judged].toarray()
    scores = (seen @ right) @ right.T, seen @ nearest, seen @ regression
    return TopItems(np.array([_ndcg(each, seen, relevant, rng) for each in scores]), float(neighbours))


def _ndcg(scores_BxI: np.ndarray, seen_BxI: np.ndarray, relevant_BxI: np.ndarray, rng: np.random.Generator) -> float:
    """Mean over users; items of training are not recommended, ties go by chance."""
    gains = 1 / np.log2(np.arange(_LIST) + 2)
    ideal = np.concatenate([[0], np.cumsum(gains)])
    scores = np.where(seen_BxI > 0, -np.inf, scores_BxI + np.float32(1e-7) * rng.random(seen_BxI.shape, np.float32))
    best = np.argpartition(-scores, _LIST, axis=1)[:, :_LIST]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1), 1)
    found = np.take_along_axis(relevant_BxI, best, 1) @ gains
    return float((found / ideal[np.minimum(relevant_BxI.sum(1).astype(int), _LIST)]).mean())
