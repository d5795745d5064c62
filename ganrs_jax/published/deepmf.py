"""DeepMF: matrix factorisation of ratings by gradient descent, the first stage of GANRS.

Bobadilla et al., arXiv 2303.01297, section 3: two embedding tables, dot product, no biases,
squared error.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.data.ratings import Ratings, split_rows
from ganrs_jax.training.lanes import lane_keys
from ganrs_jax.training.loop import QUICK_COMPILE, Chunk, Metrics, Report, scanned, silent, small_uniform, train


class Embedding(NamedTuple):
    """Vectors of users [L, U, k] and items [L, I, k], and the held-out RMSE [L] in rating units."""

    user: jax.Array
    item: jax.Array
    held_out_rmse: jax.Array


class DeepMF(nn.Module):
    """Predicts a rating as the dot product of a user's and an item's vector of `size` numbers."""

    num_users: int
    num_items: int
    size: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array) -> jax.Array:
        """user, item: int32 [B]; returns float32 [B]."""
        vectors = functools.partial(nn.Embed, features=self.size, embedding_init=small_uniform)
        return jnp.sum(vectors(self.num_users, name="user")(user) * vectors(self.num_items, name="item")(item), -1)


class _Rows(NamedTuple):
    user: jax.Array
    item: jax.Array
    rating: jax.Array


class _Lane(NamedTuple):
    """What differs by lane: key, learning rate, training rows int32 [N]."""

    key: jax.Array
    learning_rate: jax.Array
    rows: jax.Array


class _State(NamedTuple):
    """Parameters and the optimiser's state."""

    params: optax.Params
    moments: optax.OptState


def fit_deepmf(
    seeds: Sequence[int],
    ratings: Ratings,
    *,
    size: int,
    learning_rate: jax.Array,
    batch_size: int,
    epochs: int,
    train_share: float,
    report: Report = silent,
) -> Embedding:
    """Trains one DeepMF per seed, all at once.

    Args:
      seeds: L seeds; each draws its own split, start and batches.
      size: numbers in a vector.
      learning_rate: float32 [L], Adam's.
      batch_size: ratings per step; what is left of an epoch is not used in it.
      train_share: share of the ratings trained on; the rest measures `held_out_rmse`.

    Raises:
      TrainingDivergedError: if every lane diverges.
      InputError: if the split leaves no row on one side.
    """
    splits = [split_rows(ratings.num_ratings, train_share, seed) for seed in seeds]
    train_rows, held_out = (jnp.asarray(np.stack(part)) for part in zip(*splits, strict=True))
    rows = _Rows(*(jnp.asarray(x) for x in (ratings.user, ratings.item, ratings.rating)))
    model = DeepMF(ratings.num_users, ratings.num_items, size)
    keys = lane_keys(seeds)
    batch_size = min(batch_size, train_rows.shape[1])
    state = _init(model, keys, learning_rate)
    steps = train_rows.shape[1] // batch_size
    lanes = _Lane(keys, learning_rate, train_rows)
    epoch = _epochs(model, batch_size)
    state = train(
        lambda s, first, count: epoch(s, first, count, lanes, rows),
        state,
        stage=f"DeepMF, epochs of {steps} steps",
        num_steps=epochs,
        chunk_steps=1,
        report=report,
    )
    tables = state.params["params"]
    rmse = _rmse(model, state.params, held_out, rows)
    return Embedding(tables["user"]["embedding"], tables["item"]["embedding"], rmse)


@functools.lru_cache
def _epochs(model: DeepMF, batch_size: int) -> Chunk:
    """One compiled program per shape, however often it is trained."""
    return scanned(functools.partial(_epoch, model=model, batch_size=batch_size))


@functools.partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILE)
@functools.partial(jax.vmap, in_axes=(None, 0, 0))
def _init(model: DeepMF, key: jax.Array, learning_rate: jax.Array) -> _State:
    some = jnp.zeros(1, jnp.int32)
    params = model.init(jax.random.fold_in(key, 0), some, some)
    return _State(params, _optimizer(learning_rate).init(params))


def _epoch(
    state: _State, index: jax.Array, lane: _Lane, rows: _Rows, *, model: DeepMF, batch_size: int
) -> tuple[_State, Metrics]:
    """One pass over the lane's training rows in a fresh order."""
    key = jax.random.fold_in(jax.random.fold_in(lane.key, 1), index)
    order = jax.random.permutation(key, lane.rows)
    batches = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
    optimizer = _optimizer(lane.learning_rate)

    def step(state: _State, batch: jax.Array) -> tuple[_State, jax.Array]:
        def loss(params: optax.Params) -> jax.Array:
            return jnp.mean(_squared_error(params, model, *(x[batch] for x in rows)))

        value, grads = jax.value_and_grad(loss)(state.params)
        updates, moments = optimizer.update(grads, state.moments)
        return _State(optax.apply_updates(state.params, updates), moments), value

    state, losses = jax.lax.scan(step, state, batches)
    return state, {"squared_error": jnp.mean(losses)}


def _optimizer(learning_rate: jax.Array) -> optax.GradientTransformation:
    return optax.adam(learning_rate, eps=1e-7)  # Keras's epsilon


def _squared_error(
    params: optax.Params, model: DeepMF, user: jax.Array, item: jax.Array, rating: jax.Array
) -> jax.Array:
    return jnp.square(rating - cast(jax.Array, model.apply(params, user, item)))


@functools.partial(jax.jit, static_argnums=0)
def _rmse(model: DeepMF, params: optax.Params, held_out: jax.Array, rows: _Rows) -> jax.Array:
    def one_lane(params: optax.Params, held_out: jax.Array) -> jax.Array:
        square = jax.lax.map(
            lambda i: _squared_error(params, model, rows.user[i], rows.item[i], rows.rating[i]),
            held_out,
            batch_size=1 << 16,
        )
        return jnp.sqrt(jnp.mean(square))

    return jax.lax.map(lambda pair: one_lane(*pair), (params, held_out))
