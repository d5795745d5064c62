"""The degrees of a dataset with cold users or items, or of a young service, so that counts and rows are exact.

All users of a young service keep a part of what they draw: as many ratings as thinning leaves of the source's.
"""

from typing import NamedTuple

import jax
import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.profile.cold_start import Cold
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest, plan_key
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import preassigned_counts
from ganrs_jax.sampling.distributions import DegreeSpec
from ganrs_jax.sampling.skew import degree_counts, survivors

_NEVER_LEFT_OUT = 12  # ratings of an item, on average, from which thinning leaves it some but for 1 in 100,000 times


class ColdCounts(NamedTuple):
    """Ratings that users draw and items have once the cold ones are told from the others.

    activity: ratings that each user draws, [U]: the first keep `user_kept` of them, cold ones [C] or, of a young
    service, all [U]. popularity: of each item, [I], of warm ones up to a factor. drawn, kept: users drawn beforehand
    for each item, and how many of them stay, [I].
    """

    activity: np.ndarray
    popularity: np.ndarray
    drawn: np.ndarray
    kept: np.ndarray
    user_kept: np.ndarray
    item_kept: np.ndarray


def cold_counts(
    model: ProfileModel, request: RatingsRequest, activity: np.ndarray, popularity: np.ndarray
) -> ColdCounts:
    """What is left of degrees [U] and [I] where the first users and items are cold, so that all rows are exact."""
    num_users, num_items = len(activity), len(popularity)
    stays = request.ratings_before / activity.sum()  # a share, of a young service
    drawn = preassigned_counts(popularity, num_users)
    if request.young:  # an item of which thinning may leave nothing keeps one user
        drawn = (popularity * stays <= _NEVER_LEFT_OUT).astype(popularity.dtype)
    if not request.cold and not request.young:
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
    if (room := (num_users - cold_users) * open_items) < left:
        raise InputError(
            f"`num_ratings={request.num_ratings}`: users that are not cold have {left:,} of them, and room for "
            f"{room:,}; accepted: `num_ratings={request.num_ratings - left + room}` or less"
        )
    active = np.empty_like(activity)
    own = np.rint(activity[:cold_users] * of_warm_items).astype(np.int64)
    active[:cold_users] = np.minimum(np.maximum(own, user_kept), open_items)
    if request.young:
        stay = _left_of(model, activity[cold_users:], stays, left, open_items, plan_key(request, 10))
        active[cold_users:] = np.maximum(np.minimum(activity[cold_users:], open_items), stay)
        return ColdCounts(active, popular, drawn, kept, np.concatenate([user_kept, stay]), item_kept)
    active[cold_users:] = apportion(activity[cold_users:].astype(np.float64), left, 1, open_items)
    return ColdCounts(active, popular, drawn, kept, user_kept, item_kept)


def young_counts(model: ProfileModel, request: RatingsRequest) -> tuple[np.ndarray, np.ndarray]:
    """Ratings that users and items of a young service will have in all, descending, [U] and [I].

    Those of the source's users and items of which thinning to the ratings asked for leaves any. An item that might be
    left out keeps one user, and for that has fewer others, so that on average it has what thinning leaves.
    """
    users, items, ratings = request.num_users, request.num_items, request.ratings_before
    of_users, of_items = survivors(model.activity, users, ratings), survivors(model.popularity, items, ratings)
    total = max(ratings, int(min(of_users.sum(), of_items.sum())))
    share = ratings / total
    if share < 1:
        left = share * of_items / -np.expm1(of_items * np.log1p(-share))
        of_items = np.where(left <= _NEVER_LEFT_OUT, 1 + (left - 1) / share, of_items)
    of_both = ((of_users, items), (of_items, users))
    return tuple(apportion(np.asarray(x, np.float64), total, 1, most) for x, most in of_both)  # type: ignore[return-value]


def _left_of(
    model: ProfileModel, activity: np.ndarray, share: float, total: int, most: int, key: jax.Array
) -> np.ndarray:
    """Ratings that each user of a young service has yet, [U]: in all as thinning leaves them, to whom by chance."""
    counts = degree_counts(DegreeSpec("thinned"), model.activity, len(activity), total, most)[1]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    by_chance = rng.binomial(activity, min(share, 1.0)) + rng.random(len(activity))
    left = np.empty_like(activity)
    left[np.argsort(-by_chance)] = counts
    return left


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
