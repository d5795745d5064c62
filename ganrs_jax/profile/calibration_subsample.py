"""The part of a large source that generated datasets are calibrated on: a random block of users, and of items."""

from typing import NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.interactions import MOST_CELLS
from ganrs_jax.profile.settings import ProfileConfig, RatingsRequest

MOST_RATINGS = 1 << 22  # so many tell a spectrum, and errors of predictions, well enough
_MOST_USERS = 8192  # more cost time in each of the rounds
_MOST_ITEMS = 12288  # of sources of more than MOST_CELLS


class CalibrationSubsample(NamedTuple):
    """Users and items of the block, and the mask [N] of the source's ratings that are in it."""

    num_users: int
    num_items: int
    mask: np.ndarray

    def request(self, config: ProfileConfig) -> RatingsRequest:
        """A dataset of the same size."""
        num_ratings = max(int(self.mask.sum()), self.num_items)
        return RatingsRequest(self.num_users, self.num_items, num_ratings, sigma=config.sigma)


def calibration_subsample(ratings: Ratings) -> CalibrationSubsample:
    """All of the source, or a random block of it.

    Of 8,192 users or fewer all are taken, and of users of very many ratings as many as have about 4 million. All
    items are, but of sources of more than `MOST_CELLS` users x items 12,288 at most.
    """
    enough = max(1, MOST_RATINGS * ratings.num_users // ratings.num_ratings)
    num_users, num_items = min(ratings.num_users, _MOST_USERS, enough), ratings.num_items
    mask = np.random.default_rng(0).permutation(ratings.num_users)[ratings.user] < num_users
    if ratings.num_users * num_items > MOST_CELLS and num_items > _MOST_ITEMS:
        num_items = _MOST_ITEMS
        mask &= np.random.default_rng(1).permutation(ratings.num_items)[ratings.item] < num_items
    return CalibrationSubsample(num_users, num_items, mask)
