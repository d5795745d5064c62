"""A world of groups, and a model of it with nothing calibrated."""

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, from_columns
from ganrs_jax.profile import recipe as profile
from tests.models import quick


@pytest.fixture(scope="session")
def groups():
    """300 users, 200 items, about 10,000 ratings: four groups of users, each with items of its own."""
    rng = np.random.default_rng(0)
    own = rng.integers(0, 4, 300)[:, None] == rng.integers(0, 4, 200)
    user, item = np.nonzero(rng.random((300, 200)) < np.where(own, 0.4, 0.08))
    latent = rng.normal(0, 0.5, 300)[user] + rng.normal(0, 0.5, 200)[item] + 0.8 * rng.normal(size=len(user))
    rating = np.clip(np.rint(3 + latent), 1, 5).astype(np.float32)
    return from_columns(Columns(user, item, rating), name="groups")


@pytest.fixture(scope="session")
def learned(groups):
    """A model with nothing calibrated."""
    changes = {"calibration_rounds": 0, "gan_steps": 300}
    return profile.fit([0], groups, [quick("profile", **changes)])[0]
