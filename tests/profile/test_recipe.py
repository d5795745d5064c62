"""The profile recipe: its objectives, what it refuses, what it warns of, and collapse."""

import dataclasses
import json
import re

import jax
import numpy as np
import pytest

from ganrs_jax import checks
from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.ratings import Columns, from_columns
from ganrs_jax.errors import InputError
from ganrs_jax.profile import gan
from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile.assembly import _item_ids
from ganrs_jax.profile.diagnostics import training_warnings
from ganrs_jax.profile.interaction_plan import chosen_items
from ganrs_jax.profile.model import ItemIds, ProfileModel
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.training.loop import TrainingDivergedError
from ganrs_jax.trees import as_tree
from tests.models import ASKED, quick


@pytest.fixture(scope="module")
def generator(trained):
    return trained("profile")


@pytest.mark.slow  # `test_gan` trains with each of them, the other recipes' tests with the default
def test_another_objective_makes_datasets(tiny):
    made = profile.fit([0], tiny, [quick("profile", objective="wasserstein", optimizer="rmsprop")])[0]
    dataset = profile.generate(made, ASKED["profile"])
    assert len(dataset.user) == dataset.metadata["rows"] == 300
    assert (dataset.metadata["users"], dataset.metadata["items"]) == (30, 25)
    assert (np.diff(dataset.user.astype(np.int64) * 25 + dataset.item) > 0).all()
    assert set(np.unique(dataset.rating)) <= {1, 2, 3, 4, 5}
    json.dumps(dataset.metadata, allow_nan=False)


def test_the_least_settings_will_do(tiny):
    made = profile.fit([0], tiny, [quick("profile", calibration_rounds=0, interaction_rank=1, rating_rank=1)])[0]
    assert profile.generate(made, ASKED["profile"]).metadata["rows"] == 300


def test_a_generator_on_disk_is_the_same(generator, tmp_path):
    save_generator(tmp_path / "generator", generator)
    one, other = (profile.generate(g, ASKED["profile"]) for g in (generator, load_generator(tmp_path / "generator")))
    for name in ("user", "item", "rating"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


NUMBERS = ItemIds(2**40 + 3 * np.arange(60), ())
TEXTS = ItemIds(np.zeros(0, np.int64), tuple(f"{i:03d} é" for i in range(60)))


@pytest.mark.parametrize("ids", [NUMBERS, TEXTS], ids=["whole", "text"])
def test_ids_of_the_source_are_kept_and_change_no_row(ids, generator, tmp_path):
    of_source = dataclasses.replace(generator, items=dataclasses.replace(generator.items, ids=ids))
    save_generator(tmp_path / "generator", of_source)
    loaded = load_generator(tmp_path / "generator")
    new, own = (profile.generate(loaded, dataclasses.replace(ASKED["profile"], item_ids=x)) for x in ("new", "source"))
    for name in ("user", "item", "rating"):
        np.testing.assert_array_equal(getattr(new, name), getattr(own, name))
    assert new.item_ids is None
    key = jax.random.fold_in(jax.random.key(5), 1)
    np.testing.assert_array_equal(own.item_ids, ids.values[chosen_items(key, generator.items, 25)[0]])
    table = own.to_pandas()
    assert (table.item_id.dtype == np.int64) == (ids is NUMBERS)
    assert set(table.item_id) <= set(ids.values)
    assert table.drop(columns="item_id").equals(new.to_pandas().drop(columns="item_id"))


@pytest.mark.parametrize("name", ["num_items", "item_ids"])
def test_ids_that_the_source_has_not_are_refused(name, generator):
    asked = {"num_items": 61, "item_ids": "source"} if name == "num_items" else {"item_ids": "title"}
    words = "up to 60, or `item_ids=new`" if name == "num_items" else "`item_ids=title`; accepted: new, source"
    with pytest.raises(InputError, match=words):
        profile.complete(generator, RatingsRequest(**asked))


@pytest.mark.parametrize("ids", [np.array([3, 5]), np.array(["007", "x"], object)], ids=["whole", "text"])
def test_ids_are_kept_as_they_were_read(ids):
    np.testing.assert_array_equal((kept := _item_ids(ids)).values, ids)
    assert kept.values.dtype == ids.dtype


def test_omitted_sizes_default_to_the_sources(generator):
    def sizes(**asked) -> tuple[int, int, int]:
        request = profile.complete(generator, RatingsRequest(**asked))
        return request.num_users, request.num_items, request.num_ratings

    assert sizes() == (80, 60, 2000)
    assert sizes(num_users=8) == (8, 60, 200)
    assert sizes(num_users=800) == (800, 60, 20_000)
    assert sizes(num_items=30) == (80, 30, 1000)  # a user rates its share of fewer items
    assert sizes(num_items=240) == (80, 240, 2000)  # and no more of more items
    assert sizes(num_ratings=1000) == (80, 60, 1000)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"num_ratings": 751}, "`num_ratings=751` is more than the 750 pairs of `num_users=30` and `num_items=25`"),
        ({"num_ratings": 29}, "`num_ratings=29` is less than one for each of `num_users=30`"),
        (
            {"activity": "power:9"},
            "`activity=power:9`: .* would have to move; accepted: `activity=power:[0-9.]+`",
        ),
        ({"popularity": "power:9"}, "`popularity=power:9`: .*accepted: `popularity=power:[0-9.]+`"),
        ({"rating_histogram": "0=1"}, "`rating_histogram`: rating 0 is off the scale; accepted: 1 to 5"),
        ({"rating_histogram": "1=0.5"}, "the shares sum to 0.5; accepted: shares that sum to 1, the nearest 1=1"),
        ({"activity": "nowhere.csv"}, "`activity=nowhere.csv`: "),
        ({"sigma": -1.0}, "`sigma=-1.0` is out of range; accepted: a number over 0"),
        ({"sigma": 100.0}, "`sigma=100` is out of range; accepted: 0.2 to 3"),
        ({"num_users": -1}, "`num_users=-1` is out of range"),
        ({"seed": 2**32}, "`seed=4294967296` is out of range"),
    ],
)
def test_requests_that_no_dataset_can_meet_are_refused_before_any_work(asked, words, generator, monkeypatch):
    def worked(*_):
        raise AssertionError("work was begun")

    monkeypatch.setattr(profile, "make_plan", worked)
    with pytest.raises(InputError, match=words):
        profile.generate(generator, dataclasses.replace(ASKED["profile"], **asked))


