"""The study's grid of dataset sizes and noise: ./launch.sh published_grid --workdir=runs/published_grid

For each source at hand: one `ganrs` generator, datasets of 100 to 8000 users and 4000 items at three
sigmas (arXiv 2410.17651), rows kept beside the published counts, as a table and WORKDIR/grid.csv. A
run that was stopped goes on where it was. A few seconds: --preset=small.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from absl import flags

from experiments._flags import check_seed, define_source, read_source
from experiments._runner import FLAGS, Progress, Workdir, recipe_config, run, say
from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import clustered, ganrs
from ganrs_jax.recipes.interface import Generator, Request, completed
from ganrs_jax.report.comparison import text_table
from ganrs_jax.whole_files import whole_file

PRESETS = {
    "small": [
        "--sources=planted",
        "--users=50,100",
        "--items=200",
        "--num_samples=5000",
        "--sigmas=1",
        "--config.embedding_epochs=2",
        "--config.gan_steps=200",
        "--workdir=runs/small_grid",
    ]
}


class Published(NamedTuple):
    """What the study generated of a source: raw samples, sigmas, and the rows it kept, by (sigma, users)."""

    num_samples: int
    sigmas: tuple[float, ...]
    rows: dict[tuple[float, int], int]


PUBLISHED = {
    "ml100k": Published(
        800_000,
        (2.0, 2.5, 3.0),
        {
            (2.0, 100): 141_822,
            (2.0, 1000): 304_537,
            (2.0, 2000): 369_647,
            (2.0, 4000): 439_003,
            (2.0, 8000): 509_074,
            (2.5, 1000): 246_391,
        },
    ),
    "myanimelist": Published(1_500_000, (1.0, 1.2, 1.5), {}),
    "netflix": Published(1_500_000, (2.0, 2.5, 3.0), {}),
}
_COLUMNS = ("source", "samples", "sigma", "users", "items", "rows", "rows_by_published_rule", "published_rows")

flags.DEFINE_string("recipe", "ganrs", "Recipe to train: ganrs or wganrs.")
flags.DEFINE_string("workdir", "runs/published_grid", "Folder for generators, grid.csv and the records of the run.")
flags.DEFINE_integer("seed", 0, "Seed of training and of every dataset.")
flags.DEFINE_list("sources", list(PUBLISHED), "Sources; those that are not at hand are left out, with a line.")
flags.DEFINE_list("users", ["100", "1000", "2000", "4000", "8000"], "Numbers of users.")
flags.DEFINE_integer("items", 4000, "Items of every dataset.")
flags.DEFINE_integer("num_samples", 0, "Raw samples of every dataset; 0 = as the study for the source.")
flags.DEFINE_list("sigmas", [], "Noise of generation; default: as the study for the source.")
define_source()


def main() -> None:
    config, users = recipe_config(), _numbers("users", int)
    sigmas = _numbers("sigmas", float)
    check_seed(FLAGS.seed)
    if FLAGS.recipe == "cganrs":
        raise InputError("--recipe=cganrs; accepted: ganrs, wganrs (the grid has no groups)")
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    cells = Cells(workdir.path, {"config": dataclasses.asdict(config), "recipe": FLAGS.recipe, "seed": FLAGS.seed})
    for name in FLAGS.sources:
        generator = _generator(workdir.path / name, name, config, progress)
        if generator is None:
            continue
        published = PUBLISHED.get(name, Published(8 * generator.source["ratings"], (generator.config.sigma,), {}))
        for sigma in sigmas or published.sigmas:
            asked = Request(0, FLAGS.items, FLAGS.num_samples or published.num_samples, sigma, FLAGS.seed)
            for cell in _cells(generator, asked, users, published, cells, progress):
                cells.add(name, cell)
    if not cells.rows:
        raise InputError(f"--sources={','.join(FLAGS.sources)}: none is at hand; accepted: --sources=planted, say")
    table = pd.DataFrame(cells.rows).sort_values(["source", "samples", "sigma", "users"])[list(_COLUMNS)]
    with whole_file(workdir.path / "grid.csv") as partial:
        table.to_csv(partial, index=False)
    workdir.results({"cells": cells.rows})
    say(text_table([c.replace("_", " ") for c in (*_COLUMNS, "share")], _printed(table)))


class Cells:
    """Finished cells, kept in the workdir so that a run that was stopped goes on where it was."""

    def __init__(self, workdir: Path, settings: dict[str, Any]) -> None:
        self._path = workdir / "cells.json"
        self._settings = json.loads(json.dumps(settings))
        self.rows: list[dict[str, Any]] = []
        if self._path.exists():
            held = json.loads(self._path.read_text())
            if held["settings"] != self._settings:
                raise InputError(
                    f"{self._path} holds cells of other settings; accepted: the same, or another --workdir"
                )
            self.rows = held["rows"]

    def add(self, source: str, cell: dict[str, Any]) -> None:
        """Adds a cell and writes all of them, whole or not at all."""
        self.rows.append({"source": source, **cell})
        with whole_file(self._path) as partial:
            partial.write_text(json.dumps({"settings": self._settings, "rows": self.rows}, indent=1))

    def has(self, source: str, request: Request) -> bool:
        """Whether the cell of this request is finished."""
        key = (source, request.num_samples, request.sigma, request.num_users, request.num_items)
        return any(key == tuple(r[k] for k in ("source", "samples", "sigma", "users", "items")) for r in self.rows)


def _generator(place: Path, name: str, config: Any, progress: Progress) -> Generator | None:
    """The source's generator, from an earlier run or trained now; None if the source is not at hand."""
    if (place / "generator").exists():
        return load_generator(place / "generator")
    try:
        ratings = read_source(name)
    except InputError as error:
        say(f"{name} is left out: {error}")
        return None
    generator = ganrs.fit_lanes(FLAGS.recipe, [FLAGS.seed], ratings, [config], report=progress)[0]
    save_generator(place / "generator", generator)
    return generator


