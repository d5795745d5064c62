"""Do recommenders behave on synthetic ratings as on real ones? ./launch.sh study --sources=ml100k --workdir=runs/study

Part `equal`: for each source, real beside synthetic datasets of each recipe of the same size. Parts `users`,
`samples` and `sigma`: the paper's sweeps (arXiv 2410.17651); `sizes`: datasets of USERSxITEMSxROWS. Writes
WORKDIR/summary.md, summary.csv and figures from WORKDIR's cells; a study that was stopped goes on where it was, and
one asked for more adds to what is there. Presets: small (two minutes), first (1000 users x 1000 items x
10,000 samples, DeepMF), first_users (1000, 5000, 10,000 users), first_sources (three sources).
"""

import dataclasses
import functools
import math
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags

from ganrs_jax.checkpoint import FORMAT_VERSION
from ganrs_jax.cli.flags import dataset_sizes, define_reading, numbers, read_options, reading_facts
from ganrs_jax.cli.models import define_models, evaluation_protocol
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.ratings import digest
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import RECIPES, get_recipe
from ganrs_jax.report.study import write_study
from ganrs_jax.study.datasets import REAL, Store, StudyDataset
from ganrs_jax.study.findings import Measured, Study
from ganrs_jax.study.measured import measured
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells

PRESETS = {
    "small": [
        "--sources=planted",
        "--planted_users=200",
        "--planted_items=150",
        "--planted_ratings=6000",
        "--recipes=ganrs",
        "--parts=equal",
        "--models=deepmf,ncf_regression,binary_regression,ease,implicit_als",
        "--num_seeds=5",
        "--num_datasets=2",
        "--epochs=2",
        "--workdir=runs/small_study",
    ],
    "first": [
        "--models=deepmf",
        "--recipes=profile",
        "--sources=ml100k",
        "--parts=sizes",
        "--sizes=1000x1000x10000",
        "--workdir=runs/first",
    ],
    "first_users": [
        "--models=deepmf",
        "--recipes=profile",
        "--sources=ml100k",
        "--parts=users",
        "--users=1000,5000,10000",
        "--workdir=runs/first_users",
    ],
    "first_sources": ["--models=deepmf", "--recipes=profile", "--parts=equal", "--workdir=runs/first_sources"],
}
_PARTS = ("equal", "users", "samples", "sigma", "sizes")

flags.DEFINE_list("sources", ["ml100k", "myanimelist", "netflix"], f"Some of {', '.join(SOURCES)}.")
flags.DEFINE_list("recipes", ["profile", "ganrs", "wganrs"], "Recipes to compare with the real data.")
flags.DEFINE_list("parts", ["equal", "users", "samples", "sigma"], f"Some of {', '.join(_PARTS)}.")
flags.DEFINE_list("users", ["100", "1000", "2000", "4000", "8000"], "Users of part `users`.")
flags.DEFINE_list("samples", ["150000", "500000", "1500000", "3000000"], "Raw samples, or rows, of part `samples`.")
flags.DEFINE_list("sigmas", ["0.5", "1", "1.5", "2", "2.5"], "Noise of part `sigma`.")
flags.DEFINE_list("sizes", [], "Datasets USERSxITEMSxROWS of part `sizes`.")
flags.DEFINE_integer("items", 4000, "Items of the sweeps' datasets.")
flags.DEFINE_integer("users_at", 1000, "Users of parts `samples` and `sigma`.")
flags.DEFINE_integer("samples_at", 800_000, "Raw samples of parts `users` and `sigma`, for the published recipes.")
flags.DEFINE_integer("num_datasets", 10, "Datasets of each recipe in part `equal`; the seeds take them in turn.")
flags.DEFINE_list("datasets_of", [], "SOURCE-RECIPE=NUMBER, where part `equal` takes others than --num_datasets.")
flags.DEFINE_integer("data_seed", 0, "Seed of generators and datasets.")
flags.DEFINE_float("margin", 0.03, "Differences less than this do not matter (TOST); fixed for a workdir.")
flags.DEFINE_bool("finished_only", False, "Report what the workdir holds, and name what is missing; train nothing.")
flags.DEFINE_string("workdir", "runs/study", "Folder for generators, datasets, cells, figures and the summary.")
flags.DEFINE_string("results", "", "Where to write the page and its csv too, results/study.md, say.")
define_models(num_seeds=10)
define_reading()


