"""Cold start on synthetic ratings and real ones: ./launch.sh cold_start --sources=ml1m,myanimelist --workdir=runs/cold_start

Generates from each source a dataset of its own size in which a share of the users and of the items are cold, makes
the real counterpart by taking ratings of the source away, trains recommenders on both and measures warm and cold
users and items apart; likewise a young service, of few ratings over all users and items, beside the whole. Writes
WORKDIR/cold_start.md, cold_start.csv and a figure per source from WORKDIR's cells; what was stopped goes on with the
same command. Three minutes: --preset=small.
"""  # noqa: E501 - a command to copy

import functools
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np
from absl import flags

from ganrs_jax.checkpoint import FORMAT_VERSION
from ganrs_jax.cli.flags import define_reading, read_options, reading_facts
from ganrs_jax.cli.models import define_models, evaluation_protocol
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.ratings import Ratings, Scale, digest
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.errors import InputError
from ganrs_jax.profile.cold_start import ColdStart, check_cold, parse_cold
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.recommenders.hyperparameters import default_threshold
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.recommenders.parts import OfPart, evaluate_parts
from ganrs_jax.report.falls import answer, write_falls
from ganrs_jax.study.cold import ColdRatings, cold_counterpart, cold_dataset, cold_splits, young_counterpart
from ganrs_jax.study.datasets import Store
from ganrs_jax.study.falls import Fall, falls
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells

PRESETS = {
    "small": [
        "--sources=planted",
        "--planted_users=200",
        "--planted_items=150",
        "--planted_ratings=6000",
        "--models=deepmf,binary_regression,popularity,ease,implicit_als",
        "--num_seeds=2",
        "--epochs=2",
        "--workdir=runs/small_cold_start",
    ]
}
_SIDES = ("real", "synthetic")
_AT = 10

flags.DEFINE_list("sources", ["ml1m", "myanimelist"], f"Some of {', '.join(SOURCES)}.")
flags.DEFINE_float("cold_users", 0.2, "Share of the users that have few ratings yet; 0 = none.")
flags.DEFINE_string("cold_user_ratings", "1:5", "LEAST:MOST ratings of each cold user.")
flags.DEFINE_float("cold_items", 0.1, "Share of the items that have few ratings yet; 0 = none.")
flags.DEFINE_string("cold_item_ratings", "1:5", "LEAST:MOST ratings of each cold item.")
flags.DEFINE_float("young", 0.1, "Share of the source's ratings that the young service has; 0 = no young service.")
flags.DEFINE_integer("data_seed", 0, "Seed of generators, datasets and counterparts.")
flags.DEFINE_string("workdir", "runs/cold_start", "Folder for generators, cells, figures and the page.")
flags.DEFINE_string("results", "", "Folder to write the page, its csv and figures to as well: results, say.")
define_models(num_seeds=3)
define_reading()


def main() -> None:
    protocol, cold = evaluation_protocol(), _cold()
    if _AT not in protocol.cutoffs:
        raise InputError(f"--cutoffs={','.join(FLAGS.cutoffs)}; accepted: lengths with {_AT} among them")
    folder = Path(FLAGS.workdir).expanduser()
    cells = StudyCells(folder, _settings(protocol), needed=("parts",))
    store = Store(folder, FLAGS.data_seed, read_options())
    for source in FLAGS.sources:  # all are looked at before any work
        ratings = store.real(source)
        protocol.check_measurable(ratings, source)
        check_cold(cold, ratings.num_users, ratings.num_items, ratings.num_ratings)
        cells.check_source(source, digest(ratings))
    cells.begin()
    workdir = Workdir(FLAGS.workdir)
    progress = store.progress = Progress(workdir)
    found: dict[tuple[str, str], list[Fall]] = {}
    facts: list[str] = []
    for source in FLAGS.sources:
        results: dict[tuple[str, str], Mapping[str, dict[str, OfPart]]] = {}
        for (scenario, side), make in _datasets(source, store, cold).items():
            name = f"{source}-{scenario}-{side}"
            results[scenario, side] = _measured(name, make, store.real(source), source, protocol, cells, progress)
            facts.append(f"{name}: {(cells.get(name, 'dataset') or {})['told']}")
            say(facts[-1])
        for which, (warm, part) in _comparisons(cold).items():
            real, synthetic = (
                {m: (results[warm, side][m]["warm"], results[part[0], side][m][part[1]]) for m in protocol.models}
                for side in _SIDES
            )
            found[source, which] = list(falls(real, synthetic, protocol.cutoffs, _AT))
    for line in answer(found):
        say(line)
    command = " ".join(["./launch.sh cold_start", *map(shlex.quote, sys.argv[1:])])
    folders = [folder, *([Path(FLAGS.results).expanduser()] if FLAGS.results else [])]
    write_falls(found, facts, command, len(protocol.seeds), _AT, folders)
    workdir.results({" ".join(case): [fall._asdict() for fall in each] for case, each in found.items()})
    say(f"result: {folder / 'cold_start.md'}")


