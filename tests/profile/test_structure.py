"""Structure and predictability, calibrated: what is lacking is found, and brought nearer to the source's."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, from_columns
from ganrs_jax.profile import calibration
from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile import structure as structures
from ganrs_jax.profile.calibration import calibrate_predictability, calibration_subsample, first_correlation
from ganrs_jax.profile.features import affinities, affinity_beyond_degree, item_features, neutral_gain, user_features
from ganrs_jax.profile.mean_by_degree import mean_by_degree
from ganrs_jax.profile.model import PopularityPreference
from ganrs_jax.profile.plan import draw_latent, make_plan
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.profile.structure import calibrate_structure, structure
from ganrs_jax.profile.vectors import sample_vectors
from tests.models import quick


@pytest.fixture(scope="module")
def ratings():
    """300 users, 200 items, about 10,000 ratings: four groups of users, each with items of its own."""
    rng = np.random.default_rng(0)
    own = rng.integers(0, 4, 300)[:, None] == rng.integers(0, 4, 200)
    user, item = np.nonzero(rng.random((300, 200)) < np.where(own, 0.4, 0.08))
    latent = rng.normal(0, 0.5, 300)[user] + rng.normal(0, 0.5, 200)[item] + 0.8 * rng.normal(size=len(user))
    rating = np.clip(np.rint(3 + latent), 1, 5).astype(np.float32)
    return from_columns(Columns(user, item, rating), name="groups")


@pytest.fixture(scope="module")
def learned(ratings):
    """A model with nothing calibrated."""
    changes = {"structure_rounds": 0, "predictability_rounds": 0, "gan_steps": 300}
    return profile.fit([0], ratings, [quick("profile", **changes)])[0]


def drawn(model) -> tuple[jax.Array, jax.Array]:
    return sample_vectors(jax.random.key(1), model, 1.0, 50), jnp.asarray(model.items.vectors[0])


def scores(model, short: bool = False) -> np.ndarray:
    users, items = drawn(model)
    return np.asarray(user_features(model, users, short) @ item_features(model, items, short).T)


def with_gain(model, **gain):
    return dataclasses.replace(model, users=dataclasses.replace(model.users, gain=neutral_gain()._replace(**gain)))


def test_scores_before_calibration_are_products_of_factors(learned):
    users, items = drawn(learned)
    mine = affinities(learned.columns, learned.users.degree_offset, users)
    plain = np.asarray(mine @ learned.columns.interaction(items).T)
    np.testing.assert_allclose(scores(learned), plain, rtol=1e-3, atol=1e-3)


def test_the_short_form_has_the_same_scores_but_for_what_is_the_users_alone(learned):
    off = scores(learned, short=True) - scores(learned)
    np.testing.assert_allclose(off - off.mean(1, keepdims=True), 0, atol=2e-3)


def test_a_gain_multiplies_affinities_and_nothing_else(learned):
    added = scores(with_gain(learned, by_degree=np.float32([3]))) - scores(learned)
    users, items = (
        affinity_beyond_degree(learned.columns, side.degree_curve, offset, vectors)
        for side, offset, vectors in zip(
            (learned.users, learned.items), (learned.users.degree_offset, 0.0), drawn(learned), strict=True
        )
    )
    np.testing.assert_allclose(added, 2 * users @ items.T, rtol=1e-3, atol=1e-3)


def test_preference_weighs_how_popular_items_are_by_the_degree_of_users(learned):
    preference = PopularityPreference(np.float32([-9.0, 9.0]), np.float32([-18.0, 18.0]))  # twice the log degree
    users, items = drawn(learned)
    added = scores(dataclasses.replace(learned, popularity_preference=preference)) - scores(learned)
    columns, curve = learned.columns, learned.items.degree_curve
    wanted = jnp.outer(2 * columns.log_degree(users), (columns.log_degree(items) - curve.centre) / curve.scale)
    np.testing.assert_allclose(added, wanted, rtol=1e-3, atol=1e-3)


def test_the_structure_comes_nearer_to_the_sources(learned, ratings):
    told = []
    part = calibration_subsample(ratings)
    made = calibrate_structure(
        learned,
        *part.rows[:2],
        part.request(learned.config),
        6,
        lambda *call: told.append({k: v[0] for k, v in call[3].items()}),
    )
    assert len(told) == 6
    loss = [
        structures._STRENGTH_WEIGHT * (t["spectrum_error"] + t["signal_error"])
        + t["leverage_error"]
        + t["popularity_error"]
        for t in told
    ]
    best = told[int(np.argmin(loss))]
    assert best["spectrum_error"] < told[0]["spectrum_error"]
    assert {name: made.training[name] for name in best} == best
    assert made.factor_weights.any()


def test_local_gains_move_by_what_the_signal_of_their_band_lacks():
    gain, band = np.array([0.4, 0.2, 0.3, 0.1]), np.array([0, 0, 1, 2])
    moved = structures.scale_local(gain, band, np.array([0.02, 0.0, -1.0]))
    assert np.mean(moved[:2] ** 2) == pytest.approx(0.1 + structures._LOCAL_RESPONSE * 0.02)
    assert moved[0] / moved[1] == pytest.approx(2)  # within a band all by one factor
    assert moved[2] == gain[2]
    assert moved[3] == pytest.approx(structures._ONE_ROUND[0] * gain[3])  # no further in one round


def test_no_rounds_leave_the_model_alone(learned, ratings):
    part = calibration_subsample(ratings)
    assert calibrate_structure(learned, *part.rows[:2], part.request(learned.config), 0) is learned
    assert calibrate_predictability(learned, part, 0) is learned


def test_the_source_lacks_nothing_beside_itself(ratings):
    mine = structure(ratings.user, ratings.item)
    for leverage in (mine.users, mine.items):
        for ratios in structures.leverage_ratios(leverage, leverage):
            np.testing.assert_allclose(ratios, 1)
        assert (np.diff(leverage.spread) > 0).all()
        assert (np.diff(leverage.log_degree) > 0).all()


def test_what_is_too_weak_is_raised_within_bounds():
    gain = neutral_gain()._replace(by_degree=np.array([1.0, 1.0, structures._MOST_GAIN]))
    found = structures.scale_gain(gain, (np.array([1.2, 0.9, 1.5]), np.ones(1)), 1.0)
    np.testing.assert_allclose(found.by_degree, [1.2, 0.9, structures._MOST_GAIN], rtol=1e-6)
    np.testing.assert_array_equal(found.by_length, gain.by_length)


def test_a_large_source_is_calibrated_on_a_part_of_its_users(learned, ratings, monkeypatch):
    monkeypatch.setattr(calibration, "_MOST_USERS", 100)
    part = calibration_subsample(ratings)
    request, users = part.request(learned.config), np.unique(part.rows.user)
    assert (request.num_users, request.num_items) == (100, 200)
    assert request.num_ratings == len(part.rows.rating) == np.bincount(ratings.user, minlength=300)[users].sum()
    assert len(users) == 100


def test_a_source_of_very_many_cells_is_calibrated_on_a_part_of_its_items_too(learned, ratings, monkeypatch):
    monkeypatch.setattr(calibration, "MOST_CELLS", 300 * 200 - 1)
    monkeypatch.setattr(calibration, "_MOST_ITEMS", 80)
    part = calibration_subsample(ratings)
    request, kept = part.request(learned.config), len(part.rows.rating)
    assert (request.num_users, request.num_items, request.num_ratings) == (300, 80, kept)
    assert len(np.unique(part.rows.item)) == 80
    assert 0.2 < kept / ratings.num_ratings < 0.6


def test_users_of_very_many_ratings_are_taken_in_part(ratings, monkeypatch):
    monkeypatch.setattr(calibration, "_MOST_RATINGS", 2000)
    part = calibration_subsample(ratings)
    assert part.num_items == 200
    assert abs(len(part.rows.rating) / 2000 - 1) < 0.2
    assert 0 < first_correlation(ratings) < 1


@pytest.mark.parametrize("correlation", [0.4, 0.95])
def test_ratings_become_as_predictable_as_the_sources(correlation, learned, ratings):
    """From a model whose ratings are too hard, or too easy, to predict."""
    off = dataclasses.replace(learned, bias_correlation=np.float32(correlation))
    told = []
    made = calibrate_predictability(
        off,
        calibration_subsample(ratings),
        5,
        lambda *call: told.append({k: v[0] for k, v in call[3].items()}),
    )
    gaps = [t["bias_correlation_off"] for t in told]
    assert abs(gaps[-1]) < 0.5 * abs(gaps[0])
    assert (gaps[0] > 0) == (correlation > 0.6) == (made.bias_correlation < correlation)


def test_noise_gets_the_tails_of_the_sources(learned, ratings):
    """The source: what the model itself makes, with tails."""
    heavy = dataclasses.replace(learned, noise_log_variance=np.float32(0.3))
    made = profile.generate(heavy, RatingsRequest(num_ratings=15_000, seed=5))
    source = dataclasses.replace(ratings, user=made.user, item=made.item, rating=made.rating)
    told = []
    found = calibrate_predictability(
        learned,
        calibration_subsample(source),
        4,
        lambda *call: told.append(call[3]["noise_log_variance_off"][0]),
    )
    assert told[0] > 0.005
    assert abs(told[-1]) < 0.5 * told[0]
    assert 0.15 < found.noise_log_variance < 0.4


def test_tails_keep_the_noises_variance(learned):
    request = profile.complete(learned, RatingsRequest(seed=3))
    plan = make_plan(learned, request)
    spread = []
    for log_variance in (0.0, 0.3):
        heavy = dataclasses.replace(learned, noise_log_variance=np.float32(log_variance))
        noise = draw_latent(heavy, request, plan.interactions, 0, plan.items)[2].noise
        spread.append((noise.std(), np.mean(np.abs(noise)) / noise.std()))
    assert spread[1][0] == pytest.approx(spread[0][0], rel=0.05)
    assert spread[1][1] < spread[0][1] - 0.02


def test_mean_ratings_by_popularity_move_biases_of_items_and_nothing_else(learned, ratings):
    request = dataclasses.replace(calibration_subsample(ratings).request(learned.config), seed=3)
    plan = make_plan(learned, request)
    moved = np.asarray(plan.items - plan.interactions.items)
    assert moved[:, learned.columns.bias].any()
    assert not np.delete(moved, learned.columns.bias, axis=1).any()
    assert jnp.isfinite(plan.items).all()


def test_users_mean_ratings_by_activity_are_as_wanted(learned, ratings):
    """Planted: the more a user rates, the worse."""
    activity = np.bincount(ratings.user)
    harsh = ratings.rating - 2 * np.argsort(np.argsort(activity))[ratings.user] / len(activity)
    wanted = mean_by_degree(ratings.user, harsh, activity)
    planted = dataclasses.replace(learned, user_means=wanted._replace(entities=0))
    made = [profile.generate(model, RatingsRequest(seed=3)) for model in (learned, planted)]
    means = [mean_by_degree(d.user, d.rating, np.bincount(d.user)).slices.mean(1) for d in made]
    before, after = (np.abs(mean - wanted.slices.mean(1)).max() for mean in means)
    assert after < 0.25 < 0.5 * before
