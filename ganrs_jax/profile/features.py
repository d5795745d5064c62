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
    users, item_curve = model.users, model.items.degree_curve if short else None
    given = (users.degree_curve, users.gain, model.popularity_preference, users.degree_offset, item_curve)
    return _user_features(model.columns, model.factor_weights, *given, users_NxD)


def item_features(model: ProfileModel, items_NxD: jax.Array, short: bool = False) -> jax.Array:
    """Features of items [N, 3k + 1], or [N, k + 7] in the short form; the last one is the scaled log popularity."""
    items, user_curve = model.items, model.users.degree_curve if short else None
    return _item_features(model.columns, items.degree_curve, items.gain, user_curve, items_NxD)


def affinities(columns: VectorColumns, offset: jax.Array | np.float32 | float, vectors_NxD: jax.Array) -> jax.Array:
    """Interaction factors [N, k], without the part of a user's log degree that the first one carries."""
    return columns.interaction(vectors_NxD).at[:, 0].add(-offset * columns.log_degree(vectors_NxD))


@functools.partial(jax.jit, static_argnums=0)
def affinity_beyond_degree(
    columns: VectorColumns, curve: DegreeCurve, offset: jax.Array | np.float32 | float, vectors_NxD: jax.Array
) -> jax.Array:
    """Affinities [N, k] less their mean at that degree; 0 for the first, which is the preference for rare items."""
    mean = _powers(columns, curve, vectors_NxD) @ curve.coefficients
    return (affinities(columns, offset, vectors_NxD) - mean).at[:, 0].set(0.0)


@functools.partial(jax.jit, static_argnums=0)
def _user_features(
    columns: VectorColumns,
    factor_weights: jax.Array,
    curve: DegreeCurve,
    gain: AffinityGain,
    preference: PopularityPreference,
    offset: jax.Array,
    item_curve: DegreeCurve | None,
    users_NxD: jax.Array,
) -> jax.Array:
    """In the short form if the curve of the other side is given; likewise `_item_features`."""
    factors = affinities(columns, offset, users_NxD)
    rest = affinity_beyond_degree(columns, curve, offset, users_NxD)
    affinity = _gain(columns, gain, users_NxD, rest) * (rest + rest @ factor_weights)
    # The popularity preference: by what users multiply the log popularity of an item.
    log_degree = columns.log_degree(users_NxD)
    preferred = jnp.interp(log_degree, preference.log_degree, preference.weight)[:, None]
    if item_curve is None:
        return jnp.concatenate([factors, factors - rest, affinity, preferred], 1)
    of_items = factors[:, 1:] @ item_curve.coefficients[:, 1:].T
    powers = _powers(columns, curve, users_NxD)
    return jnp.concatenate([factors[:, :1], of_items, powers, affinity[:, 1:], preferred], 1)


@functools.partial(jax.jit, static_argnums=0)
def _item_features(
    columns: VectorColumns,
    curve: DegreeCurve,
    gain: AffinityGain,
    user_curve: DegreeCurve | None,
    items_NxD: jax.Array,
) -> jax.Array:
    factors = columns.interaction(items_NxD)
    rest = affinity_beyond_degree(columns, curve, 0.0, items_NxD)
    affinity = _gain(columns, gain, items_NxD, rest) * rest
    powers = _powers(columns, curve, items_NxD)
    if user_curve is None:
        return jnp.concatenate([factors - rest, rest, affinity, powers[:, 1:2]], 1)
    of_users = rest[:, 1:] @ user_curve.coefficients[:, 1:].T
    return jnp.concatenate([factors[:, :1], powers, of_users, affinity[:, 1:], powers[:, 1:2]], 1)


def _powers(columns: VectorColumns, curve: DegreeCurve, vectors_NxD: jax.Array) -> jax.Array:
    """0, 1 and 2 of the scaled log degree, [N, 3]."""
    scaled = (columns.log_degree(vectors_NxD) - curve.centre) / curve.scale
    return jnp.stack([jnp.ones_like(scaled), scaled, scaled**2], 1)


def _gain(columns: VectorColumns, gain: AffinityGain, vectors_NxD: jax.Array, rest_NxK: jax.Array) -> jax.Array:
    """By what affinities are multiplied, [N, 1]."""
    by_degree = jnp.interp(columns.log_degree(vectors_NxD), gain.log_degree, gain.by_degree)
    return (by_degree * jnp.interp(jnp.linalg.norm(rest_NxK, axis=1), gain.length, gain.by_length))[:, None]
