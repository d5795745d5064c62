"""A generator in two parts, users and items, trained as one program against a critic each.

A real draw of a part is a user (or item) uniformly and one of its posterior draws, so users count equally and
activity is a generated number. Averages of the generators' weights (EMA) are what is kept; of the averages
seen at the end of each chunk of steps, the one whose samples lie closest to vectors held out of training.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ganrs_jax.networks.objectives import OBJECTIVES, Objective
from ganrs_jax.networks.optimizers import OPTIMIZERS
from ganrs_jax.networks.residual import ResidualMLP, applied
from ganrs_jax.networks.sliced_wasserstein import sliced_wasserstein
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.devices import ALONE, Share, as_first, sharing
from ganrs_jax.training.lanes import lane_keys, over_groups, single_lanes
from ganrs_jax.training.loop import Report, scanned, silent, train

Floats = Mapping[str, jax.Array]
_CHUNKS = 10  # of training: after each, the averages are looked at
_LAST_RATE = 0.05  # share of the learning rate at the last step
PARTS = ("users", "items")


class TwoPartSpec(NamedTuple):
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


class Part(NamedTuple):
    """One part's weights, optimiser states and average, and the best average so far with its distance."""

    generator: Any
    critic: Any
    generator_moments: Any
    critic_moments: Any
    average: Any
    best: Any
    distance: jax.Array


class Vectors(NamedTuple):
    """Standardised vectors to learn, [R, N, D] (R draws of each owner), and M of other owners, [M, D]."""

    train: jax.Array
    held_out: jax.Array


