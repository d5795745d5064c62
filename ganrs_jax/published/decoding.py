"""Steps 4 to 6 of GANRS (arXiv 2303.01297): samples drawn from a generator, clustered into a dataset.

Shared by the three published recipes. Needs the generator alone.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Dataset, Generator, Request
from ganrs_jax.published.config import LANE_FLOATS, GanrsConfig
from ganrs_jax.published.gan import draw_samples
from ganrs_jax.published.kmeans import compile_kmeans, fit_kmeans
from ganrs_jax.published.networks import Generator as GeneratorNetwork
from ganrs_jax.published.repeats import drop_repeats
from ganrs_jax.published.unit_scale import from_unit, match_moments
from ganrs_jax.training.lanes import lane, stacked_floats
from ganrs_jax.training.loop import Report, silent


def generator_network(config: GanrsConfig, num_labels: int) -> GeneratorNetwork:
    """The network of a `GanrsConfig`; it makes <user vector, item vector, rating>."""
    return GeneratorNetwork(config.generator_hidden, 2 * config.embedding_size + 1, num_labels)


def draw(generator: Generator, request: Request, label: np.ndarray | None = None, num_labels: int = 0) -> jax.Array:
    """Step 4: raw samples [N, 2k+1] of <user vector, item vector, rating on the unit scale>."""
    config = generator.config
    return draw_samples(
        jax.random.fold_in(jax.random.key(request.seed), 0),
        generator_network(config, num_labels),
        generator.arrays["network"],
        (request.num_samples, config.noise_size),
        jnp.float32(request.sigma),
        None if label is None else jnp.asarray(label),
        lane(stacked_floats([config], LANE_FLOATS), 0),
    )


def compile_generation(config: GanrsConfig, request: Request, network: Any) -> None:
    """Compiles what `draw` and `cluster` will run for a request; `network` holds the variables' shapes."""
    noise = (request.num_samples, config.noise_size)
    floats = lane(stacked_floats([config], LANE_FLOATS), 0)
    draw_samples.lower(
        jax.random.key(0), generator_network(config, 0), network, noise, jnp.float32(1), None, floats
    ).compile()
    for clusters in dict.fromkeys((request.num_users, request.num_items)):
        compile_kmeans(request.num_samples, config.embedding_size, clusters, config.kmeans_tolerance)


def cluster(
    generator: Generator, request: Request, samples: jax.Array, side: str, report: Report = silent, group: int = 0
) -> np.ndarray:
    """Step 5: the cluster of each sample's user or item part, int32 [N]; `side` is "users" or "items"."""
    config, size = generator.config, generator.config.embedding_size
    part, count = {
        "users": (samples[:, :size], request.num_users),
        "items": (samples[:, size : 2 * size], request.num_items),
    }[side]
    key = jax.random.fold_in(jax.random.key(request.seed), 1 + 2 * group + (side == "items"))
    found = fit_kmeans(
        key,
        part,
        count,
        max_iterations=config.kmeans_iterations,
        tolerance=config.kmeans_tolerance,
        stage=f"K-means, {count} {side}",
        report=report,
    )
    return np.asarray(found.labels)


def assemble(
    generator: Generator,
    request: Request,
    samples: jax.Array,
    users: np.ndarray,
    items: np.ndarray,
    groups: dict[str, np.ndarray] | None = None,
) -> Dataset:
    """Steps 5 and 6: ratings back on the scale, one a (user, item) pair, and what became of the samples."""
    moments = generator.arrays["rating_mean"], generator.arrays["rating_std"]
    rating = from_unit(match_moments(np.asarray(samples[:, -1]), *map(float, moments)), generator.scale)
    kept = drop_repeats(users, items, rating, generator.scale)
    metadata = {
        "recipe": generator.recipe,
        "request": dataclasses.asdict(request),
        "rows": len(kept.rows),
        "users": len(np.unique(users[kept.rows])),
        "items": len(np.unique(items[kept.rows])),
        "dropped_identical": kept.identical,
        "dropped_conflicting": kept.conflicting,
        "dropped_second_ratings": kept.second_ratings,
        "rows_by_published_rule": kept.published_count,
        "source": generator.source["name"],
        "training": generator.training,
    }
    chosen = (users[kept.rows].astype(np.int32), items[kept.rows].astype(np.int32), rating[kept.rows])
    return Dataset(*chosen, generator.scale, groups or {}, metadata)
