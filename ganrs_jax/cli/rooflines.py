"""How near programs come to what the machine can do at most."""

import functools
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.cli.timing import best_of
from ganrs_jax.profile.model import ProfileModel, ResidualMLP
from ganrs_jax.profile.vectors import generate_vectors
from ganrs_jax.published import nearest
from ganrs_jax.sampling.assignment import MANY, block_users
from ganrs_jax.sampling.gumbel_top_k import choose
from ganrs_jax.training.loop import Chunk, Metrics, State


class _Seen(NamedTuple):
    """A chunk program, the shapes it ran on, and the least seconds a step."""

    chunk: Chunk
    shapes: Any
    seconds: float


class Watch:
    """Runs chunks of training (`training.watching`) and keeps how long their steps take."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def __call__(
        self, chunk: Chunk, state: State, first: int, count: int, lanes: object, shared: object
    ) -> tuple[State, Metrics]:
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(jnp.shape(x), x.dtype), (state, lanes, shared))
        begin = time.monotonic()
        done = jax.block_until_ready(chunk.run(state, first, count, lanes, shared))
        seconds = (time.monotonic() - begin) / count
        before = self._seen.get(chunk.name)
        least = seconds if before is None else min(seconds, before.seconds)
        self._seen[chunk.name] = _Seen(chunk, shapes, least)
        return done

    def rooflines(self, limits: Mapping[str, float], batch_size: int = 1) -> dict[str, dict[str, float]]:
        """By the module whose steps they are: a step beside the machine's limits.

        Args:
          batch_size: rows of a batch, where a step is an epoch over `lanes["rows"]` [L, N]; a batch is looked at.
        """
        found = {}
        for name, (chunk, (state, lanes, shared), seconds) in self._seen.items():
            batches, size = 1, 2 * _bytes(state)
            held = lanes if isinstance(lanes, dict) else lanes._asdict()
            if "rows" in held:
                rows = jax.tree.leaves(held["rows"])
                batches = -(-rows[0].shape[1] // batch_size)
                one = [jax.ShapeDtypeStruct((x.shape[0], batch_size), x.dtype) for x in rows]
                held = {**held, "rows": jax.tree.unflatten(jax.tree.structure(held["rows"]), one)}
                lanes = held if isinstance(lanes, dict) else type(lanes)(**held)
            compiled = chunk.lower(state, 0, 1, lanes, shared).compile()
            found[name] = roofline(seconds / batches, compiled, size, limits)
        return found


def of_choice(num_items: int, rank: int, limits: Mapping[str, float]) -> dict[str, float]:
    """Of `choose` on a block of users; more items than it is for are left out."""
    num_items = min(num_items, MANY - 1)
    users = block_users(num_items)
    shapes = (users, 3 * rank), (num_items, 3 * rank)
    x, y = (jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes))
    counts, sure = jnp.full(users, max(1, num_items // 40), jnp.int32), jnp.full(256, 2**31 - 1, jnp.int32)
    given = jax.random.key(2), x, y, jnp.zeros(num_items), counts, sure
    return {"cells": users * num_items, **timed(choose, given, limits)}


def of_vectors(model: ProfileModel, count: int, limits: Mapping[str, float]) -> dict[str, float]:
    """Of the users' network on so many noise vectors."""
    config = model.config
    network = ResidualMLP(config.width, config.blocks, model.columns.width)
    weights, shape = model.users.weights, (count, config.noise_size)
    draw = jax.jit(lambda key, weights: generate_vectors(key, network, weights, jnp.float32(1), shape))
    return {"vectors": count, **timed(draw, (jax.random.key(0), weights), limits)}


def of_nearest(samples: int, clusters: int, width: int, limits: Mapping[str, float]) -> dict[str, float]:
    """Of K-means' comparison of all samples with all centroids."""
    shapes = (width, samples), (clusters, width)
    given = tuple(jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes))
    found = timed(jax.jit(nearest.nearest), given, limits, repeated=-(-clusters // nearest.UNROLL))
    return {"samples": samples, "clusters": clusters, **found}


def timed(program: Any, given: tuple[Any, ...], limits: Mapping[str, float], repeated: int = 1) -> dict[str, float]:
    """A jitted function beside the machine's limits; `repeated`: how often its loop is gone through."""
    seconds, size = best_of(functools.partial(program, *given)), _bytes((given, jax.eval_shape(program, *given)))
    return roofline(seconds, program.lower(*given).compile(), size, limits, repeated)


def roofline(
    seconds: float, compiled: Any, size: float, limits: Mapping[str, float], repeated: int = 1
) -> dict[str, float]:
    """The least time that the machine's own limits allow, over that taken.

    It can be over 1 for a state so small that it stays in a cache, which is quicker than the copy of much.

    Args:
      size: bytes that must come from memory or go there: what is given and what is returned.
      repeated: how often the loop is gone through that most of the work is in; XLA's estimate counts it once.
    """
    flops = repeated * float((compiled.cost_analysis() or {}).get("flops", 0.0))
    least = max(flops / limits["matmul_flops"], size / limits["copy_bytes"])
    return {"seconds": seconds, "flops": flops, "bytes": size, "share_of_roofline": least / seconds}


def _bytes(tree: object) -> float:
    return float(sum(x.size * getattr(x.dtype, "itemsize", 8) for x in jax.tree.leaves(tree)))


def roofline_line(rooflines: Mapping[str, Mapping[str, float]]) -> str:
    """A line that says what share of the machine's limits programs reach."""
    return ", ".join(f"{name} {found['share_of_roofline']:.0%}" for name, found in rooflines.items()) + " of roofline"
