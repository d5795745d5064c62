"""Membership inference by who rated what: attacks on the sets of items that users rated.

All know which item of the source each synthetic item is, and every rating of those they ask about, but not who was
trained on. Some know the synthetic dataset alone; some the whole source beside it, members and others alike, which
tells what is typical of all and what of members; and one knows features of items that a generator holds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ganrs_jax.fidelity.membership import Attack, judged

_RARE_ITEMS = 3  # of a user, that say how rare its items are, and that attacks on rare pairs look at
_RARE_USERS = 0.1  # share of users whose rarest items are rarest, attacked apart
_LEAST = 10  # members, and others, among these
_CELLS = 1 << 22  # held at a time: 16 MiB
_PSEUDO_RATINGS = 2.0  # by which means of items are shrunk
_PSEUDO_COUNT = 0.5  # added to counts of which the logarithm is taken
RAREST = "rarest users: "  # before the name of an attack, where it is of users with the rarest items alone


class ItemSets(NamedTuple):
    """Who rated which items of the source: 0/1 matrices [users, I] of members, of others, and of synthetic users."""

    members: sp.csr_array
    others: sp.csr_array
    synthetic: sp.csr_array

    @property
    def real(self) -> sp.csr_array:
        """Members, then others."""
        return sp.csr_array(sp.vstack([self.members, self.others]))


Scores = dict[str, np.ndarray]


def item_matrix(user: np.ndarray, item: np.ndarray, num_items: int) -> sp.csr_array:
    """The 0/1 matrix of pairs [N], none twice; users and items are numbers from 0."""
    return sp.csr_array((np.ones(len(user), np.float32), (user, item)), (int(user.max()) + 1, num_items))


def dataset_scores(sets: ItemSets) -> Scores:
    """Scores [members + others] of attackers who have the synthetic dataset, higher for who is taken for a member.

    "closest_items": greatest cosine of the user's set to a synthetic user's.
    "cooccurrence": mean over pairs of its items of the log of how often both are rated by one synthetic user, to what
      activity and popularity let expect; pairs of items that no synthetic user rated are left out.
    "rare_cooccurrence": likewise, pairs that one of its three rarest items is in.
    "cooccurrence_ratio", "rare_cooccurrence_ratio": less the same of the whole source, which the attacker knows.
    "popularity": how much more often than in the whole source its items are rated (Homer et al. 2008, doi
      10.1371/journal.pgen.1000167): nothing but numbers of ratings of items, yet each holds each member's own.
    """
    real = sets.real
    count, activity = _sums(real, 0), _sums(real, 1)
    known = _sums(sets.synthetic, 0) > 0
    rare = rarest_items(real, np.where(known, count, np.inf))
    own = pair_means(real, rare, known, CooccurrenceLogs(sets.synthetic))
    typical = pair_means(real, rare, known, CooccurrenceLogs(real))
    share = sets.members.shape[0] / real.shape[0]
    excess = np.log((_sums(sets.synthetic, 0) + _PSEUDO_COUNT) / (share * count + _PSEUDO_COUNT))
    return {
        "closest_items": nearest_cosines(real, sets.synthetic),
        "cooccurrence": own[0],
        "rare_cooccurrence": own[1],
        "cooccurrence_ratio": own[0] - typical[0],
        "rare_cooccurrence_ratio": own[1] - typical[1],
        "popularity": real @ excess / np.sqrt(np.maximum(activity, 1)),
    }


def feature_scores(sets: ItemSets, features_IxK: np.ndarray, name: str) -> Scores:
    """Scores of an attacker who has features of items, whose products a generator takes for affinities of pairs.

    NAME: mean product over pairs of the user's items: the squared length of the sum of its features, relative to its
    degree and without its diagonal. "rare_NAME": pairs that one of its three rarest items is in. Items without
    features (all 0) are left out.
    """
    real = sets.real
    known = np.any(features_IxK != 0, 1)
    rare = rarest_items(real, np.where(known, _sums(real, 0), np.inf))
    square_I = np.square(features_IxK).sum(1)
    sums_UxK = real @ features_IxK
    pairs, rare_pairs = _pairs(real, rare, known)
    of_all = (np.square(sums_UxK).sum(1) - real @ square_I) / pairs
    of_rare = (np.einsum("uk,uk->u", rare @ features_IxK, sums_UxK) - rare @ square_I) / rare_pairs
    return {name: of_all, f"rare_{name}": of_rare}


def bias_scores(ratings_UxI: sp.csr_array, biases_I: np.ndarray) -> np.ndarray:
    """Scores [U] of an attacker who has a generator's biases of items, and all ratings of the source.

    The sum over a user's items of how far its rating lies over its mean, times how far the bias lies over the mean of
    all such deviations of the item (shrunk by two ratings), over the root of its degree.

    Args:
      ratings_UxI: of members and others; zero is a rating where it is stored.
      biases_I: NaN of an item that the generator does not know.
    """
    user, item = ratings_UxI.tocoo().coords
    activity, count = (
        np.bincount(ids, minlength=size) for ids, size in zip((user, item), ratings_UxI.shape, strict=True)
    )
    rating = np.asarray(ratings_UxI.data, np.float64)
    deviation = rating - (np.bincount(user, rating, len(activity)) / np.maximum(activity, 1))[user]
    typical_I = np.bincount(item, deviation, len(count)) / (count + _PSEUDO_RATINGS)
    excess_I = np.nan_to_num(biases_I - typical_I)
    score: np.ndarray = np.bincount(user, deviation * excess_I[item], len(activity)) / np.sqrt(np.maximum(activity, 1))
    return score


def judged_sets(scores: Scores, sets: ItemSets, seed: int = 0) -> dict[str, Attack]:
    """Each attack on all users, and under `RAREST` names on those with the rarest items, where there are enough."""
    members = np.arange(sets.real.shape[0]) < sets.members.shape[0]
    found = {name: judged(score[members], score[~members], seed) for name, score in scores.items()}
    rarest = rarest_users(sets)
    if min(np.sum(rarest & members), np.sum(rarest & ~members)) >= _LEAST:
        for name, score in scores.items():
            found[RAREST + name] = judged(score[rarest & members], score[rarest & ~members], seed)
    return found


def rarest_users(sets: ItemSets) -> np.ndarray:
    """The tenth of real users whose three rarest items are rated by fewest in the whole source, bool [users]."""
    real = sets.real
    count = _sums(real, 0)
    rare = rarest_items(real, count)
    mean = rare @ count / np.maximum(_sums(rare, 1), 1)
    mean[_sums(rare, 1) == 0] = np.inf
    rarest: np.ndarray = mean <= np.quantile(mean, _RARE_USERS)
    return rarest


def rarest_items(matrix_UxI: sp.csr_array, count_I: np.ndarray) -> sp.csr_array:
    """Of each user's items the three with the least counts, 0/1 [U, I]; those whose count is inf never are."""
    matrix = matrix_UxI.tocoo()
    user, item = matrix.coords
    order = np.lexsort((item, count_I[item], user))
    user, item = user[order], item[order]
    first = np.searchsorted(user, user)
    chosen = (np.arange(len(user)) - first < _RARE_ITEMS) & np.isfinite(count_I[item])
    ones = np.ones(int(chosen.sum()), np.float32)
    return sp.csr_array((ones, (user[chosen], item[chosen])), matrix_UxI.shape)


