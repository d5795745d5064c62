"""Times the stages of a suite: ./launch.sh benchmark --suite=published_recipe --workdir=runs/benchmark

Runs the suite's whole way twice in one process, with two seeds: the first pass compiles, the second
is steady. The generator stays in memory: saving and loading its checkpoint, under half a second, is
not in the times. Writes WORKDIR/results.json (device, versions, seconds a stage, peak memory) and prints it
as a table. A few seconds: --preset=small.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from absl import flags

from experiments._flags import define_request, define_source, read_source, request
from experiments._runner import FLAGS, Progress, Workdir, recipe_config, run, say
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset
from ganrs_jax.ratings import Ratings
from ganrs_jax.recipes import clustered, get_recipe
from ganrs_jax.recipes.interface import Request, completed
from ganrs_jax.report.comparison import text_table

PRESETS = {
    "small": [
        "--source=planted",
        "--config.embedding_epochs=2",
        "--config.gan_steps=500",
        "--num_users=100",
        "--num_items=100",
        "--num_samples=10000",
    ]
}

flags.DEFINE_string("recipe", "ganrs", "Recipe to time: ganrs or wganrs.")
flags.DEFINE_string("workdir", "runs/benchmark", "Folder for results.json and the records of the run.")
define_source()
define_request(num_users=1000, num_items=1000, num_samples=150_000)


def published_recipe(progress: Progress) -> dict[str, Any]:
    """Stage times of the published recipe: embedding, GAN, samples, two K-means, repeats, file."""
    begin = time.monotonic()
    config, ratings = recipe_config(), read_source()
    request(0)  # checked before any work
    reading = time.monotonic() - begin
    first = _pass(0, config, ratings, progress)
    until_file = _process_seconds()
    steady = _pass(1, config, ratings, progress)
    stages = {
        name: {"first_s": first[name], "steady_s": steady[name], "compile_s": max(0.0, first[name] - steady[name])}
        for name in first
    }
    return {
        "read_s": reading,
        "process_start_to_first_file_s": until_file,
        "stages": stages,
        "steady_s": sum(steady.values()),
        "gan_steps_per_s": config.gan_steps / steady["GAN"],
        "ratings_embedded_per_s": config.embedding_epochs * config.train_share * ratings.num_ratings / steady["DeepMF"],
    }


SUITES: dict[str, Callable[[Progress], dict[str, Any]]] = {"published_recipe": published_recipe}
flags.DEFINE_enum("suite", "published_recipe", list(SUITES), "What to time.")


def main() -> None:
    if FLAGS.recipe == "cganrs":
        raise InputError("--recipe=cganrs; accepted: ganrs, wganrs")
    workdir = Workdir(FLAGS.workdir)
    device = jax.devices()[0]
    results = {
        "suite": FLAGS.suite,
        "device": f"{device.platform}: {device.device_kind}",
        "devices": jax.device_count(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        **SUITES[FLAGS.suite](Progress(workdir)),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        // (1024 if sys.platform == "linux" else 1 << 20),
    }
    workdir.results(results)
    rows = [[n, *(f"{s[k]:.2f}" for k in ("first_s", "steady_s", "compile_s"))] for n, s in results["stages"].items()]
    say(text_table(["stage", "first s", "steady s", "compile s"], rows))
    say(
        f"{results['device']}; process start to first file {results['process_start_to_first_file_s']:.1f} s; "
        f"peak memory {results['peak_memory_mib']} MiB; {workdir.path / 'results.json'}"
    )


def _pass(seed: int, config: Any, ratings: Ratings, progress: Progress) -> dict[str, float]:
    """Seconds of each stage of one training and one dataset."""
    times: dict[str, float] = {}
    mark = time.monotonic()

    def lap(stage: str) -> None:
        nonlocal mark
        now = time.monotonic()
        times[stage] = times.get(stage, 0.0) + now - mark
        mark = now

    def report(stage: str, done: int, total: int, metrics: Any) -> None:
        progress(stage, done, total, metrics)
        lap(stage.split()[0].rstrip(","))

    generator = get_recipe(FLAGS.recipe).fit([seed], ratings, [config], report, request(seed))[0]
    lap("criterion")
    asked = completed(generator, request(seed))
    _decode(generator, asked, progress, lap)
    return times


def _decode(generator: Any, asked: Request, progress: Progress, lap: Callable[[str], None]) -> None:
    samples = jax.block_until_ready(clustered.draw(generator, asked))
    lap("samples")
    users = clustered.cluster(generator, asked, samples, "users", progress)
    lap("K-means, users")
    items = clustered.cluster(generator, asked, samples, "items", progress)
    lap("K-means, items")
    dataset = clustered.assemble(generator, asked, samples, users, items)
    lap("ratings and repeats")
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder) / "synthetic.parquet", dataset)
    lap("file")


def _process_seconds() -> float:
    """Seconds since this process began; where the system does not tell, since this module was loaded."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return time.monotonic() - _LOADED


_LOADED = time.monotonic()

if __name__ == "__main__":
    run(main, PRESETS)
