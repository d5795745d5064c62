"""Every registered recipe goes through the same tests."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.published.unit_scale import to_unit
from ganrs_jax.recipes import RECIPES, get_recipe
from ganrs_jax.training.lanes import best_lane
from ganrs_jax.trees import as_tree
from tests.models import ASKED, PUBLISHED, quick
from tests.offers import offered

BAD_VALUES = {
    "users": "normal",
    "objective": "nonsense",
    "optimizer": "sgd",
    "gan_steps": 0,
    "train_share": 1.0,
    "gan_learning_rate": float("nan"),
    "dropout": 1.0,
    "generator_hidden": (0, 20),
    "sigma": 0.0,
    "posterior_draws": 1,
    "local_rank": -1,
    "least_users": 0,
    "local_exchange": 0,
    "users_per_direction": 0,
    "gradient_penalty": -1.0,
    "average": 1.0,
}


def arrays_of(model) -> list[np.ndarray]:
    return [leaf for leaf in jax.tree.leaves(as_tree(model)) if isinstance(leaf, (np.ndarray, np.generic))]


@pytest.fixture(scope="module")
def ratings(tiny):
    return tiny


@pytest.mark.parametrize("name", RECIPES)
def test_datasets_are_valid(name, trained):
    generator = trained(name)
    dataset = RECIPES[name].generate(generator, ASKED[name])
    assert len(dataset.user) == len(dataset.item) == len(dataset.rating) == dataset.metadata["rows"] > 100
    assert (dataset.user.dtype, dataset.item.dtype, dataset.rating.dtype) == (np.int32, np.int32, np.float32)
    assert 0 <= dataset.user.min() <= dataset.user.max() < 30
    assert 0 <= dataset.item.min() <= dataset.item.max() < 25
    assert set(np.unique(dataset.rating)) <= {1, 2, 3, 4, 5}
    pairs = dataset.user.astype(np.int64) * 25 + dataset.item
    assert (np.diff(pairs) > 0).all()  # ascending, so none repeats
    facts = json.loads(json.dumps(dataset.metadata))
    reasons = ("dropped_identical", "dropped_conflicting", "dropped_second_ratings")
    dropped = sum(facts.get(reason, 0) for reason in reasons)
    assert facts["rows"] + dropped == getattr(ASKED[name], "num_samples", 300)
    assert (name in PUBLISHED) == all(reason in facts for reason in reasons)
    assert facts["request"]["sigma"] == 1.0
    assert facts["users"] == len(np.unique(dataset.user))


@pytest.mark.parametrize("name", RECIPES)
def test_same_seed_same_dataset_other_seed_another(name, trained, ratings):
    recipe = RECIPES[name]
    again = recipe.fit([3], ratings, [quick(name)])[0]
    first, same = recipe.generate(trained(name), ASKED[name]), recipe.generate(again, ASKED[name])
    for column in ("user", "item", "rating"):
        np.testing.assert_array_equal(getattr(first, column), getattr(same, column))
    other = recipe.generate(trained(name), dataclasses.replace(ASKED[name], seed=6))
    assert not np.array_equal(first.user, other.user) or not np.array_equal(first.item, other.item)


@pytest.mark.slow  # of ganrs: published/test_lanes; of profile: its test_gan and test_calibration
@pytest.mark.parametrize("name", ["wganrs", "cganrs"])
def test_lanes_equal_single_runs(name, ratings):
    """Two seeds and two settings of a float at once; the lane that equals the single run gives its dataset."""
    recipe = RECIPES[name]
    config = quick(name)
    other = dataclasses.replace(config, gan_learning_rate=2e-3)
    lanes = recipe.fit([3, 3, 4, 4], ratings, [config, other, config, other])
    alone = recipe.fit([3], ratings, [config])[0]
    for a, b in zip(arrays_of(lanes[0]), arrays_of(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert abs(lanes[0].training["criterion"] - alone.training["criterion"]) < 1e-3
    assert lanes[1].config.gan_learning_rate == 2e-3
    assert len({lane.training["criterion"] for lane in lanes}) == 4


@pytest.mark.parametrize("name", RECIPES)
def test_a_generator_holds_no_users(name, trained, ratings):
    """Nor items, but for `profile`: these are public."""
    sizes = {n for leaf in arrays_of(trained(name)) for n in np.shape(leaf)}
    assert not sizes & {ratings.num_users, ratings.num_ratings}
    assert (ratings.num_items in sizes) == (name == "profile")


@pytest.mark.parametrize("name", PUBLISHED)
def test_moments_of_the_source_are_kept(name, trained, ratings):
    generator = trained(name)
    unit = to_unit(ratings.rating, ratings.scale)
    np.testing.assert_allclose(generator.rating_mean, unit.mean(), rtol=1e-4)
    np.testing.assert_allclose(generator.rating_std, unit.std(), rtol=1e-4)
    dataset = RECIPES[name].generate(generator, ASKED[name])
    assert abs(dataset.rating.mean() - ratings.rating.mean()) < 0.8  # repeats that are dropped move it


@pytest.mark.parametrize(("name", "settings"), {
    "ganrs": ("bce", "adam", 2e-4, 1, 128, (10, 20), 4),
    "wganrs": ("wasserstein", "rmsprop", 5e-5, 5, 64, (10, 20), 4),
    "cganrs": ("bce", "adam", 2e-4, 1, 128, (8, 10), 6),
}.items())  # fmt: skip
def test_published_settings_are_the_defaults(name, settings):
    c = RECIPES[name].config()
    found = (c.objective, c.optimizer, c.gan_learning_rate, c.critic_steps, c.gan_batch_size)
    assert (*found, c.generator_hidden, c.critic_hidden) == settings
    assert (c.embedding_size, c.embedding_epochs, c.embedding_batch_size, c.embedding_learning_rate) == (
        5,
        10,
        32,
        1e-3,
    )
    assert (c.noise_size, c.gan_steps, c.beta1, c.slope, c.momentum, c.dropout) == (100, 20_000, 0.5, 0.2, 0.8, 0.2)
    assert (c.kmeans_iterations, c.kmeans_tolerance, c.clip) == (100, 1e-4, 0.01)


def test_every_published_recipe_has_its_settings_pinned():
    marks = test_published_settings_are_the_defaults.pytestmark
    assert {name for name, _ in marks[0].args[1]} == set(PUBLISHED) == set(RECIPES) - {"profile"}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("field", BAD_VALUES)
def test_values_that_cannot_be_are_refused_by_name(name, field):
    recipe = RECIPES[name]
    recipe.check_config(recipe.config())
    if field not in {f.name for f in dataclasses.fields(recipe.config)}:
        return
    with pytest.raises(InputError, match=rf"`config\.{field}=.*accepted: "):
        recipe.check_config(recipe.config(**{field: BAD_VALUES[field]}))


@pytest.mark.parametrize("name", RECIPES)
def test_lane_floats_are_floats_of_the_recipe(name):
    recipe = RECIPES[name]
    assert recipe.lane_floats
    assert all(type(getattr(recipe.config(), field)) is float for field in recipe.lane_floats)


def test_an_unknown_recipe_lists_the_known():
    with pytest.raises(InputError, match="`recipe=nonsense` is no recipe; accepted: profile, ganrs, wganrs, cganrs"):
        get_recipe("nonsense")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_users": 3001}, "`num_users=3001` cannot be filled by `num_samples=3000`"),
        ({"num_items": 5000}, "`num_items=5000` cannot be filled"),
        (
            {"num_samples": 10**12},
            "`num_samples=1000000000000` needs about 186264.5 GiB and .* are free; accepted: up to",
        ),
        ({"num_samples": -1}, "`num_samples=-1` is out of range; accepted"),
        ({"sigma": float("nan")}, "`sigma=nan` is out of range; accepted"),
    ],
)
def test_requests_that_cannot_be_filled_are_refused(change, words, trained):
    for name in PUBLISHED:
        with pytest.raises(InputError, match=words):
            RECIPES[name].generate(trained(name), dataclasses.replace(ASKED[name], **change))


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(
    "asked",
    [
        {"num_users": 3001},
        {"num_users": 5000, "num_items": 4000},
        {"num_samples": 70},
        {"num_samples": 10},
        {"num_users": 2990},
        {"num_users": 2**40},  # more than memory holds samples for
    ],
    ids=str,
)
def test_each_request_that_is_offered_is_filled(name, asked, trained):
    recipe, request = RECIPES[name], dataclasses.replace(ASKED[name], **{"num_users": 0, "num_items": 0} | asked)
    try:
        recipe.complete(trained(name), request)
    except InputError as error:
        for other in offered(str(error), request):
            recipe.complete(trained(name), other)


def test_a_group_that_samples_cannot_fill_is_told_of_requests_they_fill(trained):
    request = dataclasses.replace(ASKED["cganrs"], num_users=2999)
    with pytest.raises(
        InputError, match=r"group \w+: \d+ users cannot be filled by \d+ of `num_samples=3000`"
    ) as error:
        RECIPES["cganrs"].complete(trained("cganrs"), request)
    fewer, more = offered(str(error.value), request)
    assert (fewer.num_users < 2999, more.num_samples > 3000) == (True, True)


def test_a_request_without_numbers_takes_the_sources(trained):
    request = RECIPES["ganrs"].complete(trained("ganrs"), RECIPES["ganrs"].request())
    assert (request.num_users, request.num_items, request.num_samples, request.sigma) == (80, 60, 2000, 1.0)


@pytest.mark.parametrize("name", RECIPES)
def test_complete_fills_what_is_open_and_keeps_what_is_not(name, trained):
    generator = trained(name)
    users, items, ratings = generator.source.users, generator.source.items, generator.source.ratings
    rows = {"num_ratings" if name == "profile" else "num_samples": ratings}
    request = RECIPES[name].request
    filled = request(users, items, sigma=generator.config.sigma, seed=7, **rows)
    assert RECIPES[name].complete(generator, request(seed=7)) == filled
    assert RECIPES[name].complete(generator, ASKED[name]) == ASKED[name]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    "change",
    [
        {"num_users": -1},
        {"num_items": 3001},
        {"num_samples": 29},
        {"num_ratings": 29},
        {"sigma": float("inf")},
        {"seed": -1},
        {"group_shares": {"nobody": 1.0}},
    ],
)
def test_complete_refuses_what_cannot_be_before_any_work(name, change, trained):
    if not hasattr(ASKED[name], *change):
        return
    with pytest.raises(InputError, match="accepted: "):
        RECIPES[name].complete(trained(name), dataclasses.replace(ASKED[name], **change))


def test_best_lane_is_the_least_finite_criterion():
    scores = [float("nan"), 0.3, 0.2, float("inf")]
    assert best_lane(scores) == 2
