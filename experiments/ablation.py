"""What each part of a recipe is worth: ./launch.sh ablation --sources=ml100k,myanimelist --workdir=runs/ablation

Trains the recipe without each of its parts, or with another in its place, generates a dataset of the source's size and
measures its fidelity; parts are ranked by what their loss costs, with intervals over seeds. Writes WORKDIR/ablation.md,
ablation.csv and a figure a source and recipe from WORKDIR's cells; what was stopped goes on with the same command.
Three minutes: --preset=small.
"""

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import jax
from absl import flags

from ganrs_jax.checkpoint import FORMAT_VERSION
from ganrs_jax.cli.flags import check_seed, define_reading, read_options, reading_facts
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.ratings import Ratings, digest
from ganrs_jax.data.sources import SOURCES, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.fidelity import Reference, compare, reference
from ganrs_jax.fidelity.metrics import Metric
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.published.settings import RawSamplesRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.ablation import Case, answer, write_ablation
from ganrs_jax.study.ablation import PARTS, WHOLE, costs
from ganrs_jax.study.results import StudyCells

PRESETS = {
    "small": [
        "--sources=planted",
        "--planted_users=200",
        "--planted_items=150",
        "--planted_ratings=6000",
        "--recipes=ganrs",
        "--parts=sigma 2,no dropout",
        "--num_seeds=2",
        "--workdir=runs/small_ablation",
    ]
}
_LISTED = {recipe: ", ".join(part for part in parts if part != WHOLE) for recipe, parts in PARTS.items()}

flags.DEFINE_list("sources", ["ml100k", "myanimelist"], f"Some of {', '.join(SOURCES)}.")
flags.DEFINE_list("recipes", ["profile"], f"Some of {', '.join(PARTS)}.")
flags.DEFINE_list("parts", [], "Parts to do without; default: all of them.")
flags.DEFINE_integer("num_seeds", 3, "Seeds of generators and datasets, from --seed on.")
flags.DEFINE_integer("seed", 0, "The first seed.")
flags.DEFINE_string("workdir", "runs/ablation", "Folder for cells, figures and the page.")
flags.DEFINE_string("results", "", "Folder to write the page, its csv and figures to as well: results, say.")
define_reading()


def main() -> None:
    _check()
    seeds = range(FLAGS.seed, FLAGS.seed + FLAGS.num_seeds)
    folder = Path(FLAGS.workdir).expanduser()
    cells = StudyCells(folder, {"generator_format": FORMAT_VERSION, **reading_facts()}, needed=("metrics",))
    sources = {source: load_ratings(source, read_options()) for source in FLAGS.sources}
    for source, ratings in sources.items():
        cells.check_source(source, digest(ratings))
    cells.begin()
    workdir = Workdir(FLAGS.workdir)
    progress, cases = Progress(workdir), []
    for source, ratings in sources.items():
        of_source: list[Reference] = []  # measured once, and only where a cell is missing
        for recipe in FLAGS.recipes:
            wanted = [WHOLE, *(part for part in PARTS[recipe] if part in FLAGS.parts or not FLAGS.parts)]
            found = {
                part: [_metrics(source, ratings, recipe, part, seed, cells, of_source, progress) for seed in seeds]
                for part in dict.fromkeys(wanted)
            }
            cases.append(Case(source, recipe, tuple(costs(found))))
    for line in answer(cases):
        say(line)
    command = " ".join(["./launch.sh ablation", *map(shlex.quote, sys.argv[1:])])
    folders = [folder, *([Path(FLAGS.results).expanduser()] if FLAGS.results else [])]
    write_ablation(cases, command, FLAGS.num_seeds, folders)
    workdir.results({f"{case.source} {case.recipe}": [cost._asdict() for cost in case.costs] for case in cases})
    say(f"result: {folder / 'ablation.md'}")


def _check() -> None:
    known = {part for parts in PARTS.values() for part in parts}
    for flag, accepted in (("sources", tuple(SOURCES)), ("recipes", tuple(PARTS)), ("parts", tuple(sorted(known)))):
        given: list[str] = getattr(FLAGS, flag)
        if not (given or flag == "parts") or not set(given) <= set(accepted):
            raise InputError(f"--{flag}={','.join(given)}; accepted: some of {', '.join(accepted)}")
    for part in FLAGS.parts:
        if not any(part in PARTS[recipe] for recipe in FLAGS.recipes):
            raise InputError(
                f"--parts={part}: no part of {', '.join(FLAGS.recipes)}; accepted: "
                f"{'; '.join(_LISTED[recipe] for recipe in FLAGS.recipes)}"
            )
    if FLAGS.num_seeds < 1:
        raise InputError(f"--num_seeds={FLAGS.num_seeds}; accepted: whole numbers from 1")
    check_seed(FLAGS.seed)
    check_seed(FLAGS.seed + FLAGS.num_seeds - 1)


def _metrics(
    source: str,
    ratings: Ratings,
    recipe_name: str,
    part: str,
    seed: int,
    cells: StudyCells,
    of_source: list[Reference],
    progress: Progress,
) -> dict[str, Metric]:
    """Fidelity of a dataset of the recipe without a part: from its cell, or trained, made and measured now."""
    name = f"{source}-{recipe_name}-{part.replace(' ', '_')}"
    cell = cells.get(name, f"seed{seed}")
    if cell is None:
        begin, recipe = time.monotonic(), get_recipe(recipe_name)
        say(f"{source}, {recipe_name}, {part}, seed {seed}")
        config = recipe.config(**PARTS[recipe_name][part])
        model = recipe.fit([seed], ratings, [config], progress)[0]
        request = RatingsRequest(seed=seed) if recipe_name == "profile" else RawSamplesRequest(seed=seed)
        dataset = recipe.generate(model, request, progress)
        if not of_source:
            of_source.append(reference(ratings, ratings.scale, splits=1))
        metrics = compare(of_source[0], dataset, part).metrics
        seconds = time.monotonic() - begin
        cell = {"metrics": {key: list(metric) for key, metric in metrics.items()}, "seconds": seconds}
        cells.put(name, f"seed{seed}", cell)
        jax.clear_caches()  # programs of many shapes would use up the memory maps Linux gives a process
    held = cast(dict[str, Sequence[Any]], cell["metrics"])
    return {key: Metric(*values) for key, values in held.items()}


if __name__ == "__main__":
    run(main, PRESETS)
