"""GANRS as published: DeepMF embedding, GAN on dense samples, K-means decoding.

Bobadilla, Gutierrez, Yera, Martinez, arXiv 2303.01297. The defects of the published notebooks are
mended here and in the stages, each named where it was: the header row lost on re-reading and the
all-zero row fed to the GAN (neither exists here), the unseeded runs (every stage takes a seed), the
mean-only rescale (`decoding.unit_scale.match_moments`) and the pairs with two ratings
(`decoding.repeats.drop_repeats`).
"""

import dataclasses
import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.adversarial.gan import DenseSamples, GanSpec, GanState, compile_gan, draw_samples, fit_gan, real_samples
from ganrs_jax.adversarial.networks import Critic
from ganrs_jax.adversarial.objectives import OBJECTIVES
from ganrs_jax.adversarial.optimizers import OPTIMIZERS
from ganrs_jax.adversarial.selection import sliced_wasserstein
from ganrs_jax.decoding.unit_scale import to_unit
from ganrs_jax.embedding.deepmf import Embedding, fit_deepmf
from ganrs_jax.errors import InputError
from ganrs_jax.ratings import Ratings, split_rows
from ganrs_jax.recipes import clustered
from ganrs_jax.recipes.checks import check_choice, check_range
from ganrs_jax.recipes.clustered import generator_network
from ganrs_jax.recipes.interface import Dataset, Generator, Recipe, Request, completed
from ganrs_jax.summary import describe_source
from ganrs_jax.training import Report, lane, lane_keys, silent, stacked_floats

_CRITERION_SAMPLES = 8192


@dataclasses.dataclass(frozen=True)
class GanrsConfig:
    """Published settings (arXiv 2303.01297, section 3)."""

    embedding_size: int = 5  # numbers in a user's or an item's vector
    embedding_learning_rate: float = 1e-3  # Adam's, DeepMF
    embedding_batch_size: int = 32  # ratings a step
    embedding_epochs: int = 10  # passes over the training rows
    train_share: float = 0.8  # share of the rows that DeepMF sees, 0 to 1; the same in all lanes
    objective: str = "bce"  # bce | wasserstein
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 2e-4  # of both networks
    beta1: float = 0.5  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critic's weights, objective wasserstein only
    critic_steps: int = 1  # critic steps a generator step
    gan_steps: int = 20_000  # generator steps
    gan_batch_size: int = 128  # dense samples a step
    noise_size: int = 100  # numbers in a noise vector
    generator_hidden: tuple[int, int] = (10, 20)  # widths of the generator's two layers
    critic_hidden: int = 4  # width of the critic's layer
    slope: float = 0.2  # LeakyReLU's, under 0
    momentum: float = 0.8  # of batch normalisation, 0 to 1
    dropout: float = 0.2  # share of units dropped in the generator, 0 to 1
    sigma: float = 1.0  # noise of generation where the request gives none
    kmeans_iterations: int = 100  # at most
    kmeans_tolerance: float = 1e-4  # share of the mean variance, as scikit-learn's


