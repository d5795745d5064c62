"""Benchmarks of recipe profile: training, one seed and several; generation."""

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

from ganrs_jax.checkpoint import load_generator
from ganrs_jax.cli.flags import numbers, read_source
from ganrs_jax.cli.rooflines import Watch, of_choice, of_vectors, roofline_line
from ganrs_jax.cli.runner import FLAGS, Progress, recipe_config
from ganrs_jax.cli.timing import Laps, machine, process_seconds, stages
from ganrs_jax.errors import InputError
from ganrs_jax.export.shards import open_folder, write_part
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import blocks, complete, fit
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.sampling.assignment import block_users
from ganrs_jax.training.loop import watching

_LARGE = RatingsRequest(num_users=80_000, num_items=4000, num_ratings=10_000_000)


def profile_training(progress: Progress) -> dict[str, Any]:
    """One seed twice, the second steady; then --lanes seeds at once, in proportion to one."""
    lanes, config, ratings = numbers("lanes", int), profile_config(), read_source()
    passes = []
    for seed in (0, 1):
        lap, watch = Laps(), Watch()
        with watching(watch):
            fit([seed], ratings, [config], lap.reporting(progress))
        lap("rest")
        passes.append(lap.seconds)
    times = {1: sum(passes[1].values())}
    for count in lanes:
        for seed in (2, 2 + count):  # the first compiles
            begin = time.monotonic()
            fit(list(range(seed, seed + count)), ratings, [config] * count, progress)
            times[count] = time.monotonic() - begin
    rooflines = watch.rooflines(machine())
    ratios = {str(count): times[count] / times[1] for count in lanes}
    said = "".join(f"{count} seeds {ratio:.2f} times that; " for count, ratio in ratios.items())
    return {
        "ratings": ratings.num_ratings,
        "stages": stages(*passes),
        "steady_s": times[1],
        "seconds_by_lanes": {str(k): v for k, v in times.items()},
        "times_one_lane": ratios,
        "rooflines": rooflines,
        "say": f"one seed {times[1]:.1f} s steady; {said}{roofline_line(rooflines)}",
    }


def generation(progress: Progress) -> dict[str, Any]:
    """A large dataset in parts, twice with two seeds; and its innermost program beside the machine's limits."""
    generator = generator_given(progress)
    asked = complete(generator, sizes_asked())
    passes = [written(generator, dataclasses.replace(asked, seed=seed), progress) for seed in (0, 1)]
    steady = sum(passes[1].values())
    until_parts = process_seconds() - steady
    rooflines = rooflines_of_generation(generator, asked)
    return {
        "request": dataclasses.asdict(asked),
        "process_start_to_first_parts_s": until_parts,
        "stages": stages(*passes),
        "rows_per_s": asked.num_ratings / steady,
        "rows_per_s_after_plan": asked.num_ratings / passes[1]["rows and files"],
        "rooflines": rooflines,
        "say": f"{asked.num_ratings:,} rows: {asked.num_ratings / steady:,.0f} a second steady, plan included; "
        + roofline_line(rooflines),
    }


def rooflines_of_generation(generator: ProfileModel, asked: RatingsRequest) -> dict[str, dict[str, float]]:
    """Of the two programs that a block of users takes most of its time in."""
    limits, users = machine(), block_users(asked.num_items)
    return {
        "choose": of_choice(asked.num_items, generator.config.interaction_rank, limits),
        "vectors": of_vectors(generator, users, limits),
    }


def written(generator: ProfileModel, asked: RatingsRequest, progress: Progress) -> dict[str, float]:
    """Seconds that a dataset takes by stage, written in parts."""
    lap = Laps()
    made = blocks(generator, asked, progress)
    lap("plan")
    with tempfile.TemporaryDirectory(dir=FLAGS.workdir) as place:
        folder = open_folder(Path(place), FLAGS.num_shards, {})
        for shard in range(FLAGS.num_shards):
            write_part(folder, shard, made, progress)
    lap("rows and files")
    return lap.seconds


def generator_given(progress: Progress) -> ProfileModel:
    """That of --generator, or one trained now.

    Raises:
      InputError: if it makes no dataset in parts.
    """
    if FLAGS.generator:
        generator = load_generator(Path(FLAGS.generator).expanduser())
        if not isinstance(generator, ProfileModel):
            raise InputError(f"--generator={FLAGS.generator}: of recipe {generator.recipe}; accepted: of profile")
        return generator
    return fit([0], read_source(), [profile_config()], progress)[0]


def sizes_asked(default: RatingsRequest = _LARGE) -> RatingsRequest:
    """The sizes on the command line, or the default's where there are none."""
    if not any(FLAGS[name].present for name in ("num_users", "num_items", "num_ratings")):
        return default
    users, items = (int(FLAGS[name].value or 0) if FLAGS[name].present else 0 for name in ("num_users", "num_items"))
    return RatingsRequest(num_users=users, num_items=items, num_ratings=FLAGS.num_ratings)


def profile_config() -> Any:
    """The settings on the command line.

    Raises:
      InputError: if they are those of another recipe.
    """
    if FLAGS.recipe != "profile":
        raise InputError(f"--recipe={FLAGS.recipe}: suite {FLAGS.suite} times recipe profile; accepted: profile")
    return recipe_config()
