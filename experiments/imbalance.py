"""Recommenders against the skew of ratings: ./launch.sh imbalance --sources=ml100k,myanimelist --workdir=runs/imbalance

Takes parts of equal size from each source's rows, from even to steeper than the source, in ratings per user, per item
and per rating value; generates a dataset with the same sizes and Gini coefficient beside each, trains recommenders on
both and tells accuracy, mean popularity, Gini of exposure and coverage of the tail against skew. Writes
WORKDIR/imbalance.md, imbalance.csv and a figure per source and axis from WORKDIR's cells; what was stopped goes on with
the same command. Three minutes: --preset=small.
"""

import functools
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from ganrs_jax.checkpoint import FORMAT_VERSION
from ganrs_jax.cli.flags import define_reading, read_options, reading_facts
from ganrs_jax.cli.models import define_models, evaluation_protocol
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.ratings import Ratings, digest
from ganrs_jax.data.sources import SOURCES, ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.imbalance import Level, answer, write_imbalance
from ganrs_jax.statistics.summary import gini, histogram
from ganrs_jax.study.datasets import Store
from ganrs_jax.study.imbalance import AXES, Skewed, skewed_parts
from ganrs_jax.study.measured import measured
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells

PRESETS = {
    "small": [
        "--sources=planted",
        "--planted_users=200",
        "--planted_items=150",
        "--planted_ratings=6000",
        "--axes=items",
        "--levels=3",
        "--models=deepmf,biases,ease,implicit_als",
        "--num_seeds=5",
        "--epochs=2",
        "--workdir=runs/small_imbalance",
    ]
}
_AT = 10

flags.DEFINE_list("sources", ["ml100k", "myanimelist"], f"Some of {', '.join(SOURCES)}.")
flags.DEFINE_list("axes", list(AXES), "What is skewed: ratings per users, items, or rating values (ratings).")
flags.DEFINE_integer("levels", 5, "Levels of skew, from the most even that the source's rows allow to the steepest.")
flags.DEFINE_float("share", 0.3, "Share of the source's rows in each part.")
flags.DEFINE_integer("data_seed", 0, "Seed of generators, datasets and parts.")
flags.DEFINE_string("workdir", "runs/imbalance", "Folder for generators, cells, figures and the page.")
flags.DEFINE_string("results", "", "Folder to write the page, its csv and figures to as well: results, say.")
define_models(num_seeds=5)
define_reading()


def main() -> None:
    protocol = evaluation_protocol()
    _check(protocol)
    folder = Path(FLAGS.workdir).expanduser()
    cells = StudyCells(folder, _settings(protocol))
    store = Store(folder, FLAGS.data_seed, read_options())
    for source in FLAGS.sources:  # all are looked at before any work
        for axis in FLAGS.axes:
            for part in skewed_parts(store.real(source), axis, FLAGS.share, FLAGS.levels, FLAGS.data_seed):
                protocol.check_measurable(part.ratings, source)
        cells.check_source(source, digest(store.real(source)))
    cells.begin()
    workdir = Workdir(FLAGS.workdir)
    store.progress = Progress(workdir)
    levels = []
    for source in FLAGS.sources:
        for axis in FLAGS.axes:
            parts = skewed_parts(store.real(source), axis, FLAGS.share, FLAGS.levels, FLAGS.data_seed)
            for number, part in enumerate(parts):
                levels.append(_level(source, axis, number, part, protocol, cells, store))
                say("{} by {}: Gini {:.3f} real, {:.3f} synthetic".format(source, axis, *levels[-1].gini))
    for line in answer(levels):
        say(line)
    command = " ".join(["./launch.sh imbalance", *map(shlex.quote, sys.argv[1:])])
    folders = [folder, *([Path(FLAGS.results).expanduser()] if FLAGS.results else [])]
    write_imbalance(levels, command, len(protocol.seeds), _AT, folders)
    workdir.results({"levels": [level._asdict() for level in levels]})
    say(f"result: {folder / 'imbalance.md'}")


def _check(protocol: EvaluationProtocol) -> None:
    for flag, accepted in (("sources", tuple(SOURCES)), ("axes", AXES)):
        given: list[str] = getattr(FLAGS, flag)
        if not given or not set(given) <= set(accepted):
            raise InputError(f"--{flag}={','.join(given)}; accepted: some of {', '.join(accepted)}")
    if FLAGS.levels < 2:
        raise InputError(f"--levels={FLAGS.levels}; accepted: whole numbers from 2")
    if not 0 < FLAGS.share < 1:
        raise InputError(f"--share={FLAGS.share:g} leaves nothing to choose from; accepted: over 0 and under 1")
    if _AT not in protocol.cutoffs:
        raise InputError(f"--cutoffs={','.join(FLAGS.cutoffs)}; accepted: lengths with {_AT} among them")


def _settings(protocol: EvaluationProtocol) -> dict[str, Any]:
    """All flags that decide what a cell is."""
    given = ("num_seeds", "seed", "threshold", "epochs", "settings_of", "data_seed", "levels", "share")
    values = {name: FLAGS[name].value for name in given}
    cutoffs = ",".join(map(str, protocol.cutoffs))
    return {**values, "cutoffs": cutoffs, "generator_format": FORMAT_VERSION, **reading_facts()}


def _level(
    source: str, axis: str, number: int, part: Skewed, protocol: EvaluationProtocol, cells: StudyCells, store: Store
) -> Level:
    """What models show on a part and on the synthetic dataset beside it: from cells, or measured now."""
    name = f"{source}-{axis}-{number}"
    real = measured(f"{name}-real", source, lambda: [part.ratings], protocol, cells, store.progress)

    @functools.cache
    def generated() -> Ratings:
        request = RatingsRequest(**part.request, seed=FLAGS.data_seed)
        dataset = get_recipe("profile").generate(store.generator(source, "profile"), request, store.progress)
        scale = dataset.scale
        options = ReadOptions(scale=f"{scale.low:g}:{scale.high:g}:{scale.step:g}")
        return load_ratings(dataset.to_pandas(), options)

    synthetic = measured(f"{name}-synthetic", source, lambda: [generated()], protocol, cells, store.progress)
    held = cells.get(f"{name}-synthetic", "dataset") or {}
    if "gini" not in held:
        held = {**held, "gini": _gini(generated(), axis), **_sizes(generated())}
        cells.put(f"{name}-synthetic", "dataset", held)
    sizes = _sizes(part.ratings)
    return Level(
        source,
        axis,
        (part.gini, float(str(held["gini"]))),
        (tuple(sizes.values()), tuple(int(str(held[name])) for name in sizes)),  # type: ignore[arg-type]
        real,
        synthetic,
    )


def _gini(ratings: Ratings, axis: str) -> float:
    if axis == "ratings":
        return gini(histogram(ratings.rating, ratings.scale))
    return gini(np.bincount(ratings.user if axis == "users" else ratings.item))


def _sizes(ratings: Ratings) -> dict[str, int]:
    return {"users": ratings.num_users, "items": ratings.num_items, "rows": ratings.num_ratings}


if __name__ == "__main__":
    run(main, PRESETS)
