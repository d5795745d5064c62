"""Adversarial training on dense samples <user vector, item vector, rating>, and sampling from it.

arXiv 2303.01297 (GANRS), 10.1007/s10489-024-05313-4 (WGANRS), Applied Soft Computing 169, 112608 (CGANRS).
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax

from ganrs_jax.networks.adversarial import OBJECTIVES, OPTIMIZERS, sliced_wasserstein
from ganrs_jax.published.networks import Critic, Generator, generated, scores
from ganrs_jax.training.lanes import Floats, lane_keys
from ganrs_jax.training.loop import QUICK_COMPILE, Chunk, Metrics, Report, scanned, silent, train
from ganrs_jax.training.stages import Stages

CHUNK_STEPS = 2000  # steps between two reports
SAMPLE_BLOCK = 1 << 15  # samples drawn at once: bounds memory whatever is asked


class DenseSamples(NamedTuple):
    """The real samples, gathered on the fly: a lane's vectors by the rows' users and items.

    user_vectors [L, U, k] and item_vectors [L, I, k] differ by lane; user, item int32 [N], value
    float32 [N] (rating on the unit scale) and label int32 [N] (or None) are shared.
    """

    user_vectors: jax.Array
    item_vectors: jax.Array
    user: jax.Array
    item: jax.Array
    value: jax.Array
    label: jax.Array | None = None


class GanSpec(NamedTuple):
    """All that fixes the compiled program: networks, objective, sizes."""

    generator: Generator
    critic: Critic
    objective: str
    optimizer: str
    noise_size: int
    batch_size: int
    critic_steps: int


class GanState(NamedTuple):
    """Variables of both networks and states of their optimisers, lanes leading."""

    generator: optax.Params
    critic: optax.Params
    generator_moments: optax.OptState
    critic_moments: optax.OptState


def fit_gan(
    seeds: Sequence[int],
    spec: GanSpec,
    samples: DenseSamples,
    *,
    floats: Floats,
    num_steps: int,
    chunk_steps: int = CHUNK_STEPS,
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
) -> GanState:
    """Trains a generator and critic per lane, all at once.

    Args:
      seeds: L seeds.
      floats: `gan_learning_rate`, `beta1`, `clip`, `slope`, `momentum`, `dropout`, each [L].
      num_steps: generator steps, each after `spec.critic_steps` critic steps.

    Raises:
      TrainingDivergedError: if every lane diverges.
    """
    keys, chunk, name = lane_keys(seeds), _chunk(spec), f"GAN ({spec.objective})"
    lanes = _Lane(
        jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys), floats, samples.user_vectors, samples.item_vectors
    )
    empty = jnp.zeros((0, 0))  # the vectors travel with their lane
    shared = samples._replace(user_vectors=empty, item_vectors=empty)
    return train(
        lambda state, first, count: chunk(state, first, count, lanes, shared),
        _init(spec, keys, floats),
        stage=name,
        num_steps=num_steps,
        chunk_steps=chunk_steps,
        report=report,
        checkpoint=stages.loop(name),
    )


def real_samples(samples: DenseSamples, rows: jax.Array) -> jax.Array:
    """Dense samples of given rows, [B, 2k+1]; `samples` holds one lane's vectors [U, k], [I, k]."""
    parts = (samples.user_vectors[samples.user[rows]], samples.item_vectors[samples.item[rows]])
    return jnp.concatenate([*parts, samples.value[rows][:, None]], axis=1)


@functools.partial(jax.jit, static_argnums=1)
def criterion(
    keys: jax.Array,
    spec: GanSpec,
    variables: optax.Params,
    samples: DenseSamples,
    held_out_LxM: jax.Array,
    floats: Floats,
) -> jax.Array:
    """Sliced Wasserstein distance between generated and held-out dense samples, [L]; lowest is best.

    Args:
      keys: typed [L]; variables: of the generators, lanes leading.
      held_out_LxM: rows of real samples, as many of generated ones are drawn.
    """

    def one_lane(
        key: jax.Array, variables: optax.Params, users: jax.Array, items: jax.Array, rows: jax.Array, floats: Floats
    ) -> jax.Array:
        mine = samples._replace(user_vectors=users, item_vectors=items)
        draw_key, slice_key = jax.random.split(jax.random.fold_in(key, 2))
        shape, label = (rows.shape[0], spec.noise_size), _labels(samples, rows)
        fake = draw_samples(draw_key, spec.generator, variables, shape, jnp.float32(1.0), label, floats)
        return sliced_wasserstein(slice_key, real_samples(mine, rows), fake)

    lanes = (keys, variables, samples.user_vectors, samples.item_vectors, held_out_LxM, floats)
    return cast(jax.Array, jax.lax.map(lambda lane: one_lane(*lane), lanes))


