"""The ways from a profile generator's vectors to a dataset: prescribed (transport) or clustered (K-means)."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.decoding.kmeans import fit_kmeans
from ganrs_jax.decoding.repeats import drop_repeats
from ganrs_jax.recipes.interface import Dataset, Generator, Request
from ganrs_jax.recipes.plan import make_plan, rows
from ganrs_jax.recipes.support import warnings_of
from ganrs_jax.recipes.tuples import draw_tuples
from ganrs_jax.training import Report

_KMEANS_WARNING = "decoder kmeans: fewer rows than asked for, and no long tail; accepted: --config.decoder=transport"


def _transport(generator: Generator, request: Request, report: Report) -> Dataset:
    """Exactly the rows asked for, a block of users at a time."""
    plan = make_plan(generator, request, report)
    assert plan.thresholds is not None
    parts = []
    for number in range(plan.num_blocks):
        parts.append(rows(generator, request, plan, number))
        report("rows", number + 1, plan.num_blocks, {})
    user, item, rating = (np.concatenate(x) for x in zip(*parts, strict=True))
    facts = {
        "potentials_error": plan.potentials.error,
        "noise_factor": plan.thresholds.noise_factor,
        "warnings": warnings_of(generator, request, plan),
    }
    return _dataset(generator, request, (user, item, rating), facts)


def _kmeans(generator: Generator, request: Request, report: Report) -> Dataset:
    """Steps 4 to 6 of GANRS on samples of <user vector, item vector, rating>: fewer rows than asked for."""
    users, items, rating = draw_tuples(generator, request)
    user = _clusters(generator, request, users, request.num_users, "users", report)
    item = _clusters(generator, request, items, request.num_items, "items", report)
    scale = generator.scale
    level = np.clip(np.rint((rating - scale.low) / scale.step), 0, len(scale.levels) - 1).astype(np.int64)
    stars = scale.levels[level].astype(np.float32)
    kept = drop_repeats(user, item, stars, scale)
    chosen = user[kept.rows].astype(np.int32), item[kept.rows].astype(np.int32), stars[kept.rows]
    facts = {
        "dropped_identical": kept.identical,
        "dropped_conflicting": kept.conflicting,
        "dropped_second_ratings": kept.second_ratings,
        "warnings": [_KMEANS_WARNING],
    }
    return _dataset(generator, request, chosen, facts)


def _clusters(
    generator: Generator, request: Request, vectors_NxD: np.ndarray, count: int, side: str, report: Report
) -> np.ndarray:
    """The cluster of each vector, of `count`, int [N]."""
    scaled = (vectors_NxD - vectors_NxD.mean(0)) / (vectors_NxD.std(0) + 1e-6)
    found = fit_kmeans(
        jax.random.fold_in(jax.random.key(request.seed), {"users": 101, "items": 102}[side]),
        jnp.asarray(scaled),
        count,
        max_iterations=generator.config.kmeans_iterations,
        tolerance=generator.config.kmeans_tolerance,
        stage=f"K-means, {count} {side}",
        report=report,
    )
    return np.asarray(found.labels)


def _dataset(generator: Generator, request: Request, columns: tuple[Any, ...], facts: dict[str, Any]) -> Dataset:
    user, item, rating = columns
    metadata = {
        "recipe": generator.recipe,
        "request": dataclasses.asdict(request),
        "rows": len(user),
        "users": len(np.unique(user)),
        "items": len(np.unique(item)),
        **facts,
        "source": generator.source["name"],
        "training": generator.training,
    }
    return Dataset(user, item, rating, generator.scale, {}, metadata)


DECODERS: dict[str, Callable[[Generator, Request, Report], Dataset]] = {"transport": _transport, "kmeans": _kmeans}
