"""Calibration: each knob moves towards what is lacking, and all together bring a model nearer to the source."""

import dataclasses

import jax
import numpy as np
import pytest

from ganrs_jax.profile import calibration
from ganrs_jax.profile import knobs as sut
from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile.calibration import calibrate_one, calibration_subsample, first_correlation
from ganrs_jax.profile.knobs import knobs, with_start
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.profile.targets import targets
from ganrs_jax.trees import as_tree


def run(model, groups, rounds: int) -> tuple[ProfileModel, list[dict[str, float]]]:
    """The calibrated model, and its errors by statistic after each round."""
    told = []
    made = calibrate_one(
        model,
        calibration_subsample(groups),
        rounds,
        lambda *call: told.append({name: each[0] for name, each in call[3].items()}),
    )
    return made, told


def test_statistics_come_nearer_to_the_sources(learned, groups):
    made, told = run(learned, groups, 6)
    assert len(told) == 6
    table = {record["statistic"]: record for record in made.training["calibration"]}
    assert list(table) == list(told[0])
    best = [errors for errors in told if errors == {name: record["error"] for name, record in table.items()}]
    assert len(best) == 1
    weight = {knob.statistic: knob.weight for knob in knobs(made, np.eye(len(made.factor_weights) - 1))}
    losses = [sum(weight[name] * error for name, error in errors.items()) for errors in told]
    assert told[int(np.argmin(losses))] == best[0]
    assert min(losses) < losses[0]
    assert made.training["spectrum_error"] == best[0]["singular values 2-20"]
    assert made.factor_weights.any()
    assert made.link_asymmetry != 1


def test_the_source_lacks_nothing_beside_itself(learned, groups):
    """No knob moves where what is found is what is wanted."""
    wanted = targets(*calibration_subsample(groups).rows)
    model, basis = with_start(learned, wanted)
    for knob in knobs(model, basis):
        assert knob.error(wanted, wanted) == 0
        moved = knob.moved(model, wanted, wanted, 1.0) if knob.moved else model
        pairs = zip(jax.tree.leaves(as_tree(model)), jax.tree.leaves(as_tree(moved)), strict=True)
        for one, other in pairs:
            if isinstance(one, np.ndarray | np.generic):
                np.testing.assert_allclose(one, other, atol=1e-5)
    for leverage in (wanted.users, wanted.items):
        assert (np.diff(leverage.spread) > 0).all()
        assert (np.diff(leverage.log_degree) > 0).all()


def moved(learned, groups, parameter: str, change) -> tuple[ProfileModel, ProfileModel]:
    """Before and after a step of one knob, what is found being the source's but for a change."""
    wanted = targets(*calibration_subsample(groups).rows)
    model, basis = with_start(learned, wanted)
    knob = next(each for each in knobs(model, basis) if each.parameter == parameter)
    return model, knob.moved(model, wanted, change(wanted), 1.0)


def test_what_is_too_weak_is_raised_within_bounds(learned, groups):
    model, after = moved(
        learned, groups, "users.gain", lambda w: w._replace(users=w.users._replace(by_degree=w.users.by_degree / 1.2))
    )
    np.testing.assert_allclose(after.users.gain.by_degree, 1.2**sut._GAIN_RESPONSE, rtol=1e-5)
    np.testing.assert_array_equal(after.users.gain.by_length, model.users.gain.by_length)
    _, after = moved(
        learned, groups, "items.gain", lambda w: w._replace(items=w.items._replace(spread=w.items.spread / 100))
    )
    np.testing.assert_allclose(after.items.gain.by_length, sut._ONE_ROUND_GAIN[1], rtol=1e-5)


def test_local_gains_move_by_what_the_signal_of_their_band_lacks(learned, groups):
    model = dataclasses.replace(learned, local_gain=np.float32([0.4, 0.2, 0.1]))
    wanted = targets(*calibration_subsample(groups).rows)
    found = wanted._replace(signal=wanted.signal - 0.02)
    rate = 0.5
    after = sut._local(model, wanted, found, rate).local_gain
    assert np.mean(after**2) == pytest.approx(np.mean(model.local_gain**2) + rate * sut._LOCAL_RESPONSE * 0.02)
    np.testing.assert_allclose(after / model.local_gain, after[0] / model.local_gain[0], rtol=1e-5)
    far = sut._local(model, wanted, wanted._replace(signal=wanted.signal + 9), 1.0)
    np.testing.assert_allclose(far.local_gain, sut._ONE_ROUND_GAIN[0] * model.local_gain, rtol=1e-5)  # in one round


