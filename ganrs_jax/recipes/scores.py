"""Who would rate what: factors of users and of items whose products are scores.

A user's factors are a mean, what its activity tells, and a rest, its taste; likewise an item's, with popularity. How
activity and popularity hang together stays as it was learned; the product of taste and item has the strength that
`prescribed` found for it.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.recipes.interface import Generator
from ganrs_jax.recipes.vectors import columns


def plain_strength() -> dict[str, np.ndarray]:
    """The strength of users or items before any is prescribed: 1 for all.

    `by_size` at log sizes `size`, times `by_length` at lengths of the rest `length`; each ascending.
    """
    none, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return {"size": none, "by_size": one, "length": none, "by_length": one}


def choosing(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """What users choose by, [N, 3k]: products with `chosen_by` of items are scores."""
    factors = tastes(generator, users_NxD)
    rest = beside_size(generator, "users", users_NxD)
    wanted = rest + rest @ jnp.asarray(generator.arrays["choice"])
    strength = _strength(generator, "users", users_NxD, rest)
    return jnp.concatenate([factors, factors - rest, strength[:, None] * wanted], 1)


def chosen_by(generator: Generator, items_NxD: jax.Array) -> jax.Array:
    """What items are chosen by, [N, 3k]."""
    factors = columns(generator).interaction(items_NxD)
    rest = beside_size(generator, "items", items_NxD)
    strength = _strength(generator, "items", items_NxD, rest)
    return jnp.concatenate([factors - rest, rest, strength[:, None] * rest], 1)


def tastes(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """Interaction factors of users, [N, k], without the part of the size that the first one carries."""
    which = columns(generator)
    return which.interaction(users_NxD).at[:, 0].add(-generator.arrays["offset"] * which.size(users_NxD))


def beside_size(generator: Generator, part: str, vectors_NxD: jax.Array) -> jax.Array:
    """Interaction factors [N, k] less their mean at that size (`profile.by_size`); 0 for the first, of rare items."""
    factors = tastes(generator, vectors_NxD) if part == "users" else columns(generator).interaction(vectors_NxD)
    held = generator.arrays[part]["by_size"]
    scaled = (columns(generator).size(vectors_NxD) - held["centre"]) / held["scale"]
    rest = factors - jnp.stack([jnp.ones_like(scaled), scaled, scaled**2], 1) @ held["coefficients"]
    return rest.at[:, 0].set(0.0)


def _strength(generator: Generator, part: str, vectors_NxD: jax.Array, rest_NxK: jax.Array) -> jax.Array:
    held: dict[str, Any] = generator.arrays["strength"][part]
    of_size = jnp.interp(columns(generator).size(vectors_NxD), held["size"], held["by_size"])
    return of_size * jnp.interp(jnp.linalg.norm(rest_NxK, axis=1), held["length"], held["by_length"])
