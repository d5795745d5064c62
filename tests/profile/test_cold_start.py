"""Cold users and items: exact counts, the first of each, and the same as the source thinned."""

import dataclasses
import json

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.profile import recipe
from ganrs_jax.profile.cold_counts import thinned
from ganrs_jax.profile.cold_start import Cold, ColdStart, check_cold, parse_cold
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.sampling import assignment

BOTH = RatingsRequest(
    cold_users=0.25, cold_user_ratings="2:6", cold_items=0.2, cold_item_ratings="3:7", num_users=150, num_items=60
)

YOUNG_LAWS = {"activity": "thinned", "popularity": "thinned"}
YOUNG = RatingsRequest(num_users=150, num_ratings=600, **YOUNG_LAWS)


@pytest.fixture(scope="module")
def generator(trained) -> ProfileModel:
    return trained("profile")


@pytest.fixture(params=["Gumbel top-k", "exponential race"])
def way(request, monkeypatch) -> None:
    """Of users to their items: the second as if there were many."""
    if request.param == "exponential race":
        monkeypatch.setattr(assignment, "MANY", 1)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "request_",
    [
        dataclasses.replace(BOTH, cold_items=0.0),
        dataclasses.replace(BOTH, cold_users=0.0),
        BOTH,
        dataclasses.replace(BOTH, num_ratings=1111),
        dataclasses.replace(BOTH, num_ratings=5270),  # some users have all items that are not cold
        dataclasses.replace(BOTH, popularity="gini:0.5", activity="uniform", item_ids="source"),
    ],
)
def test_the_first_users_and_items_have_so_many_ratings_and_rows_are_exact(
    generator: ProfileModel, request_: RatingsRequest
) -> None:
    dataset = recipe.generate(generator, request_)
    request = recipe.complete(generator, request_)
    assert len(dataset.user) == request.num_ratings == (request_.num_ratings or request.num_ratings)
    pairs = dataset.user.astype(np.int64) * request.num_items + dataset.item
    assert len(np.unique(pairs)) == len(pairs)
    cold_users, cold_items = (round(share * n) for share, n in ((request.cold_users, 150), (request.cold_items, 60)))
    users, items = np.bincount(dataset.user, minlength=150), np.bincount(dataset.item, minlength=60)
    assert users.min() >= 1
    assert items.min() >= 1
    if cold_users:
        assert users[:cold_users].min() >= 2
        assert users[:cold_users].max() <= 6
    if cold_items:
        assert items[:cold_items].min() >= 3
        assert items[:cold_items].max() <= 7
    assert not ((dataset.user < cold_users) & (dataset.item < cold_items)).any()
    told = json.loads(json.dumps(dataset.metadata["scenario"]))
    if cold_users:
        assert told["cold_users"]["share"] == pytest.approx(cold_users / 150)
        assert told["cold_users"]["ids"] == f"0 to {cold_users - 1}"
        assert told["cold_users"]["ratings"] == [users[:cold_users].min(), users[:cold_users].max()]
    if request.item_ids == "source":
        assert told["cold_items"]["ids"] == dataset.item_ids[:cold_items].tolist()


def test_what_is_still_to_come_is_of_cold_users_and_items_and_not_in_the_dataset(generator: ProfileModel) -> None:
    dataset = recipe.generate(generator, BOTH)
    later = dataset.later
    assert later is not None
    assert len(later.user) > 100
    of_users, of_items = later.user < 38, later.item < 12
    assert (of_users != of_items).all()
    assert of_users.any()
    assert of_items.any()
    now, then = (x.user.astype(np.int64) * 60 + x.item for x in (dataset, later))
    assert not np.isin(now, then).any()
    assert len(np.unique(then)) == len(then)
    assert np.isin(later.rating, dataset.scale.levels).all()
    assert recipe.generate(generator, RatingsRequest()).later is None


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "request_", [YOUNG, dataclasses.replace(YOUNG, num_ratings=200), dataclasses.replace(BOTH, **YOUNG_LAWS)]
)
def test_a_young_service_has_its_rows_all_users_and_all_items(
    generator: ProfileModel, request_: RatingsRequest
) -> None:
    dataset = recipe.generate(generator, request_)
    wanted = recipe.complete(generator, request_)
    assert len(dataset.user) == wanted.num_ratings
    assert len(np.unique(dataset.user)) == wanted.num_users
    assert len(np.unique(dataset.item)) == wanted.num_items
    pairs = dataset.user.astype(np.int64) * wanted.num_items + dataset.item
    assert (np.diff(pairs) > 0).all()
    if wanted.cold:
        assert np.bincount(dataset.user)[:38].max() <= 6
        assert np.bincount(dataset.item)[:12].max() <= 7
    assert set(dataset.metadata["scenario"]) >= {"activity", "popularity"}
    assert not any("elsewhere" in line for line in dataset.metadata["warnings"])


