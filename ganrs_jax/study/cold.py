"""Cold start in a study: synthetic ratings with cold users and items, and their real counterpart.

The counterpart is the source with ratings taken away at random: users and items of the same shares keep as many as
were asked for. What was taken away comes later: models are tested on it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from ganrs_jax.data.dataset import Dataset, Rows
from ganrs_jax.data.ratings import Ratings, part_of, split_rows
from ganrs_jax.errors import InputError
from ganrs_jax.profile.cold_counts import ratings_kept, thinned
from ganrs_jax.profile.cold_start import ColdStart
from ganrs_jax.recommenders.interface import Split
from ganrs_jax.recommenders.parts import Part


class ColdRatings(NamedTuple):
    """Ratings of U users and I items of which some are cold.

    Attributes:
      now: what models may be trained on.
      later: what cold users will give, and cold items get.
      cold_user: bool [U].
      cold_item: bool [I].
    """

    now: Rows
    later: Rows
    cold_user: np.ndarray
    cold_item: np.ndarray

    def parts(self) -> dict[str, Part]:
        """Who is measured apart: cold users as warm ones among warm items; cold items among themselves."""
        parts = {"warm": Part(~self.cold_user, ~self.cold_item)}
        if self.cold_user.any():
            parts["cold users"] = Part(self.cold_user, ~self.cold_item)
        if self.cold_item.any():
            parts["cold items"] = Part(~self.cold_user, self.cold_item)
        return parts


def cold_counterpart(ratings: Ratings, cold: ColdStart, seed: int) -> ColdRatings:
    """A source with some users and items made cold, at random; they come first, as those of a synthetic dataset do."""
    rng = np.random.default_rng(seed)
    user, item = rng.permutation(ratings.num_users)[ratings.user], rng.permutation(ratings.num_items)[ratings.item]
    keys = jax.random.split(jax.random.key(seed), 4)
    users, items = (
        ratings_kept(key, side, size)
        for key, side, size in zip(keys, cold, (ratings.num_users, ratings.num_items), strict=False)
    )
    possible = (user >= len(users)) | (item >= len(items))  # cold users have no ratings of cold items
    rows = Rows(user[possible].astype(np.int32), item[possible].astype(np.int32), ratings.rating[possible])
    stay = thinned(keys[2], rows.user, users) & thinned(keys[3], rows.item, items)
    return ColdRatings(
        Rows(*(column[stay] for column in rows)),
        Rows(*(column[~stay] for column in rows)),
        np.arange(ratings.num_users) < len(users),
        np.arange(ratings.num_items) < len(items),
    )


def cold_dataset(dataset: Dataset, cold: ColdStart) -> ColdRatings:
    """The ratings of a generated dataset, told apart as its request has them."""
    num_users, num_items = (int(dataset.metadata["request"][name]) for name in ("num_users", "num_items"))
    nothing = Rows(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    return ColdRatings(
        Rows(dataset.user, dataset.item, dataset.rating),
        dataset.later or nothing,
        np.arange(num_users) < cold.users.number(num_users),
        np.arange(num_items) < cold.items.number(num_items),
    )


def cold_split(data: ColdRatings, train_share: float, seed: int) -> Split:
    """Rows to train on, among them all that cold users and items have now; to test with, as large a share of each side.

    Raises:
      InputError: if no row is left to test with.
    """
    cold = data.cold_user[data.now.user] | data.cold_item[data.now.item]
    warm, few = np.flatnonzero(~cold), np.flatnonzero(cold)
    train, test = split_rows(len(warm), train_share, seed)
    train = np.concatenate([warm[train], few])
    tests = [Rows(*(column[warm[test]] for column in data.now))]
    if len(data.later.user):
        try:
            _, later = split_rows(len(data.later.user), train_share, seed)
        except InputError as error:
            raise InputError(
                f"cold users and items have {len(data.later.user)} ratings later: too few to test on; "
                "accepted: larger shares of them"
            ) from error
        tests.append(Rows(*(column[later] for column in data.later)))
    order = np.random.default_rng(seed).permutation(len(train))
    columns = [column[train[order]] for column in data.now]
    return Split(*columns, *(np.concatenate(each) for each in zip(*tests, strict=True)))


def cold_splits(data: ColdRatings, train_share: float, seeds: Sequence[int]) -> list[Split]:
    """One a seed, all of equal sizes."""
    return [cold_split(data, train_share, seed) for seed in seeds]


def young_counterpart(ratings: Ratings, share: float, seed: int) -> Ratings:
    """A random share of a source's ratings, and the users and items that have any: the service at a younger age."""
    kept = np.sort(np.random.default_rng(seed).permutation(ratings.num_ratings)[: round(share * ratings.num_ratings)])
    return part_of(ratings, kept, f"{ratings.name}, young")