def test_the_nearest_request_that_is_offered_can_be_met(generator):
    with pytest.raises(InputError) as refused:
        profile.generate(generator, dataclasses.replace(ASKED["profile"], activity="power:9"))
    offer = str(refused.value).split("accepted: `activity=")[1].split("`")[0]
    assert profile.generate(generator, dataclasses.replace(ASKED["profile"], activity=offer)).metadata["rows"] == 300


def test_a_source_too_small_is_refused(tiny):
    few = tiny.item < 19
    user, ids = np.unique(tiny.user[few], return_inverse=True)
    small = dataclasses.replace(
        tiny,
        user=ids.astype(np.int32),
        item=tiny.item[few],
        rating=tiny.rating[few],
        user_ids=tiny.user_ids[user],
        item_ids=tiny.item_ids[:19],
        timestamp=None,
        demographics={},
    )
    with pytest.raises(InputError, match="19 items; accepted: at least 20 of each"):
        profile.fit([0], small, [quick("profile")])


@pytest.mark.slow
def test_of_many_users_a_part_is_learned_from_and_the_laws_are_of_all(tiny):
    made = profile.fit([0], tiny, [quick("profile", most_users=40)])[0]
    whole = profile.fit([0], tiny, [quick("profile")])[0]
    assert made.source == whole.source
    for name in ("activity", "popularity"):
        jax.tree.map(np.testing.assert_array_equal, as_tree(getattr(made, name)), as_tree(getattr(whole, name)))
    assert not np.array_equal(made.item_means.slices, whole.item_means.slices)
    assert profile.generate(made, RatingsRequest()).metadata["rows"] == 2000


@pytest.mark.slow
def test_a_source_in_which_all_have_rated_all_has_no_structure_to_calibrate():
    user, item = (x.ravel() for x in np.indices((40, 30)))
    rating = np.random.default_rng(0).integers(1, 6, len(user)).astype(np.float32)
    full = from_columns(Columns(user, item, rating), name="full")
    made = profile.fit([0], full, [quick("profile", calibration_rounds=1, gan_steps=20)])[0]
    assert len(profile.generate(made, RatingsRequest()).rating) == 40 * 30


def warnings(generator, **asked) -> str:
    return "\n".join(profile.generate(generator, RatingsRequest(**asked)).metadata["warnings"])


@pytest.mark.parametrize(("asked", "far"), [({"num_items": 2}, 1), ({"num_users": 6}, 0), ({"num_items": 3000}, 1)])
def test_sizes_alone_are_met_by_some_number_of_ratings(asked, far, generator):
    request = profile.complete(generator, RatingsRequest(**asked))
    made = profile.generate(generator, RatingsRequest(**asked))
    assert len(made.rating) == request.num_ratings
    assert (len(np.unique(made.user)), len(np.unique(made.item))) == (request.num_users, request.num_items)
    assert made.metadata["request"] == dataclasses.asdict(request)
    assert made.metadata["asked"] == asked
    chosen = [line for line in made.metadata["warnings"] if "no number of ratings was asked for" in line]
    assert len(chosen) == far
    assert all(f", and {request.num_ratings:,} were chosen" in line and "25 in the source" in line for line in chosen)


def with_facts(model: ProfileModel, **facts) -> ProfileModel:
    return dataclasses.replace(model, training={**model.training, **facts})


