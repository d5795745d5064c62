"""NDCG@10 of scores that are linear in what a user has rated."""

import functools
import operator
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

PLACES = 10
_CELLS = 1 << 22  # scores held at a time: 32 MiB
_TIE = 1e-9  # of scores: less than any difference that means something, more than rounding of doubles
Score = Callable[[sp.csr_array], np.ndarray]  # from training rows [B, I] of users to scores [B, I] or wider


def product_score(*factors: np.ndarray) -> Score:
    """Training rows times each of these matrices in turn."""

    def score(rows_BxI: sp.csr_array) -> np.ndarray:
        return functools.reduce(operator.matmul, factors, rows_BxI)

    return score


def mean_ndcg(score: Score, train: sp.csr_array, test: sp.csr_array, rng: np.random.Generator) -> float:
    """Of users [B] with training and held-out rows [B, I], a part of them at a time.

    Items of training are not ranked; a held-out row is a hit; ties go by chance.
    """
    discount_N = 1 / np.log2(np.arange(PLACES) + 2)
    best_N = np.cumsum(discount_N)  # of lists that are right as far as there are held-out rows
    users, num_items = test.shape
    step, total = max(1, _CELLS // num_items), 0.0
    for start in range(0, users, step):
        seen, held = train[start : start + step], test[start : start + step]
        scores = score(seen)[:, :num_items] + _TIE * rng.random(held.shape)
        scores[seen.nonzero()] = -np.inf
        top_BxN = np.argpartition(-scores, PLACES, axis=1)[:, :PLACES]
        ranks = np.argsort(-np.take_along_axis(scores, top_BxN, 1), axis=1)
        hit_BxN = np.take_along_axis(held.toarray(), np.take_along_axis(top_BxN, ranks, 1), 1)
        total += float((hit_BxN @ discount_N / best_N[np.minimum(np.diff(held.indptr), PLACES) - 1]).sum())
    return total / users
