"""Steps 1 to 3 of GANRS (arXiv 2303.01297): embedding, dense samples, GAN, many seeds or settings at once.

Shared by the three published recipes.
"""

import dataclasses
import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.data.ratings import Ratings, split_rows
from ganrs_jax.networks.sliced_wasserstein import sliced_wasserstein
from ganrs_jax.published import decoding as clustered
from ganrs_jax.published.config import LANE_FLOATS, GanrsConfig, refuse_laws
from ganrs_jax.published.decoding import generator_network
from ganrs_jax.published.deepmf import Embedding, fit_deepmf
from ganrs_jax.published.gan import (
    DenseSamples,
    GanSpec,
    GanState,
    compile_gan,
    draw_samples,
    fit_gan,
    gan_shapes,
    real_samples,
)
from ganrs_jax.published.networks import Critic
from ganrs_jax.published.unit_scale import to_unit
from ganrs_jax.statistics.summary import describe_source
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.lanes import check_lanes, lane, lane_keys, stacked_floats
from ganrs_jax.training.loop import Report, silent

_CRITERION_SAMPLES = 8192


def fit_lanes(
    recipe: str,
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[GanrsConfig],
    *,
    label: np.ndarray | None = None,
    num_labels: int = 0,
    extra: dict[str, Any] | None = None,
    report: Report = silent,
    expect: Request | None = None,
    kept: Kept = NOTHING,
) -> list[Generator]:
    """Steps 1 to 3: embeds, makes dense samples, trains the GAN; L lanes at once.

    Args:
      seeds: L seeds.
      configs: L configurations that differ in `LANE_FLOATS` only.
      label: int32 [N], the group of each rating's user, for a conditional generator.
      extra: json-ready facts to keep with each generator.
      expect: a request that will come next; its programs compile while the GAN trains.
      kept: what an earlier run, stopped, has done.

    Raises:
      InputError: if the ratings cannot be split, seeds or lanes are not as said, or a law is expected.
      TrainingDivergedError: if every lane diverges.
    """
    check_lanes(seeds, configs, LANE_FLOATS)
    if expect is not None:
        refuse_laws(recipe, expect)
    seeds, floats, config = tuple(seeds), stacked_floats(configs, LANE_FLOATS), configs[0]
    spec = _gan_spec(config, num_labels)
    samples = _dense_samples(_embedding_shapes(len(seeds), ratings, config), ratings, label)
    held_out = _held_out(seeds, ratings, config)
    with ThreadPoolExecutor(1) as beside:  # compiles each program while the one before it runs
        compiled = beside.submit(compile_gan, seeds, spec, samples, floats=floats, num_steps=config.gan_steps)
        embedding = _embedded(seeds, ratings, config, floats, report, kept)
        compiled.result()
        ahead = beside.submit(
            _compile_next, spec, config, seeds, samples, held_out, floats, expect and _sized(expect, ratings)
        )
        samples = samples._replace(user_vectors=embedding.user, item_vectors=embedding.item)
        state = fit_gan(seeds, spec, samples, floats=floats, num_steps=config.gan_steps, report=report, kept=kept)
        ahead.result()
    criterion = np.asarray(_distances(spec, _criterion_lanes(seeds, state, samples, held_out, floats), samples))
    training = [
        {"seed": int(seed), "criterion": float(score), "embedding_held_out_rmse": float(rmse)}
        for seed, score, rmse in zip(seeds, criterion, np.asarray(embedding.held_out_rmse), strict=True)
    ]
    arrays = {"network": jax.tree.map(np.asarray, state.generator), **_moments(samples, len(seeds))}
    source = {**describe_source(ratings), **(extra or {})}
    return [Generator(recipe, configs[i], lane(arrays, i), source, facts) for i, facts in enumerate(training)]


def _gan_spec(config: GanrsConfig, num_labels: int = 0) -> GanSpec:
    """Networks and sizes of a configuration."""
    return GanSpec(
        generator=generator_network(config, num_labels),
        critic=Critic(config.critic_hidden, num_labels),
        objective=config.objective,
        optimizer=config.optimizer,
        noise_size=config.noise_size,
        batch_size=config.gan_batch_size,
        critic_steps=config.critic_steps,
    )


