"""Who would rate what: features of users and of items whose products are scores.

The factors of a user are a mean, which its degree tells, and a rest, its affinity; likewise those of an item. How
activity and popularity hang together is as it was learned, plus the calibrated popularity preference; the product of
affinities has the calibrated gain (`calibration`).

With many items the features have a short form, [N, k + 7] in place of [N, 3k + 1]: what depends on degrees alone is a
parabola, and has few degrees of freedom. Products of features of one form with those of the other mean nothing.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.model import (
    AffinityGain,
    DegreeCurve,
    Entities,
    PopularityPreference,
    ProfileModel,
    VectorColumns,
)


def neutral_gain() -> AffinityGain:
    """The gain before calibration: 1 for all."""
    none, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return AffinityGain(none, one, none, one)


def user_features(model: ProfileModel, users_NxD: jax.Array, short: bool = False) -> jax.Array:
    """Features of users [N, 3k + 1], or [N, k + 7] in the short form."""
    users = model.users
    given = (users.degree_curve, users.gain, model.popularity_preference, users.degree_offset)
    if short:
        item_curve = model.items.degree_curve
        return _short_user_features(model.columns, model.factor_weights, *given, item_curve, users_NxD)
    return _user_features(model.columns, model.factor_weights, *given, users_NxD)


def item_features(model: ProfileModel, items_NxD: jax.Array, short: bool = False) -> jax.Array:
    """Features of items [N, 3k + 1], or [N, k + 7] in the short form; the last one is the scaled log popularity."""
    items = model.items
    given = (items.degree_curve, items.gain, items.degree_offset)
    if short:
        return _short_item_features(model.columns, *given, model.users.degree_curve, items_NxD)
    return _item_features(model.columns, *given, items_NxD)


def affinities(model: ProfileModel, side: Entities, vectors_NxD: jax.Array) -> jax.Array:
    """Interaction factors [N, k], without the part of a user's log degree that the first one carries."""
    return _affinities(model.columns, side.degree_offset, vectors_NxD)


def affinity_beyond_degree(model: ProfileModel, side: Entities, vectors_NxD: jax.Array) -> jax.Array:
    """Affinities [N, k] less their mean at that degree; 0 for the first, which is the preference for rare items."""
    return _beyond_degree(model.columns, side.degree_curve, side.degree_offset, vectors_NxD)


@functools.partial(jax.jit, static_argnums=0)
def _user_features(
    columns: VectorColumns,
    factor_weights: jax.Array,
    curve: DegreeCurve,
    gain: AffinityGain,
    preference: PopularityPreference,
    offset: jax.Array,
    users_NxD: jax.Array,
) -> jax.Array:
    factors = _affinities(columns, offset, users_NxD)
    rest = _beyond_degree(columns, curve, offset, users_NxD)
    affinity = _gain(columns, gain, users_NxD, rest) * (rest + rest @ factor_weights)
    return jnp.concatenate([factors, factors - rest, affinity, _preference(columns, preference, users_NxD)], 1)


@functools.partial(jax.jit, static_argnums=0)
def _item_features(
    columns: VectorColumns, curve: DegreeCurve, gain: AffinityGain, offset: jax.Array, items_NxD: jax.Array
) -> jax.Array:
    factors = _affinities(columns, offset, items_NxD)
    rest = _beyond_degree(columns, curve, offset, items_NxD)
    affinity = _gain(columns, gain, items_NxD, rest) * rest
    return jnp.concatenate([factors - rest, rest, affinity, _powers(columns, curve, items_NxD)[:, 1:2]], 1)


@functools.partial(jax.jit, static_argnums=0)
def _short_user_features(
    columns: VectorColumns,
    factor_weights: jax.Array,
    curve: DegreeCurve,
    gain: AffinityGain,
    preference: PopularityPreference,
    offset: jax.Array,
    item_curve: DegreeCurve,
    users_NxD: jax.Array,
) -> jax.Array:
    factors = _affinities(columns, offset, users_NxD)
    rest = _beyond_degree(columns, curve, offset, users_NxD)
    affinity = _gain(columns, gain, users_NxD, rest) * (rest + rest @ factor_weights)
    of_items = factors[:, 1:] @ item_curve.coefficients[:, 1:].T
    powers = _powers(columns, curve, users_NxD)
    preferred = _preference(columns, preference, users_NxD)
    return jnp.concatenate([factors[:, :1], of_items, powers, affinity[:, 1:], preferred], 1)


@functools.partial(jax.jit, static_argnums=0)
def _short_item_features(
    columns: VectorColumns,
    curve: DegreeCurve,
    gain: AffinityGain,
    offset: jax.Array,
    user_curve: DegreeCurve,
    items_NxD: jax.Array,
) -> jax.Array:
    factors = _affinities(columns, offset, items_NxD)
    rest = _beyond_degree(columns, curve, offset, items_NxD)
    of_users = rest[:, 1:] @ user_curve.coefficients[:, 1:].T
    affinity = _gain(columns, gain, items_NxD, rest) * rest
    powers = _powers(columns, curve, items_NxD)
    return jnp.concatenate([factors[:, :1], powers, of_users, affinity[:, 1:], powers[:, 1:2]], 1)


def _affinities(columns: VectorColumns, offset: jax.Array | np.float32, vectors_NxD: jax.Array) -> jax.Array:
    return columns.interaction(vectors_NxD).at[:, 0].add(-offset * columns.log_degree(vectors_NxD))


def _beyond_degree(
    columns: VectorColumns, curve: DegreeCurve, offset: jax.Array | np.float32, vectors_NxD: jax.Array
) -> jax.Array:
    mean = _powers(columns, curve, vectors_NxD) @ curve.coefficients
    return (_affinities(columns, offset, vectors_NxD) - mean).at[:, 0].set(0.0)


def _powers(columns: VectorColumns, curve: DegreeCurve, vectors_NxD: jax.Array) -> jax.Array:
    """0, 1 and 2 of the scaled log degree, [N, 3]."""
    scaled = (columns.log_degree(vectors_NxD) - curve.centre) / curve.scale
    return jnp.stack([jnp.ones_like(scaled), scaled, scaled**2], 1)


def _preference(columns: VectorColumns, preference: PopularityPreference, users_NxD: jax.Array) -> jax.Array:
    """By what users multiply the log popularity of an item, [N, 1]."""
    return jnp.interp(columns.log_degree(users_NxD), preference.log_degree, preference.weight)[:, None]


def _gain(columns: VectorColumns, gain: AffinityGain, vectors_NxD: jax.Array, rest_NxK: jax.Array) -> jax.Array:
    """By what affinities are multiplied, [N, 1]."""
    by_degree = jnp.interp(columns.log_degree(vectors_NxD), gain.log_degree, gain.by_degree)
    return (by_degree * jnp.interp(jnp.linalg.norm(rest_NxK, axis=1), gain.length, gain.by_length))[:, None]