def fit_two_part(
    seeds: tuple[int, ...],
    spec: TwoPartSpec,
    vectors: Mapping[str, Vectors],
    *,
    floats: Floats,
    attempt: int = 0,
    report: Report = silent,
    kept: Kept = NOTHING,
) -> dict[str, Part]:
    """Trains both parts, a lane a seed.

    Args:
      vectors: for "users" and "items".
      floats: `gan_learning_rate`, `beta1`, `beta2`, `clip`, `gradient_penalty`, `average`, each [L].
      attempt: another number gives another start and other draws.

    Returns:
      The state of each part, lanes leading; `best` holds the generator to use, `distance` [L] how far it is.

    Raises:
      TrainingDivergedError: if every lane diverges.
    """
    keys = jax.vmap(lambda key: jax.random.fold_in(key, attempt))(lane_keys(seeds))
    spec = spec._replace(share=sharing(len(seeds), spec.batch_size))
    chunk, look = _programs(spec)
    lanes = {"key": keys, "floats": dict(floats)}
    vectors = as_first(dict(vectors))
    shared = spec.share.everywhere(vectors)
    state = {name: _init(spec, number, keys, dict(floats)) for number, name in enumerate(PARTS)}

    def step(state: Any, first: int, count: int) -> Any:
        state, metrics = chunk(spec.share.everywhere(state), first, count, lanes, shared)
        looked = (spec.share.here(state), keys)
        state = over_groups(lambda mine: look(*mine, vectors), looked, single_lanes(len(seeds)))
        return state, {**metrics, **{f"{name}_distance": state[name].distance for name in PARTS}}

    return train(
        step,
        state,
        stage=f"GAN ({spec.objective})" + (f", attempt {attempt + 1}" if attempt else ""),
        num_steps=spec.num_steps,
        chunk_steps=-(-spec.num_steps // _CHUNKS),
        report=report,
        kept=kept,
    )


@functools.partial(jax.jit, static_argnums=(1, 4))
def generate_vectors(
    key: jax.Array, generator: ResidualMLP, weights: Any, sigma: jax.Array, shape: tuple[int, int]
) -> jax.Array:
    """Vectors [N, D] from noise N(0, sigma^2) of `shape` (N, numbers in a noise vector)."""
    return applied(generator, weights, sigma * jax.random.normal(key, shape))


def matching(generated_MxD: jax.Array, wanted_RxNxD: jax.Array) -> dict[str, jax.Array]:
    """The affine map that gives generated vectors the mean and covariance of the wanted ones.

    Returns:
      `shift_before` [D], `turn` [D, D], `shift_after` [D], `spread` [D] (of the wanted):
      x -> (x - shift_before) @ turn + shift_after.
    """
    wanted = wanted_RxNxD.reshape(-1, wanted_RxNxD.shape[-1])
    ridge = 1e-6 * jnp.eye(wanted.shape[1])
    have, want = (jnp.linalg.cholesky(jnp.cov(x.T) + ridge) for x in (generated_MxD, wanted))
    return {
        "shift_before": generated_MxD.mean(0),
        "turn": jnp.linalg.inv(have).T @ want.T,
        "shift_after": wanted.mean(0),
        "spread": wanted.std(0),
    }


@functools.lru_cache
def _programs(spec: TwoPartSpec) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The compiled chunk of training steps, and the look at the averages, lanes leading."""
    look = jax.jit(jax.vmap(functools.partial(_look, spec=spec), in_axes=(0, 0, None)))
    return scanned(functools.partial(_step, spec=spec), spec.share), look


@functools.partial(jax.jit, static_argnums=0)
@functools.partial(jax.vmap, in_axes=(None, None, 0, 0))
def _init(spec: TwoPartSpec, number: jax.Array | int, key: jax.Array, floats: Floats) -> Part:
    generator_key, critic_key = jax.random.split(jax.random.fold_in(key, number))
    generator = spec.generator.init(generator_key, jnp.zeros((1, spec.noise_size)))
    critic = spec.critic.init(critic_key, jnp.zeros((1, spec.generator.outputs)))
    optimizer = OPTIMIZERS[spec.optimizer](floats)
    moments = optimizer.init(generator), optimizer.init(critic)
    return Part(generator, critic, *moments, generator, generator, jnp.float32(jnp.inf))


def _step(
    state: dict[str, Part], index: jax.Array, lane: Any, vectors: Mapping[str, Vectors], *, spec: TwoPartSpec
) -> tuple[dict[str, Part], dict[str, jax.Array]]:
    key = jax.random.fold_in(jax.random.fold_in(lane["key"], 2), index)
    decay = optax.schedules.cosine_decay_schedule(1.0, spec.num_steps, _LAST_RATE)(index)
    floats = {**lane["floats"], "gan_learning_rate": lane["floats"]["gan_learning_rate"] * decay}
    moved, losses = {}, {}
    for number, name in enumerate(PARTS):
        part_key = jax.random.fold_in(key, number)
        moved[name], losses[f"{name}_loss"] = _part_step(
            part_key, state[name], vectors[name].train, index, floats, spec
        )
    return moved, losses


def _part_step(
    key: jax.Array, part: Part, train_RxNxD: jax.Array, index: jax.Array, floats: Floats, spec: TwoPartSpec
) -> tuple[Part, jax.Array]:
    """`critic_steps` critic steps, then one generator step, then the average."""
    keys = jax.random.split(key, spec.critic_steps + 1)
    for critic_key in keys[1:]:
        part = _critic_step(critic_key, part, train_RxNxD, floats, spec)
    real, noise, _ = _batch(keys[0], train_RxNxD, spec)
    objective = OBJECTIVES[spec.objective]

    def loss(weights: Any) -> jax.Array:
        return objective.generator_loss(_scores(spec, part.critic), real, applied(spec.generator, weights, noise))

    value, grads = jax.value_and_grad(loss)(part.generator)
    updates, moments = OPTIMIZERS[spec.optimizer](floats).update(grads, part.generator_moments)
    generator = optax.apply_updates(part.generator, updates)
    kept = jnp.minimum(floats["average"], 1 - 1 / (1 + 0.1 * index))  # a short memory at first
    average = jax.tree.map(lambda a, x: kept * a + (1 - kept) * x, part.average, generator)
    return part._replace(generator=generator, generator_moments=moments, average=average), value


def _critic_step(key: jax.Array, part: Part, train_RxNxD: jax.Array, floats: Floats, spec: TwoPartSpec) -> Part:
    real, noise, penalty_key = _batch(key, train_RxNxD, spec)
    fake = applied(spec.generator, part.generator, noise)
    objective = OBJECTIVES[spec.objective]
    grads = jax.grad(_critic_loss)(part.critic, penalty_key, real, fake, objective, floats, spec)
    updates, moments = OPTIMIZERS[spec.optimizer](floats).update(grads, part.critic_moments)
    critic = optax.apply_updates(part.critic, updates)
    if objective.clipped:
        critic = jax.tree.map(lambda w: jnp.clip(w, -floats["clip"], floats["clip"]), critic)
    return part._replace(critic=critic, critic_moments=moments)


def _critic_loss(
    critic: Any, key: jax.Array, real: jax.Array, fake: Any, objective: Objective, floats: Floats, spec: TwoPartSpec
) -> jax.Array:
    scores = _scores(spec, critic)
    loss = objective.critic_loss(scores, real, fake)
    if objective.penalty is None:
        return loss
    return loss + floats["gradient_penalty"] * objective.penalty(key, scores, real, fake)


def _scores(spec: TwoPartSpec, critic: Any) -> Callable[[jax.Array], jax.Array]:
    return lambda x: spec.share.together(applied(spec.critic, critic, x)[:, 0])


def _batch(key: jax.Array, train_RxNxD: jax.Array, spec: TwoPartSpec) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Real vectors [B, D], noise [B, Z], and a key for the penalty."""
    draw_key, row_key, noise_key, penalty_key = jax.random.split(key, 4)
    draws, rows, _ = train_RxNxD.shape
    size = (spec.batch_size,)
    real = train_RxNxD[jax.random.randint(draw_key, size, 0, draws), jax.random.randint(row_key, size, 0, rows)]
    noise = jax.random.normal(noise_key, (*size, spec.noise_size))
    return spec.share.rows(real), spec.share.rows(noise), penalty_key


def _look(
    state: dict[str, Part], key: jax.Array, vectors: Mapping[str, Vectors], *, spec: TwoPartSpec
) -> dict[str, Part]:
    """Keeps an average as the best if its samples lie closer to the held-out vectors than the best one's did."""
    key = jax.random.fold_in(key, 3)

    def looked(key: jax.Array, part: Part, held_out: jax.Array) -> Part:
        noise_key, slice_key = jax.random.split(key)
        noise = jax.random.normal(noise_key, (len(held_out), spec.noise_size))
        distance = sliced_wasserstein(slice_key, held_out, applied(spec.generator, part.average, noise))
        better = distance < part.distance
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), part.average, part.best)
        return part._replace(best=best, distance=jnp.where(better, distance, part.distance))

    keys = jax.random.split(key, len(PARTS))
    return {name: looked(key, state[name], vectors[name].held_out) for key, name in zip(keys, PARTS, strict=True)}