def test_requests_far_from_the_source_are_warned_of(generator):
    good = with_facts(generator, distance=0.01, restarts=0, spectrum_error=0.01)
    assert warnings(good) == ""
    found = warnings(good, num_items=600, num_users=200, num_ratings=3000)
    assert found == "600 items are 10 times the source's 60: they vary within what so few have shown"
    steep = warnings(good, num_users=80, num_items=60, num_ratings=1500, popularity="power:0.75")
    assert re.match(
        r"`popularity=power:0\.75`: \d+% of the ratings are elsewhere than the distribution has them", steep
    )
    sparse = dataclasses.replace(good, source=dataclasses.replace(good.source, ratings=500))
    dense = warnings(sparse, num_users=20, num_items=20, num_ratings=200)
    assert "50.0% of all pairs are rated, 10.4% in the source: such density was never seen" in dense


def test_faults_of_training_are_warned_of(generator):
    found = warnings(with_facts(generator, distance=0.2, restarts=1, spectrum_error=0.12))
    assert "training collapsed and was restarted 1 times" in found
    assert "the generator did not learn the vectors well; train longer (`config.gan_steps`)" in found
    assert "the spectrum is off by 12%" in found


@pytest.mark.parametrize(
    ("rank", "number", "words"),
    [
        (
            150,
            40,
            "local structure has 40 of the 150 directions asked for (`config.local_rank`): the source has 80 users ",
        ),
        (
            150,
            0,
            "no local structure: it has none of the 150 directions asked for (`config.local_rank`): the source has",
        ),
        (150, 150, ""),
        (0, 0, ""),
    ],
)
def test_a_source_too_small_for_local_structure_is_warned_of(rank, number, words, generator):
    facts = {"distance": 0.0, "restarts": 0, "spectrum_error": 0.0, "local_directions": number, "local_items": 55}
    config = dataclasses.replace(generator.config, local_rank=rank)
    model = dataclasses.replace(with_facts(generator, **facts), config=config)
    found = "\n".join(training_warnings(model))
    assert found.startswith(words)
    assert bool(found) == bool(words)
    if words:
        assert "80 users and 55 items of at least 3 users each" in found
        assert "at least 151 users and 156 such items" in found
        assert warnings(model) == found


def test_a_collapsed_lane_starts_again_and_says_so(tiny, monkeypatch):
    monkeypatch.setattr(gan, "_COLLAPSED", 0.0)
    made = profile.fit([3], tiny, [quick("profile", gan_steps=20)])[0]
    assert made.training["restarts"] == 2  # no attempt is good enough: the best of three is kept
    assert "training collapsed and was restarted 2 times" in warnings(made, num_users=30, num_items=25)


def test_gaussian_users_need_no_gan(tiny, tmp_path, monkeypatch):
    """Lanes of them differ in nothing but their seeds; datasets are of the sizes asked for, also from disk."""

    def trained(*_):
        raise AssertionError("a GAN was trained")

    monkeypatch.setattr(profile, "fit_with_restarts", trained)
    with pytest.raises(AssertionError, match="a GAN was trained"):
        profile.fit([3], tiny, [quick("profile")])
    config = quick("profile", users="gaussian")
    made, other = profile.fit([3, 4], tiny, [config, config])
    assert (made.training["seed"], other.training["seed"]) == (3, 4)
    jax.tree.map(np.testing.assert_array_equal, as_tree(made.users), as_tree(other.users))
    assert not jax.tree.leaves(made.users.weights)
    save_generator(tmp_path / "generator", made)
    one, again = (profile.generate(g, ASKED["profile"]) for g in (made, load_generator(tmp_path / "generator")))
    assert one.metadata["rows"] == 300
    assert (one.metadata["users"], one.metadata["items"]) == (30, 25)
    for name in ("user", "item", "rating"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert "the generator did not learn" not in "\n".join(one.metadata["warnings"])


def test_divergence_is_told(tiny):
    config = quick("profile", gan_learning_rate=1e30)
    with pytest.raises(TrainingDivergedError, match="the loss is not finite"):
        profile.fit([3], tiny, [config])


def test_what_memory_cannot_hold_is_refused_beforehand(trained, monkeypatch):
    generator, request = trained("profile"), RatingsRequest(num_users=5000, num_items=300, num_ratings=200_000)
    monkeypatch.setattr(checks, "free_memory", lambda: 4_000_000)
    with pytest.raises(InputError, match=r"`num_ratings=200000` needs .* up to 166666, or in parts"):
        profile.generate(generator, request)
    monkeypatch.setattr(checks, "free_memory", lambda: 100_000)
    with pytest.raises(InputError, match=r"`num_users=5000` needs about .* GiB are free; accepted: up to"):
        profile.complete(generator, request)
    monkeypatch.setattr(checks, "free_memory", lambda: 0)  # not known
    assert profile.complete(generator, request).num_users == 5000