def nearest_cosines(queries_QxI: sp.csr_array, sets_SxI: sp.csr_array) -> np.ndarray:
    """The greatest cosine of each 0/1 row to a row of the others, [Q]; a block of rows at a time."""
    length_Q, length_S = (np.sqrt(np.maximum(_sums(x, 1), 1)) for x in (queries_QxI, sets_SxI))
    transposed = sets_SxI.T.tocsr()
    greatest = np.empty(queries_QxI.shape[0])
    for rows in _blocks(len(greatest), sets_SxI.shape[0]):
        shared_BxS = (queries_QxI[rows] @ transposed).toarray()
        greatest[rows] = (shared_BxS / length_S).max(1)
    return greatest / length_Q


class CooccurrenceLogs:
    """Log ratio of how often two items are rated by the same user to what is expected, a block of items at a time.

    Expected of users who rate items in proportion to their popularity, with the activity that they have (Chung and Lu):
    p_i p_j sum_u a_u (a_u - 1) / N^2, for popularity p, activity a and N ratings.
    """

    def __init__(self, matrix_UxI: sp.csr_array) -> None:
        self._matrix, self._transposed = matrix_UxI, matrix_UxI.T.tocsr()
        self._popularity = _sums(matrix_UxI, 0)
        activity = _sums(matrix_UxI, 1)
        self._rate = float(activity @ (activity - 1)) / max(activity.sum(), 1) ** 2

    def rows(self, items: slice) -> np.ndarray:
        """float32 [B, I]; 0 for an item with itself."""
        counts_BxI = (self._transposed[items] @ self._matrix).toarray()
        expected_BxI = self._rate * np.outer(self._popularity[items], self._popularity)
        logs = np.log((counts_BxI + _PSEUDO_COUNT) / (expected_BxI + _PSEUDO_COUNT)).astype(np.float32)
        logs[np.arange(len(logs)), np.arange(items.start, items.start + len(logs))] = 0
        return logs


def pair_means(
    matrix_UxI: sp.csr_array, rare_UxI: sp.csr_array, known_I: np.ndarray, logs: CooccurrenceLogs
) -> tuple[np.ndarray, np.ndarray]:
    """Means over pairs of each user's known items, and over those that a rare one is in, [U] each; 0 where none is."""
    known = sp.csr_array(matrix_UxI @ sp.diags_array(known_I.astype(np.float32)))
    sums = np.zeros((2, matrix_UxI.shape[0]))
    by_column = known.tocsc(), sp.csc_array(rare_UxI)
    for items in _blocks(matrix_UxI.shape[1], max(matrix_UxI.shape)):
        products_UxB = known @ logs.rows(items).T
        for total, chosen in zip(sums, by_column, strict=True):
            total += chosen[:, items].multiply(products_UxB).sum(1)
    of_all, of_rare = sums / _pairs(matrix_UxI, rare_UxI, known_I)
    return of_all, of_rare


def _pairs(matrix_UxI: sp.csr_array, rare_UxI: sp.csr_array, known_I: np.ndarray) -> np.ndarray:
    """How many ordered pairs of known items each user has, and how many that begin with a rare one, [2, U]; 1 for 0."""
    count = matrix_UxI @ known_I.astype(np.float64)
    return np.maximum(np.stack([count, _sums(rare_UxI, 1)]) * (count - 1), 1)


def _sums(matrix: sp.csr_array, axis: int) -> np.ndarray:
    return np.asarray(matrix.sum(axis), np.float64).ravel()


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of rows that with so many columns are no more than the cells that are held."""
    step = max(1, _CELLS // columns)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
