"""Whose ratings synthetic ones give away: ./launch.sh privacy --source=ml1m --recipe=ganrs --workdir=runs/privacy

Trains the recipe on a random half of the users, generates as many users, items and samples as that half has,
and attacks with both halves: who was trained on? Prints the area under each attack's ROC curve with its 95 %
interval, and writes it to WORKDIR/results.json and, if asked, --json=OUT.json. A few seconds: --preset=small.
"""

import numpy as np
from absl import flags

from experiments._flags import check_seed, define_source, read_source
from experiments._json_file import define_json, json_place, write_json
from experiments._runner import FLAGS, Progress, Workdir, recipe_config, run, say
from ganrs_jax.errors import InputError
from ganrs_jax.evaluation.privacy import Privacy, profile_privacy
from ganrs_jax.evaluation.samples import TooSmallError, first_half, ratings_of
from ganrs_jax.evaluation.signatures import signatures
from ganrs_jax.ratings import Ratings
from ganrs_jax.recipes import get_recipe
from ganrs_jax.recipes.interface import Dataset, Request
from ganrs_jax.report.fidelity import privacy_table

PRESETS = {
    "small": [
        "--source=planted",
        "--workdir=runs/small_privacy",
        "--config.embedding_epochs=2",
        "--config.gan_steps=500",
    ]
}

flags.DEFINE_string("recipe", "ganrs", "Recipe to train: ganrs, wganrs or cganrs.")
flags.DEFINE_string("workdir", "runs/privacy", "Folder for flags.json, metrics.jsonl and results.json.")
flags.DEFINE_integer("seed", 0, "Seed of the halves, of training, of the dataset and of the bootstrap.")
define_json()
define_source()


def main() -> None:
    config = recipe_config()
    check_seed(FLAGS.seed)
    place = json_place()
    ratings = read_source()
    workdir = Workdir(FLAGS.workdir)
    is_member = first_half(ratings.num_users, FLAGS.seed)
    half = ratings_of(ratings, is_member)
    say(f"{ratings.name}: trained on {half.num_users} of {ratings.num_users} users, {half.num_ratings} ratings")
    progress = Progress(workdir)
    recipe = get_recipe(FLAGS.recipe)
    generator = recipe.fit([FLAGS.seed], half, [config], progress)[0]
    dataset = recipe.generate(generator, Request(seed=FLAGS.seed), progress)
    result = _attacked(ratings, is_member, dataset)
    say(privacy_table({FLAGS.recipe: result}))
    warnings = signatures(privacy=result)
    for warning in warnings:
        say(f"WARNING {warning}")
    figures = {"source": ratings.name, "recipe": FLAGS.recipe, **result.as_json()}
    figures["warnings"] = [warning._asdict() for warning in warnings]
    workdir.results(figures)
    write_json(place, figures)


def _attacked(ratings: Ratings, is_member: np.ndarray, dataset: Dataset) -> Privacy:
    try:
        return profile_privacy(ratings, is_member, dataset, FLAGS.seed)
    except TooSmallError as error:
        raise InputError(f"{ratings.name}: too small to attack: {error}; accepted: a larger source") from error


if __name__ == "__main__":
    run(main, PRESETS)
