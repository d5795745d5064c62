"""Ratings from predictions: the histogram to the row, the correlation as wanted, order kept."""

import numpy as np
import pytest

from ganrs_jax.decoding.stars import fit_thresholds

ROWS = 50_000


@pytest.fixture(scope="module")
def draw():
    rng = np.random.default_rng(0)
    return rng.normal(size=ROWS).astype(np.float32), rng.normal(size=ROWS).astype(np.float32)


HISTOGRAMS = {
    "skewed": [0.06, 0.11, 0.27, 0.35, 0.21],
    "flat": [0.2] * 5,
    "a level of none": [0.5, 0.0, 0.0, 0.25, 0.25],
    "ends of none": [0.0, 0.3, 0.4, 0.3, 0.0],
    "one level": [0.0, 0.0, 1.0, 0.0, 0.0],
    "ten levels": [0.1] * 10,
}


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_the_histogram_is_the_wanted_one(name, draw):
    wanted = np.array(HISTOGRAMS[name])
    found = np.bincount(fit_thresholds(*draw, wanted, 0.6).level(*draw), minlength=len(wanted))
    assert found.sum() == ROWS
    assert np.abs(found - wanted * ROWS).max() <= 1
    assert (found[wanted == 0] == 0).all()


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.85])
def test_the_correlation_is_the_wanted_one(wanted, draw):
    thresholds = fit_thresholds(*draw, np.array(HISTOGRAMS["skewed"]), wanted)
    assert abs(np.corrcoef(draw[0], thresholds.level(*draw))[0, 1] - wanted) < 0.003


def test_rounding_is_made_up_for_by_less_noise(draw):
    """Rounding takes from a correlation, so the noise that gives it unrounded is too much."""
    unrounded = float(np.corrcoef(draw[0], draw[0] + draw[1])[0, 1])
    factors = [fit_thresholds(*draw, np.array(HISTOGRAMS[n]), unrounded).noise_factor for n in ("flat", "ten levels")]
    assert factors[0] < factors[1] < 1
    assert factors[0] < 0.95


def test_levels_rise_with_predictions(draw):
    thresholds = fit_thresholds(*draw, np.array(HISTOGRAMS["skewed"]), 0.6)
    levels = thresholds.level(np.linspace(-5, 5, 1001, dtype=np.float32), np.zeros(1001, np.float32))
    assert (np.diff(levels) >= 0).all()
    assert (levels[0], levels[-1]) == (0, 4)