@pytest.mark.parametrize("times", [0.9, 1.1])
def test_the_link_moves_towards_what_is_recommended_as_well(times, learned, groups):
    change = lambda w: w._replace(top_items=w.top_items._replace(ndcg=times * w.top_items.ndcg))  # noqa: E731
    model, after = moved(learned, groups, "link_asymmetry", change)
    assert (after.link_asymmetry < model.link_asymmetry) == (times < 1)  # nearer to complementary log-log
    assert 0 < after.link_asymmetry < 6


def test_no_step_of_the_popularity_preference_is_long(learned, groups):
    def less_popular(wanted):
        return wanted._replace(popularity=wanted.popularity._replace(popularity=wanted.popularity.popularity - 100))

    _, after = moved(learned, groups, "popularity_preference", less_popular)
    np.testing.assert_array_equal(after.popularity_preference.weight, 1.0)


def test_no_rounds_leave_the_model_alone(learned, groups):
    assert calibrate_one(learned, calibration_subsample(groups), 0) is learned


def test_a_large_source_is_calibrated_on_a_part_of_its_users(learned, groups, monkeypatch):
    monkeypatch.setattr(calibration, "_MOST_USERS", 100)
    part = calibration_subsample(groups)
    request, users = part.request(learned.config), np.unique(part.rows.user)
    assert (request.num_users, request.num_items) == (100, 200)
    assert request.num_ratings == len(part.rows.rating) == np.bincount(groups.user, minlength=300)[users].sum()
    assert len(users) == 100


def test_a_source_of_very_many_cells_is_calibrated_on_a_part_of_its_items_too(learned, groups, monkeypatch):
    monkeypatch.setattr(calibration, "MOST_CELLS", 300 * 200 - 1)
    monkeypatch.setattr(calibration, "_MOST_ITEMS", 80)
    part = calibration_subsample(groups)
    request, kept = part.request(learned.config), len(part.rows.rating)
    assert (request.num_users, request.num_items, request.num_ratings) == (300, 80, kept)
    assert len(np.unique(part.rows.item)) == 80
    assert 0.2 < kept / groups.num_ratings < 0.6


def test_users_of_very_many_ratings_are_taken_in_part(groups, monkeypatch):
    monkeypatch.setattr(calibration, "_MOST_RATINGS", 2000)
    part = calibration_subsample(groups)
    assert part.num_items == 200
    assert abs(len(part.rows.rating) / 2000 - 1) < 0.2
    assert 0 < first_correlation(groups) < 1


@pytest.mark.parametrize("correlation", [0.4, 0.95])
def test_ratings_become_as_predictable_as_the_sources(correlation, learned, groups):
    """From a model whose ratings are too hard, or too easy, to predict."""
    off = dataclasses.replace(learned, bias_correlation=np.float32(correlation))
    made, told = run(off, groups, 5)
    gaps = [errors["share of ratings told by biases"] for errors in told]
    assert gaps[-1] < 0.5 * gaps[0]
    assert (correlation > 0.6) == (made.bias_correlation < correlation)


def test_noise_gets_the_tails_of_the_sources(learned, groups):
    """The source: what the model itself makes, with tails."""
    heavy = dataclasses.replace(learned, noise_log_variance=np.float32(0.3))
    made = profile.generate(heavy, RatingsRequest(num_ratings=15_000, seed=5))
    source = dataclasses.replace(groups, user=made.user, item=made.item, rating=made.rating)
    found, told = run(learned, source, 5)
    gaps = [errors["peak of the errors"] for errors in told]
    assert gaps[0] > 0.005
    assert min(gaps[-2:]) < 0.5 * gaps[0]
    assert 0.12 < found.noise_log_variance < 0.4


def test_ratings_of_neighbours_agree_as_in_the_source(learned, groups):
    """The source: what the model itself makes, with noise that items share."""
    shared = dataclasses.replace(learned, noise_agreement=np.float32(0.8))
    made = profile.generate(shared, RatingsRequest(num_ratings=15_000, seed=5))
    source = dataclasses.replace(groups, user=made.user, item=made.item, rating=made.rating)
    found, told = run(learned, source, 5)
    gaps = [errors["agreement of ratings of neighbours"] for errors in told]
    assert gaps[0] > 0.04
    assert min(gaps[-2:]) < 0.7 * gaps[0]
    assert found.noise_agreement > 0.15
