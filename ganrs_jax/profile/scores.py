"""Who would rate what: factors of users and of items whose products are scores.

A user's factors are a mean, what its activity tells, and a rest, its taste; likewise an item's, with popularity. How
activity and popularity hang together is as it was learned, with what `appetite` added; the product of taste and item
has the strength that `prescribed` found for it.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Generator
from ganrs_jax.profile.embedding import Columns
from ganrs_jax.profile.vectors import columns


def plain_strength() -> dict[str, np.ndarray]:
    """The strength of users or items before any is prescribed: 1 for all.

    `by_size` at log sizes `size`, times `by_length` at lengths of the rest `length`; each ascending.
    """
    none, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return {"size": none, "by_size": one, "length": none, "by_length": one}


def choosing(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """What users choose by, [N, 3k + 1]: products with `chosen_by` of items are scores."""
    return _choosing(columns(generator), generator.arrays["choice"], _held(generator, "users"), users_NxD)


def chosen_by(generator: Generator, items_NxD: jax.Array) -> jax.Array:
    """What items are chosen by, [N, 3k + 1]."""
    return _chosen_by(columns(generator), _held(generator, "items"), items_NxD)


def choosing_short(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """As `choosing`, [N, k + 7], as what depends on sizes alone has few degrees of freedom; with `chosen_by_short`."""
    which, users, items = columns(generator), _held(generator, "users"), _held(generator, "items")
    return _choosing_short(which, generator.arrays["choice"], users, items, users_NxD)


def chosen_by_short(generator: Generator, items_NxD: jax.Array) -> jax.Array:
    """As `chosen_by`, [N, k + 7]."""
    return _chosen_by_short(columns(generator), _held(generator, "users"), _held(generator, "items"), items_NxD)


def tastes(generator: Generator, part: str, vectors_NxD: jax.Array) -> jax.Array:
    """Interaction factors of users or items, [N, k], without the part of a user's size that the first one carries."""
    return _tastes(columns(generator), _held(generator, part), vectors_NxD)


def beside_size(generator: Generator, part: str, vectors_NxD: jax.Array) -> jax.Array:
    """Interaction factors [N, k] less their mean at that size (`profile.by_size`); 0 for the first, of rare items."""
    return _rest(columns(generator), _held(generator, part), vectors_NxD)


def _held(generator: Generator, part: str) -> dict[str, Any]:
    arrays = generator.arrays
    offset = arrays["offset"] if part == "users" else np.float32(0)
    return {
        "offset": offset,
        "by_size": arrays[part]["by_size"],
        "strength": arrays["strength"][part],
        "appetite": arrays["appetite"],
    }


@functools.partial(jax.jit, static_argnums=0)
def _choosing(which: Columns, choice: jax.Array, held: dict[str, Any], users_NxD: jax.Array) -> jax.Array:
    factors, rest = _tastes(which, held, users_NxD), _rest(which, held, users_NxD)
    wanted = _strength(which, held["strength"], users_NxD, rest) * (rest + rest @ choice)
    return jnp.concatenate([factors, factors - rest, wanted, _appetite(which, held, users_NxD)], 1)


@functools.partial(jax.jit, static_argnums=0)
def _chosen_by(which: Columns, held: dict[str, Any], items_NxD: jax.Array) -> jax.Array:
    factors, rest = _tastes(which, held, items_NxD), _rest(which, held, items_NxD)
    wanted = _strength(which, held["strength"], items_NxD, rest) * rest
    return jnp.concatenate([factors - rest, rest, wanted, _powers(which, held["by_size"], items_NxD)[:, 1:2]], 1)


@functools.partial(jax.jit, static_argnums=0)
def _choosing_short(
    which: Columns, choice: jax.Array, users: dict[str, Any], items: dict[str, Any], users_NxD: jax.Array
) -> jax.Array:
    factors, rest = _tastes(which, users, users_NxD), _rest(which, users, users_NxD)
    wanted = _strength(which, users["strength"], users_NxD, rest) * (rest + rest @ choice)
    of_items = factors[:, 1:] @ items["by_size"]["coefficients"][:, 1:].T
    powers = _powers(which, users["by_size"], users_NxD)
    appetite = _appetite(which, users, users_NxD)
    return jnp.concatenate([factors[:, :1], of_items, powers, wanted[:, 1:], appetite], 1)


@functools.partial(jax.jit, static_argnums=0)
def _chosen_by_short(which: Columns, users: dict[str, Any], items: dict[str, Any], items_NxD: jax.Array) -> jax.Array:
    factors, rest = _tastes(which, items, items_NxD), _rest(which, items, items_NxD)
    of_users = rest[:, 1:] @ users["by_size"]["coefficients"][:, 1:].T
    wanted = _strength(which, items["strength"], items_NxD, rest) * rest
    powers = _powers(which, items["by_size"], items_NxD)
    return jnp.concatenate([factors[:, :1], powers, of_users, wanted[:, 1:], powers[:, 1:2]], 1)


def _tastes(which: Columns, held: dict[str, Any], vectors_NxD: jax.Array) -> jax.Array:
    return which.interaction(vectors_NxD).at[:, 0].add(-held["offset"] * which.size(vectors_NxD))


def _rest(which: Columns, held: dict[str, Any], vectors_NxD: jax.Array) -> jax.Array:
    mean = _powers(which, held["by_size"], vectors_NxD) @ held["by_size"]["coefficients"]
    return (_tastes(which, held, vectors_NxD) - mean).at[:, 0].set(0.0)


def _powers(which: Columns, by_size: dict[str, Any], vectors_NxD: jax.Array) -> jax.Array:
    """0, 1 and 2 of the scaled size, [N, 3]."""
    scaled = (which.size(vectors_NxD) - by_size["centre"]) / by_size["scale"]
    return jnp.stack([jnp.ones_like(scaled), scaled, scaled**2], 1)


def _appetite(which: Columns, held: dict[str, Any], users_NxD: jax.Array) -> jax.Array:
    """By what users multiply how popular an item is, [N, 1]."""
    appetite = held["appetite"]
    return jnp.interp(which.size(users_NxD), appetite["size"], appetite["weight"])[:, None]


def _strength(which: Columns, held: dict[str, Any], vectors_NxD: jax.Array, rest_NxK: jax.Array) -> jax.Array:
    """By what tastes are multiplied, [N, 1]."""
    of_size = jnp.interp(which.size(vectors_NxD), held["size"], held["by_size"])
    return (of_size * jnp.interp(jnp.linalg.norm(rest_NxK, axis=1), held["length"], held["by_length"]))[:, None]
