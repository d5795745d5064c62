"""Two small worlds of one size, so that they share compiled programs, and recommenders trained once for the session."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.fit import Trained, fit
from ganrs_jax.recommenders.hyperparameters import NeuralConfig

NETWORKS = tuple(name for name, recommender in RECOMMENDERS.items() if issubclass(recommender.config, NeuralConfig))
RANKERS = ("popularity", "item_knn", "user_knn", "pure_svd", "ease", "implicit_als", "bpr")  # know no stars
SEEDS = (3, 4)


def quick(name: str, **changes):
    """Settings for two epochs of long steps, but for the changes; ten of `bpr`, and other references as they are."""
    config = RECOMMENDERS[name].config()
    if name == "bpr":
        return dataclasses.replace(config, epochs=10)
    return dataclasses.replace(config, **{"epochs": 2, "learning_rate": 0.01} | changes) if name in NETWORKS else config


@pytest.fixture(scope="session")
def tiny() -> Ratings:
    """80 users, 60 items, 2,010 ratings: 1,608 to train on, no whole number of batches."""
    return load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2010))


@pytest.fixture(scope="session")
def trained(tiny) -> Callable[[str], Trained]:
    """trained(NAME): the recommender on the tiny world, a lane for each of SEEDS, trained once."""
    held: dict[str, Trained] = {}

    def get(name: str) -> Trained:
        if name not in held:
            held[name] = fit(RECOMMENDERS[name], SEEDS, tiny, quick(name), 4.0)
        return held[name]

    return get


@pytest.fixture(scope="session")
def tastes(tiny) -> Ratings:
    """As large; two groups of users rate half the items 5 and half 1, one group the reverse of the other.

    The last user and the last item have no rating.
    """
    user, item = (x.ravel().astype(np.int32) for x in np.indices((79, 59)))
    seen = np.random.default_rng(0).choice(len(user), tiny.num_ratings, replace=False)
    rating = np.where(user % 2 == item % 2, 5, 1).astype(np.float32)
    return dataclasses.replace(tiny, user=user[seen], item=item[seen], rating=rating[seen], name="tastes")