def main() -> None:
    protocol = evaluation_protocol()
    _check()
    wanted = {part: list(_datasets(part)) for part in FLAGS.parts}
    folder = Path(FLAGS.workdir).expanduser()
    cells = StudyCells(folder, _settings(protocol))
    store = Store(folder, FLAGS.data_seed, read_options())
    if not FLAGS.finished_only:  # all sources are looked at before any work
        for source in FLAGS.sources:
            protocol.check_measurable(store.real(source), source)
            cells.check_source(source, digest(store.real(source)))
        cells.begin()
    elif not any(_finished(dataset, protocol, cells) for found in wanted.values() for _, _, dataset in found):
        raise InputError(f"{folder}: nothing of what is asked for is measured yet; accepted: no --finished_only")
    workdir = Workdir(FLAGS.workdir)
    progress = store.progress = Progress(workdir)
    given = [shlex.quote(text) for text in sys.argv[1:] if not text.lstrip("-").startswith("finished_only")]
    study = Study(" ".join(["./launch.sh study", *given]), FLAGS.margin, len(protocol.seeds))
    if "samples" in FLAGS.parts and "profile" in FLAGS.recipes:
        dense = [number for number in numbers("samples", int) if number > _most_rows()]
        names = [f"{source}-profile of {number} rows" for source in FLAGS.sources for number in dense]
        study.left_out += [f"{name} (over half of all cells)" for name in names]
    for part, source, size, dataset in ((p, *found) for p, all_of in wanted.items() for found in all_of):
        if FLAGS.finished_only and not _finished(dataset, protocol, cells):
            study.left_out.append(dataset.name)
            continue
        make = functools.partial(store.ratings, dataset)
        results = measured(dataset.name, source, make, protocol, cells, progress)
        facts = cells.get(dataset.name, "dataset") or {}
        count, rows, users, items = (int(str(facts.get(n, 0))) for n in ("datasets", "rows", "users", "items"))
        study.measured.append(Measured(part, source, dataset.kind, size, count, rows, users, items, results))
        say(f"{dataset.name}: {len(results)} models")
    workdir.results({"measured": [dataclasses.asdict(each) for each in study.measured], "left_out": study.left_out})
    write_study(study, folder, Path(FLAGS.results).expanduser() if FLAGS.results else None)
    say(f"result: {folder / 'summary.md'}")


def _finished(dataset: StudyDataset, protocol: EvaluationProtocol, cells: StudyCells) -> bool:
    return all(cells.get(dataset.name, name) is not None for name in protocol.models)


def _check() -> None:
    for flag, accepted in (("sources", tuple(SOURCES)), ("parts", _PARTS)):
        given: list[str] = getattr(FLAGS, flag)
        if not given or not set(given) <= set(accepted):
            raise InputError(f"--{flag}={','.join(given)}; accepted: some of {', '.join(accepted)}")
    if not FLAGS.recipes and "equal" not in FLAGS.parts:
        raise InputError("--recipes=; accepted: some of profile, ganrs, wganrs, where --parts has no part equal")
    for name in FLAGS.recipes:
        get_recipe(name, "recipes")
        if name == "cganrs":
            raise InputError("--recipes=cganrs; accepted: profile, ganrs, wganrs (the study has no groups)")
    for name in ("items", "users_at", "samples_at", "num_datasets"):
        if getattr(FLAGS, name) < 1:
            raise InputError(f"--{name}={getattr(FLAGS, name)}; accepted: whole numbers from 1")
    _datasets_of()
    if not 0 < FLAGS.margin < math.inf:
        raise InputError(f"--margin={FLAGS.margin:g}; accepted: more than 0, in the unit of the metrics")


def _datasets(part: str) -> Iterator[tuple[str, float | str, StudyDataset]]:
    """Source, place in the sweep and dataset, of all kinds."""
    for source in FLAGS.sources:
        if part == "equal":
            yield source, 0, StudyDataset(source, REAL)
        for kind in FLAGS.recipes:
            for size, dataset in _of_kind(part, StudyDataset(source, kind)):
                yield source, size, dataset


def _of_kind(part: str, dataset: StudyDataset) -> Iterator[tuple[float | str, StudyDataset]]:
    """The datasets of a recipe; profile has the rows that are asked for, the published recipes keep what they keep."""
    exact = dataset.kind == "profile"
    swept = dataclasses.replace(dataset, num_items=FLAGS.items, num_samples=0 if exact else FLAGS.samples_at)
    if part == "equal":
        yield 0, dataclasses.replace(dataset, draws=_datasets_of().get(dataset.name, FLAGS.num_datasets))
    elif part == "users":
        for number in numbers("users", int):
            yield number, dataclasses.replace(swept, num_users=number)
    elif part == "sigma":
        for sigma in numbers("sigmas", float):
            yield sigma, dataclasses.replace(swept, num_users=FLAGS.users_at, sigma=sigma)
    elif part == "samples":
        for number in numbers("samples", int):
            if not exact or number <= _most_rows():
                rows, samples = (number, 0) if exact else (0, number)
                yield number, dataclasses.replace(swept, num_users=FLAGS.users_at, rows=rows, num_samples=samples)
    else:
        for text, (users, items, rows) in dataset_sizes().items():
            yield text, dataclasses.replace(dataset, num_users=users, num_items=items, rows=rows)


def _most_rows() -> int:
    """Of a dataset of part `samples`; more would be no sparse one."""
    return FLAGS.users_at * FLAGS.items // 2


def _settings(protocol: EvaluationProtocol) -> dict[str, Any]:
    """All flags that decide what a cell or a verdict is; parts, sources, recipes and models only say which cells."""
    cutoffs = ",".join(map(str, protocol.cutoffs))
    given = ("num_seeds", "seed", "threshold", "epochs", "settings_of", "data_seed", "margin")
    values = {name: FLAGS[name].value for name in given}
    return {**values, "cutoffs": cutoffs, "generator_format": FORMAT_VERSION, **reading_facts()}


def _datasets_of() -> dict[str, int]:
    """Datasets by SOURCE-RECIPE, where a large source would take too long for --num_datasets of them."""
    pairs = [text.rpartition("=") for text in FLAGS.datasets_of]
    names = [f"{source}-{kind}" for source in SOURCES for kind in RECIPES]
    for name, _, number in pairs:
        if name not in names or not number.isdigit() or not int(number):
            raise InputError(f"--datasets_of={name}={number}; accepted: SOURCE-RECIPE=NUMBER, such as ml100k-ganrs=3")
    return {name: int(number) for name, _, number in pairs}


if __name__ == "__main__":
    run(main, PRESETS)
