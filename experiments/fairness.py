"""Groups of users, real beside synthetic: ./launch.sh fairness --sources=ml100k,ml1m --workdir=runs/fairness

Trains a generator that knows the demographic groups of each source, generates a dataset of the source's size, trains
recommenders on both and compares the gaps between groups: how much and how high they rate, accuracy, predicted ratings,
demographic parity and equal opportunity. Then takes users of two groups in shares from 5 to 95 %, beside datasets asked
for with these shares, and tells what becomes of the smaller group. Writes WORKDIR/fairness.md, fairness.csv and figures
from WORKDIR's cells; what was stopped goes on with the same command. Three minutes: --preset=small.
"""

import functools
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from absl import flags

from ganrs_jax.checkpoint import FORMAT_VERSION
from ganrs_jax.cli.flags import define_reading, read_options, reading_facts
from ganrs_jax.cli.models import define_models, evaluation_protocol
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings, digest, part_of
from ganrs_jax.data.sources import SOURCES, ReadOptions, load_ratings
from ganrs_jax.data.user_groups import user_groups
from ganrs_jax.errors import InputError
from ganrs_jax.profile.groups import group_codes
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.published.settings import GroupsRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.recommenders.fit import split
from ganrs_jax.recommenders.groups import OfGroups, evaluate_groups, of_groups
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.report.fairness import AtShare, Case, answer, write_fairness
from ganrs_jax.statistics.group_auc import group_auc
from ganrs_jax.study.datasets import Store
from ganrs_jax.study.fairness import gaps, of_data, part_of_shares
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells
from ganrs_jax.training.loop import Report

PRESETS = {
    "small": [
        "--sources=planted",
        "--planted_users=300",
        "--planted_items=100",
        "--planted_ratings=9000",
        "--group_columns=gender",
        "--shares=0.2,0.8",
        "--models=deepmf,biases,ease,implicit_als",
        "--num_seeds=2",
        "--epochs=2",
        "--workdir=runs/small_fairness",
    ]
}
_AT = 10
_RECIPES = ("profile", "cganrs")
_MOST_OF_ROOM = 0.95  # of the users that a source has for the most uneven shares
OfModels = dict[str, dict[str, OfGroups]]

flags.DEFINE_list("sources", ["ml100k", "ml1m"], f"Some of {', '.join(SOURCES)}, whose users have groups.")
flags.DEFINE_list("group_columns", ["gender", "age"], "Demographic columns of the sources.")
flags.DEFINE_list("recipes", ["profile"], f"Some of {', '.join(_RECIPES)}.")
flags.DEFINE_list(
    "shares", ["0.05", "0.25", "0.5", "0.75", "0.95"], "Of the first group, of the first column with two groups."
)
flags.DEFINE_integer("data_seed", 0, "Seed of generators, datasets and parts.")
flags.DEFINE_string("workdir", "runs/fairness", "Folder for generators, cells, figures and the page.")
flags.DEFINE_string("results", "", "Folder to write the page, its csv and figures to as well: results, say.")
define_models(num_seeds=5)
define_reading()


class Grouped(NamedTuple):
    """Ratings, and the group of each user, int [U]; -1 unknown."""

    ratings: Ratings
    group: np.ndarray


