"""How well the next items of users are found: NDCG@10 of three recommenders on a part of a dataset, in closed form.

Singular values and held-out signal are means over all pairs. What recommenders are judged by is whether a held-out
item is among the ten best of thousands, which depends on how high the highest chances of a user are.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from ganrs_jax.statistics.item_weights import ease_weights, neighbour_weights
from ganrs_jax.statistics.ndcg import PLACES, mean_ndcg, product_score
from ganrs_jax.statistics.neighbourhoods import nearest_cosine
from ganrs_jax.statistics.spectrum import singular_triples

_MOST_USERS, _MOST_ITEMS = 4096, 2048  # looked at: a random part, and the most popular
_JUDGED = 1024  # users whose lists are made: chance moves their mean by two percent
_FACTORS, _NEIGHBOURS, _PENALTY = 10, 100, 200.0  # of PureSVD, item-kNN and EASE


class TopItems(NamedTuple):
    """`ndcg` of PureSVD, item-kNN and EASE, [3]; cosine of items to their nearest, `neighbours` (`nearest_cosine`)."""

    ndcg: np.ndarray
    neighbours: float


def top_items(user: np.ndarray, item: np.ndarray, seed: int = 0) -> TopItems | None:
    """Of a dataset's pairs [N], a random fifth of the rows held out.

    Of many users a random 4,096 are looked at, and of many items the 2,048 most popular ones: memory holds as many
    numbers as these have pairs.

    Returns:
      None where there are too few users or items for lists, neighbours or factors, or nothing is held out.
    """
    rng = np.random.default_rng(seed)
    users = rng.permutation(int(user.max()) + 1)[:_MOST_USERS]
    items = np.sort(np.argsort(-np.bincount(item), kind="stable")[:_MOST_ITEMS])
    if len(users) <= _FACTORS or len(items) <= PLACES:
        return None
    rows = sp.csr_array((np.ones(len(user), np.float32), (user, item)))[users][:, items].tocoo()
    neighbours = nearest_cosine(rows.col, rows.row, rows.shape[::-1])
    held_out = rng.random(rows.nnz) < 0.2
    train, test = (
        sp.csr_array((rows.data[part], (rows.row[part], rows.col[part])), rows.shape) for part in (~held_out, held_out)
    )
    if neighbours is None or not test.nnz or not train.nnz:
        return None
    # Items by items, and the lists of some of the users who have held-out rows.
    dense = jnp.asarray(train.toarray())
    counts = dense.T @ dense
    factors = singular_triples(train.astype(np.float64), _FACTORS).items_IxK
    scores = (
        product_score(factors, factors.T),
        product_score(np.asarray(neighbour_weights(counts, min(_NEIGHBOURS, len(items))))),
        product_score(np.asarray(ease_weights(counts, _PENALTY))),
    )
    judged = np.flatnonzero(np.diff(test.indptr))[:_JUDGED]
    ndcg = [mean_ndcg(score, train[judged], test[judged], rng) for score in scores]
    return TopItems(np.array(ndcg), neighbours)
