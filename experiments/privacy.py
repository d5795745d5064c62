"""Whose ratings synthetic ones give away: ./launch.sh privacy --source=ml1m --recipe=profile --workdir=runs/privacy

Trains the recipe on a random half of the users, generates as many users, items and ratings as that half has,
and attacks with both halves: who was trained on? Of recipe profile, whose items are the source's, who rated what is
attacked too, with the dataset and with the item side of the model. Prints the area under each attack's ROC curve and
its true positives at 1 % false ones, with 95 % intervals, and writes them to WORKDIR/results.json and, if asked,
--json=OUT.json.
A minute, most of it compiling: --preset=small.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from absl import flags

from ganrs_jax.cli.command_line import QUICK_TRAINING
from ganrs_jax.cli.flags import check_seed, define_source, read_source
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, recipe_config, run, say
from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.item_sets import ItemSets, bias_scores, dataset_scores, feature_scores, item_matrix, judged_sets
from ganrs_jax.fidelity.membership import Attack
from ganrs_jax.fidelity.privacy import privacy, profile_features
from ganrs_jax.fidelity.samples import Rated, TooSmallError, first_half, ratings_of
from ganrs_jax.profile.interaction_plan import source_items
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import complete
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.fidelity import privacy_table

PRESETS = {
    "small": [
        "--source=planted",
        "--workdir=runs/small_privacy",
        *QUICK_TRAINING,
    ]
}

flags.DEFINE_string("recipe", "profile", "Recipe to train: profile, ganrs, wganrs or cganrs.")
flags.DEFINE_string("workdir", "runs/privacy", "Folder for flags.json, metrics.jsonl and results.json.")
flags.DEFINE_integer("seed", 0, "Seed of the halves, of training, of the dataset and of the bootstrap.")
flags.DEFINE_string("json", "", "File for the figures; default: none besides WORKDIR/results.json.")
define_source()


def main() -> None:
    config = recipe_config()
    check_seed(FLAGS.seed)
    ratings = read_source()
    chosen = first_half(ratings.num_users, FLAGS.seed)
    members, others = ratings_of(ratings, chosen), ratings_of(ratings, ~chosen)
    known, unknown = (_described(half, ratings) for half in (members, others))  # a source too small is refused at once
    workdir = Workdir(FLAGS.workdir, copy=FLAGS.json)
    progress = Progress(workdir)
    say(f"{ratings.name}: trained on {members.num_users} of {ratings.num_users} users, {members.num_ratings} ratings")
    recipe = get_recipe(FLAGS.recipe)
    model = recipe.fit([FLAGS.seed], members, [config], progress)[0]
    request = recipe.request(seed=FLAGS.seed)
    dataset = recipe.generate(model, request, progress)
    result = privacy(known, unknown, _described(dataset, ratings), FLAGS.seed)
    if isinstance(model, ProfileModel) and isinstance(request, RatingsRequest):
        attacks = _on_items(ratings, members, others, model, request, dataset)
        result = dataclasses.replace(result, attacks={**result.attacks, **attacks})
    else:
        say(f"{FLAGS.recipe}: its items are not those of the source, so that who rated what is not attacked")
    say(privacy_table({FLAGS.recipe: result}))
    warnings = failed_checks(privacy=result)
    for warning in warnings:
        say(f"WARNING {warning}")
    records = [warning._asdict() for warning in warnings]
    workdir.results({"source": ratings.name, "recipe": FLAGS.recipe, **result.as_json(), "warnings": records})


def _described(rated: Rated, source: Ratings) -> np.ndarray:
    try:
        return profile_features(rated, source.scale)
    except TooSmallError as error:
        raise InputError(f"{source.name}: too small to attack: {error}; accepted: a larger source") from error


def _on_items(
    source: Ratings, members: Ratings, others: Ratings, model: ProfileModel, request: RatingsRequest, dataset: Dataset
) -> dict[str, Attack]:
    """Attacks on who rated what, with the dataset and with what the model holds of items."""
    # Items by their numbers in the source.
    own, unseen = (np.searchsorted(source.item_ids, half.item_ids) for half in (members, others))
    made = own[source_items(model, complete(model, request))]
    sides = ((members.user, own[members.item]), (others.user, unseen[others.item]), (dataset.user, made[dataset.item]))
    sets = ItemSets(*(item_matrix(user, item, source.num_items) for user, item in sides))
    scores = dataset_scores(sets)
    # Loadings on local directions, and interaction factors: the mean of the draws that are kept, beyond all items'.
    factors = np.asarray(model.columns.interaction(jnp.asarray(model.items.vectors))).mean(0)
    for name, features in (("local_directions", model.items.local), ("item_vectors", factors - factors.mean(0))):
        if features.shape[1]:
            of_source = np.zeros((source.num_items, features.shape[1]), np.float32)
            of_source[own] = features
            scores |= feature_scores(sets, of_source, name)
    # Biases, with the ratings that both halves gave.
    biases = np.full(source.num_items, np.nan)
    biases[own] = model.items.vectors[:, :, model.columns.bias].mean(0)
    rated = [
        sp.csr_array((half.rating, (half.user, numbers[half.item])), (half.num_users, source.num_items))
        for half, numbers in ((members, own), (others, unseen))
    ]
    scores["item_biases"] = bias_scores(sp.csr_array(sp.vstack(rated)), biases)
    return judged_sets(scores, sets, FLAGS.seed)


if __name__ == "__main__":
    run(main, PRESETS)
