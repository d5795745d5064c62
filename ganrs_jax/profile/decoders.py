"""The ways from a profile generator's vectors to a dataset: prescribed (transport) or clustered (K-means)."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.checks import check_memory
from ganrs_jax.data.dataset import Blocks, Dataset, Generator, Request
from ganrs_jax.errors import InputError
from ganrs_jax.profile.diagnostics import warnings_of
from ganrs_jax.profile.rating_plan import make_plan, rows
from ganrs_jax.profile.tuples import draw_tuples
from ganrs_jax.published.kmeans import fit_kmeans
from ganrs_jax.published.repeats import drop_repeats
from ganrs_jax.training.loop import Report, silent

_ROW = 24  # bytes of a row of a dataset that is made as a whole: twice its columns
_KMEANS_WARNING = "decoder kmeans: fewer rows than asked for, and no long tail; accepted: --config.decoder=transport"


def transport_blocks(generator: Generator, request: Request, report: Report = silent) -> Blocks:
    """Exactly the rows asked for, by blocks of users.

    Raises:
      InputError: for a generator of decoder kmeans.
    """
    if generator.config.decoder != "transport":
        raise InputError(f"--config.decoder={generator.config.decoder} makes no dataset in parts; accepted: transport")
    plan = make_plan(generator, request, report)
    assert plan.thresholds is not None
    facts = {
        "plan": plan.digest,
        "potentials_error": float(f"{plan.potentials.error:.2g}"),  # the last digits are the machine's
        "noise_factor": float(f"{plan.thresholds.noise_factor:.4g}"),
        "warnings": warnings_of(generator, request, plan),
    }
    make = functools.partial(rows, generator, request, plan)
    return Blocks(plan.num_blocks, make, generator.scale, {**_origin(generator, request), **facts})


def _transport(generator: Generator, request: Request, report: Report) -> Dataset:
    check_memory("num_ratings", request.num_ratings, _ROW, ", or --num_shards=K: parts of a dataset hold no more")
    blocks = transport_blocks(generator, request, report)
    parts = []
    for number in range(blocks.num_blocks):
        parts.append(blocks.rows(number))
        report("rows", number + 1, blocks.num_blocks, {})
    user, item, rating = (np.concatenate(x) for x in zip(*parts, strict=True))
    return _dataset(generator, (user, item, rating), blocks.metadata)


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
    return _dataset(generator, chosen, {**_origin(generator, request), **facts})


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


def _origin(generator: Generator, request: Request) -> dict[str, Any]:
    return {
        "recipe": generator.recipe,
        "request": dataclasses.asdict(request),
        "source": generator.source["name"],
        "training": generator.training,
    }


def _dataset(generator: Generator, columns: tuple[Any, ...], metadata: dict[str, Any]) -> Dataset:
    user, item, rating = columns
    counts = {"rows": len(user), "users": len(np.unique(user)), "items": len(np.unique(item))}
    return Dataset(user, item, rating, generator.scale, {}, {**metadata, **counts})


DECODERS: dict[str, Callable[[Generator, Request, Report], Dataset]] = {"transport": _transport, "kmeans": _kmeans}
