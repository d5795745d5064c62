"""Trains a generator: ./launch.sh train_generator --source=ml100k --recipe=profile --workdir=runs/ml100k

Writes WORKDIR/generator (what `generate` needs), flags.json, metrics.jsonl and results.json.
Several seeds (--num_seeds=8) or settings (--sweep=gan_learning_rate=1e-4,2e-4) train as lanes, at
once; --pick chooses the lane that is kept. A run that was stopped goes on with the same command and
ends as if it had not been: what it has done is kept in WORKDIR/.unfinished every --checkpoint_seconds.
All devices share the lanes, or the batches, of the adversarial training of recipe profile; with --coordinator,
--num_processes and --process_id, or on a cluster that JAX knows, those of all processes do. Each reads the source by
itself, and process 0 writes.
A minute, most of it compiling: --preset=small.
"""

import dataclasses
from pathlib import Path
from typing import Any

from absl import flags

from ganrs_jax.checkpoint import save_generator
from ganrs_jax.cli.command_line import QUICK_TRAINING
from ganrs_jax.cli.flags import check_seed, define_source, read_source
from ganrs_jax.cli.processes import define_processes, processes
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, recipe_config, run, say, say_source
from ganrs_jax.cli.unfinished import check_unfinished, define_unfinished, unfinished
from ganrs_jax.errors import InputError
from ganrs_jax.files import check_writable
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison import text_table
from ganrs_jax.training.lanes import best_lane

PRESETS = {
    "small": [
        "--source=planted",
        "--workdir=runs/small",
        "--overwrite",
        *QUICK_TRAINING,
    ]
}

_TOLD = ("target", "reached", "error")  # of each statistic of calibration; means of several numbers
_MOST_SEEDS = 4096  # lanes

flags.DEFINE_string("recipe", "profile", "Recipe to train: profile, ganrs, wganrs or cganrs.")
flags.DEFINE_string("workdir", "runs/generator", "Folder for the generator and the records of the run.")
flags.DEFINE_integer("seed", 0, "Seed of the first lane.")
flags.DEFINE_integer("num_seeds", 1, "Lanes with the seeds SEED, SEED + 1, ..., trained at once.")
flags.DEFINE_string("sweep", "", "Lanes with FIELD=VALUE,VALUE,... of one float of training; times --num_seeds.")
flags.DEFINE_string("pick", "best", "Lane to keep: its number from 0, or best (least distance to held-out samples).")
flags.DEFINE_bool("overwrite", False, "Whether a generator in the workdir may be replaced.")
define_unfinished()
define_source()
define_processes()


def main() -> None:
    config = recipe_config()
    seeds, configs = lanes(config)
    pick = _asked_lane(len(seeds))
    check_unfinished()
    process = processes()
    place = Path(FLAGS.workdir).expanduser() / "generator"
    if process.index:  # computes with process 0, which writes
        ratings = read_source()
        stages = unfinished(place.parent, ratings, seeds, configs)
        get_recipe(FLAGS.recipe).fit(seeds, ratings, configs, stages=stages)
        process.shutdown()
        return
    if place.exists() and not FLAGS.overwrite:
        raise InputError(f"{place} exists already; accepted: another --workdir, or --overwrite")
    check_writable(place.parent / "flags.json")  # before any work is done
    ratings = read_source()
    workdir = Workdir(FLAGS.workdir)
    say_source(ratings)
    stages = unfinished(workdir.path, ratings, seeds, configs)
    generators = get_recipe(FLAGS.recipe).fit(seeds, ratings, configs, Progress(workdir), stages)
    chosen = best_lane([model.training["criterion"] for model in generators]) if pick is None else pick
    process.shutdown()
    # Before the generator, which ends a run: one that was killed between the two could not be started again.
    field = FLAGS.sweep.partition("=")[0]
    warnings = get_recipe(FLAGS.recipe).training_warnings(generators[chosen])
    records = [{**g.training, **({field: getattr(g.config, field)} if field else {})} for g in generators]
    workdir.results({"picked": chosen, "lanes": records, "warnings": warnings})
    save_generator(place, generators[chosen], overwrite=FLAGS.overwrite)
    stages.clear()
    score = generators[chosen].training["criterion"]
    lane = f"lane {chosen} of {len(generators)} kept, seed {generators[chosen].training['seed']}: "
    say(
        f"{lane if len(generators) > 1 else ''}generator written to {place} "
        f"(sliced Wasserstein distance to held-out samples {score:.3f})"
    )
    calibration: Any = generators[chosen].training.get("calibration", [])
    if calibration:
        rows = [[r["statistic"], r["parameter"], *(f"{r[k]:.4f}" for k in _TOLD)] for r in calibration]
        say(text_table(["statistic", "answered by", *_TOLD], rows))
    for line in warnings:
        say(f"WARNING {line}")


def lanes(config: Any) -> tuple[list[int], list[Any]]:
    """The seed and configuration of each lane.

    Raises:
      InputError: for a sweep over something else than a float of training, or a number of seeds that cannot be.
    """
    if not 1 <= FLAGS.num_seeds <= _MOST_SEEDS:
        raise InputError(f"--num_seeds={FLAGS.num_seeds}; accepted: 1 to {_MOST_SEEDS}")
    check_seed(FLAGS.seed)
    check_seed(FLAGS.seed + FLAGS.num_seeds - 1)
    settings = swept(config, FLAGS.sweep)
    seeds = [FLAGS.seed + s for s in range(FLAGS.num_seeds)]
    return [s for s in seeds for _ in settings], [c for _ in seeds for c in settings]


def swept(config: Any, sweep: str) -> list[Any]:
    """One configuration a value of "FIELD=VALUE,VALUE,...", each checked; the configuration itself for "".

    Raises:
      InputError: for another form, a field that lanes cannot differ in, or a value out of range.
    """
    if not sweep:
        return [config]
    name, _, values = sweep.partition("=")
    floats = get_recipe(FLAGS.recipe).lane_floats
    try:
        numbers = [float(v) for v in values.split(",")]
    except ValueError:
        numbers = []
    if name not in floats or not numbers:
        raise InputError(f"--sweep={sweep}; accepted: FIELD=NUMBER,NUMBER,... with FIELD one of {', '.join(floats)}")
    configs = [dataclasses.replace(config, **{name: number}) for number in numbers]
    for each in configs:
        get_recipe(FLAGS.recipe).check_config(each)
    return configs


def _asked_lane(count: int) -> int | None:
    """The lane that --pick numbers, or None for the best."""
    if FLAGS.pick == "best":
        return None
    if not FLAGS.pick.isdecimal() or int(FLAGS.pick) >= count:
        raise InputError(f"--pick={FLAGS.pick}; accepted: best, or 0 to {count - 1}")
    return int(FLAGS.pick)


if __name__ == "__main__":
    run(main, PRESETS)