def _cells(
    generator: Generator, asked: Request, users: list[int], published: Published, done: Cells, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Rows kept for each number of users; samples and item clusters are shared, as equal requests make them equal."""
    todo = [dataclasses.replace(asked, num_users=n) for n in users]
    todo = [completed(r, generator, asked.sigma) for r in todo if not done.has(generator.source["name"], r)]
    if not todo:
        return
    samples = clustered.draw(generator, todo[0])
    items = clustered.cluster(generator, todo[0], samples, "items", progress)
    for request in todo:
        found = clustered.cluster(generator, request, samples, "users", progress)
        facts = clustered.assemble(generator, request, samples, found, items).metadata
        yield {
            "samples": request.num_samples,
            "sigma": request.sigma,
            "users": request.num_users,
            "items": request.num_items,
            "rows": facts["rows"],
            "rows_by_published_rule": facts["rows_by_published_rule"],
            "published_rows": published.rows.get((request.sigma, request.num_users)) if FLAGS.items == 4000 else None,
        }


def _printed(table: pd.DataFrame) -> list[list[str]]:
    """Cells as text, with the share of the samples that the published rule keeps."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        [*(_text(row[c]) for c in _COLUMNS), f"{100 * row['rows_by_published_rule'] / row['samples']:.1f} %"]
        for row in rows
    ]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.10g}"


def _numbers(flag: str, kind: type) -> list[Any]:
    try:
        values = [kind(v) for v in getattr(FLAGS, flag)]
    except ValueError:
        values = [0]
    if not all(0 < v < float("inf") for v in values):
        raise InputError(f"--{flag}={','.join(getattr(FLAGS, flag))}; accepted: numbers over 0, separated by commas")
    return values


if __name__ == "__main__":
    run(main, PRESETS)
