"""Times a suite: ./launch.sh benchmark --suite=published_recipe --workdir=runs/benchmark

published_recipe: every stage of a published recipe, --recipe=ganrs or wganrs. profile_training: recipe profile, one
seed and --lanes of them. generation: a large dataset in parts, from --generator (else one is trained first).
baselines: the study's networks, an epoch of one seed and of --lanes. scaling: generation by --rows, --items, --users,
training by --lanes, an hour in all on two cores; a figure. accelerator: what a GPU or TPU should be tried with, in
eight minutes (--minutes): training on --sources, datasets of --sizes, memory, shares of the device's own speed, and
whether the same seed gives the same bytes.
What is timed is done twice in one process: the first pass compiles, the second is steady. Writes WORKDIR/results.json
(versions, device, what it can do at most, seconds a stage, peak memory) and prints it as a table.
A few seconds: --preset=small.
"""

import sys
from collections.abc import Callable
from typing import Any

from absl import flags

from experiments._suite_accelerator import accelerator
from experiments._suite_baselines import baselines
from experiments._suite_profile import generation, profile_training
from experiments._suite_published import published_recipe
from experiments._suite_scaling import scaling
from ganrs_jax.cli.command_line import QUICK_TRAINING, peek
from ganrs_jax.cli.flags import define_request, define_source
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say, versions
from ganrs_jax.cli.timing import machine, peak_memory_mib
from ganrs_jax.errors import InputError
from ganrs_jax.report.comparison import text_table

PRESETS = {
    "small": [
        "--source=planted",
        *QUICK_TRAINING,
        "--num_users=100",
        "--num_items=100",
        "--num_samples=10000",
        "--lanes=2",
        "--rows=2000,4000",
        "--items=50,150",
        "--users=50,150",
        "--sources=planted",
        "--sizes=400x200x20000,400x17000x40000",
    ]
}
SUITES: dict[str, Callable[[Progress], dict[str, Any]]] = {
    "published_recipe": published_recipe,
    "profile_training": profile_training,
    "generation": generation,
    "baselines": baselines,
    "scaling": scaling,
    "accelerator": accelerator,
}

flags.DEFINE_enum("suite", "published_recipe", list(SUITES), "What to time.")
_RECIPE = flags.DEFINE_string(
    "recipe", "ganrs", "Recipe to time: ganrs or wganrs; profile in all suites but that and baselines."
)
flags.DEFINE_string("generator", "", "Folder of a generator of profile, for generation, scaling, accelerator.")
flags.DEFINE_string("workdir", "runs/benchmark", "Folder for results.json and the records of the run.")
_LANES = flags.DEFINE_list(
    "lanes", ["8"], "Seeds trained at once (in all suites of training); scaling: 1 to 32 by default."
)
flags.DEFINE_list("rows", ["100000", "1000000", "10000000", "100000000"], "Ratings of the datasets of scaling.")
flags.DEFINE_list("items", ["1000", "10000", "100000", "1000000"], "Items of the datasets of scaling.")
flags.DEFINE_list("users", ["1000", "10000", "100000", "1000000"], "Users of the datasets of scaling.")
flags.DEFINE_list("sources", ["ml100k", "ml1m"], "Sources that accelerator trains on.")
flags.DEFINE_list(
    "sizes", ["80000x4000x10000000", "220000x85600x120000000"], "Datasets USERSxITEMSxROWS of accelerator."
)
flags.DEFINE_float("minutes", 8.0, "Minutes that accelerator takes at most.")
flags.DEFINE_integer("num_shards", 1, "Parts of the datasets of generation and scaling.")
define_source()
define_request(num_users=1000, num_items=1000, num_samples=150_000)


def main() -> None:
    if FLAGS.num_shards < 1:
        raise InputError(f"--num_shards={FLAGS.num_shards}; accepted: whole numbers from 1")
    workdir = Workdir(FLAGS.workdir)
    found = SUITES[FLAGS.suite](Progress(workdir))
    known = {"suite": FLAGS.suite, "versions": versions(), **machine()}
    results = {**known, **found, "peak_memory_mib": peak_memory_mib()}
    workdir.results({name: value for name, value in results.items() if name not in ("say", "table")})
    header, *rows = results.get("table") or [
        ["stage", "first s", "steady s", "compile s"],
        *(
            [name, *(f"{found[k]:.2f}" for k in ("first_s", "steady_s", "compile_s"))]
            for name, found in results["stages"].items()
        ),
    ]
    say(text_table(header, rows))
    say(
        f"{results['device']}; {results['say']}; peak memory {results['peak_memory_mib']} MiB; "
        f"{workdir.path / 'results.json'}"
    )


if __name__ == "__main__":
    if peek(sys.argv, "suite") in ("profile_training", "generation", "scaling", "accelerator"):
        flags.set_default(_RECIPE, "profile")
    if peek(sys.argv, "suite") == "scaling":
        flags.set_default(_LANES, ["1", "2", "4", "8", "16", "32"])
    run(main, PRESETS)