def _embedding_shapes(num_lanes: int, ratings: Ratings, config: GanrsConfig) -> Embedding:
    """What DeepMF will give, as shapes."""
    user, item = (
        jax.ShapeDtypeStruct((num_lanes, n, config.embedding_size), jnp.float32)
        for n in (ratings.num_users, ratings.num_items)
    )
    return Embedding(user, item, jax.ShapeDtypeStruct((num_lanes,), jnp.float32))  # type: ignore[arg-type]


def _dense_samples(embedding: Embedding, ratings: Ratings, label: np.ndarray | None) -> DenseSamples:
    """Step 2: each real rating as <user vector, item vector, rating on the unit scale>."""
    value = jnp.asarray(to_unit(ratings.rating, ratings.scale))
    user, item = jnp.asarray(ratings.user), jnp.asarray(ratings.item)
    return DenseSamples(
        embedding.user, embedding.item, user, item, value, None if label is None else jnp.asarray(label)
    )


def _embedded(
    seeds: tuple[int, ...],
    ratings: Ratings,
    config: GanrsConfig,
    floats: dict[str, jax.Array],
    report: Report,
    kept: Kept,
) -> Embedding:
    """Step 1."""
    return fit_deepmf(
        seeds,
        ratings,
        size=config.embedding_size,
        learning_rate=floats["embedding_learning_rate"],
        batch_size=config.embedding_batch_size,
        epochs=config.embedding_epochs,
        train_share=config.train_share,
        report=report,
        kept=kept,
    )


def _moments(samples: DenseSamples, num_lanes: int) -> dict[str, np.ndarray]:
    """Mean and standard deviation of the ratings on the unit scale, the same [L] times."""
    values = np.asarray(samples.value, np.float64)
    return {
        name: np.full(num_lanes, x, np.float32)
        for name, x in (("rating_mean", values.mean()), ("rating_std", values.std()))
    }


def _compile_next(
    spec: GanSpec,
    config: GanrsConfig,
    seeds: tuple[int, ...],
    samples: DenseSamples,
    held_out: np.ndarray,
    floats: dict[str, jax.Array],
    expect: Request | None,
) -> None:
    """Compiles the criterion and what an expected request will run."""
    state = gan_shapes(seeds, spec, floats)
    _distances.lower(spec, _criterion_lanes(seeds, state, samples, held_out, floats), samples).compile()
    if expect is not None:
        network = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), state.generator)
        clustered.compile_generation(config, expect, network)


def _sized(request: Request, ratings: Ratings) -> Request:
    """The request with the source's numbers where it has none, as `interface.completed` will make it."""
    return dataclasses.replace(
        request,
        num_users=request.num_users or ratings.num_users,
        num_items=request.num_items or ratings.num_items,
        num_samples=request.num_samples or ratings.num_ratings,
    )


def _held_out(seeds: tuple[int, ...], ratings: Ratings, config: GanrsConfig) -> np.ndarray:
    """Rows that the embedding does not see, for the criterion, int32 [L, up to 8192]."""
    parts = [split_rows(ratings.num_ratings, config.train_share, seed)[1] for seed in seeds]
    return np.stack([part[:_CRITERION_SAMPLES] for part in parts])


def _criterion_lanes(
    seeds: tuple[int, ...], state: GanState, samples: DenseSamples, held_out: np.ndarray, floats: dict[str, jax.Array]
) -> tuple[Any, ...]:
    return lane_keys(seeds), state.generator, samples.user_vectors, samples.item_vectors, held_out, floats


@functools.partial(jax.jit, static_argnums=0)
def _distances(spec: GanSpec, lanes: Any, samples: DenseSamples) -> jax.Array:
    """Sliced Wasserstein distance between generated and held-out dense samples, [L]; lowest is best."""

    def one_lane(lane: Any) -> jax.Array:
        key, variables, users, items, rows, floats = lane
        mine = samples._replace(user_vectors=users, item_vectors=items)
        label = None if samples.label is None else samples.label[rows]
        draw_key, slice_key = jax.random.split(jax.random.fold_in(key, 2))
        shape = (rows.shape[0], spec.noise_size)
        fake = draw_samples(draw_key, spec.generator, variables, shape, jnp.float32(1.0), label, floats)
        return sliced_wasserstein(slice_key, real_samples(mine, rows), fake)

    return cast(jax.Array, jax.lax.map(one_lane, lanes))
