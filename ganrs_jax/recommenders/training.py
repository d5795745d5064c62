"""Trains networks as vmapped lanes: an epoch is one compiled scan over batches of a fresh permutation."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.recommenders.hyperparameters import NeuralConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Score, Scored, Split, Task
from ganrs_jax.training.lanes import Floats, lane_keys, stacked_floats
from ganrs_jax.training.loop import QUICK_COMPILE, Chunk, Metrics, Report, scanned, train

_EPSILON = 1e-7  # Keras's Adam
_INIT, _EPOCHS, _SETTLE = range(3)  # streams of a lane's key


class Network(NamedTuple):
    """A network, what it learns from and how it is read; all functions pure, user and item broadcastable ids.

    Attributes:
      module: (task, config) -> a flax module (user, item, floats, train) -> outputs, any pytree.
      loss: (outputs, ratings [B], task, floats) -> a loss a row, [B].
      scored: (module, state, user, item, task) -> Scored.
      settled: (module, params, key, config) -> what `scored` takes as a lane's state.
    """

    module: Callable[..., nn.Module]
    loss: Callable[..., jax.Array]
    scored: Callable[..., Scored]
    settled: Callable[..., optax.Params] = lambda module, params, key, config: params


class _Program(NamedTuple):
    """All that a compiled epoch depends on, but for arrays."""

    network: Network
    module: nn.Module
    task: Task
    batch_size: int


class _Batch(NamedTuple):
    """Rows, [B] each; weight 0 fills up an epoch's last batch."""

    user: jax.Array
    item: jax.Array
    rating: jax.Array
    weight: jax.Array


class _State(NamedTuple):
    """Parameters and the optimiser's state."""

    params: optax.Params
    moments: optax.OptState


class _Lane(NamedTuple):
    """What differs by lane: key, float settings, training rows <user, item, rating>, [n] each."""

    key: jax.Array
    floats: Floats
    rows: list[jax.Array]


def neural(network: Network, config: type, lane_floats: tuple[str, ...]) -> Recommender:
    """The recommender of a network."""
    return Recommender(config, functools.partial(_fit, network, lane_floats), lane_floats)


def _fit(
    network: Network,
    lane_floats: tuple[str, ...],
    seeds: Sequence[int],
    splits: Sequence[Split],
    task: Task,
    configs: Sequence[NeuralConfig],
    report: Report,
) -> Fitted:
    module = network.module(task, configs[0])
    rows = [jnp.asarray(np.stack(part)) for part in list(zip(*splits, strict=True))[:3]]
    lanes = _Lane(lane_keys(seeds), stacked_floats(configs, lane_floats), rows)
    program = _Program(network, module, task, min(configs[0].batch_size, rows[0].shape[1]))
    epochs = _scanned_epochs(program)
    state = train(
        lambda s, first, count: epochs(s, first, count, lanes, ()),
        _init(module, lanes.key, lanes.floats),
        stage=f"{type(module).__name__}, epochs of {-(-rows[0].shape[1] // program.batch_size)} steps",
        num_steps=configs[0].epochs,
        chunk_steps=1,
        report=report,
    )
    return Fitted(_settled(network, module, configs[0], state.params, lanes.key), _score(network, module, task))


@functools.lru_cache  # one compiled program a shape, however often it is trained
def _scanned_epochs(program: _Program) -> Chunk:
    return scanned(functools.partial(_epoch, program=program))


@functools.lru_cache
def _score(network: Network, module: nn.Module, task: Task) -> Score:
    return lambda state, user, item: network.scored(module, state, user, item, task)


@functools.partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILE)
@functools.partial(jax.vmap, in_axes=(None, 0, 0))
def _init(module: nn.Module, key: jax.Array, floats: Floats) -> _State:
    some = jnp.zeros(1, jnp.int32)
    params_key, noise_key = jax.random.split(jax.random.fold_in(key, _INIT))
    params = module.init({"params": params_key, "noise": noise_key}, some, some, floats, train=True)
    return _State(params, _optimizer(floats).init(params))


@functools.partial(jax.jit, static_argnums=(0, 1, 2), compiler_options=QUICK_COMPILE)
def _settled(
    network: Network, module: nn.Module, config: NeuralConfig, params: optax.Params, key: jax.Array
) -> optax.Params:
    one_lane = functools.partial(network.settled, module, config=config)
    return jax.vmap(lambda p, k: one_lane(p, jax.random.fold_in(k, _SETTLE)))(params, key)


def _epoch(
    state: _State, index: jax.Array, lane: _Lane, shared: tuple[()], *, program: _Program
) -> tuple[_State, Metrics]:
    """One pass over the lane's training rows in a fresh order."""
    order_key, noise_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(lane.key, _EPOCHS), index))
    batches = _batches(order_key, lane.rows, program.batch_size)
    step = functools.partial(train_step, program=program, key=noise_key, floats=lane.floats)
    state, losses = jax.lax.scan(step, state, (jnp.arange(len(batches.user)), batches))
    return state, {"loss": jnp.mean(losses)}


def _batches(key: jax.Array, rows: Sequence[jax.Array], batch_size: int) -> _Batch:
    """Every row once, [steps, B]; what is left makes a last batch, as in Keras, filled up with rows of weight 0."""
    count = len(rows[0])
    missing = -count % batch_size
    order = jax.random.permutation(key, count)
    order = jnp.concatenate([order, order[:missing]]).reshape(-1, batch_size)
    weight = (jnp.arange(count + missing) < count).astype(jnp.float32).reshape(-1, batch_size)
    user, item, rating = (x[order] for x in rows)
    return _Batch(user, item, rating, weight)


def train_step(
    state: _State, indexed: tuple[jax.Array, _Batch], *, program: _Program, key: jax.Array, floats: Floats
) -> tuple[_State, jax.Array]:
    """One step of Adam on the mean loss of a batch: (params, moments) -> the same, and the loss."""
    (params, moments), (index, batch) = state, indexed

    def mean_loss(params: optax.Params) -> jax.Array:
        noise = {"noise": jax.random.fold_in(key, index)}
        outputs = program.module.apply(params, batch.user, batch.item, floats, train=True, rngs=noise)
        loss = program.network.loss(outputs, batch.rating, program.task, floats)
        return jnp.sum(loss * batch.weight) / jnp.sum(batch.weight)

    loss, grads = jax.value_and_grad(mean_loss)(params)
    updates, moments = _optimizer(floats).update(grads, moments, params)
    return _State(optax.apply_updates(params, updates), moments), loss


def _optimizer(floats: Floats) -> optax.GradientTransformation:
    """Adam after the gradient of the embeddings' penalty."""

    def is_table(params: optax.Params) -> optax.Params:
        return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "embedding", params)

    return optax.chain(
        optax.add_decayed_weights(floats["l2"], is_table), optax.adam(floats["learning_rate"], eps=_EPSILON)
    )
