"""Structure and predictability, prescribed: what is lacking is found, and brought nearer to the source's."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.dataset import Request
from ganrs_jax.data.ratings import Columns, from_columns
from ganrs_jax.profile import calibration_subsample as compared
from ganrs_jax.profile import interaction_plan as choices
from ganrs_jax.profile import predictability
from ganrs_jax.profile import rating_plan as plans
from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile import structure as prescribed
from ganrs_jax.profile.item_means import find_liking, means_alone
from ganrs_jax.profile.scores import beside_size, choosing, chosen_by, plain_strength, tastes
from ganrs_jax.profile.vectors import columns, vectors
from tests.profile.conftest import quick


@pytest.fixture(scope="module")
def ratings():
    """300 users, 200 items, about 10,000 ratings: four groups of users, each with items of its own liking."""
    rng = np.random.default_rng(0)
    own = rng.integers(0, 4, 300)[:, None] == rng.integers(0, 4, 200)
    user, item = np.nonzero(rng.random((300, 200)) < np.where(own, 0.4, 0.08))
    latent = rng.normal(0, 0.5, 300)[user] + rng.normal(0, 0.5, 200)[item] + 0.8 * rng.normal(size=len(user))
    rating = np.clip(np.rint(3 + latent), 1, 5).astype(np.float32)
    return from_columns(Columns(user, item, rating), name="groups")


@pytest.fixture(scope="module")
def learned(ratings):
    """A generator with nothing prescribed."""
    changes = {"structure_rounds": 0, "predictability_rounds": 0, "gan_steps": 300}
    return profile.fit([0], ratings, [quick("profile", **changes)])[0]


def scores(generator) -> np.ndarray:
    users, items = (vectors(generator, part, jax.random.key(1), 1.0, 50) for part in ("users", "items"))
    return np.asarray(choosing(generator, users) @ chosen_by(generator, items).T)


def test_unprescribed_scores_are_products_of_factors(learned):
    users, items = (vectors(learned, part, jax.random.key(1), 1.0, 50) for part in ("users", "items"))
    plain = np.asarray(tastes(learned, "users", users) @ columns(learned).interaction(items).T)
    np.testing.assert_allclose(scores(learned), plain, rtol=1e-3, atol=1e-3)


def test_strength_multiplies_tastes_and_nothing_else(learned):
    strong = {part: plain_strength() for part in ("users", "items")}
    strong["users"]["by_size"] = strong["users"]["by_size"] * 3
    users, items = (vectors(learned, part, jax.random.key(1), 1.0, 50) for part in ("users", "items"))
    added = scores(learned._replace(arrays={**learned.arrays, "strength": strong})) - scores(learned)
    wanted = 2 * beside_size(learned, "users", users) @ beside_size(learned, "items", items).T
    np.testing.assert_allclose(added, wanted, rtol=1e-3, atol=1e-3)


def test_appetite_weighs_how_popular_items_are_by_the_size_of_users(learned):
    appetite = {"size": np.float32([-9.0, 9.0]), "weight": np.float32([-18.0, 18.0])}  # twice the log size
    users, items = (vectors(learned, part, jax.random.key(1), 1.0, 50) for part in ("users", "items"))
    added = scores(learned._replace(arrays={**learned.arrays, "appetite": appetite})) - scores(learned)
    which, held = columns(learned), learned.arrays["items"]["by_size"]
    wanted = jnp.outer(2 * which.size(users), (which.size(items) - held["centre"]) / held["scale"])
    np.testing.assert_allclose(added, wanted, rtol=1e-3, atol=1e-3)


def test_the_structure_comes_nearer_to_the_sources(learned, ratings):
    told = []
    made = prescribed.prescribe_structure(
        learned, ratings, 6, lambda *call: told.append({k: v[0] for k, v in call[3].items()})
    )
    assert len(told) == 6
    loss = [prescribed._SPECTRUM_WEIGHT * t["spectrum_error"] + t["energy_error"] + t["appetite_error"] for t in told]
    best = told[int(np.argmin(loss))]
    assert made.training["spectrum_error"] == best["spectrum_error"] < told[0]["spectrum_error"]
    assert made.training["energy_error"] == best["energy_error"]
    assert made.training["appetite_error"] == best["appetite_error"]
    assert made.arrays["choice"].any()


def test_no_rounds_leave_the_generator_alone(learned, ratings):
    assert prescribed.prescribe_structure(learned, ratings, 0) is learned
    request, kept = prescribed.own_size(learned, ratings)
    assert predictability.prescribe_predictability(learned, ratings, request, kept, 0) is learned


def test_the_source_lacks_nothing_beside_itself(ratings):
    mine = prescribed._structure(ratings.user, ratings.item)
    for part in ("users", "items"):
        energy = getattr(mine, part)
        for ratios in prescribed._lacking(energy, energy).values():
            np.testing.assert_allclose(ratios, 1)
        assert (np.diff(energy.spread) > 0).all()
        assert (np.diff(energy.size) > 0).all()


def test_what_is_too_weak_is_made_stronger_within_bounds():
    strength = {**plain_strength(), "by_size": np.array([1.0, 1.0, prescribed._MOST_STRENGTH])}
    lacking = {"by_size": np.array([1.2, 0.9, 1.5]), "by_length": np.ones(1)}
    found = prescribed._stronger(strength, lacking, 1.0)
    np.testing.assert_allclose(found["by_size"], [1.2, 0.9, prescribed._MOST_STRENGTH], rtol=1e-6)
    np.testing.assert_array_equal(found["by_length"], strength["by_length"])


def test_a_large_source_is_compared_by_a_part_of_its_users(learned, ratings, monkeypatch):
    monkeypatch.setattr(compared, "_MOST_USERS", 100)
    request, kept = prescribed.own_size(learned, ratings)
    assert (request.num_users, request.num_items) == (100, 200)
    assert (
        request.num_ratings
        == kept.sum()
        == np.bincount(ratings.user[kept], minlength=300)[np.unique(ratings.user[kept])].sum()
    )
    assert len(np.unique(ratings.user[kept])) == 100


def test_a_source_of_very_many_cells_is_compared_by_a_part_of_its_items_too(learned, ratings, monkeypatch):
    monkeypatch.setattr(compared, "MOST_CELLS", 300 * 200 - 1)
    monkeypatch.setattr(compared, "_MOST_ITEMS", 80)
    request, kept = prescribed.own_size(learned, ratings)
    assert (request.num_users, request.num_items, request.num_ratings) == (300, 80, kept.sum())
    assert len(np.unique(ratings.item[kept])) == 80
    assert 0.2 < kept.mean() < 0.6


def test_users_of_very_many_ratings_are_compared_in_part(ratings, monkeypatch):
    monkeypatch.setattr(compared, "MOST_RATINGS", 2000)
    part = compared.compared_part(ratings)
    assert part.num_items == 200
    assert abs(part.mask.sum() / 2000 - 1) < 0.2
    assert 0 < predictability.first_correlation(ratings) < 1


@pytest.mark.parametrize("correlation", [0.4, 0.95])
def test_ratings_become_as_predictable_as_the_sources(correlation, learned, ratings):
    """From a generator whose ratings are too hard, or too easy, to predict."""
    off = learned._replace(arrays={**learned.arrays, "correlation": np.float32(correlation)})
    request, kept = prescribed.own_size(off, ratings)
    told = []
    made = predictability.prescribe_predictability(
        off, ratings, request, kept, 5, lambda *call: told.append({k: v[0] for k, v in call[3].items()})
    )
    gaps = [t["correlation_off"] for t in told]
    assert abs(gaps[-1]) < 0.5 * abs(gaps[0])
    assert (gaps[0] > 0) == (correlation > 0.6) == (made.arrays["correlation"] < correlation)


def test_noise_gets_the_tails_of_the_sources(learned, ratings):
    """The source: what the generator itself makes, with tails."""
    heavy = learned._replace(arrays={**learned.arrays, "tails": np.float32(0.3)})
    made = profile.generate(heavy, Request(num_ratings=15_000, seed=5))
    source = dataclasses.replace(ratings, user=made.user, item=made.item, rating=made.rating)
    request, kept = prescribed.own_size(learned, source)
    told = []
    found = predictability.prescribe_predictability(
        learned, source, request, kept, 4, lambda *call: told.append(call[3]["tails_off"][0])
    )
    assert told[0] > 0.005
    assert abs(told[-1]) < 0.5 * told[0]
    assert 0.15 < found.arrays["tails"] < 0.4


def test_tails_keep_the_noises_variance(learned):
    request = profile.complete(learned, Request(seed=3))
    plan = plans.make_plan(learned, request)
    spread = []
    for tails in (0.0, 0.3):
        heavy = learned._replace(arrays={**learned.arrays, "tails": np.float32(tails)})
        noise = plans._latent(heavy, request, plan, 0)[2].noise
        spread.append((noise.std(), np.mean(np.abs(noise)) / noise.std()))
    assert spread[1][0] == pytest.approx(spread[0][0], rel=0.05)
    assert spread[1][1] < spread[0][1] - 0.02


def test_liking_moves_biases_of_items_and_nothing_else(learned, ratings):
    request = dataclasses.replace(prescribed.own_size(learned, ratings)[0], seed=3)
    plan = plans.make_plan(learned, request)
    plain = choices.plan_choices(learned, request)
    at = columns(learned).interaction_rank
    moved = np.asarray(plan.catalogue.items - plain.catalogue.items)
    assert moved[:, at].any()  # biases
    assert not np.delete(moved, at, axis=1).any()
    assert jnp.isfinite(plan.catalogue.items).all()


def test_users_are_as_generous_by_activity_as_wanted(learned, ratings):
    """Planted: the more a user rates, the worse."""
    activity = np.bincount(ratings.user)
    harsh = ratings.rating - 2 * np.argsort(np.argsort(activity))[ratings.user] / len(activity)
    wanted = find_liking(ratings.user, harsh, activity)
    planted = learned._replace(arrays={**learned.arrays, "generosity": means_alone(wanted)._asdict()})
    made = [profile.generate(generator, Request(seed=3)) for generator in (learned, planted)]
    means = [find_liking(d.user, d.rating, np.bincount(d.user)).slices.mean(1) for d in made]
    before, after = (np.abs(mean - wanted.slices.mean(1)).max() for mean in means)
    assert after < 0.25 < 0.5 * before
