"""plan and rows: blocks that do not know of one another, sizes to the row, degree distributions, seeds."""

import dataclasses

import numpy as np
import pytest

from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile.interaction_plan import plan_interactions, user_vectors
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.sampling import assignment
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.distributions import DegreeSpec, distribution_weights
from tests.models import ASKED

BLOCKS = RatingsRequest(num_users=70, num_items=40, num_ratings=900, seed=2)


@pytest.fixture(scope="module")
def generator(trained):
    return trained("profile")


@pytest.fixture
def many(monkeypatch):
    """As if there were many items: pairs are then drawn by an exponential race."""
    monkeypatch.setattr(assignment, "MANY", 1)


@pytest.fixture(params=["Gumbel top-k", "exponential race"])
def way(request):
    """Of users to their items."""
    if request.param == "exponential race":
        request.getfixturevalue("many")


def generated(generator, **asked):
    return profile.generate(generator, RatingsRequest(**asked))


def counts(dataset, request) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of each user and of each item, descending."""
    sizes = (dataset.user, request["num_users"]), (dataset.item, request["num_items"])
    users, items = (np.sort(np.bincount(ids, minlength=size))[::-1] for ids, size in sizes)
    return users, items


def test_rows_of_a_block_do_not_depend_on_the_other_blocks(generator, way, monkeypatch):
    for name in ("BLOCK_CELLS", "BLOCK_CELLS_OF_MANY"):
        monkeypatch.setattr(assignment, name, 16 * BLOCKS.num_items)
    request = profile.complete(generator, BLOCKS)
    plan = make_plan(generator, request)
    assert (plan.interactions.block, plan.interactions.num_blocks) == (16, 5)
    forward = [block_rows(generator, request, plan, number).now for number in range(5)]
    backward = [block_rows(generator, request, plan, number).now for number in reversed(range(5))][::-1]
    alone = block_rows(generator, request, make_plan(generator, request), 3).now
    for number in range(5):
        assert set(forward[number].user // 16) == {number}
        for one, other in zip(forward[number], backward[number], strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(alone, forward[3], strict=True):
        np.testing.assert_array_equal(one, other)
    whole = profile.generate(generator, BLOCKS)
    for column, name in enumerate(("user", "item", "rating")):
        np.testing.assert_array_equal(np.concatenate([part[column] for part in forward]), getattr(whole, name))


SIZES = {
    "the source's": (80, 60, 2000),
    "smaller": (25, 20, 150),
    "larger": (700, 300, 20_000),
    "one rating a user": (60, 20, 60),
    "one rating an item": (20, 60, 60, "uniform"),
    "few users, many items": (12, 200, 600),
    "every pair": (12, 9, 108, "uniform"),
    "two of each": (2, 2, 3),
    "one of each": (1, 1, 1),
}


SLOW_SIZES = {"larger", "one rating a user", "one rating an item", "two of each"}  # each size is compiled anew


def of_sizes(*names: str):
    """The names as parameters, those that take longer marked slow."""
    marked = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW_SIZES else name for name in names]
    return pytest.mark.parametrize("name", marked)


@of_sizes("larger", "every pair")
def test_sizes_are_exact_where_items_are_many(name, generator, many):
    assert_exact_sizes(name, generator)


@of_sizes(*SIZES)
def test_sizes_are_exact(name, generator):
    assert_exact_sizes(name, generator)


def assert_exact_sizes(name, generator):
    users, items, rows, spec = (*SIZES[name], "source")[:4]
    sizes = {"num_users": users, "num_items": items, "num_ratings": rows}
    asked = {**sizes, "activity": spec, "popularity": spec}
    dataset = generated(generator, **asked)
    assert len(dataset.user) == len(dataset.item) == len(dataset.rating) == rows
    np.testing.assert_array_equal(np.unique(dataset.user), np.arange(users))
    np.testing.assert_array_equal(np.unique(dataset.item), np.arange(items))
    assert (np.diff(dataset.user.astype(np.int64) * items + dataset.item) > 0).all()  # ascending, none repeats
    assert set(np.unique(dataset.rating)) <= {1, 2, 3, 4, 5}
    assert {k: dataset.metadata[k] for k in ("rows", "users", "items")} == {
        "rows": rows,
        "users": users,
        "items": items,
    }


def test_the_sources_counts_come_back_at_its_own_size(generator, tiny):
    size = {"num_users": 80, "num_items": 60, "num_ratings": 2000}
    users, items = counts(generated(generator, **size), size)
    np.testing.assert_array_equal(users, np.sort(np.bincount(tiny.user))[::-1])
    wanted = np.sort(np.bincount(tiny.item))[::-1]
    assert np.abs(items - wanted).sum() / 2000 / 2 < 0.05


def test_items_that_share_a_local_direction_are_rated_by_the_same_users(generator, way):
    def together(gain: float) -> float:
        """How much more often than by chance items of one sign in the first local direction are."""
        request = profile.complete(generator, RatingsRequest(num_users=300, num_items=60, num_ratings=3000))
        only_first = np.float32([gain, *np.zeros(len(generator.local_gain) - 1)])
        model = dataclasses.replace(generator, local_gain=only_first)
        plan = make_plan(model, request)
        user, item, _ = (
            np.concatenate(x)
            for x in zip(
                *(block_rows(model, request, plan, number).now for number in range(plan.interactions.num_blocks)),
                strict=True,
            )
        )
        loading = model.items.local[plan.interactions.source_item, 0][item]
        total = np.bincount(user, loading - loading.mean())
        return float(np.mean(total**2))

    assert together(1.5) > 1.5 * together(0.0)


SIZE = {"num_users": 150, "num_items": 60, "num_ratings": 2400}
LAWS = {
    "power:0.6": DegreeSpec("power", 0.6),
    "lognormal:0.8": DegreeSpec("lognormal", 0.8),
    "uniform": DegreeSpec("uniform"),
    "source": DegreeSpec("source"),
}


@pytest.mark.parametrize("text", LAWS)
def test_activity_follows_its_distribution(text, generator):
    users, _ = counts(generated(generator, **SIZE, activity=text), SIZE)
    weights = distribution_weights(LAWS[text], generator.activity, 150)
    np.testing.assert_array_equal(users, apportion(weights, 2400, 1, 60))


@pytest.mark.parametrize("text", LAWS)
def test_popularity_follows_its_distribution(text, generator):
    """What is not preassigned is drawn, so popular items are as popular as wanted but for chance."""
    _, items = counts(generated(generator, **SIZE, popularity=text), SIZE)
    wanted = apportion(distribution_weights(LAWS[text], generator.popularity, 60), 2400, 1, 150)
    assert np.abs(items - wanted).sum() / 2400 / 2 < 0.065  # of uniform ones 0.051 by chance alone, give or take 0.004
    assert items.min() >= 1


def test_distributions_of_files(generator, tmp_path):
    """Weights in any order, in any unit."""
    rng = np.random.default_rng(0)
    users, items = rng.permutation(np.repeat([1.0, 2, 5], 50)), rng.permutation(np.arange(1.0, 61))
    np.save(tmp_path / "users.npy", users)
    (tmp_path / "items.csv").write_text("\n".join(map(str, items)))
    asked = {"activity": str(tmp_path / "users.npy"), "popularity": str(tmp_path / "items.csv")}
    found_users, found_items = counts(generated(generator, **SIZE, **asked), SIZE)
    np.testing.assert_array_equal(found_users, np.repeat([30, 12, 6], 50))
    assert np.abs(found_items - np.arange(60, 0, -1) * 2400 / 1830).sum() / 2400 / 2 < 0.05


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("1=0.5,5=0.5", [0.5, 0, 0, 0, 0.5]),
        ("0.1,0.2,0.4,0.2,0.1", [0.1, 0.2, 0.4, 0.2, 0.1]),
        ("4=1", [0, 0, 0, 1, 0]),
        ("source", None),
    ],
)
def test_the_histogram_is_the_wanted_one(text, shares, generator):
    dataset = generated(generator, **SIZE, rating_histogram=text)
    wanted = np.array(generator.source.rating_histogram if shares is None else shares) * 2400
    found = np.bincount(dataset.rating.astype(int) - 1, minlength=5)
    assert np.abs(found - wanted).max() <= 1
    assert (found[wanted == 0] == 0).all()


def test_the_histogram_leaves_who_rates_what_as_it_is(generator):
    one, other = (generated(generator, **SIZE, rating_histogram=text) for text in ("source", "1=0.5,5=0.5"))
    np.testing.assert_array_equal(one.user, other.user)
    np.testing.assert_array_equal(one.item, other.item)


def test_same_seed_same_bytes_another_seed_others(generator):
    first, again = (profile.generate(generator, ASKED["profile"]) for _ in range(2))
    for name in ("user", "item", "rating"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    other = profile.generate(generator, dataclasses.replace(ASKED["profile"], seed=6))
    assert first.item.tobytes() != other.item.tobytes()
    assert len(first.item) == len(other.item)


def test_sigma_widens_what_is_generated(generator):
    """At another noise than the trained one vectors are as wide as that noise makes them."""

    def spread(sigma: float) -> float:
        request = profile.complete(generator, dataclasses.replace(BLOCKS, num_users=600, sigma=sigma))
        plan = plan_interactions(generator, request)
        return float(np.asarray(user_vectors(generator, request, plan, 0))[:, :4].std(0).mean())

    assert spread(0.5) < spread(1.0) < spread(2.0)
