"""What recommendations are beside accurate: how much of the catalogue they show, how novel, diverse and popular."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Scored, Split
from ganrs_jax.recommenders.popularity import popularity
from ganrs_jax.recommenders.ranking import rank
from ganrs_jax.statistics.summary import gini

_MOST_LISTS = 10_000  # whose diversity is measured, at random: bounds the time
_HEAD = 0.2  # of the items, by training ratings: the rest are the tail
_BLOCK = 256  # lists at a time, whose items' columns are summed


class Catalogue(NamedTuple):
    """What lists of N items are compared with; of one split, for all models.

    Attributes:
      n: N.
      popularity: int64 [I], training ratings an item.
      column: [I, U] sparse, each item's training ratings divided by their norm.
      popular: int32 [U, N], the most popular items that the user has no training row of, -1 past the end.
      relevant: [U, I] sparse, 1 where a test rating reaches the threshold.
    """

    n: int
    popularity: np.ndarray
    column: sp.csr_array
    popular: np.ndarray
    relevant: sp.csr_array


class BeyondAccuracy(NamedTuple):
    """Of the lists of all users; None where it cannot be told.

    The tail are the items outside the fifth that has the most training ratings.

    Attributes:
      coverage: share of the catalogue that is in some list (Ge et al. 2010, doi 10.1145/1864708.1864761: catalogue
        coverage).
      exposure_gini: Gini coefficient of how often each item of the catalogue is listed, 0 equal, 1 one item alone
        (Fleder and Hosanagar 2009, doi 10.1287/mnsc.1080.0974).
      novelty: bits, mean self-information -log2(share of users with a training row of the item) (Zhou et al. 2010,
        doi 10.1073/pnas.1000488107). An item without training row counts as one that one user has rated.
      diversity: 1 - mean cosine similarity of two items of a list, by their columns of training ratings (Ziegler et
        al. 2005, doi 10.1145/1060745.1060754). An item without training row is like no other.
      serendipity: share of a list that is relevant and not among the user's N most popular items (Ge et al. 2010:
        useful and unexpected, with popularity as the primitive model), of users with a relevant test item.
      popularity: mean training ratings of a list's items (Yin et al. 2012, doi 10.14778/2311906.2311916).
      tail_coverage: share of the tail that is in some list; None of a catalogue without a tail.
    """

    coverage: float
    exposure_gini: float
    novelty: float
    diversity: float | None
    serendipity: float | None
    popularity: float
    tail_coverage: float | None


def catalogue(split: Split, *, num_users: int, num_items: int, threshold: float, n: int = 10) -> Catalogue:
    """What lists of `n` items from models trained on a split are compared with.

    Raises:
      InputError: n under 1, or no relevant test row.
    """
    count = np.bincount(split.train_item, minlength=num_items)
    ranked = rank(
        _most_popular,
        jnp.asarray(count, jnp.float32),
        split,
        num_users=num_users,
        num_items=num_items,
        threshold=threshold,
        cutoffs=(n,),
    )
    rating = split.train_rating.astype(np.float64)
    norm = np.sqrt(np.bincount(split.train_item, rating**2, num_items))
    norm[norm == 0] = 1  # of an item that has no rating, or none but zeros
    entries = rating / norm[split.train_item], (split.train_item, split.train_user)
    good = split.test_rating >= np.float32(threshold)
    test = np.ones(np.count_nonzero(good)), (split.test_user[good], split.test_item[good])
    column, relevant = sp.csr_array(entries, (num_items, num_users)), sp.csr_array(test, (num_users, num_items))
    return Catalogue(n, count, column, ranked.item_UxN, relevant)


def beyond_accuracy(item_UxN: np.ndarray, known: Catalogue, seed: int = 0) -> BeyondAccuracy:
    """Figures of the first `known.n` places of a model's `standard` lists.

    Means are over users of the means of their lists; empty lists are left out.

    Args:
      item_UxN: int, `Ranked.item_UxN`; -1 past the end.
      seed: of the choice among more than 10,000 lists, for the diversity alone.

    Raises:
      InputError: lists shorter than `known.n`, or of no item at all.
    """
    if item_UxN.shape[1] < known.n:
        raise InputError(f"lists of {item_UxN.shape[1]} places; accepted: {known.n} or more, the catalogue's N")
    item = item_UxN[:, : known.n]
    shown = item >= 0
    if not shown.any():
        raise InputError("no list holds an item: every user has rated every item; accepted: lists with items")
    num_items, num_users = known.column.shape
    exposure = np.bincount(item[shown], minlength=num_items)
    tail = np.argsort(-known.popularity, kind="stable")[round(_HEAD * num_items) :]
    information = np.log2(num_users / np.maximum(known.popularity, 1))
    return BeyondAccuracy(
        coverage=float(np.mean(exposure > 0)),
        exposure_gini=float(gini(exposure)),
        novelty=_mean_of_lists(information[item], shown),
        diversity=_diversity(item, shown, known.column, seed),
        serendipity=_serendipity(item, shown, known),
        popularity=_mean_of_lists(known.popularity[item], shown),
        tail_coverage=float(np.mean(exposure[tail] > 0)) if len(tail) else None,
    )


def _most_popular(count_I: jax.Array, user_B: jax.Array) -> Scored:
    return popularity(count_I, user_B[:, None], jnp.arange(len(count_I))[None])


def _mean_of_lists(value_UxN: np.ndarray, shown_UxN: np.ndarray) -> float:
    length = shown_UxN.sum(1)
    return float(np.mean((value_UxN * shown_UxN).sum(1)[length > 0] / length[length > 0]))


def _serendipity(item: np.ndarray, shown: np.ndarray, known: Catalogue) -> float | None:
    user = np.broadcast_to(np.arange(len(item))[:, None], item.shape)
    relevant = np.zeros(item.shape, bool)
    relevant[shown] = known.relevant[user[shown], item[shown]] > 0
    expected = (item[:, :, None] == known.popular[:, None]).any(2)
    asked = (np.diff(known.relevant.indptr) > 0) & shown.any(1)
    if not asked.any():
        return None
    return _mean_of_lists((relevant & ~expected)[asked], shown[asked])


def _diversity(item: np.ndarray, shown: np.ndarray, column_IxU: sp.csr_array, seed: int) -> float | None:
    """Exact: of unit vectors, the squared norm of their sum is their number and twice the cosines of all pairs."""
    lists = np.flatnonzero(shown.sum(1) > 1)
    if not len(lists):
        return None
    lists = np.random.default_rng(seed).permutation(lists)[:_MOST_LISTS]
    parts = [lists[start : start + _BLOCK] for start in range(0, len(lists), _BLOCK)]
    return float(np.mean(np.concatenate([1 - _mean_cosine(item[part], shown[part], column_IxU) for part in parts])))


def _mean_cosine(item_BxN: np.ndarray, shown_BxN: np.ndarray, column_IxU: sp.csr_array) -> np.ndarray:
    """Of all pairs of different items of a list, [B]."""
    row = np.broadcast_to(np.arange(len(item_BxN))[:, None], item_BxN.shape)
    places = row[shown_BxN], item_BxN[shown_BxN]
    member = sp.csr_array((np.ones(len(places[0])), places), (len(item_BxN), column_IxU.shape[0]))
    total = member @ column_IxU
    own = member @ column_IxU.multiply(column_IxU).sum(1)  # 1 each, and 0 for an item without training row
    length = shown_BxN.sum(1)
    return (total.multiply(total).sum(1) - own) / (length * (length - 1))
