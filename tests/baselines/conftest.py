"""Small worlds, settings with which a network trains in a second, and baselines trained once for the session."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from ganrs_jax.baselines import BASELINES
from ganrs_jax.baselines.fit import Trained, fit
from ganrs_jax.baselines.hyperparameters import NeuralConfig
from ganrs_jax.ratings import Ratings
from ganrs_jax.sources import ReadOptions, load_ratings

NETWORKS = tuple(name for name, baseline in BASELINES.items() if issubclass(baseline.config, NeuralConfig))
SEEDS = (3, 4)


def quick(name: str, **changes):
    """The baseline's settings for two epochs, but for the changes; references have nothing to shorten."""
    config = BASELINES[name].config()
    return dataclasses.replace(config, **{"epochs": 2} | changes) if name in NETWORKS else config


@pytest.fixture(scope="session")
def tiny() -> Ratings:
    """80 users, 60 items, 2,010 ratings: 1,608 to train on, no whole number of batches."""
    return load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2010))


@pytest.fixture(scope="session")
def trained(tiny) -> Callable[[str], Trained]:
    """trained(NAME): the baseline on the tiny world, a lane for each of SEEDS, trained once."""
    held: dict[str, Trained] = {}

    def get(name: str) -> Trained:
        if name not in held:
            held[name] = fit(BASELINES[name], SEEDS, tiny, quick(name), 4.0)
        return held[name]

    return get


@pytest.fixture(scope="session")
def tastes() -> Ratings:
    """Two groups of 40 users; each rates half the 60 items 5, the other half 1, and the other group the reverse."""
    user, item = (x.ravel().astype(np.int32) for x in np.indices((80, 60)))
    rating = np.where(user % 2 == item % 2, 5, 1).astype(np.float32)
    seen = np.random.default_rng(0).random(len(user)) < 0.7
    whole = load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2010))
    return dataclasses.replace(whole, user=user[seen], item=item[seen], rating=rating[seen], name="tastes")
