"""Requests that can be met give counts; others are refused with one that can be, which is then met."""

import re

import numpy as np
import pytest

from ganrs_jax.errors import InputError
from ganrs_jax.sampling.apportion import DegreeSpecs, check_counts
from ganrs_jax.sampling.distributions import degree_distribution, parse_distribution

USERS = degree_distribution(np.sort(np.random.default_rng(0).lognormal(4, 0.9, 200).astype(int) + 1).clip(1, 300))
ITEMS = degree_distribution(np.sort(np.random.default_rng(1).lognormal(3, 1.3, 300).astype(int) + 1).clip(1, 200))


def _counts(users: int, items: int, ratings: int, activity: str = "source", popularity: str = "source"):
    distributions = {
        "activity": parse_distribution(activity, "activity"),
        "popularity": parse_distribution(popularity, "popularity"),
    }
    return check_counts(users, items, ratings, DegreeSpecs(**distributions, users=USERS, items=ITEMS))


def _refused(*request) -> str:
    with pytest.raises(InputError) as error:
        _counts(*request)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "request_",
    [
        (200, 300, 15_000),
        (1000, 500, 60_000),
        (20, 900, 6000),
        (50, 60, 3000, "uniform", "uniform"),  # every cell
        (50, 60, 60, "uniform", "uniform"),
        (1, 1, 1, "uniform", "uniform"),
        (200, 300, 15_000, "power:0.5", "power:0.7"),
        (200, 300, 15_000, "lognormal:1", "lognormal:1"),
    ],
    ids=str,
)
def test_counts_are_as_asked(request_):
    users, items, ratings = request_[:3]
    counts = _counts(*request_)
    for found, size, most in ((counts[0], users, items), (counts[1], items, users)):
        assert found.shape == (size,)
        assert found.sum() == ratings
        assert 1 <= found[-1] <= found[0] <= most
        assert np.all(np.diff(found) <= 0)


@pytest.mark.parametrize(
    ("ratings", "words"),
    [
        (201, " is more than the 200 pairs of `num_users=10` and `num_items=20`; accepted: 20 to 200"),
        (9, " is less than one for each of `num_users=10`; accepted: 20 to 200, or `num_users=9` at most"),
        (19, " is less than one for each of `num_items=20`; accepted: 20 to 200, or `num_items=19` at most"),
    ],
)
def test_sizes_that_cannot_be(ratings, words):
    assert _refused(10, 20, ratings) == f"`num_ratings={ratings}`{words}"


@pytest.mark.parametrize(
    "request_",
    [
        (200, 300, 15_000, "power:3", "source"),
        (200, 300, 15_000, "source", "power:2"),
        (200, 300, 15_000, "power:1.4", "power:2"),
        (200, 300, 15_000, "lognormal:5", "uniform"),
        (200, 300, 310, "source", "source"),
        (200, 300, 55_000, "source", "source"),
        (20, 30, 30, "uniform", "lognormal:2"),
        (2, 2, 4, "source", "source"),
    ],
    ids=str,
)
def test_what_the_message_offers_is_met(request_):
    """Both ways: other distributions, or another number of ratings."""
    users, items, ratings, activity, popularity = request_
    said = _refused(*request_)
    assert re.match(
        r"`(activity|popularity)=\S+`: with 1 to \d+ ratings for each (user|item), \d+% of \d+ ratings", said
    )
    offered = dict(re.findall(r"`(\w+)=([\w:.]+)`", said.partition("accepted: ")[2]))
    other_ratings = offered.pop("num_ratings", None)
    distributions = {"activity": activity, "popularity": popularity}
    assert 1 <= len(offered) <= 2
    _counts(users, items, ratings, **distributions | offered)
    if other_ratings:
        _counts(users, items, int(other_ratings), **distributions)


def test_the_exponent_offered_is_the_greatest():
    said = _refused(200, 300, 15_000, "power:3", "source")
    exponent = float(re.search(r"`activity=power:([\d.]+)` or less", said)[1])
    _counts(200, 300, 15_000, f"power:{exponent}")
    _refused(200, 300, 15_000, f"power:{exponent + 0.01}")


@pytest.mark.parametrize(("ratings", "factor"), [(310, 1.02), (55_000, 0.98)])
def test_the_number_of_ratings_offered_is_near(ratings, factor):
    offered = int(re.search(r"or `num_ratings=(\d+)`$", _refused(200, 300, ratings))[1])
    _counts(200, 300, offered)
    _refused(200, 300, round(offered / factor))


def test_a_file_of_another_length(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("3\n2\n1\n")
    said = f"`activity={path}`: 3 weights for 5 users; accepted: 5, or `num_users=3`"
    assert said in _refused(5, 4, 10, str(path))
    assert f"`popularity={path}`: 3 weights for 4 items; accepted: 4, or `num_items=3`" in _refused(
        5, 4, 10, "uniform", str(path)
    )
    assert _counts(3, 4, 6, str(path), "uniform")[0].tolist() == [3, 2, 1]


def test_distributions_that_do_not_fit_together(tmp_path):
    """30 users of all 100 items leave no item with fewer than 30 users."""
    path = tmp_path / "w.txt"
    path.write_text("100\n" * 30 + "1\n" * 70)
    said = _refused(100, 100, 3070, str(path), str(path))
    assert f"`activity={path}` and `popularity={path}` do not fit together: 66% of 3070 ratings" in said
    assert "accepted: `activity=uniform`, or `popularity=uniform`, or `num_ratings=" in said
    _counts(100, 100, 3070, str(path), "uniform")
    _counts(100, 100, int(said.rpartition("=")[2].rstrip("`")), str(path), str(path))