def main() -> None:
    protocol = evaluation_protocol()
    shares = _check(protocol)
    folder = Path(FLAGS.workdir).expanduser()
    cells = StudyCells(folder, _settings(protocol), needed=("groups",))
    store = Store(folder, FLAGS.data_seed, read_options())
    for source in FLAGS.sources:  # all are looked at before any work
        real = store.real(source)
        protocol.check_measurable(real, source)
        group_codes(real, ",".join(FLAGS.group_columns), "group_columns")
        cells.check_source(source, digest(real))
    cells.begin()
    workdir = Workdir(FLAGS.workdir)
    store.progress = Progress(workdir)
    cases, at_shares = [], []
    for source in FLAGS.sources:
        for column in FLAGS.group_columns:
            for recipe in FLAGS.recipes:
                cases.append(_case(source, column, recipe, protocol, cells, store))
                say(
                    f"{source}, {column}, {recipe}: {sum(gap.kept for gap in cases[-1].gaps if gap.significant)} of "
                    f"{sum(gap.significant for gap in cases[-1].gaps)} significant gaps kept"
                )
        at_shares += list(_at_shares(source, shares, protocol, cells, store))
    for line in answer(cases):
        say(line)
    command = " ".join(["./launch.sh fairness", *map(shlex.quote, sys.argv[1:])])
    folders = [folder, *([Path(FLAGS.results).expanduser()] if FLAGS.results else [])]
    write_fairness(cases, at_shares, command, len(protocol.seeds), _AT, folders)
    workdir.results({"cases": [{**case._asdict(), "gaps": [gap._asdict() for gap in case.gaps]} for case in cases]})
    say(f"result: {folder / 'fairness.md'}")


def _check(protocol: EvaluationProtocol) -> list[float]:
    for flag, accepted in (("sources", tuple(SOURCES)), ("recipes", _RECIPES)):
        given: list[str] = getattr(FLAGS, flag)
        if not given or not set(given) <= set(accepted):
            raise InputError(f"--{flag}={','.join(given)}; accepted: some of {', '.join(accepted)}")
    if not FLAGS.group_columns:
        raise InputError("--group_columns is empty; accepted: demographic columns, gender,age say")
    if _AT not in protocol.cutoffs:
        raise InputError(f"--cutoffs={','.join(FLAGS.cutoffs)}; accepted: lengths with {_AT} among them")
    try:
        shares = [float(share) for share in FLAGS.shares]
    except ValueError:
        shares = [0.0]
    if not all(0 < share < 1 for share in shares):
        raise InputError(f"--shares={','.join(FLAGS.shares)}; accepted: numbers over 0 and under 1")
    return shares


def _settings(protocol: EvaluationProtocol) -> dict[str, Any]:
    """All flags that decide what a cell is."""
    given = ("num_seeds", "seed", "threshold", "epochs", "settings_of", "data_seed", "group_columns")
    values = {name: FLAGS[name].value for name in given}
    cutoffs = ",".join(map(str, protocol.cutoffs))
    return {**values, "cutoffs": cutoffs, "generator_format": FORMAT_VERSION, **reading_facts()}


def _case(source: str, column: str, recipe: str, protocol: EvaluationProtocol, cells: StudyCells, store: Store) -> Case:
    """Gaps between the groups of a column on the source, and on a dataset of a recipe."""
    real = store.real(source)
    known, names, code = user_groups(real, column, "group_columns")
    of_real = Grouped(real, np.where(known, code, -1))

    @functools.cache
    def synthetic() -> Grouped:
        if recipe == "profile":
            sizes = (real.num_users, real.num_items, real.num_ratings)
            return _generated(source, names, column, RatingsRequest(*sizes, seed=FLAGS.data_seed), store)
        generator = store.generator(source, "cganrs", group=column)
        dataset = get_recipe("cganrs").generate(generator, GroupsRequest(seed=FLAGS.data_seed), store.progress)
        return _grouped(dataset, names, column)

    found = [
        _measured(f"{source}-{column}-{side}", source, make, protocol, cells, store.progress)
        for side, make in (("real", lambda: of_real), (recipe, synthetic))
    ]
    facts = [cast(dict[str, Any], cells.get(f"{source}-{column}-{side}", "dataset")) for side in ("real", recipe)]
    return Case(
        source,
        column,
        recipe,
        tuple(names),
        tuple(gaps(found[0], found[1], names)),
        tuple(facts[0]["users"]),
        tuple(facts[1]["users"]),
        tuple(facts[0]["auc"]),
        tuple(facts[1]["auc"]),
    )


def _generated(source: str, names: Sequence[str], column: str, request: RatingsRequest, store: Store) -> Grouped:
    generator = store.generator(source, "profile", groups=",".join(FLAGS.group_columns))
    return _grouped(get_recipe("profile").generate(generator, request, store.progress), names, column)