def check(config: GanrsConfig) -> None:
    """Raises InputError naming the first field whose value cannot be, and what is accepted."""
    check_choice(config, "objective", OBJECTIVES)
    check_choice(config, "optimizer", OPTIMIZERS)
    check_range(config, ("beta1", "momentum", "dropout", "slope"), low=0, below=1)
    check_range(config, ("train_share",), above=0, below=1)
    check_range(config, ("embedding_learning_rate", "gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("kmeans_tolerance",), low=0)
    sizes = ("embedding_size", "embedding_batch_size", "embedding_epochs", "critic_steps", "gan_steps")
    check_range(config, (*sizes, "gan_batch_size", "noise_size", "critic_hidden", "kmeans_iterations"), low=1)
    check_range(config, ("generator_hidden",), low=1)


def fit(
    seeds: Sequence[int], ratings: Ratings, configs: Sequence[GanrsConfig], report: Report = silent
) -> list[Generator]:
    """Trains a generator a lane; see `fit_lanes`."""
    return fit_lanes("ganrs", seeds, ratings, configs, report=report)


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
) -> list[Generator]:
    """Steps 1 to 3: embeds, makes dense samples, trains the GAN; L lanes in one compiled program.

    Args:
      seeds: L seeds.
      configs: L configurations that differ in float fields other than train_share only.
      label: int32 [N], the group of each rating's user, for a conditional generator.
      extra: json-ready facts to keep with each generator.

    Raises:
      InputError: if the ratings cannot be split.
      TrainingDivergedError: if every lane diverges.
    """
    seeds, floats, config = tuple(seeds), stacked_floats(configs), configs[0]
    spec = _gan_spec(config, num_labels)
    with ThreadPoolExecutor(1) as beside:  # compiles the GAN while the embedding trains
        shapes = _dense_samples(_embedding_shapes(len(seeds), ratings, config), ratings, label)
        compiled = beside.submit(compile_gan, seeds, spec, shapes, floats=floats, num_steps=config.gan_steps)
        embedding = fit_deepmf(
            seeds,
            ratings,
            size=config.embedding_size,
            learning_rate=floats["embedding_learning_rate"],
            batch_size=config.embedding_batch_size,
            epochs=config.embedding_epochs,
            train_share=config.train_share,
            report=report,
        )
        compiled.result()
    samples = shapes._replace(user_vectors=embedding.user, item_vectors=embedding.item)
    state = fit_gan(seeds, spec, samples, floats=floats, num_steps=config.gan_steps, report=report)
    criterion = _criterion(seeds, spec, samples, state, floats, ratings, config)
    variables = jax.tree.map(np.asarray, state.generator)
    values = np.asarray(samples.value, np.float64)
    moments = {"rating_mean": np.float32(values.mean()), "rating_std": np.float32(values.std())}
    source = {**describe_source(ratings), **(extra or {})}
    rmse = np.asarray(embedding.held_out_rmse)
    return [
        Generator(
            recipe,
            configs[i],
            {"network": lane(variables, i), **moments},
            source,
            {"seed": int(seed), "criterion": float(criterion[i]), "embedding_held_out_rmse": float(rmse[i])},
        )
        for i, seed in enumerate(seeds)
    ]


def generate(generator: Generator, request: Request, report: Report = silent) -> Dataset:
    """Steps 4 to 6: draws samples, clusters users and items, drops repeats.

    Raises:
      InputError: for a request that samples cannot fill, or group shares, which need `cganrs`.
    """
    if request.group_shares:
        raise InputError(
            f"group shares were asked of recipe {generator.recipe}, which knows no groups; accepted: cganrs"
        )
    request = completed(request, generator, generator.config.sigma)
    samples = clustered.draw(generator, request)
    users = clustered.cluster(generator, request, samples, "users", report)
    items = clustered.cluster(generator, request, samples, "items", report)
    return clustered.assemble(generator, request, samples, users, items)


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


def _criterion(
    seeds: Sequence[int],
    spec: GanSpec,
    samples: DenseSamples,
    state: GanState,
    floats: dict[str, jax.Array],
    ratings: Ratings,
    config: GanrsConfig,
) -> np.ndarray:
    """Sliced Wasserstein distance between generated and held-out dense samples, [L]; lowest is best."""
    held_out = np.stack([split_rows(ratings.num_ratings, config.train_share, s)[1][:_CRITERION_SAMPLES] for s in seeds])
    lanes = (lane_keys(seeds), state.generator, samples.user_vectors, samples.item_vectors, held_out, floats)
    return np.asarray(_distances(spec, lanes, samples))


@functools.partial(jax.jit, static_argnums=0)
def _distances(spec: GanSpec, lanes: Any, samples: DenseSamples) -> jax.Array:
    def one_lane(lane: Any) -> jax.Array:
        key, variables, users, items, rows, floats = lane
        mine = samples._replace(user_vectors=users, item_vectors=items)
        label = None if samples.label is None else samples.label[rows]
        draw_key, slice_key = jax.random.split(jax.random.fold_in(key, 2))
        shape = (rows.shape[0], spec.noise_size)
        fake = draw_samples(draw_key, spec.generator, variables, shape, jnp.float32(1.0), label, floats)
        return sliced_wasserstein(slice_key, real_samples(mine, rows), fake)

    return cast(jax.Array, jax.lax.map(one_lane, lanes))


RECIPE = Recipe(
    about="GANRS as published: DeepMF, GAN with cross-entropy, K-means (arXiv 2303.01297)",
    config=GanrsConfig,
    check=check,
    fit=fit,
    generate=generate,
)
