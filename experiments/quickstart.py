"""The whole way on MovieLens 100K: ./launch.sh quickstart --workdir=runs/quickstart

Trains, writes the generator, generates a dataset of the source's own users, items and ratings (or of those
that flags ask for) and compares it with its source: a table of fidelity and what has gone wrong in words on
the terminal, comparison.png and report.html in the workdir. A minute, most of it compiling: --preset=small.
"""

import dataclasses
import time
from pathlib import Path

from absl import flags

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.cli.command_line import QUICK_TRAINING
from ganrs_jax.cli.flags import check_seed, define_request, define_source, read_source, request
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, recipe_config, run, say, say_source
from ganrs_jax.export import write_dataset
from ganrs_jax.fidelity.fidelity import compare, reference
from ganrs_jax.files import check_writable
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison import outcome
from ganrs_jax.report.comparison_figure import comparison_figure
from ganrs_jax.report.fidelity import fidelity_table, fidelity_words
from ganrs_jax.report.page import write_run_report
from ganrs_jax.statistics.summary import describe

PRESETS = {
    "small": [
        "--source=planted",
        *QUICK_TRAINING,
    ]
}

flags.DEFINE_string("recipe", "profile", "Recipe to train: profile, ganrs, wganrs or cganrs.")
flags.DEFINE_string("workdir", "runs/quickstart", "Folder for everything the run makes; what it held is replaced.")
flags.DEFINE_integer("seed", 0, "Seed of training and of the dataset.")
define_source()
define_request()


def main() -> None:
    begin = time.monotonic()
    config, recipe = recipe_config(), get_recipe(FLAGS.recipe)
    check_seed(FLAGS.seed)
    asked = request(recipe, FLAGS.seed)
    folder = Path(FLAGS.workdir).expanduser()
    check_writable(folder / "synthetic.parquet")
    ratings = read_source()
    recipe.check_request(ratings, config, asked)
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    say_source(ratings)
    trained = recipe.fit([FLAGS.seed], ratings, [config], progress)[0]
    save_generator(folder / "generator", trained, overwrite=True)
    dataset = recipe.generate(load_generator(folder / "generator"), asked, progress)  # as `generate` will
    write_dataset(folder / "synthetic.parquet", dataset)
    say(outcome(dataset, str(folder / "synthetic.parquet")))
    written = time.monotonic() - begin
    known = reference(ratings, ratings.scale)
    progress("compare", 1, 2, {})
    result = compare(known, dataset, "synthetic")
    progress("compare", 2, 2, {})
    say("\n" + fidelity_table({"synthetic": result}, ratings.name) + "\n")
    for line in fidelity_words({"synthetic": result}):
        say(line)
    source, synthetic = (describe(d.user, d.item, d.rating, d.scale) for d in (ratings, dataset))
    figure = folder / "comparison.png"
    comparison_figure(figure, {ratings.name: ratings, "synthetic": dataset}, ratings.scale)
    summaries = {"source_summary": dataclasses.asdict(source), "summary": dataclasses.asdict(synthetic)}
    workdir.results({**dataset.metadata, **summaries, "seconds": written, "fidelity": result.as_json()})
    say(f"figure: {figure}; dataset written after {written:.1f} s, the start of Python not counted")
    say(f"another one: ./launch.sh generate --generator={folder / 'generator'} --seed=1 --out=another.parquet")
    say(f"report: {write_run_report(folder)} (open it in a browser)")


if __name__ == "__main__":
    run(main, PRESETS)