def _grouped(dataset: Dataset, names: Sequence[str], column: str) -> Grouped:
    """A generated dataset as ratings, of the users that have any."""
    scale = dataset.scale
    options = ReadOptions(scale=f"{scale.low:g}:{scale.high:g}:{scale.step:g}")
    ratings = load_ratings(dataset.to_pandas()[["user_id", "item_id", "rating"]], options)
    numbers = {name: number for number, name in enumerate(names)}
    return Grouped(ratings, np.array([numbers[value] for value in dataset.groups[column][ratings.user_ids]]))


def _measured(
    name: str,
    source: str,
    make: Callable[[], Grouped],
    protocol: EvaluationProtocol,
    cells: StudyCells,
    progress: Report,
) -> OfModels:
    """What the data, and each model, show for the groups of a dataset: from its cell, or trained and measured now."""
    held = {model: cells.get(name, model) for model in protocol.models}
    missing = [model for model, cell in held.items() if cell is None]
    if missing or cells.get(name, "dataset") is None:
        ratings, group = make()
        member = group[:, None] == np.arange(group.max() + 1)
        facts: dict[str, Any] = {
            "users": member.sum(0).tolist(),
            "auc": group_auc(ratings.user, ratings.item, member).tolist(),
            "data": {key: of_groups([values], group) for key, values in of_data(ratings).items()},
        }
        cells.put(name, "dataset", facts)
        task = Task(ratings.num_users, ratings.num_items, ratings.scale, protocol.threshold_for(ratings))
        for model in missing:
            config = protocol.config(model, source)
            splits = [split(ratings, config.train_share, seed) for seed in protocol.seeds]
            groups = evaluate_groups(
                model, splits, task, group, seeds=protocol.seeds, config=config, n=_AT, report=progress
            )
            cell: dict[str, Any] = {"groups": groups}
            held[model] = cell
            cells.put(name, model, cell)
        jax.clear_caches()  # programs of many shapes would use up the memory maps Linux gives a process
    data = cast(dict[str, Any], cells.get(name, "dataset"))["data"]
    models = {model: cast(dict[str, OfGroups], cell["groups"]) for model, cell in held.items() if cell is not None}
    return {"data": data, **models}


def _at_shares(
    source: str, shares: Sequence[float], protocol: EvaluationProtocol, cells: StudyCells, store: Store
) -> list[AtShare]:
    """What models show for two groups in each of some shares, real and synthetic."""
    real = store.real(source)
    for column in FLAGS.group_columns:
        known, names, code = user_groups(real, column, "group_columns")
        if len(names) == 2:
            break
    else:
        return []
    group = np.where(known, code, -1)
    number = np.bincount(code[known])
    most = min(min(number[0] / share, number[1] / (1 - share)) for share in shares)
    num_users = int(_MOST_OF_ROOM * most)
    found = []
    for share in shares:
        users = part_of_shares(real, group, share, num_users, FLAGS.data_seed)
        part = part_of(real, np.isin(real.user, users), f"{real.name}, {share:.0%} {names[0]}")
        protocol.check_measurable(part, source)
        request = RatingsRequest(
            part.num_users,
            part.num_items,
            part.num_ratings,
            seed=FLAGS.data_seed,
            group_shares={f"{column}.{names[0]}": share, f"{column}.{names[1]}": 1 - share},
        )
        sides: Mapping[str, Callable[[], Grouped]] = {
            "real": functools.partial(Grouped, part, group[users]),
            "profile": functools.partial(_generated, source, names, column, request, store),
        }
        values = [
            _measured(f"{source}-{column}-{share:g}-{side}", source, make, protocol, cells, store.progress)
            for side, make in sides.items()
        ]
        found.append(AtShare(source, column, tuple(names), share, num_users, *values))
    return found


if __name__ == "__main__":
    run(main, PRESETS)
