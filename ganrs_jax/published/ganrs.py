"""GANRS as published, whole: DeepMF embedding, GAN on dense samples, K-means decoding.

Bobadilla, Gutierrez, Yera, Martinez, arXiv 2303.01297. `wganrs` and `cganrs` are the same with other settings, and with
groups. The defects of the published notebooks are mended here and in the stages, each named where it was: the header
row lost on re-reading and the all-zero row fed to the GAN (neither exists here), the unseeded runs (every stage takes a
seed), the mean-only rescale (`unit_scale.match_moments`) and the pairs with two ratings (`duplicates.drop_duplicates`).

Three details differ from Keras and scikit-learn without being a defect: what is left of an epoch after its last full
batch is not trained on in that epoch, the critic takes one step on real and fake samples together where Keras loops
take one on each, and K-means++ tries one candidate per centroid.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings, split_rows
from ganrs_jax.published.decoding import assemble, cluster, draw
from ganrs_jax.published.deepmf import Embedding, fit_deepmf
from ganrs_jax.published.gan import DenseSamples, GanSpec, criterion, fit_gan
from ganrs_jax.published.model import Groups, PublishedModel, generator_network
from ganrs_jax.published.networks import Critic
from ganrs_jax.published.settings import LANE_FLOATS, GanrsConfig, RawSamplesRequest, check_config, complete_request
from ganrs_jax.published.unit_scale import to_unit
from ganrs_jax.statistics.summary import describe_source
from ganrs_jax.training.lanes import check_lanes, lane, lane_keys, stacked_floats
from ganrs_jax.training.loop import Report, silent
from ganrs_jax.training.stages import Stages

_CRITERION_SAMPLES = 8192  # held-out rows that generated samples are compared with: enough to tell .02 apart


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[GanrsConfig],
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
    *,
    recipe: str = "ganrs",
    label: np.ndarray | None = None,
    groups: Groups | None = None,
) -> list[PublishedModel]:
    """Steps 1 to 3: embeds, makes dense samples, trains the GAN; a model per lane, all at once.

    Args:
      seeds: L seeds; configs: L settings that differ in `LANE_FLOATS` only.
      stages: results that a stopped run has saved.
      label: int32 [N], the group of each rating's user, and groups: their names, for a conditional generator.

    Raises:
      InputError: if the ratings cannot be split, or seeds and settings are not those of lanes.
      TrainingDivergedError: if every lane diverges.
    """
    for each in configs:
        check_config(each)
    check_lanes(seeds, configs, LANE_FLOATS)
    config, floats, num_labels = configs[0], stacked_floats(configs, LANE_FLOATS), len(groups.names) if groups else 0

    # 1. Embed users and items by DeepMF, on part of the ratings.
    embedding = stages.run(
        "embedding",
        Embedding,
        lambda: fit_deepmf(
            seeds,
            ratings,
            size=config.embedding_size,
            learning_rate=floats["embedding_learning_rate"],
            batch_size=config.embedding_batch_size,
            epochs=config.embedding_epochs,
            train_share=config.train_share,
            report=report,
        ),
    )

    # 2. Dense samples: each real rating as <user vector, item vector, rating on the unit scale>.
    value = to_unit(ratings.rating, ratings.scale)
    user, item, scaled = (jnp.asarray(x) for x in (ratings.user, ratings.item, value))
    labels = None if label is None else jnp.asarray(label)
    samples = DenseSamples(embedding.user, embedding.item, user, item, scaled, labels)

    # 3. Train the GAN on them, and measure how far its samples are from rows that the embedding did not see.
    spec = GanSpec(
        generator=generator_network(config, num_labels),
        critic=Critic(config.critic_hidden, num_labels),
        objective=config.objective,
        optimizer=config.optimizer,
        noise_size=config.noise_size,
        batch_size=config.gan_batch_size,
        critic_steps=config.critic_steps,
    )
    state = fit_gan(seeds, spec, samples, floats=floats, num_steps=config.gan_steps, report=report, stages=stages)
    held_out = [split_rows(ratings.num_ratings, config.train_share, seed)[1][:_CRITERION_SAMPLES] for seed in seeds]
    keys, rows = lane_keys(seeds), jnp.asarray(np.stack(held_out))
    distance = np.asarray(criterion(keys, spec, state.generator, samples, rows, floats))
    network, source = jax.tree.map(np.asarray, state.generator), describe_source(ratings)
    mean, std = (float(np.float32(x)) for x in (value.mean(dtype=np.float64), value.std(dtype=np.float64)))
    models = []
    for i, seed in enumerate(seeds):
        rmse = float(embedding.held_out_rmse[i])
        facts = {"seed": int(seed), "criterion": float(distance[i]), "embedding_held_out_rmse": rmse}
        models.append(PublishedModel(recipe, configs[i], lane(network, i), mean, std, source, facts, groups))
    return models


def check_request(ratings: Ratings, config: GanrsConfig, request: RawSamplesRequest) -> None:
    """Raises InputError, before any work, on a request that no dataset could meet once a model of these is trained."""
    complete_request(request, ratings.num_users, ratings.num_items, ratings.num_ratings, config.sigma)


def complete(model: PublishedModel, request: RawSamplesRequest) -> RawSamplesRequest:
    """The request with the source's sizes where it has none; raises InputError as `complete_request` does."""
    source = model.source
    return complete_request(request, source.users, source.items, source.ratings, model.config.sigma)


def generate(model: PublishedModel, request: RawSamplesRequest, report: Report = silent) -> Dataset:
    """Steps 4 to 6: draws samples, clusters users and items, drops duplicates.

    Raises:
      InputError: for a request that samples cannot fill.
    """
    asked, request = request, complete(model, request)
    samples, size = draw(model, request), model.config.embedding_size
    users = cluster(model, request, samples[:, :size], request.num_users, "users", report)
    items = cluster(model, request, samples[:, size : 2 * size], request.num_items, "items", report)
    return assemble(model, request, samples, users, items, {}, asked)
