"""A planted world whose ratings can be learnt, and what can be done to it."""

import dataclasses

import numpy as np
import pytest

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.fidelity.fidelity import Reference, reference


@pytest.fixture(scope="session")
def world() -> Ratings:
    """600 users, 400 items, 30,000 ratings in whole stars, 1 to 5."""
    return load_ratings("planted", ReadOptions(noise=0.3))


@pytest.fixture(scope="session")
def known(world) -> Reference:
    return reference(world, world.scale, splits=1)


def shuffled(ratings: Ratings) -> Ratings:
    """Who rates what stays; the ratings are dealt out at random."""
    return dataclasses.replace(ratings, rating=np.random.default_rng(0).permutation(ratings.rating))


def dealt_out(ratings: Ratings) -> Ratings:
    """Every user keeps its number of ratings; which items it rates depends on their popularity alone."""
    rng = np.random.default_rng(0)
    popularity = np.bincount(ratings.item) / ratings.num_ratings
    counts = np.bincount(ratings.user)
    item = np.concatenate([rng.choice(len(popularity), count, replace=False, p=popularity) for count in counts])
    return dataclasses.replace(ratings, user=np.repeat(np.arange(len(counts)), counts), item=item)


def relabelled(ratings: Ratings) -> Ratings:
    """The same ratings under other ids, in another order."""
    rng = np.random.default_rng(1)
    users, items = rng.permutation(ratings.num_users), rng.permutation(ratings.num_items)
    order = rng.permutation(ratings.num_ratings)
    user, item, rating = users[ratings.user][order], items[ratings.item][order], ratings.rating[order]
    return dataclasses.replace(ratings, user=user, item=item, rating=rating)
