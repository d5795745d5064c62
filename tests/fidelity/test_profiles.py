"""Profiles of a user by hand, of other ids, and of items."""

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns
from ganrs_jax.fidelity.profiles import profiles
from ganrs_jax.fidelity.samples import TooSmallError, as_sample, transposed
from ganrs_jax.fidelity.structure import spectral
from tests.fidelity.conftest import relabelled

LEVELS = np.arange(1, 6, dtype=np.float32)


def test_features_of_one_user_by_hand(world):
    sample = as_sample(world)
    found = profiles(sample, spectral(sample), LEVELS)
    counts, per_item = np.bincount(sample.user), np.bincount(sample.item)
    assert found.users.tolist() == np.flatnonzero(counts >= 10).tolist()
    assert found.features_nxD.shape == (len(found.users), 17)
    user = found.users[7]
    rows = sample.user == user
    rating, item = sample.rating[rows], sample.item[rows]
    popularity = np.argsort(np.argsort(per_item, kind="stable"))[item] / sample.num_items
    liked = (np.bincount(sample.item, sample.rating) / per_item)[item]
    wanted = [
        np.log(counts[user] / counts.mean()),
        rating.mean(),
        rating.std(),
        popularity.mean(),
        popularity.std(),
        liked.mean(),
        ((rating - liked) ** 2).mean(),
        np.cov(rating, liked, ddof=0)[0, 1],
        np.cov(rating, popularity, ddof=0)[0, 1],
        *[(rating == level).mean() for level in LEVELS],
    ]
    np.testing.assert_allclose(found.features_nxD[7, :14], wanted, atol=1e-9)


def test_bands_are_shares(world):
    sample = as_sample(world)
    found = profiles(sample, spectral(sample), LEVELS, bands=True).features_nxD
    assert found.shape[1] == 17 + 15
    np.testing.assert_allclose(found[:, 17:27].sum(1), 1)
    np.testing.assert_allclose(found[:, 27:].sum(1), 1)


def test_other_ids_have_the_same_profiles(world):
    a, b = (as_sample(each) for each in (world, relabelled(world)))
    features = [profiles(s, spectral(s), LEVELS).features_nxD for s in (a, b)]
    ordered = [x[np.lexsort(np.round(x[:, [0, 1, 2, 5]].T, 9))] for x in features]
    popularity_columns = [3, 4, 8]  # items of equal counts are ranked by the order of appearance
    np.testing.assert_allclose(*(np.delete(x, popularity_columns, 1) for x in ordered), atol=1e-6)
    np.testing.assert_allclose(*ordered, atol=0.02)


def test_items_are_users_of_the_turned_sample(world):
    sample = as_sample(world)
    found = profiles(transposed(sample), spectral(sample).transposed(), LEVELS)
    means = np.bincount(sample.item, sample.rating) / np.bincount(sample.item)
    np.testing.assert_allclose(found.features_nxD[:, 1], means[found.users])


def test_too_few_profiles():
    user, item = (axis.ravel() for axis in np.indices((9, 12)))
    sample = as_sample(Columns(user, item, np.ones(len(user))))
    with pytest.raises(TooSmallError, match="fewer than 10 profiles of 10 ratings"):
        profiles(sample, spectral(sample), LEVELS)
