"""Groups of users: shares exact, activity and means of each kept, tastes told; bad columns and shares refused."""

import dataclasses
import json

import jax
import numpy as np
import pyarrow.parquet
import pytest

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset
from ganrs_jax.export.shards import finish, open_folder, write_part
from ganrs_jax.profile import recipe
from ganrs_jax.profile.groups import (
    chosen_of_groups,
    codes_of_users,
    group_codes,
    largest_remainders,
    with_intercepts,
    within_groups,
)
from ganrs_jax.profile.interaction_plan import plan_interactions
from ganrs_jax.profile.model import Groups, ProfileModel
from ganrs_jax.profile.settings import ProfileConfig, RatingsRequest
from ganrs_jax.statistics.group_auc import group_auc
from tests.models import quick


@pytest.fixture(scope="module")
def world():
    """Two groups of users, each with favourites of its own; the second rates less, and higher."""
    whole = load_ratings(
        "planted", ReadOptions(planted_users=300, planted_items=80, planted_ratings=12_000, source_seed=1)
    )
    women = whole.demographics["gender"] == "F"
    few = ~women[whole.user] | (np.random.default_rng(0).random(whole.num_ratings) < 0.6)
    rating = np.where(women[whole.user], np.minimum(whole.rating + 1, 5), whole.rating)[few].astype(np.float32)
    return dataclasses.replace(whole, user=whole.user[few], item=whole.item[few], rating=rating)


@pytest.fixture(scope="module")
def generator(world, once) -> ProfileModel:
    config = dataclasses.replace(quick("profile"), groups="gender,age", calibration_rounds=2, gan_steps=400)
    path = once("groups", lambda path: save_generator(path, recipe.fit([0], world, [config])[0]))
    return load_generator(path)


def test_generated_users_are_of_groups_as_many_as_in_the_source(generator: ProfileModel, world) -> None:
    dataset = recipe.generate(generator, RatingsRequest(seed=1))
    assert list(dataset.groups) == ["gender", "age"]
    for value in ("F", "M"):
        assert (dataset.groups["gender"] == value).sum() == (world.demographics["gender"] == value).sum()
    told = json.loads(json.dumps(dataset.metadata["scenario"]))["groups"]
    assert told == {"asked": "source", "users": told["users"]}
    assert sum(told["users"]["age"].values()) == 300


def test_groups_rate_as_much_and_as_high_as_in_the_source(generator: ProfileModel, world) -> None:
    dataset = recipe.generate(generator, RatingsRequest(seed=2))
    found = []
    for ratings, gender in ((world, world.demographics["gender"]), (dataset, dataset.groups["gender"])):
        women = (gender == "F")[ratings.user]
        found.append([women.mean(), ratings.rating[women].mean(), ratings.rating[~women].mean()])
    assert found[0][0] < 0.42
    np.testing.assert_allclose(found[1], found[0], atol=0.06)


def test_groups_are_told_by_what_they_rate_as_in_the_source(generator: ProfileModel, world) -> None:
    dataset = recipe.generate(generator, RatingsRequest(seed=3))
    found = []
    for ratings, gender in ((world, world.demographics["gender"]), (dataset, dataset.groups["gender"])):
        found.append(group_auc(ratings.user, ratings.item, np.stack([gender == "F", gender == "M"], 1))[0])
    assert found[0] > 0.7
    assert abs(found[1] - found[0]) < 0.12


@pytest.mark.parametrize("share", [0.05, 0.95])
def test_asked_shares_are_exact_and_popularity_goes_with_them(generator: ProfileModel, world, share: float) -> None:
    asked = RatingsRequest(group_shares={"F": share, "M": 1 - share}, num_users=400, num_ratings=12_000)
    dataset = recipe.generate(generator, asked)
    assert (dataset.groups["gender"] == "F").sum() == round(share * 400)
    assert len(dataset.user) == 12_000
    assert len(np.unique(dataset.item)) == 80
    # Items are as popular as with the group that most users are of.
    gender = world.demographics["gender"][world.user]
    of_group = [np.bincount(world.item[gender == value], minlength=80) for value in ("F", "M")]
    found = np.bincount(dataset.item, minlength=80)
    order = plan_interactions(generator, recipe.complete(generator, asked)).source_item
    likeness = [np.corrcoef(found, counts[order])[0, 1] for counts in of_group]
    assert (likeness[0] > likeness[1]) == (share > 0.5)


def test_a_column_that_shares_are_not_asked_of_keeps_its_own(generator: ProfileModel) -> None:
    age = recipe.generate(generator, RatingsRequest(group_shares={"gender.F": 0.5, "M": 0.5}, num_users=301)).groups[
        "age"
    ]
    counts = np.unique(age, return_counts=True)[1]
    own = np.bincount(generator.groups.cells[:, 1], generator.groups.share) * 301
    np.testing.assert_array_equal(np.sort(counts), np.sort(largest_remainders(own, 301)))


