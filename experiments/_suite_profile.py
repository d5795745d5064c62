"""Benchmarks of recipe profile: training, one seed and several; generation."""

import dataclasses
import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from experiments._flags import numbers, read_source
from experiments._runner import FLAGS, Progress, recipe_config
from experiments._timing import Laps, best_of, cost, machine, process_seconds, roofline, stages
from ganrs_jax.checkpoint import load_generator
from ganrs_jax.decoding.assignment import MANY, block_users
from ganrs_jax.decoding.choice import choose
from ganrs_jax.errors import InputError
from ganrs_jax.export.shards import open_folder, write_part
from ganrs_jax.recipes import RECIPES, get_recipe
from ganrs_jax.recipes.interface import Generator, Request

_LARGE = Request(num_users=80_000, num_items=4000, num_ratings=10_000_000)


def profile_training(progress: Progress) -> dict[str, Any]:
    """One seed twice, the second steady; then --lanes seeds at once, in proportion to one."""
    lanes, config, ratings, fit = numbers("lanes", int), profile_config(), read_source(), RECIPES["profile"].fit
    passes = []
    for seed in (0, 1):
        lap = Laps()
        fit([seed], ratings, [config], lap.reporting(progress))
        lap("rest")
        passes.append(lap.seconds)
    times = {1: sum(passes[1].values())}
    for count in lanes:
        for seed in (2, 2 + count):  # the first compiles
            begin = time.monotonic()
            fit(list(range(seed, seed + count)), ratings, [config] * count, progress)
            times[count] = time.monotonic() - begin
    ratios = {str(count): times[count] / times[1] for count in lanes}
    return {
        "ratings": ratings.num_ratings,
        "stages": stages(*passes),
        "steady_s": times[1],
        "seconds_by_lanes": {str(k): v for k, v in times.items()},
        "times_one_lane": ratios,
        "say": "; ".join(
            [f"one seed {times[1]:.1f} s steady", *(f"{k} seeds {v:.2f} times that" for k, v in ratios.items())]
        ),
    }


def generation(progress: Progress) -> dict[str, Any]:
    """A large dataset in parts, twice with two seeds; and its innermost program beside the machine's limits."""
    generator, recipe = generator_given(progress), RECIPES["profile"]
    asked = recipe.complete(generator, sizes_asked())
    passes = [written(generator, dataclasses.replace(asked, seed=seed), progress) for seed in (0, 1)]
    steady = sum(passes[1].values())
    limits = machine()
    return {
        "request": dataclasses.asdict(asked),
        "process_start_to_first_parts_s": process_seconds() - steady,
        "stages": stages(*passes),
        "rows_per_s": asked.num_ratings / steady,
        "rows_per_s_after_plan": asked.num_ratings / passes[1]["rows and files"],
        "choose": _roofline(asked.num_items, generator.config.interaction_rank, limits),
        "say": f"{asked.num_ratings:,} rows: {asked.num_ratings / steady:,.0f} a second steady, plan included",
    }


def written(generator: Generator, asked: Request, progress: Progress) -> dict[str, float]:
    """Seconds that a dataset takes by stage, written in parts."""
    lap, blocks = Laps(), RECIPES["profile"].blocks
    assert blocks is not None
    made = blocks(generator, asked, progress)
    lap("plan")
    with tempfile.TemporaryDirectory(dir=FLAGS.workdir) as place:
        folder = open_folder(Path(place), FLAGS.num_shards, {})
        for shard in range(FLAGS.num_shards):
            write_part(folder, shard, made, progress)
    lap("rows and files")
    return lap.seconds


def _roofline(num_items: int, rank: int, limits: dict[str, Any]) -> dict[str, float]:
    """Of `choose` on a block of users; more items than it is for are left out."""
    num_items = min(num_items, MANY - 1)
    users = block_users(num_items)
    shapes = (users, 3 * rank), (num_items, 3 * rank)
    x, y = (jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes))
    counts, sure = jnp.full(users, num_items // 40, jnp.int32), jnp.full(256, 2**31 - 1, jnp.int32)
    given = jax.random.key(2), x, y, jnp.zeros(num_items), counts, sure
    seconds = best_of(functools.partial(choose, *given))
    return {"cells": users * num_items, **roofline(seconds, *cost(choose.lower(*given).compile()), limits)}


def generator_given(progress: Progress) -> Generator:
    """That of --generator, or one trained now.

    Raises:
      InputError: if it makes no dataset in parts.
    """
    if FLAGS.generator:
        generator = load_generator(Path(FLAGS.generator).expanduser())
        if get_recipe(generator.recipe).blocks is None:
            raise InputError(f"--generator={FLAGS.generator}: of recipe {generator.recipe}; accepted: of profile")
        return generator
    return RECIPES["profile"].fit([0], read_source(), [profile_config()], progress)[0]


def sizes_asked() -> Request:
    """The sizes on the command line, or those of `_LARGE` where there are none."""
    if not any(FLAGS[name].present for name in ("num_users", "num_items", "num_ratings")):
        return _LARGE
    users, items = (int(FLAGS[name].value or 0) if FLAGS[name].present else 0 for name in ("num_users", "num_items"))
    return Request(num_users=users, num_items=items, num_ratings=FLAGS.num_ratings)


def profile_config() -> Any:
    return recipe_config() if FLAGS.recipe == "profile" else RECIPES["profile"].config()
