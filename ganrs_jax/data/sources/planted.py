"""A seeded latent-factor world made in memory: ratings whose truth is known, with no download."""

import numpy as np

from ganrs_jax.data.ratings import Columns, Ratings, Scale, from_columns
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.errors import InputError

SCALE = Scale(1.0, 5.0, 1.0)
_MEAN = 3.5  # stars
_USER_BIAS, _ITEM_BIAS, _TASTE = 0.35, 0.45, 0.7  # standard deviations, in stars
_ACTIVITY_SPREAD = 0.9  # log-normal: a Gini of about 0.47 a user, as MovieLens 100K has
_POPULARITY_SPREAD = 1.3  # log-normal: about 0.63 an item
_OWN_ITEMS = 1.1  # log odds by which a group prefers its own items
_DENSE = 10  # cells a rating, below which every cell is drawn at once


def planted(options: ReadOptions) -> Ratings:
    """The world: rating = mean + user bias + item bias + user factors . item factors + noise, in whole stars 1 to 5.

    Every user and item occurs, no pair repeats, activity and popularity have long tails. Users are of `groups` groups,
    each with its own mean taste and its own favourite items; group g is gender "F" (even g) or "M" and of age 20 + 12 g
    to 27 + 12 g years.

    Raises:
      InputError: sizes that no such world can have.
    """
    _check(options)
    rng = np.random.default_rng(options.source_seed)
    group = rng.permutation(np.arange(options.planted_users) % options.groups)
    user, item = _pairs(rng, group, options)
    rating = _ratings(rng, group, user, item, options)
    ratings = from_columns(Columns(user, item, rating), name="planted", scale=SCALE)
    gender = np.array(["F", "M"])[group % 2]
    age = (20 + 12 * group + rng.integers(0, 8, len(group))).astype(np.int16)
    ratings.demographics.update(gender=gender, age=age)
    return ratings


def _check(options: ReadOptions) -> None:
    users, items, count = options.planted_users, options.planted_items, options.planted_ratings
    for name, value in (("planted_users", users), ("planted_items", items)):
        if not 2 <= value <= 2**31 - 1:
            raise InputError(f"`{name}={value}`; accepted: 2 to {2**31 - 1}")
    if not max(users, items) <= count <= users * items:
        raise InputError(f"`planted_ratings={count}`; accepted: {max(users, items)} to {users * items}, a pair once")
    if not 1 <= options.rank <= 1000:
        raise InputError(f"`rank={options.rank}`; accepted: 1 to 1000")
    if not 1 <= options.groups <= min(users, 10):
        raise InputError(f"`groups={options.groups}`; accepted: 1 to {min(users, 10)}")
    if not 0 <= options.noise < float("inf"):
        raise InputError(f"`noise={options.noise:g}`; accepted: 0 or more stars")


def _pairs(rng: np.random.Generator, group: np.ndarray, options: ReadOptions) -> tuple[np.ndarray, np.ndarray]:
    """Exactly the wanted number of distinct (user, item) pairs, in random order, int32 each."""
    users, items, count = options.planted_users, options.planted_items, options.planted_ratings
    activity = rng.normal(0.0, _ACTIVITY_SPREAD, users)
    own = np.arange(items) % options.groups == np.arange(options.groups)[:, None]
    popularity = rng.normal(0.0, _POPULARITY_SPREAD, items) + _OWN_ITEMS * own  # [groups, items]
    each = np.arange(max(users, items))
    cover = rng.permutation(users)[each % users] * np.int64(items) + rng.permutation(items)[each % items]
    if users * items <= _DENSE * count:
        # A weighted sample without replacement: the greatest of log weight + Gumbel noise, `cover` first.
        score = (activity[:, None] + popularity[group]).ravel()
        score += rng.gumbel(size=len(score))
        score[cover] = np.inf
        cells = np.argpartition(score, len(score) - count)[len(score) - count :]
    else:
        cells = _by_rejection(rng, activity, popularity, group, cover, count)
    cells = rng.permutation(cells)
    return (cells // items).astype(np.int32), (cells % items).astype(np.int32)


def _by_rejection(
    rng: np.random.Generator,
    activity: np.ndarray,
    popularity: np.ndarray,
    group: np.ndarray,
    cover: np.ndarray,
    count: int,
) -> np.ndarray:
    """Pairs drawn with replacement until enough of them differ; the same draw where few of all cells are filled."""
    items = popularity.shape[1]
    user_share, item_shares = _cumulative(activity), [_cumulative(row) for row in popularity]
    cells = np.sort(cover)
    while len(cells) < count:
        short = count - len(cells)
        user = np.searchsorted(user_share, rng.random(short + short // 4 + 16))
        item = np.empty_like(user)
        for number, share in enumerate(item_shares):
            mine = group[user] == number
            item[mine] = np.searchsorted(share, rng.random(int(mine.sum())))
        fresh = np.setdiff1d(user * np.int64(items) + item, cells)
        cells = np.sort(np.concatenate([cells, rng.permutation(fresh)[:short]]))
    return cells


def _cumulative(log_weight: np.ndarray) -> np.ndarray:
    total = np.cumsum(np.exp(log_weight))
    return total / total[-1]


def _ratings(
    rng: np.random.Generator, group: np.ndarray, user: np.ndarray, item: np.ndarray, options: ReadOptions
) -> np.ndarray:
    """The truth, noise on it, rounded to stars: float32 [N]."""
    centre = rng.normal(size=(options.groups, options.rank))
    users = (centre[group] + 0.5 * rng.normal(size=(len(group), options.rank))).astype(np.float32)
    items = rng.normal(size=(options.planted_items, options.rank)).astype(np.float32)
    taste = np.einsum("nk,nk->n", users[user], items[item])
    taste *= _TASTE / max(float(taste.std()), 1e-6)
    user_bias = rng.normal(0.0, _USER_BIAS, len(group))[user]
    item_bias = rng.normal(0.0, _ITEM_BIAS, options.planted_items)[item]
    truth = _MEAN + user_bias + item_bias + taste
    return np.clip(np.rint(truth + rng.normal(0.0, options.noise, len(user))), 1, 5).astype(np.float32)