def test_parts_have_the_columns_of_the_whole(generator: ProfileModel, tmp_path) -> None:
    asked = RatingsRequest(num_users=700, num_ratings=9000, item_ids="source")
    blocks, whole = recipe.blocks(generator, asked), recipe.generate(generator, asked)
    folder = open_folder(tmp_path / "parts", 2, {}, blocks.item_ids, tuple(blocks.groups))
    for shard in range(2):
        write_part(folder, shard, blocks)
    finish(folder, 9000)
    table = pyarrow.parquet.read_table(sorted((tmp_path / "parts").glob("*.parquet"))).to_pandas()
    np.testing.assert_array_equal(table.gender, whole.groups["gender"][whole.user])
    write_dataset(tmp_path / "whole.parquet", whole)
    read = load_ratings(str(tmp_path / "whole.parquet"))
    np.testing.assert_array_equal(read.demographics["gender"], whole.groups["gender"])


def test_groups_go_with_cold_users_and_a_young_service(generator: ProfileModel) -> None:
    asked = RatingsRequest(cold_users=0.2, group_shares={"F": 0.3, "M": 0.7}, activity="thinned", popularity="thinned")
    dataset = recipe.generate(generator, dataclasses.replace(asked, num_ratings=4000))
    assert len(dataset.user) == 4000
    assert (dataset.groups["gender"] == "F").sum() == 90
    assert np.bincount(dataset.user)[:60].max() <= 5


def test_users_of_all_groups_together_are_those_without_groups() -> None:
    """Candidates are chosen in proportion to the chance of the group: over all groups, each is as likely as another."""
    cells = np.arange(2, dtype=np.int32)[:, None]
    weights = np.array([[1.5, -1.5], [0, 0]], np.float32)
    share, nothing = np.array([0.3, 0.7], np.float32), np.zeros((2, 3))
    untold = np.zeros(1), np.ones(1), weights, np.ones(2), np.zeros(2)
    candidates = jax.random.normal(jax.random.key(0), (20_000, 64, 1))
    groups = with_intercepts(Groups(("g",), (("a", "b"),), cells, share, *untold, nothing, nothing), candidates[:, 0])
    cell = (np.arange(20_000) % 10 >= 3).astype(np.int32)
    chosen = np.asarray(chosen_of_groups(jax.random.key(1), groups, cell, candidates))[:, 0]
    assert abs(chosen.mean()) < 0.03
    assert chosen.std() == pytest.approx(1, abs=0.03)
    assert chosen[cell == 0].mean() > 0.5


def test_within_groups_gives_each_group_its_own_quantiles() -> None:
    cell = np.repeat([0, 1], 50)
    values = np.random.default_rng(0).normal(size=100)
    quantiles = np.stack([np.linspace(0, 1, 65), np.linspace(10, 20, 65)])
    found = within_groups(quantiles, cell, values)
    assert found[:50].max() < 1 < 10 < found[50:].min()
    np.testing.assert_array_equal(np.argsort(found[:50]), np.argsort(values[:50]))


def test_counts_of_each_column_are_exact_whatever_the_sizes(generator: ProfileModel) -> None:
    for size in (1, 7, 100, 999):
        code = codes_of_users(generator.groups, {0: np.array([0.123, 0.877])}, size, np.arange(2, dtype=np.uint32))
        assert (code[:, 0] == 0).sum() == largest_remainders(np.array([0.123, 0.877]), size)[0]
        assert code.shape == (size, 2)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"F": 0.5}, "those of gender sum to 0.5; accepted: shares of F, M, none below 0, summing to 1"),
        ({"F": 1.5, "M": -0.5}, "none below 0"),
        ({"F": float("nan"), "M": 1}, "sum to nan"),
        ({"X": 1.0}, "X is no group; accepted: gender: F, M; age: "),
        ({"age.F": 1.0}, "age.F is no group"),
    ],
)
def test_shares_that_cannot_be_are_refused(generator: ProfileModel, asked: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        recipe.complete(generator, RatingsRequest(group_shares=asked))


def test_a_generator_without_groups_refuses_shares(trained) -> None:
    with pytest.raises(InputError, match="the generator knows no groups; accepted: of one that was trained"):
        recipe.complete(trained("profile"), RatingsRequest(group_shares={"F": 0.5, "M": 0.5}))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("gender,gender", "names a column twice"),
        ("occupation", "`config.groups=occupation` is not known of its users; it has: gender, age"),
        ("small", "12 users are of small a: too few to learn from; accepted in `config.groups`: .* at least 20 users"),
        ("one", "one one group only"),
    ],
)
def test_columns_that_cannot_be_learned_are_refused(world, columns: str, words: str) -> None:
    world.demographics["small"] = np.where(np.arange(300) < 12, "a", "b")
    world.demographics["one"] = np.full(300, "a")
    config = ProfileConfig(groups=columns)
    with pytest.raises(InputError, match=words):
        recipe.check_request(world, config, RatingsRequest())
    with pytest.raises(InputError, match=words):
        recipe.fit([0], world, [config])
    assert group_codes(world, "gender").values == (("F", "M"),)
