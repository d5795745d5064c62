"""The degrees of a dataset with cold users or items, so that every count and the number of rows are exact."""

from typing import NamedTuple

import jax
import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.profile.cold_start import Cold
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import preassigned_counts


class ColdCounts(NamedTuple):
    """Ratings that users draw and items have once the cold ones are told from the others.

    activity: ratings that each user draws, [U]: cold ones keep `user_kept` [C] of them. popularity: of each item, [I],
    of warm ones up to a factor. drawn, kept: users drawn beforehand for each item, and how many of them stay, [I].
    """

    activity: np.ndarray
    popularity: np.ndarray
    drawn: np.ndarray
    kept: np.ndarray
    user_kept: np.ndarray
    item_kept: np.ndarray


def cold_counts(request: RatingsRequest, activity: np.ndarray, popularity: np.ndarray) -> ColdCounts:
    """What is left of degrees [U] and [I] where the first users and items are cold, so that all rows are exact."""
    num_users, num_items = len(activity), len(popularity)
    drawn = preassigned_counts(popularity, num_users)
    if not request.cold:
        none = np.zeros(0, np.int64)
        return ColdCounts(activity, popularity, drawn, drawn, none, none)
    user_kept = ratings_kept(plan_key(request, 7), request.cold.users, num_users)
    item_kept = ratings_kept(plan_key(request, 8), request.cold.items, num_items)
    cold_users, cold_items = len(user_kept), len(item_kept)
    of_warm_users = activity[cold_users:].sum() / activity.sum()
    of_warm_items = popularity[cold_items:].sum() / popularity.sum()
    # Items: the users of a cold one are drawn beforehand, of warm users. Cold users draw of all other items, of which
    # a rare one therefore has one user beforehand, and the rest by chance.
    if cold_users:
        drawn = np.minimum(drawn, 1)
    fewer = np.clip(np.rint(popularity * of_warm_users).astype(np.int64), 1, num_users - cold_users)
    drawn[:cold_items] = np.maximum(fewer[:cold_items], item_kept)
    kept, popular = drawn.copy(), popularity.copy()
    kept[:cold_items] = popular[:cold_items] = item_kept
    # Users: cold ones draw as many of the items as they would have, warm ones have all other ratings.
    open_items = int((popular > kept).sum())  # that any user may still draw
    left = request.num_ratings - int(user_kept.sum())
    if (room := (num_users - cold_users) * open_items + int(kept.sum())) < left:
        raise InputError(
            f"`num_ratings={request.num_ratings}`: users that are not cold have {left:,} of them, and room for "
            f"{room:,}; accepted: `num_ratings={request.num_ratings - left + room}` or less"
        )
    active = np.empty_like(activity)
    own = np.rint(activity[:cold_users] * of_warm_items).astype(np.int64)
    active[:cold_users] = np.minimum(np.maximum(own, user_kept), open_items)
    active[cold_users:] = apportion(activity[cold_users:].astype(np.float64), left, 1, num_items)
    return ColdCounts(active, popular, drawn, kept, user_kept, item_kept)


def ratings_kept(key: jax.Array, side: Cold, size: int) -> np.ndarray:
    """The ratings of each cold user, or item, int64 [C], even over the range."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return rng.integers(side.least, side.most + 1, side.number(size))


def thinned(key: jax.Array, of: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which of M rows stay, bool [M]: of each cold user, or item, as many as are kept, at random; of others all.

    Args:
      of: the user, or item, of each row, [M]; those below C = len(kept) are cold.
    """
    stay = of >= len(kept)
    cold = np.flatnonzero(~stay)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    order = cold[np.lexsort((rng.random(len(cold)), of[cold]))]
    counts = np.bincount(of[order], minlength=len(kept))
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    stay[order[place < kept[of[order]]]] = True
    return stay
