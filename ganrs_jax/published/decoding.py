"""Steps 4 to 6 of GANRS (arXiv 2303.01297): samples drawn from a generator, clustered into a dataset."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.published.duplicates import drop_duplicates
from ganrs_jax.published.gan import draw_samples
from ganrs_jax.published.kmeans import kmeans_of_part
from ganrs_jax.published.model import PublishedModel
from ganrs_jax.published.settings import LANE_FLOATS, RawSamplesRequest
from ganrs_jax.published.unit_scale import from_unit, match_moments
from ganrs_jax.requests import given_sizes
from ganrs_jax.training.lanes import lane, stacked_floats
from ganrs_jax.training.loop import Report, silent


def draw(model: PublishedModel, request: RawSamplesRequest, label: np.ndarray | None = None) -> jax.Array:
    """Step 4: raw samples [N, 2k+1] of <user vector, item vector, rating on the unit scale>."""
    return draw_samples(
        jax.random.fold_in(jax.random.key(request.seed), 0),
        model.generator,
        model.network,
        (request.num_samples, model.config.noise_size),
        jnp.float32(request.sigma),
        None if label is None else jnp.asarray(label),
        lane(stacked_floats([model.config], LANE_FLOATS), 0),
    )


def cluster(
    model: PublishedModel,
    request: RawSamplesRequest,
    vectors_NxK: jax.Array,
    count: int,
    side: str,
    report: Report = silent,
    group: int = 0,
) -> np.ndarray:
    """Step 5: the cluster, of `count`, of each sample's user or item vector, int32 [N]; `side`: "users" or "items"."""
    found = kmeans_of_part(
        jax.random.fold_in(jax.random.key(request.seed), 1 + 2 * group + (side == "items")),
        vectors_NxK,
        count,
        model.config.kmeans_per_cluster,
        max_iterations=model.config.kmeans_iterations,
        tolerance=model.config.kmeans_tolerance,
        stage=f"K-means, {count} {side}",
        report=report,
    )
    return np.asarray(found)


def assemble(
    model: PublishedModel,
    request: RawSamplesRequest,
    samples: jax.Array,
    users: np.ndarray,
    items: np.ndarray,
    groups: dict[str, np.ndarray],
    asked: RawSamplesRequest | None = None,
) -> Dataset:
    """Steps 5 and 6: ratings back on the scale, one per (user, item) pair, and how many samples were dropped.

    Args:
      asked: the request as it was made, where it left out sizes that `request` has.
    """
    rating = from_unit(match_moments(np.asarray(samples[:, -1]), model.rating_mean, model.rating_std), model.scale)
    distinct = drop_duplicates(users, items, rating, model.scale)
    metadata = {
        "recipe": model.recipe,
        "request": dataclasses.asdict(request),
        "asked": given_sizes(asked or request),
        "rows": len(distinct.rows),
        "users": len(np.unique(users[distinct.rows])),
        "items": len(np.unique(items[distinct.rows])),
        "dropped_identical": distinct.identical,
        "dropped_conflicting": distinct.conflicting,
        "dropped_second_ratings": distinct.second_ratings,
        "rows_by_published_rule": distinct.published_count,
        "source": model.source.name,
        "training": dict(model.training),
    }
    chosen = (users[distinct.rows].astype(np.int32), items[distinct.rows].astype(np.int32), rating[distinct.rows])
    return Dataset(*chosen, model.scale, groups, metadata)
