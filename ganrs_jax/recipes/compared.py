"""The part of a large source that generated datasets are compared with: a random block of its users."""

import numpy as np

from ganrs_jax.ratings import Ratings

MOST_RATINGS = 1 << 22  # compared; so many tell a spectrum, and errors of predictions, well enough
_MOST_USERS = 8192  # compared


def compared_users(ratings: Ratings) -> tuple[int, np.ndarray]:
    """How many of the source's users are compared, and the mask [N] of their ratings.

    All of 8,192 users or fewer; of users of very many ratings, as many as have about 4 million.
    """
    enough = max(1, MOST_RATINGS * ratings.num_users // ratings.num_ratings)
    num_users = min(ratings.num_users, _MOST_USERS, enough)
    return num_users, np.random.default_rng(0).permutation(ratings.num_users)[ratings.user] < num_users
