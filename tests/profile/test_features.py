"""Scores: products of features of users and items, in either form."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.features import affinities, affinity_beyond_degree, item_features, neutral_gain, user_features
from ganrs_jax.profile.model import PopularityPreference
from ganrs_jax.profile.vectors import sample_vectors


def drawn(model) -> tuple[jax.Array, jax.Array]:
    return sample_vectors(jax.random.key(1), model, 1.0, 50), jnp.asarray(model.items.vectors[0])


def scores(model, short: bool = False) -> np.ndarray:
    users, items = drawn(model)
    return np.asarray(user_features(model, users, short) @ item_features(model, items, short).T)


def with_gain(model, **gain):
    return dataclasses.replace(model, users=dataclasses.replace(model.users, gain=neutral_gain()._replace(**gain)))


def test_scores_before_calibration_are_products_of_factors(learned):
    users, items = drawn(learned)
    mine = affinities(learned.columns, learned.users.degree_offset, users)
    plain = np.asarray(mine @ learned.columns.interaction(items).T)
    np.testing.assert_allclose(scores(learned), plain, rtol=1e-3, atol=1e-3)


def test_the_short_form_has_the_same_scores_but_for_what_is_the_users_alone(learned):
    off = scores(learned, short=True) - scores(learned)
    np.testing.assert_allclose(off - off.mean(1, keepdims=True), 0, atol=2e-3)


def test_a_gain_multiplies_affinities_and_nothing_else(learned):
    added = scores(with_gain(learned, by_degree=np.float32([3]))) - scores(learned)
    users, items = (
        affinity_beyond_degree(learned.columns, side.degree_curve, offset, vectors)
        for side, offset, vectors in zip(
            (learned.users, learned.items), (learned.users.degree_offset, 0.0), drawn(learned), strict=True
        )
    )
    np.testing.assert_allclose(added, 2 * users @ items.T, rtol=1e-3, atol=1e-3)


def test_preference_weighs_how_popular_items_are_by_the_degree_of_users(learned):
    preference = PopularityPreference(np.float32([-9.0, 9.0]), np.float32([-18.0, 18.0]))  # twice the log degree
    users, items = drawn(learned)
    added = scores(dataclasses.replace(learned, popularity_preference=preference)) - scores(learned)
    columns, curve = learned.columns, learned.items.degree_curve
    wanted = jnp.outer(2 * columns.log_degree(users), (columns.log_degree(items) - curve.centre) / curve.scale)
    np.testing.assert_allclose(added, wanted, rtol=1e-3, atol=1e-3)
