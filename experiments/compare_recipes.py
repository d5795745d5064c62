"""The recipes side by side on one source: ./launch.sh compare_recipes --source=ml100k --recipes=profile,ganrs,wganrs

Trains each recipe with its defaults, generates a dataset of the source's own users, items and rows (raw samples,
where a recipe keeps fewer) and prints the fidelity table. WORKDIR holds each dataset, results.json, table.txt and
comparison.svg; datasets that are there already are not made again. A minute: --preset=small.
"""

from pathlib import Path

from absl import flags

from ganrs_jax.cli.flags import check_seed, define_source, read_source
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions
from ganrs_jax.data.sources.tables import read_table
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset
from ganrs_jax.fidelity.fidelity import compare, reference
from ganrs_jax.fidelity.samples import Rated
from ganrs_jax.files import whole_file
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison_figure import comparison_figure
from ganrs_jax.report.fidelity import fidelity_table

PRESETS = {
    "small": [
        "--source=planted",
        "--planted_users=80",
        "--planted_items=60",
        "--planted_ratings=2000",
        "--recipes=ganrs",
        "--workdir=runs/small_comparison",
    ]
}

flags.DEFINE_list("recipes", ["profile", "ganrs", "wganrs"], "Recipes to compare.")
flags.DEFINE_string("workdir", "runs/comparison", "Folder for the datasets and the table.")
flags.DEFINE_integer("seed", 0, "Seed of training and of the datasets.")
define_source()


def main() -> None:
    check_seed(FLAGS.seed)
    for name in FLAGS.recipes:
        get_recipe(name, "recipes")
    if not FLAGS.recipes:
        raise InputError("--recipes is empty; accepted: names of recipes, separated by commas")
    real = read_source()
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    say(f"{real.name}: {real.num_users} users, {real.num_items} items, {real.num_ratings} ratings")
    datasets = {name: _dataset(workdir.path, name, real, progress) for name in FLAGS.recipes}
    known = reference(real, real.scale)
    results = {name: compare(known, dataset, name) for name, dataset in datasets.items()}
    table = fidelity_table(results, real.name)
    with whole_file(workdir.path / "table.txt") as partial:
        partial.write_text(table + "\n")
    workdir.results({"source": real.name, **{name: result.as_json() for name, result in results.items()}})
    comparison_figure(workdir.path / "comparison.svg", {real.name: real, **datasets}, real.scale)
    say(table)


def _dataset(folder: Path, name: str, real: Ratings, progress: Progress) -> Rated:
    """The dataset of a recipe, from its file if that is of the same source, recipe and seed."""
    path = folder / f"{name}_{real.name}_{FLAGS.seed}.parquet"
    if not path.exists():
        recipe = get_recipe(name)
        model = recipe.fit([FLAGS.seed], real, [recipe.config()], progress)[0]
        write_dataset(path, recipe.generate(model, recipe.request(seed=FLAGS.seed), progress))
    return read_table(path, ReadOptions()).columns


if __name__ == "__main__":
    run(main, PRESETS)