def _cold() -> ColdStart:
    cold = ColdStart(
        parse_cold(FLAGS.cold_users, FLAGS.cold_user_ratings, "user"),
        parse_cold(FLAGS.cold_items, FLAGS.cold_item_ratings, "item"),
    )
    if not 0 <= FLAGS.young < 1:
        raise InputError(f"--young={FLAGS.young:g} is no share; accepted: 0 to 1, 1 left out")
    if not cold and not FLAGS.young:
        raise InputError("--cold_users=0 --cold_items=0 --young=0; accepted: at least one of them over 0")
    if not FLAGS.sources or not set(FLAGS.sources) <= set(SOURCES):
        raise InputError(f"--sources={','.join(FLAGS.sources)}; accepted: some of {', '.join(SOURCES)}")
    return cold


def _settings(protocol: EvaluationProtocol) -> dict[str, Any]:
    """All flags that decide what a cell is."""
    given = ("num_seeds", "seed", "threshold", "epochs", "settings_of", "data_seed", "young")
    cold = ("cold_users", "cold_user_ratings", "cold_items", "cold_item_ratings")
    values = {name: FLAGS[name].value for name in (*given, *cold)}
    cutoffs = ",".join(map(str, protocol.cutoffs))
    return {**values, "cutoffs": cutoffs, "generator_format": FORMAT_VERSION, **reading_facts()}


def _comparisons(cold: ColdStart) -> dict[str, tuple[str, tuple[str, str]]]:
    """What is compared: the scenario whose warm part is the one side, and the scenario and part that are the other."""
    found = {}
    if cold.users.share:
        found["cold users"] = ("cold", ("cold", "cold users"))
    if cold.items.share:
        found["cold items"] = ("cold", ("cold", "cold items"))
    if FLAGS.young:
        found["young service"] = ("whole", ("young", "warm"))
    return found


def _datasets(source: str, store: Store, cold: ColdStart) -> dict[tuple[str, str], Callable[[], ColdRatings]]:
    """How each dataset is made, by scenario and side."""
    real = store.real(source)
    found: dict[tuple[str, str], Callable[[], ColdRatings]] = {}
    nothing = ColdStart(parse_cold(0, "1:1", "user"), parse_cold(0, "1:1", "item"))

    def generated(of: ColdStart, sizes: tuple[int, int, int], **asked: Any) -> ColdRatings:
        request = RatingsRequest(*sizes, seed=FLAGS.data_seed, **asked)
        dataset = get_recipe("profile").generate(store.generator(source, "profile"), request, store.progress)
        return cold_dataset(dataset, of)

    if cold:
        asked = {n: FLAGS[n].value for n in ("cold_users", "cold_user_ratings", "cold_items", "cold_item_ratings")}
        counterpart = cold_counterpart(real, cold, FLAGS.data_seed)
        sizes = (real.num_users, real.num_items, len(counterpart.now.user))
        found["cold", "real"] = lambda: counterpart
        found["cold", "synthetic"] = lambda: generated(cold, sizes, **asked)
    if FLAGS.young:
        young = young_counterpart(real, FLAGS.young, FLAGS.data_seed)
        for scenario, ratings, law in (("whole", real, "source"), ("young", young, "thinned")):
            sizes_of = (ratings.num_users, ratings.num_items, ratings.num_ratings)
            degrees = {"activity": law, "popularity": law}
            found[scenario, "real"] = functools.partial(cold_counterpart, ratings, nothing, FLAGS.data_seed)
            found[scenario, "synthetic"] = functools.partial(generated, nothing, sizes_of, **degrees)
    return found


def _measured(
    name: str,
    make: Callable[[], ColdRatings],
    real: Ratings,
    source: str,
    protocol: EvaluationProtocol,
    cells: StudyCells,
    progress: Progress,
) -> Mapping[str, dict[str, OfPart]]:
    """What each model shows on the parts of a dataset: from its cell, or trained and measured now."""
    held = {model: cells.get(name, model) for model in protocol.models}
    if missing := [model for model, cell in held.items() if cell is None]:
        data = make()
        cells.put(name, "dataset", {"told": _told(data)})
        task = Task(len(data.cold_user), len(data.cold_item), real.scale, _threshold(protocol, real.scale))
        for model in missing:
            config, begin = protocol.config(model, source), time.monotonic()
            splits = cold_splits(data, config.train_share, protocol.seeds)
            parts = evaluate_parts(
                model,
                splits,
                task,
                data.parts(),
                seeds=protocol.seeds,
                config=config,
                cutoffs=protocol.cutoffs,
                report=progress,
            )
            held[model] = cell = {"parts": parts, "seconds": time.monotonic() - begin}
            cells.put(name, model, cell)
        jax.clear_caches()  # programs of many shapes would use up the memory maps Linux gives a process
    return {model: cast(dict[str, OfPart], cell["parts"]) for model, cell in held.items() if cell is not None}


def _told(data: ColdRatings) -> str:
    """The sizes of a dataset, and how many ratings cold users and items have in it."""
    told = [f"{len(data.cold_user):,} users, {len(data.cold_item):,} items, {len(data.now.user):,} ratings"]
    for name, cold, ids in (("users", data.cold_user, data.now.user), ("items", data.cold_item, data.now.item)):
        if cold.any():
            counts = np.bincount(ids, minlength=len(cold))[cold]
            told.append(f"{cold.sum():,} cold {name} ({cold.mean():.1%}) of {counts.min()} to {counts.max()} ratings")
    return "; ".join(told)


def _threshold(protocol: EvaluationProtocol, scale: Scale) -> float:
    return protocol.threshold or default_threshold(scale)


if __name__ == "__main__":
    run(main, PRESETS)
