"""Makes a dataset in parts, those of this process, and says what is there."""

import dataclasses
import hashlib
import json
from pathlib import Path

import jax

from ganrs_jax.checkpoint import generator_digest
from ganrs_jax.cli.processes import Process, check_agreed
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, say, versions
from ganrs_jax.errors import InputError
from ganrs_jax.export.shards import (
    check_plan,
    finish,
    open_folder,
    told_warnings,
    whole_part,
    write_part,
)
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import written_item_ids
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.recipes import Model, Request, get_recipe
from ganrs_jax.report.comparison import asked_and_chosen, exactly, scenario_lines
from ganrs_jax.requests import given_sizes
from ganrs_jax.sampling.distributions import is_file

_FROM_FILES = ("activity", "popularity", "rating_histogram")  # that may be in files


def make_parts(out: Path, generator: Model, asked: Request, process: Process) -> None:
    """Makes the parts that are this process's and are not there yet, whole.

    Args:
      asked: the request, with the sizes that were given.

    Raises:
      InputError: for a recipe that makes datasets as a whole, or a folder of another request.
    """
    recipe = get_recipe(generator.recipe)
    if recipe.blocks is None:
        raise InputError(
            f"--num_shards={FLAGS.num_shards}: recipe {generator.recipe} makes datasets as a whole; accepted: recipe "
            "profile, or --out=FILE.parquet without --num_shards"
        )
    request = recipe.complete(generator, asked)
    assert isinstance(request, RatingsRequest)
    assert isinstance(generator, ProfileModel)
    facts = _facts(generator, request)
    check_agreed(json.dumps({"num_shards": FLAGS.num_shards, **facts}, sort_keys=True).encode(), "generator")
    columns = generator.groups.columns if generator.groups else ()
    folder = open_folder(out, FLAGS.num_shards, facts, written_item_ids(generator, request), columns)
    mine = [FLAGS.shard] if FLAGS.shard >= 0 else list(range(FLAGS.num_shards))[process.index :: process.count]
    missing = [shard for shard in mine if whole_part(folder, shard) is None]
    if len(missing) < len(mine):
        say(f"{len(mine) - len(missing)} of {len(mine)} parts are there, whole")
    workdir = Workdir(FLAGS.workdir or str(out / ".run" / f"{mine[0] if mine else process.index:05d}"))
    warnings = told_warnings(folder, mine[0]) if mine and not missing else []
    scenario: dict[str, object] = {}
    if missing:
        progress = Progress(workdir)
        made = recipe.blocks(generator, asked, progress)
        check_plan(folder, made)
        warnings, scenario = made.metadata["warnings"], made.metadata["scenario"]
        for shard in missing:
            write_part(folder, shard, made, progress)
    process.barrier()
    parts = finish(folder, request.num_ratings)
    if FLAGS.shard < 0 and not parts:
        lost = next(shard for shard in range(FLAGS.num_shards) if whole_part(folder, shard) is None)
        raise InputError(
            f"{folder.place(lost)}: not there, or not whole, though all parts were made; accepted: a folder that all "
            "processes see, and the same command again"
        )
    given = given_sizes(asked)
    found = {"asked": given, "parts": [part._asdict() for part in parts], "scenario": scenario, "warnings": warnings}
    workdir.results({**folder.header, **found})
    sizes = f"{request.num_users:,} users, {request.num_items:,} items, {request.num_ratings:,} ratings"
    whole = f", now whole: {folder.num_shards} parts, {sizes}{exactly(given)}"
    wanted = asked_and_chosen(given, dataclasses.asdict(request), generator.source.ratings / generator.source.users)
    written = f"{len(missing)} parts written to {folder.path}{whole if parts else '; others are still to come'}"
    outcome = f"{wanted}; {written}"
    say("\n".join([outcome, *scenario_lines(scenario), *(f"WARNING {line}" for line in warnings)]))


def _facts(generator: Model, request: RatingsRequest) -> dict[str, object]:
    """All that the rows of the parts depend on, beside the machine."""
    return {
        "recipe": generator.recipe,
        "request": dataclasses.asdict(request),
        "distribution_files": {
            name: hashlib.sha256(Path(text).read_bytes()).hexdigest()[:16]
            for name in _FROM_FILES
            if is_file(text := getattr(request, name))
        },
        "generator": generator_digest(Path(FLAGS.generator).expanduser()),
        "source": {"name": generator.source.name, "digest": generator.source.digest},
        "versions": versions(),
        "platform": jax.default_backend(),
    }