@functools.partial(jax.jit, static_argnums=(1, 3))
def draw_samples(
    key: jax.Array,
    generator: Generator,
    variables: optax.Params,
    shape: tuple[int, int],
    sigma: jax.Array,
    label: jax.Array | None,
    floats: Floats,
) -> jax.Array:
    """Generated samples [N, outputs] in inference mode, noise N(0, sigma^2).

    Args:
      shape: (N, numbers in a noise vector).
      label: int32 [N], or None for an unconditional generator.
    """
    num_samples, noise_size = shape
    blocks = -(-num_samples // SAMPLE_BLOCK)
    padded = None if label is None else jnp.pad(label, (0, blocks * SAMPLE_BLOCK - num_samples))

    def block(index: jax.Array) -> jax.Array:
        noise = sigma * jax.random.normal(jax.random.fold_in(key, index), (SAMPLE_BLOCK, noise_size))
        part = None if padded is None else jax.lax.dynamic_slice(padded, (index * SAMPLE_BLOCK,), (SAMPLE_BLOCK,))
        return generated(generator, variables, noise, part, floats)

    drawn = jax.lax.map(block, jnp.arange(blocks))
    return drawn.reshape(blocks * SAMPLE_BLOCK, -1)[:num_samples]


@functools.lru_cache
def _chunk(spec: GanSpec) -> Chunk:
    """One compiled program per spec, however often it is trained."""
    return scanned(functools.partial(_step, spec=spec))


@functools.partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILE)
@functools.partial(jax.vmap, in_axes=(None, 0, 0))
def _init(spec: GanSpec, key: jax.Array, floats: Floats) -> GanState:
    generator_key, critic_key = jax.random.split(jax.random.fold_in(key, 0))
    label = jnp.zeros(2, jnp.int32) if spec.generator.num_labels else None
    generator = spec.generator.init(generator_key, jnp.zeros((2, spec.noise_size)), label, floats, train=False)
    critic = spec.critic.init(critic_key, jnp.zeros((2, spec.generator.outputs)), label, floats)
    optimizer = OPTIMIZERS[spec.optimizer](floats)
    return GanState(generator, critic, optimizer.init(generator["params"]), optimizer.init(critic))


class _Lane(NamedTuple):
    """What differs by lane: key, float settings, vectors of users and items."""

    key: jax.Array
    floats: Floats
    user: jax.Array
    item: jax.Array


class _Batch(NamedTuple):
    """Rows of real samples int32 [B] and noise vectors [B, Z]."""

    rows: jax.Array
    noise: jax.Array


def _step(
    state: GanState, index: jax.Array, lane: _Lane, samples: DenseSamples, *, spec: GanSpec
) -> tuple[GanState, Metrics]:
    """`critic_steps` critic steps, then one generator step."""
    samples = samples._replace(user_vectors=lane.user, item_vectors=lane.item)
    row_key, noise_key, dropout_key = jax.random.split(jax.random.fold_in(lane.key, index), 3)
    shape = (spec.critic_steps + 1, spec.batch_size)
    batches = _Batch(  # all draws of a step at once: a random call costs more than the numbers it gives
        jax.random.randint(row_key, shape, 0, len(samples.user)),
        jax.random.normal(noise_key, (*shape, spec.noise_size)),
    )
    batches = jax.lax.optimization_barrier(batches)
    state, losses = jax.lax.scan(
        lambda s, batch: _critic_step(s, batch, samples, lane.floats, spec),
        state,
        jax.tree.map(lambda x: x[:-1], batches),
        unroll=spec.critic_steps == 1,
    )
    last = jax.tree.map(lambda x: x[-1], batches)
    state, generator_loss = _generator_step(state, last, dropout_key, samples, lane.floats, spec)
    return state, {"critic_loss": jnp.mean(losses), "generator_loss": generator_loss}


def _critic_step(
    state: GanState, batch: _Batch, samples: DenseSamples, floats: Floats, spec: GanSpec
) -> tuple[GanState, jax.Array]:
    """The fakes are drawn in inference mode, as Keras's `predict` does in the published loop."""
    real, label = real_samples(samples, batch.rows), _labels(samples, batch.rows)
    fake = generated(spec.generator, state.generator, batch.noise, label, floats)
    objective = OBJECTIVES[spec.objective]

    def loss(critic: optax.Params) -> jax.Array:
        return objective.critic_loss(lambda x: scores(spec.critic, critic, x, label, floats), real, fake)

    value, grads = jax.value_and_grad(loss)(state.critic)
    updates, moments = _updates(spec, floats, grads, state.critic_moments)
    critic = optax.apply_updates(state.critic, updates)
    if objective.clipped:
        critic = jax.tree.map(lambda w: jnp.clip(w, -floats["clip"], floats["clip"]), critic)
    return state._replace(critic=critic, critic_moments=moments), value


def _generator_step(
    state: GanState, batch: _Batch, dropout_key: jax.Array, samples: DenseSamples, floats: Floats, spec: GanSpec
) -> tuple[GanState, jax.Array]:
    real, label = real_samples(samples, batch.rows), _labels(samples, batch.rows)
    rest = {k: v for k, v in state.generator.items() if k != "params"}

    def loss(params: optax.Params) -> tuple[jax.Array, optax.Params]:
        fake, moved = spec.generator.apply(
            {"params": params, **rest},
            batch.noise,
            label,
            floats,
            train=True,
            rngs={"dropout": dropout_key},
            mutable=["batch_stats"],
        )
        score = functools.partial(scores, spec.critic, state.critic, label_B=label, floats=floats)
        return OBJECTIVES[spec.objective].generator_loss(score, real, fake), moved

    (value, moved), grads = jax.value_and_grad(loss, has_aux=True)(state.generator["params"])
    updates, moments = _updates(spec, floats, grads, state.generator_moments)
    params = optax.apply_updates(state.generator["params"], updates)
    return state._replace(generator={"params": params, **moved}, generator_moments=moments), value


def _labels(samples: DenseSamples, rows: jax.Array) -> jax.Array | None:
    return None if samples.label is None else samples.label[rows]


def _updates(
    spec: GanSpec, floats: Floats, grads: optax.Updates, moments: optax.OptState
) -> tuple[optax.Updates, optax.OptState]:
    """The barrier keeps XLA from fusing gradient and moments in another way, and rounding, for another lane count."""
    return OPTIMIZERS[spec.optimizer](floats).update(jax.lax.optimization_barrier(grads), moments)
