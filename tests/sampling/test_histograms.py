"""The wanted shares of ratings: three forms of text, a file, and what is none of them."""

import numpy as np
import pytest

from ganrs_jax.data.scale import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.sampling.distributions import parse_histogram
from ganrs_jax.statistics.summary import gini

STARS = Scale(1, 5)
HALVES = Scale(0.5, 2, 0.5)
SOURCE = np.array([0.06, 0.11, 0.27, 0.35, 0.21])


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("1=0.1,2=0.2,3=0.3,4=0.2,5=0.2", STARS, [0.1, 0.2, 0.3, 0.2, 0.2]),
        ("5=0.75,1=0.25", STARS, [0.25, 0, 0, 0, 0.75]),
        ("0.1,0.2,0.3,0.2,0.2", STARS, [0.1, 0.2, 0.3, 0.2, 0.2]),
        ("0.5=0.5,1.5=0.5", HALVES, [0.5, 0, 0.5, 0]),
        ("0.333,0.333,0.333,0", HALVES, [1 / 3, 1 / 3, 1 / 3, 0]),
        ("3=1", STARS, [0, 0, 1, 0, 0]),
        ("-1=0.5, 1=0.5", Scale(-1, 1), [0.5, 0, 0.5]),
    ],
)
def test_texts_and_files(text, scale, expected, tmp_path):
    np.testing.assert_allclose(parse_histogram(text, scale, "f", SOURCE), expected, atol=1e-12)
    path = tmp_path / "h.csv"
    path.write_text("\n".join(part.replace("=", ",") for part in text.split(",")) + "\n")
    np.testing.assert_allclose(parse_histogram(str(path), scale, "f", SOURCE), expected, atol=1e-12)


def test_source():
    np.testing.assert_array_equal(parse_histogram("source", STARS, "f", SOURCE), SOURCE)


def test_powers_of_the_source():
    np.testing.assert_allclose(parse_histogram("power:0", STARS, "f", SOURCE), np.full(5, 0.2))
    np.testing.assert_allclose(parse_histogram("power:1", STARS, "f", SOURCE), SOURCE)
    squared = SOURCE**2 / np.sum(SOURCE**2)
    np.testing.assert_allclose(parse_histogram("power:2", STARS, "f", SOURCE), squared)


@pytest.mark.parametrize("wanted", [0.05, 0.3, 0.7])
def test_a_gini_coefficient_is_met_and_the_order_of_levels_stays(wanted):
    shares = parse_histogram(f"gini:{wanted}", STARS, "f", SOURCE)
    assert gini(shares) == pytest.approx(wanted, abs=1e-6)
    np.testing.assert_array_equal(np.argsort(shares), np.argsort(SOURCE))


@pytest.mark.parametrize("levels", [5, 7, 10, 21])
def test_a_gini_coefficient_of_0_is_uniform(levels):
    source = np.arange(1.0, levels + 1) / np.arange(1.0, levels + 1).sum()
    found = parse_histogram("gini:0", Scale(1, levels), "f", source)
    np.testing.assert_allclose(found, np.full(levels, 1 / levels), atol=1e-6)


def test_levels_that_the_source_lacks_bound_the_gini_coefficient_below():
    with pytest.raises(InputError, match=r"accepted: gini:0.2 to gini:"):
        parse_histogram("gini:0.1", STARS, "f", np.array([0.0, 0.2, 0.3, 0.3, 0.2]))


def test_a_gini_coefficient_that_five_levels_cannot_have():
    with pytest.raises(InputError, match=r"`f=gini:0.9` cannot be .*; accepted: gini:0 to gini:0.79"):
        parse_histogram("gini:0.9", STARS, "f", SOURCE)


def test_as_many_levels_as_a_scale_may_have():
    scale = Scale(0, 100, 0.1)
    text = ",".join(f"{level:.1f}={1 / 1001:.8f}" for level in scale.levels)
    np.testing.assert_allclose(parse_histogram(text, scale, "f", SOURCE), np.full(1001, 1 / 1001))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("6=1", "`f`: rating 6 is off the scale; accepted: 1 to 5 in steps of 1"),
        ("0=0.5,1=0.5", "rating 0 is off the scale"),
        ("1.5=1", "rating 1.5 is off the scale"),
        ("0.5,0.5", "`f=0.5,0.5`: 2 shares; accepted: 5, one for each of 1 to 5 in steps of 1"),
        ("1=0.2,6=0.6", "rating 6 is off the scale"),  # before a sum, whose nearest shares would be refused
        ("1=0.2,5=0.6", "the shares sum to 0.8; accepted: shares that sum to 1, the nearest 1=0.25,5=0.75"),
        ("1,1,1,1,4", "the shares sum to 8; accepted: .*the nearest 0.125,0.125,0.125,0.125,0.5"),
        ("1=0", "the shares sum to 0; accepted: shares that sum to 1$"),
        ("1=-0.5,2=1.5", "'1=-0.5'; accepted: finite levels and shares, no share below 0"),
        ("1=nan", "'1=nan'; accepted"),
        ("inf=1", "'inf=1'; accepted"),
        ("gini:1", "`f=gini:1`; accepted"),
        ("power:x", "`f=power:x`; accepted"),
        ("1=1,1=0", "a level is missing or twice"),
        ("1=0.5,0.5", "a level is missing or twice"),
        ("", "''; accepted: source, LEVEL=SHARE"),
        ("absent.csv", "'absent.csv'; accepted: source, LEVEL=SHARE,..., one share a level, or a file"),
        ("x" * 5000, "accepted: source, LEVEL=SHARE"),
    ],
)
def test_what_is_no_histogram(text, words):
    with pytest.raises(InputError, match=words) as error:
        parse_histogram(text, STARS, "f", SOURCE)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_the_nearest_is_accepted():
    shares = np.random.default_rng(0).uniform(0, 1, 10)
    with pytest.raises(InputError) as error:
        parse_histogram(",".join(f"{share:.6f}" for share in shares), Scale(1, 10), "f", SOURCE)
    nearest = parse_histogram(str(error.value).rpartition("nearest ")[2], Scale(1, 10), "f", SOURCE)
    np.testing.assert_allclose(nearest, shares / shares.sum(), atol=1e-3)


def test_a_row_of_a_file_is_named(tmp_path):
    (tmp_path / "h.csv").write_text("1,0.5\n2,half\n")
    with pytest.raises(InputError, match=r"`f=.*h\.csv`: row 2: '2,half'; accepted"):
        parse_histogram(str(tmp_path / "h.csv"), STARS, "f", SOURCE)
