"""Raw samples <user vector, item vector, rating> from a profile generator, as decoding by clusters takes them."""

import functools

import jax
import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.profile.embedding import Columns
from ganrs_jax.profile.scores import choosing, chosen_by
from ganrs_jax.profile.vectors import columns, vectors

_POOL = 4096  # users, and items, that samples are drawn from
_BLOCK = 1024  # samples drawn at once


def draw_tuples(generator: Generator, request: Request) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """User vectors [N, D], item vectors [N, D] and ratings [N] in stars, before rounding; N = request.num_ratings.

    A sample's user is drawn by activity, its item by popularity and by how well their factors fit.
    """
    key = jax.random.fold_in(jax.random.key(request.seed), 99)
    user_key, item_key, key = jax.random.split(key, 3)
    which = columns(generator)
    users = vectors(generator, "users", user_key, request.sigma, _POOL)
    items = vectors(generator, "items", item_key, request.sigma, _POOL)
    scores = choosing(generator, users) @ chosen_by(generator, items).T + which.size(items)[None]
    user, item, stars = _pairs(key, which, users, items, scores, -(-request.num_ratings // _BLOCK))
    some = slice(request.num_ratings)
    rating = np.asarray(stars)[some] + float(generator.arrays["mean_rating"])
    return np.asarray(users)[np.asarray(user)[some]], np.asarray(items)[np.asarray(item)[some]], rating


@functools.partial(jax.jit, static_argnums=(1, 5))
def _pairs(
    key: jax.Array, which: Columns, users: jax.Array, items: jax.Array, scores: jax.Array, blocks: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    def block(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        user_key, item_key, noise_key = jax.random.split(key, 3)
        user = jax.random.categorical(user_key, which.size(users), shape=(_BLOCK,))
        item = jax.random.categorical(item_key, scores[user], axis=1)
        x, y = users[user], items[item]
        noise = which.noise_scale(x, y) * jax.random.normal(noise_key, (_BLOCK,))
        return user, item, which.predicted(x, y) + noise

    drawn = jax.lax.map(block, jax.random.split(key, blocks))
    return tuple(x.reshape(-1) for x in drawn)
