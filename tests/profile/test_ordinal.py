"""Ratings from predictions: the histogram to the row, the correlation as wanted, order kept."""

import numpy as np
import pytest

from ganrs_jax.profile import ordinal as ordinal
from ganrs_jax.profile.ordinal import Latent, fit_link

ROWS = 50_000


CUTPOINTS = np.array([-1.5, -0.5, 0.5, 1.5], np.float32)


def latent(predicted: np.ndarray, noise: np.ndarray, moved: float = 0.0) -> Latent:
    """Of users whose cutpoints are all moved by as much."""
    return Latent(
        CUTPOINTS,
        predicted,
        noise,
        np.tile(CUTPOINTS + np.float32(moved), (len(noise), 1)),
        np.ones(len(noise), np.float32),
    )


@pytest.fixture(scope="module")
def draw() -> Latent:
    rng = np.random.default_rng(0)
    return latent(rng.normal(size=ROWS).astype(np.float32), rng.normal(size=ROWS).astype(np.float32))


HISTOGRAMS = {
    "skewed": [0.06, 0.11, 0.27, 0.35, 0.21],
    "flat": [0.2] * 5,
    "a level of none": [0.5, 0.0, 0.0, 0.25, 0.25],
    "ends of none": [0.0, 0.3, 0.4, 0.3, 0.0],
    "one level": [0.0, 0.0, 1.0, 0.0, 0.0],
    "ten levels": [0.1] * 10,
    "more levels than a byte holds": [1 / 201] * 201,
}


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_the_histogram_is_the_wanted_one(name, draw):
    wanted = np.array(HISTOGRAMS[name])
    found = np.bincount(fit_link(draw, draw.predicted, wanted, 0.6).level(draw), minlength=len(wanted))
    assert found.sum() == ROWS
    assert np.abs(found - wanted * ROWS).max() <= 1
    assert (found[wanted == 0] == 0).all()


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.85])
def test_the_correlation_is_the_wanted_one(wanted, draw):
    thresholds = fit_link(draw, draw.predicted, np.array(HISTOGRAMS["skewed"]), wanted)
    assert abs(np.corrcoef(draw.predicted, thresholds.level(draw))[0, 1] - wanted) < 0.003


@pytest.mark.parametrize(("wanted", "factor"), [(0.0, ordinal._MOST), (0.999, ordinal._LEAST)])
def test_a_correlation_out_of_reach_takes_the_noise_to_its_bound(wanted, factor, draw):
    thresholds = fit_link(draw, draw.predicted, np.array(HISTOGRAMS["skewed"]), wanted)
    assert thresholds.noise_factor == factor


def test_rounding_is_made_up_for_by_less_noise(draw):
    """Rounding takes from a correlation, so the noise that gives it unrounded is too much."""
    unrounded = float(np.corrcoef(draw.predicted, draw.predicted + draw.noise)[0, 1])
    factors = [
        fit_link(draw, draw.predicted, np.array(HISTOGRAMS[n]), unrounded).noise_factor for n in ("flat", "ten levels")
    ]
    assert factors[0] < factors[1] < 1
    assert factors[0] < 0.95


def test_levels_rise_with_predictions(draw):
    thresholds = fit_link(draw, draw.predicted, np.array(HISTOGRAMS["skewed"]), 0.6)
    levels = thresholds.level(latent(np.linspace(-5, 5, 1001, dtype=np.float32), np.zeros(1001, np.float32)))
    assert (np.diff(levels) >= 0).all()
    assert (levels[0], levels[-1]) == (0, 4)


def test_one_with_the_shared_cutpoints_scores_as_predicted(draw):
    np.testing.assert_allclose(draw.score(0.7), draw.predicted + np.float32(0.7) * draw.noise, atol=1e-5)


def test_own_cutpoints_take_the_place_of_the_common_ones():
    """What lies between two own cutpoints comes between the same two shared ones, and order is kept."""
    own = np.array([-0.3, -0.2, 0.0, 2.0], np.float32)
    y = np.linspace(-4, 4, 801, dtype=np.float32)
    score = Latent(CUTPOINTS, y, np.zeros(801, np.float32), np.tile(own, (801, 1)), np.ones(801)).score(1.0)
    assert (np.diff(score) > 0).all()
    clear = np.abs(y[:, None] - own).min(1) > 1e-3  # not at a cutpoint
    np.testing.assert_array_equal(np.searchsorted(own, y[clear]), np.searchsorted(CUTPOINTS, score[clear]))
