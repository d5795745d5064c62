"""NDCG@10 of five reference recommenders, by increasing need of local structure: how a dataset judges them.

Popularity and PureSVD of 10 factors live on what every user has in common, PureSVD of 64 factors, item-kNN and EASE on
neighbourhoods of items as well. Ratings are not looked at: who rated what is.
"""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from ganrs_jax.checks import free_memory
from ganrs_jax.fidelity.samples import Sample, TooSmallError
from ganrs_jax.recommenders.hyperparameters import EaseConfig, NeighboursConfig
from ganrs_jax.statistics.item_weights import ease_weights, neighbour_weights
from ganrs_jax.statistics.ndcg import Score, mean_ndcg, product_score
from ganrs_jax.statistics.spectrum import singular_triples

MODELS = ("popularity", "pure_svd_10", "pure_svd_64", "item_knn", "ease")
MOST_USERS = 2000  # that lists are made for, at random
_FACTORS = (10, 64)
_LEAST_USERS, _LEAST_ITEMS = 10, 20
_PADDED = 256  # items a program is compiled for: multiples of it, so that datasets of about one size share programs
_ONE_THREAD = 4096  # items up to which it is as fast
_BYTES = 20  # a pair of items, while their weights are made


def ndcg(sample: Sample, seed: int) -> np.ndarray:
    """The mean NDCG@10 of `MODELS` over users, float64 [5].

    A random fifth of the rows is held out. Every item that a user has no training row of is ranked, ties by chance; a
    held-out row is a hit. The mean is over users with held-out rows, a random 2,000 of them where there are more.
    Popularity, item-kNN of 100 neighbours and EASE of penalty 200 are those of `ganrs_jax.recommenders`; so is PureSVD,
    but that its singular vectors come from a sparse solver, which takes a fraction of the time on a CPU.

    Args:
      seed: of the split, the users chosen and ties.

    Raises:
      TooSmallError: fewer than 20 items, or 10 users with held-out rows; or more pairs of items than memory holds.
    """
    shape = sample.num_users, sample.num_items
    if shape[1] < _LEAST_ITEMS:
        raise TooSmallError(f"fewer than {_LEAST_ITEMS} items to rank")
    free, needed = free_memory(), _BYTES * shape[1] ** 2
    if free and needed > free:
        raise TooSmallError(f"pairs of {shape[1]} items need {needed / 2**30:.1f} GiB, {free / 2**30:.1f} are free")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sample.rating))
    test, train = (
        sp.csr_array((np.ones(len(rows), np.float32), (sample.user[rows], sample.item[rows])), shape)
        for rows in (order[: len(order) // 5], order[len(order) // 5 :])
    )
    users = rng.permutation(np.flatnonzero(np.diff(test.indptr)))[:MOST_USERS]
    if len(users) < _LEAST_USERS:
        raise TooSmallError(f"fewer than {_LEAST_USERS} users with held-out ratings")
    # threads gain nothing on small matrices, and lose much on a busy machine
    with threadpool_limits(limits=1 if shape[1] <= _ONE_THREAD else None):
        return np.array([mean_ndcg(score, train[users], test[users], rng) for score in _scores(train)])


def _scores(train: sp.csr_array) -> Iterator[Score]:
    """Of each of `MODELS` in turn, from training rows [B, I] of users to scores [B, I] or wider."""
    num_items = train.shape[1]
    degree_I = np.asarray(train.sum(0))
    yield lambda rows_BxI: np.broadcast_to(degree_I, rows_BxI.shape)
    item_IxK = singular_triples(train.astype(np.float64), min(max(_FACTORS), min(train.shape) - 1)).items_IxK
    for factors in _FACTORS:
        yield product_score(item_IxK[:, :factors], item_IxK[:, :factors].T)
    counts_PxP = np.zeros((-(-num_items // _PADDED) * _PADDED,) * 2, np.float32)
    counts_PxP[:num_items, :num_items] = (train.T @ train).toarray()
    counts = jnp.asarray(counts_PxP)
    yield product_score(
        np.asarray(neighbour_weights(counts, min(NeighboursConfig.neighbours, len(counts))))[:num_items]
    )
    yield product_score(np.asarray(ease_weights(counts, EaseConfig.penalty))[:num_items])
