"""The study's grid of dataset sizes and noise: ./launch.sh published_grid --workdir=runs/published_grid

For each source at hand: one `ganrs` generator, datasets of 100 to 8000 users and 4000 items at three
sigmas (arXiv 2410.17651), rows kept beside the published counts, as a table and WORKDIR/grid.csv. A
run that was stopped goes on where it was. A few seconds: --preset=small.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from absl import flags

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.cli.cells import COLUMNS, Cells
from ganrs_jax.cli.flags import check_seed, define_reading, numbers, read_source, reading_facts
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, recipe_config, run, say
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_file
from ganrs_jax.published.decoding import assemble, cluster, draw
from ganrs_jax.published.ganrs import complete
from ganrs_jax.published.model import PublishedModel
from ganrs_jax.published.settings import RawSamplesRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison import text_table

PRESETS = {
    "small": [
        "--sources=planted",
        "--users=50,100",
        "--items=100",
        "--num_samples=10000",
        "--sigmas=1",
        "--config.embedding_epochs=2",
        "--config.gan_steps=500",
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
flags.DEFINE_string("recipe", "ganrs", "Recipe to train: ganrs or wganrs.")
flags.DEFINE_string("workdir", "runs/published_grid", "Folder for generators, grid.csv and the records of the run.")
flags.DEFINE_integer("seed", 0, "Seed of training and of every dataset.")
flags.DEFINE_list("sources", list(PUBLISHED), f"Some of {', '.join(SOURCES)}; of the default ones, those at hand.")
flags.DEFINE_list("users", ["100", "1000", "2000", "4000", "8000"], "Numbers of users.")
flags.DEFINE_integer("items", 4000, "Items of every dataset.")
flags.DEFINE_integer(
    "num_samples", 0, "Raw samples of every dataset; 0 = as the study for the source, else eight a rating."
)
flags.DEFINE_list("sigmas", [], "Noise of generation; default: as the study for the source.")
define_reading()


def main() -> None:
    _check_flags()
    config, users, sigmas = recipe_config(), numbers("users", int), numbers("sigmas", float)
    settings = {"config": dataclasses.asdict(config), "recipe": FLAGS.recipe, "seed": FLAGS.seed}
    cells = Cells(Path(FLAGS.workdir).expanduser(), {**settings, "reading": reading_facts()})
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    for name in FLAGS.sources:
        generator = _generator(workdir.path / name / "generator", name, config, users, progress)
        if generator is None:
            continue
        published = PUBLISHED.get(name, Published(0, (generator.config.sigma,), {}))
        for sigma in sigmas or published.sigmas:
            asked = RawSamplesRequest(0, FLAGS.items, _samples(name, generator.source.ratings), sigma, FLAGS.seed)
            for cell in _cells(generator, asked, users, published, cells, progress):
                cells.add(name, cell)
    if not cells.rows:
        raise InputError(f"--sources={','.join(FLAGS.sources)}: none is at hand; accepted: --sources=planted, say")
    table = pd.DataFrame(cells.rows).sort_values(["source", "samples", "sigma", "users"])[list(COLUMNS)]
    with whole_file(workdir.path / "grid.csv") as partial:
        table.to_csv(partial, index=False)
    workdir.results({"cells": cells.rows})
    say(text_table([c.replace("_", " ") for c in (*COLUMNS, "share")], _printed(table)))


def _check_flags() -> None:
    check_seed(FLAGS.seed)
    if FLAGS.recipe == "cganrs":
        raise InputError("--recipe=cganrs; accepted: ganrs, wganrs (the grid has no groups)")
    unknown = [name for name in FLAGS.sources if name not in SOURCES]
    if unknown or not FLAGS.sources:
        raise InputError(f"--sources={','.join(FLAGS.sources)}; accepted: some of {', '.join(SOURCES)}")
    for name, low in (("items", 1), ("num_samples", int(FLAGS["num_samples"].present))):
        if not low <= getattr(FLAGS, name) < 2**31:
            raise InputError(f"--{name}={getattr(FLAGS, name)}; accepted: 1 to {2**31 - 1}")
    if FLAGS.num_samples:
        _check_filled(FLAGS.num_samples, numbers("users", int))


def _check_filled(num_samples: int, users: list[int]) -> None:
    most = max([FLAGS.items, *users])
    if most > num_samples:
        raise InputError(
            f"--num_samples={num_samples} cannot fill {most} users or items; accepted: --num_samples={most}"
        )


def _samples(name: str, ratings: int) -> int:
    """Raw samples of a dataset: as asked, else as the study for the source, else eight a rating."""
    return FLAGS.num_samples or (PUBLISHED[name].num_samples if name in PUBLISHED else 8 * ratings)


def _generator(place: Path, name: str, config: Any, users: list[int], progress: Progress) -> PublishedModel | None:
    """The source's generator, from an earlier run or trained now; None if a default source is not at hand."""
    if place.exists():
        generator = load_generator(place)
        _check_filled(_samples(name, generator.source.ratings), users)
    else:
        try:
            ratings = read_source(name)
        except InputError as error:
            if FLAGS["sources"].present:
                raise
            say(f"{name} is left out: {error}")
            return None
        _check_filled(_samples(name, ratings.num_ratings), users)
        generator = get_recipe(FLAGS.recipe).fit([FLAGS.seed], ratings, [config], progress)[0]
        save_generator(place, generator)
    assert isinstance(generator, PublishedModel)
    return generator


def _cells(
    generator: PublishedModel,
    asked: RawSamplesRequest,
    users: list[int],
    published: Published,
    done: Cells,
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    """Rows kept for each number of users; samples and item clusters are shared, as equal requests make them equal."""
    todo = [dataclasses.replace(asked, num_users=n) for n in users]
    todo = [complete(generator, r) for r in todo if not done.has(generator.source.name, r)]
    if not todo:
        return
    samples, size = draw(generator, todo[0]), generator.config.embedding_size
    items = cluster(generator, todo[0], samples[:, size : 2 * size], FLAGS.items, "items", progress)
    for request in todo:
        found = cluster(generator, request, samples[:, :size], request.num_users, "users", progress)
        facts = assemble(generator, request, samples, found, items, {}).metadata
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
        [
            *("-" if row[c] is None else row[c] if isinstance(row[c], str) else f"{row[c]:,.10g}" for c in COLUMNS),
            f"{100 * row['rows_by_published_rule'] / row['samples']:.1f} %",
        ]
        for row in rows
    ]


if __name__ == "__main__":
    run(main, PRESETS)
