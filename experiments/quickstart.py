"""The whole way on MovieLens 100K: ./launch.sh quickstart --workdir=runs/quickstart

Trains, writes the generator, generates a dataset from it and compares it with its source: a table on
the terminal and comparison.png in the workdir. A few seconds: --preset=small.
"""

import time
from pathlib import Path

import numpy as np
from absl import flags

from experiments._flags import define_request, define_source, read_source, request
from experiments._runner import FLAGS, Progress, Workdir, recipe_config, run, say, say_source
from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.export import write_dataset
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison import comparison_figure, comparison_table, outcome
from ganrs_jax.summary import describe
from ganrs_jax.whole_files import check_writable

PRESETS = {
    "small": [
        "--config.embedding_epochs=2",
        "--config.gan_steps=500",
        "--num_users=100",
        "--num_items=100",
        "--num_samples=10000",
    ]
}

flags.DEFINE_string("recipe", "ganrs", "Recipe to train: ganrs, wganrs or cganrs.")
flags.DEFINE_string("workdir", "runs/quickstart", "Folder for everything the run makes; what it held is replaced.")
flags.DEFINE_integer("seed", 0, "Seed of training and of the dataset.")
define_source()
define_request(num_users=1000, num_items=1000, num_samples=150_000)


def main() -> None:
    begin = time.monotonic()
    config, asked = recipe_config(), request(FLAGS.seed)
    folder = Path(FLAGS.workdir).expanduser()
    check_writable(folder / "synthetic.parquet")
    recipe, ratings = get_recipe(FLAGS.recipe), read_source()
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    say_source(ratings)
    trained = recipe.fit([FLAGS.seed], ratings, [config], progress, asked)[0]
    save_generator(folder / "generator", trained, overwrite=True)
    generator = load_generator(folder / "generator")
    dataset = recipe.generate(generator, asked, progress)
    out = folder / "synthetic.parquet"
    write_dataset(out, dataset)
    say(outcome(dataset, str(out)))
    written = time.monotonic() - begin
    synthetic = describe(dataset.user, dataset.item, dataset.rating, dataset.scale)
    say("\n" + comparison_table({ratings.name: generator.source, "synthetic": synthetic}) + "\n")
    figure = folder / "comparison.png"
    comparison_figure(
        figure,
        {
            ratings.name: (*_counts(ratings.user, ratings.item), generator.source),
            "synthetic": (*_counts(dataset.user, dataset.item), synthetic),
        },
    )
    workdir.results({**dataset.metadata, "source_summary": generator.source, "summary": synthetic, "seconds": written})
    say(f"figure: {figure}; dataset written after {written:.1f} s, the start of Python not counted")
    say(f"another one: ./launch.sh generate --generator={folder / 'generator'} --seed=1 --out=another.parquet")


def _counts(user: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of each user and of each item that occur."""
    return np.unique(user, return_counts=True)[1], np.unique(item, return_counts=True)[1]


if __name__ == "__main__":
    run(main, PRESETS)
