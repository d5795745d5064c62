"""The GAN of the profile recipe: a generator of user vectors against a critic.

A real draw is a user uniformly and one of its posterior draws, so users count equally and activity is a generated
number. What is kept are averages of the generator's weights (EMA); of those seen at the end of each chunk of steps, the
one whose samples lie closest to vectors held out of training. A run that collapses or diverges starts again from
another key.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.networks.adversarial import OBJECTIVES, OPTIMIZERS, sliced_wasserstein
from ganrs_jax.profile.model import ResidualMLP, VectorColumns, applied
from ganrs_jax.profile.settings import ProfileConfig
from ganrs_jax.training.devices import ALONE, Share, as_first, sharing
from ganrs_jax.training.lanes import Floats, lane, lane_keys, over_groups, single_lanes
from ganrs_jax.training.loop import Chunk, Metrics, Report, TrainingDivergedError, scanned, silent, train
from ganrs_jax.training.stages import Stages

_CHUNKS = 10  # of training: after each, the averages are validated
_LAST_RATE = 0.05  # share of the learning rate at the last step: a usual end of a cosine decay
_COLLAPSED = 0.4  # sliced Wasserstein distance, of vectors whose parts have deviation 1, over which a run starts again
_ATTEMPTS = 3  # each from other keys
_HELD_OUT = 8192  # vectors that choose the best average


class GanSpec(NamedTuple):
    """All that fixes the compiled program."""

    generator: ResidualMLP
    critic: ResidualMLP
    objective: str
    optimizer: str
    noise_size: int
    batch_size: int
    critic_steps: int
    num_steps: int
    share: Share = ALONE


class GanState(NamedTuple):
    """Weights, optimiser states and average, and the best average so far with its distance."""

    generator: optax.Params
    critic: optax.Params
    generator_moments: optax.OptState
    critic_moments: optax.OptState
    average: optax.Params
    best: optax.Params
    distance: jax.Array


class Vectors(NamedTuple):
    """Standardised vectors to learn, [R, N, D] (R draws of each user), and M others, [M, D]."""

    train: jax.Array
    held_out: jax.Array


def gan_spec(config: ProfileConfig, columns: VectorColumns) -> GanSpec:
    """Networks and sizes of a configuration."""
    return GanSpec(
        generator=ResidualMLP(config.width, config.blocks, columns.width),
        critic=ResidualMLP(config.width, config.blocks, 1),
        objective=config.objective,
        optimizer=config.optimizer,
        noise_size=config.noise_size,
        batch_size=config.gan_batch_size,
        critic_steps=config.critic_steps,
        num_steps=config.gan_steps,
    )


def standardised(drawn_RxNxD: jax.Array) -> Vectors:
    """Posterior draws as vectors of mean 0 and deviation 1: all draws but the last to learn, the last to choose by."""
    flat = drawn_RxNxD.reshape(-1, drawn_RxNxD.shape[-1])
    scaled = (drawn_RxNxD - flat.mean(0)[None, None]) / (flat.std(0) + 1e-6)[None, None]
    return Vectors(scaled[:-1], scaled[-1][np.resize(np.arange(scaled.shape[1]), _HELD_OUT)])


class _Lane(NamedTuple):
    """What differs by lane: its key and its float settings."""

    key: jax.Array
    floats: Floats


def fit_with_restarts(
    seeds: Sequence[int],
    spec: GanSpec,
    vectors: Vectors,
    floats: Floats,
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
) -> tuple[list[GanState], list[int]]:
    """Trains a lane per seed, as `fit_gan` does; one that collapsed or diverged starts again from another key.

    Returns:
      The state of each lane, the best of its attempts, and how often it was started again.

    Raises:
      TrainingDivergedError: if a lane diverges at every attempt.
    """
    states: list[GanState | None] = [None] * len(seeds)
    attempts = [0] * len(seeds)
    for attempt in range(_ATTEMPTS):
        again = [i for i, state in enumerate(states) if state is None or _distance(state) > _COLLAPSED]
        if not again:
            break
        mine = {name: value[np.array(again)] for name, value in floats.items()}
        try:
            found = fit_gan(
                [seeds[i] for i in again], spec, vectors, floats=mine, attempt=attempt, report=report, stages=stages
            )
        except TrainingDivergedError:
            if attempt == _ATTEMPTS - 1 and None in states:
                raise
            continue
        for place, index in enumerate(again):
            attempts[index] = attempt
            state, before = lane(found, place), states[index]
            if before is None or _distance(state) < _distance(before):
                states[index] = state
    return cast(list[GanState], states), attempts


def _distance(state: GanState) -> float:
    distance = float(state.distance)
    return distance if np.isfinite(distance) else np.inf


def fit_gan(
    seeds: Sequence[int],
    spec: GanSpec,
    vectors: Vectors,
    *,
    floats: Floats,
    attempt: int = 0,
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
) -> GanState:
    """Trains a lane per seed.

    Args:
      floats: `gan_learning_rate`, `beta1`, `beta2`, `clip`, `gradient_penalty`, `average`, each [L].
      attempt: another number gives another start and other draws.

    Returns:
      The state, lanes leading; `best` holds the generator to use, `distance` [L] how far it is.

    Raises:
      TrainingDivergedError: if every lane diverges.
    """
    keys = jax.vmap(lambda key: jax.random.fold_in(key, attempt))(lane_keys(seeds))
    spec = spec._replace(share=sharing(len(seeds), spec.batch_size))
    chunk, validate = _programs(spec)
    lanes = _Lane(keys, dict(floats))
    vectors = as_first(vectors)
    shared = spec.share.everywhere(vectors)
    state = _init(spec, keys, dict(floats))

    def step(state: GanState, first: int, count: int) -> tuple[GanState, Metrics]:
        state, metrics = chunk(spec.share.everywhere(state), first, count, lanes, shared)
        local = (spec.share.here(state), keys)
        state = over_groups(lambda mine: validate(*mine, vectors), local, single_lanes(len(seeds)))
        return state, {**metrics, "distance": state.distance}

    name = f"GAN ({spec.objective})" + (f", attempt {attempt + 1}" if attempt else "")
    return train(
        step,
        state,
        stage=name,
        num_steps=spec.num_steps,
        chunk_steps=-(-spec.num_steps // _CHUNKS),
        report=report,
        checkpoint=stages.loop(name),
    )


@functools.lru_cache
def _programs(spec: GanSpec) -> tuple[Chunk, Callable[..., GanState]]:
    """The compiled chunk of training steps, and the validation of the averages, lanes leading."""
    validate = jax.jit(jax.vmap(functools.partial(_validate, spec=spec), in_axes=(0, 0, None)))
    return scanned(functools.partial(_step, spec=spec), spec.share), validate


@functools.partial(jax.jit, static_argnums=0)
@functools.partial(jax.vmap, in_axes=(None, 0, 0))
def _init(spec: GanSpec, key: jax.Array, floats: Floats) -> GanState:
    generator_key, critic_key = jax.random.split(jax.random.fold_in(key, 0))
    generator = spec.generator.init(generator_key, jnp.zeros((1, spec.noise_size)))
    critic = spec.critic.init(critic_key, jnp.zeros((1, spec.generator.outputs)))
    optimizer = OPTIMIZERS[spec.optimizer](floats)
    moments = optimizer.init(generator), optimizer.init(critic)
    return GanState(generator, critic, *moments, generator, generator, jnp.float32(jnp.inf))


def _step(
    state: GanState, index: jax.Array, lane: _Lane, vectors: Vectors, *, spec: GanSpec
) -> tuple[GanState, Metrics]:
    """`critic_steps` critic steps, then one generator step, then the average."""
    key = jax.random.fold_in(jax.random.fold_in(lane.key, 2), index)
    decay = optax.schedules.cosine_decay_schedule(1.0, spec.num_steps, _LAST_RATE)(index)
    floats = {**lane.floats, "gan_learning_rate": lane.floats["gan_learning_rate"] * decay}
    optimizer, objective = OPTIMIZERS[spec.optimizer](floats), OBJECTIVES[spec.objective]
    generator_key, *critic_keys = jax.random.split(key, spec.critic_steps + 1)
    for critic_key in critic_keys:
        state = _critic_step(critic_key, state, vectors.train, floats, spec)
    real, noise, _ = _batch(generator_key, vectors.train, spec)
    scores = functools.partial(_scores, spec, state.critic)

    def loss(weights: optax.Params) -> jax.Array:
        return objective.generator_loss(scores, real, applied(spec.generator, weights, noise))

    value, grads = jax.value_and_grad(loss)(state.generator)
    updates, moments = optimizer.update(grads, state.generator_moments)
    generator = optax.apply_updates(state.generator, updates)
    kept = jnp.minimum(floats["average"], 1 - 1 / (1 + 0.1 * index))  # a short memory at first
    average = jax.tree.map(lambda a, x: kept * a + (1 - kept) * x, state.average, generator)
    return state._replace(generator=generator, generator_moments=moments, average=average), {"loss": value}


def _critic_step(key: jax.Array, state: GanState, train_RxNxD: jax.Array, floats: Floats, spec: GanSpec) -> GanState:
    real, noise, penalty_key = _batch(key, train_RxNxD, spec)
    fake = applied(spec.generator, state.generator, noise)
    objective = OBJECTIVES[spec.objective]

    def loss(critic: optax.Params) -> jax.Array:
        scores = functools.partial(_scores, spec, critic)
        value = objective.critic_loss(scores, real, fake)
        if objective.penalty is None:
            return value
        return value + floats["gradient_penalty"] * objective.penalty(penalty_key, scores, real, fake)

    updates, moments = OPTIMIZERS[spec.optimizer](floats).update(jax.grad(loss)(state.critic), state.critic_moments)
    critic = optax.apply_updates(state.critic, updates)
    if objective.clipped:
        critic = jax.tree.map(lambda w: jnp.clip(w, -floats["clip"], floats["clip"]), critic)
    return state._replace(critic=critic, critic_moments=moments)


def _scores(spec: GanSpec, critic: optax.Params, x_BxD: jax.Array) -> jax.Array:
    return spec.share.together(applied(spec.critic, critic, x_BxD)[:, 0])


def _batch(key: jax.Array, train_RxNxD: jax.Array, spec: GanSpec) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Real vectors [B, D], noise [B, Z], and a key for the penalty."""
    draw_key, row_key, noise_key, penalty_key = jax.random.split(key, 4)
    draws, rows, _ = train_RxNxD.shape
    size = (spec.batch_size,)
    real = train_RxNxD[jax.random.randint(draw_key, size, 0, draws), jax.random.randint(row_key, size, 0, rows)]
    noise = jax.random.normal(noise_key, (*size, spec.noise_size))
    return spec.share.rows(real), spec.share.rows(noise), penalty_key


def _validate(state: GanState, key: jax.Array, vectors: Vectors, *, spec: GanSpec) -> GanState:
    """Keeps the average as the best if its samples lie closer to the held-out vectors than the best one's did."""
    noise_key, slice_key = jax.random.split(jax.random.fold_in(key, 3))
    noise = jax.random.normal(noise_key, (len(vectors.held_out), spec.noise_size))
    distance = sliced_wasserstein(slice_key, vectors.held_out, applied(spec.generator, state.average, noise))
    better = distance < state.distance
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), state.average, state.best)
    return state._replace(best=best, distance=jnp.where(better, distance, state.distance))