def test_a_young_service_is_a_random_part_of_a_mature_one(generator: ProfileModel) -> None:
    """Items have the shares of the source's ratings that they have; users as many ratings as chance leaves."""
    plain = recipe.generate(generator, RatingsRequest(num_users=2400))
    few = dataclasses.replace(YOUNG, num_users=2400, num_ratings=2400 * 4)
    young = recipe.generate(generator, few)
    share = len(young.user) / len(plain.user)
    items = [np.bincount(x.item, minlength=60) / len(x.item) for x in (young, plain)]
    assert np.abs(items[0] - items[1]).sum() / 2 < 0.05
    users = [np.bincount(young.user), np.random.default_rng(0).binomial(np.bincount(plain.user), share)]
    alive = [np.sort(counts[counts > 0]) / counts[counts > 0].mean() for counts in users]
    ranks = (np.arange(200) + 0.5) / 200
    quantiles = [np.quantile(counts, ranks) for counts in alive]
    assert np.abs(quantiles[0] - quantiles[1]).mean() < 0.1


@pytest.mark.parametrize("asked", [BOTH, YOUNG])
def test_blocks_make_the_same_rows_in_any_order(generator: ProfileModel, asked: RatingsRequest) -> None:
    asked = dataclasses.replace(asked, num_users=700, num_ratings=2 * asked.num_ratings)
    blocks = recipe.blocks(generator, asked)
    assert blocks.num_blocks > 1
    backwards = [blocks.rows(number) for number in reversed(range(blocks.num_blocks))][::-1]
    whole = recipe.generate(generator, asked)
    np.testing.assert_array_equal(np.concatenate([rows.item for rows in backwards]), whole.item)


def test_cold_users_are_as_others_but_early(generator: ProfileModel) -> None:
    """What cold users rate is a random part of what they would rate: of the same items, the cold ones left out."""
    asked = RatingsRequest(num_users=2400, cold_users=0.5, cold_user_ratings="5:5", seed=3)
    plain = recipe.generate(generator, RatingsRequest(num_users=2400, seed=3))
    cold = recipe.generate(generator, asked)
    mine = cold.user < 1200
    shares = [np.bincount(x, minlength=60) / len(x) for x in (cold.item[mine], plain.item[plain.user < 1200])]
    assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.08
    assert abs(cold.rating[mine].mean() - plain.rating[plain.user < 1200].mean()) < 0.1


def test_thinning_keeps_so_many_rows_of_each_at_random() -> None:
    import jax

    of = np.repeat(np.arange(5), 200)
    stay = [thinned(jax.random.key(seed), of, np.array([3, 0, 250])) for seed in range(300)]
    assert all(np.bincount(of[s], minlength=5).tolist() == [3, 0, 200, 200, 200] for s in stay)
    assert np.mean([np.flatnonzero(s[:200]).mean() for s in stay]) == pytest.approx(99.5, abs=6)


def test_ratings_before_and_after_are_inverses() -> None:
    cold = ColdStart(Cold(0.2, 1, 5), Cold(0.1, 2, 4))
    assert cold.ratings_before(cold.ratings_after(100_000, 1000, 500), 1000, 500) == pytest.approx(100_000, abs=2)
    assert not ColdStart(Cold(0, 1, 5), Cold(0, 1, 5))


@pytest.mark.parametrize(
    ("share", "ratings", "told"),
    [
        (1.0, "1:5", "`cold_users=1` is no share; accepted: 0 to 1"),
        (-0.1, "1:5", "`cold_users=-0.1` is no share"),
        (float("nan"), "1:5", "`cold_users=nan` is no share"),
        (0.1, "5", "`cold_user_ratings=5` is no range; accepted: LEAST:MOST"),
        (0.1, "5:2", "`cold_user_ratings=5:2` is no range"),
        (0.1, "0:2", "`cold_user_ratings=0:2` is no range"),
        (0.1, "1:x", "`cold_user_ratings=1:x` is no range"),
    ],
)
def test_shares_and_ranges_that_are_none_are_refused(share: float, ratings: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        parse_cold(share, ratings, "user")
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    ("cold", "ratings", "told"),
    [
        (ColdStart(Cold(0.001, 1, 5), Cold(0, 1, 5)), 5000, "of 100 users leaves no cold one; accepted: 0.01 to 0.99"),
        (ColdStart(Cold(0.999, 1, 5), Cold(0, 1, 5)), 5000, "of 100 users leaves no warm one"),
        (ColdStart(Cold(0.2, 1, 41), Cold(0.2, 1, 5)), 5000, "40 items are not cold; accepted: at most 40"),
        (ColdStart(Cold(0.2, 1, 5), Cold(0.2, 1, 81)), 5000, "80 users are not cold; accepted: at most 80"),
        (ColdStart(Cold(0.2, 1, 5), Cold(0.2, 1, 5)), 229, "accepted: `num_ratings=230` or more"),
    ],
)
def test_sizes_that_do_not_allow_it_are_refused(cold: ColdStart, ratings: int, told: str) -> None:
    with pytest.raises(InputError) as error:
        check_cold(cold, 100, 50, ratings)
    assert told in str(error.value)


def test_fewer_ratings_than_cold_ones_hold_are_refused_with_a_number_that_is_not(generator: ProfileModel) -> None:
    with pytest.raises(InputError) as error:
        recipe.complete(generator, dataclasses.replace(BOTH, num_ratings=200))
    number = int(str(error.value).split("accepted: `num_ratings=")[1].split("`")[0])
    dataset = recipe.generate(generator, dataclasses.replace(BOTH, num_ratings=number))
    assert len(dataset.user) == number
