"""Degrees that some dataset has give counts; of others it is told what stands in the way, and what could change."""

import numpy as np
import pytest

from ganrs_jax.sampling.distributions import degree_distribution, parse_distribution
from ganrs_jax.sampling.feasibility import NUM_CHECKS, DegreeRequest, Fault, SourceDegrees, check_degrees

USERS = degree_distribution(np.sort(np.random.default_rng(0).lognormal(4, 0.9, 200).astype(int) + 1).clip(1, 300))
ITEMS = degree_distribution(np.sort(np.random.default_rng(1).lognormal(3, 1.3, 300).astype(int) + 1).clip(1, 200))


def _checked(users: int, items: int, ratings: int, activity: str = "source", popularity: str = "source"):
    specs = parse_distribution(activity, "activity"), parse_distribution(popularity, "popularity")
    return check_degrees(DegreeRequest(users, items, ratings, *specs), SourceDegrees(USERS, ITEMS))


def _fault(*request) -> Fault:
    fault = _checked(*request)[1]
    assert fault is not None
    assert "\n" not in fault.found
    assert fault.passed < NUM_CHECKS
    return fault


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
        (200, 300, 15_000, "gini:0.2", "gini:0.7"),
        (150, 200, 2000, "thinned", "thinned"),
    ],
    ids=str,
)
def test_counts_are_as_asked(request_):
    users, items, ratings = request_[:3]
    counts, fault = _checked(*request_)
    assert fault is None
    for found, size, most in ((counts[0], users, items), (counts[1], items, users)):
        assert found.shape == (size,)
        assert found.sum() == ratings
        assert 1 <= found[-1] <= found[0] <= most
        assert np.all(np.diff(found) <= 0)


@pytest.mark.parametrize(
    ("ratings", "words", "changes"),
    [
        (201, " is more than the 200 pairs of `num_users=10` and `num_items=20`", ("num_ratings",)),
        (9, " is less than one for each of `num_users=10`", ("num_users", "num_ratings")),
        (19, " is less than one for each of `num_items=20`", ("num_items", "num_ratings")),
    ],
)
def test_sizes_that_cannot_be(ratings, words, changes):
    fault = _fault(10, 20, ratings)
    assert (fault.found, fault.changes) == (f"`num_ratings={ratings}`{words}", changes)


@pytest.mark.parametrize(
    ("request_", "name", "words"),
    [
        (
            (200, 300, 15_000, "power:3", "source"),
            "activity",
            "`activity=power:3`: with 1 to 300 ratings for each user, ",
        ),
        (
            (200, 300, 15_000, "source", "power:2"),
            "popularity",
            "`popularity=power:2`: with 1 to 200 ratings for each it",
        ),
        ((200, 300, 310), "popularity", "`popularity=source`: with 1 to 200 ratings for each item, "),
        (
            (20, 30, 30, "uniform", "lognormal:2"),
            "popularity",
            "`popularity=lognormal:2`: with 1 to 20 ratings for each",
        ),
    ],
    ids=str,
)
def test_distributions_that_cannot_be_followed(request_, name, words):
    fault = _fault(*request_)
    assert fault.found.startswith(words)
    assert fault.found.endswith(f"% of {request_[2]} ratings would have to move")
    assert fault.changes == (name,)


def test_a_gini_coefficient_that_cannot_be_is_told_with_those_that_can():
    fault = _fault(200, 300, 55_000, "gini:0.5")
    words = "55000 ratings of 200 users have Gini coefficients from 0.00 to 0.0"
    assert fault.found.startswith(f"`activity=gini:0.5`: with 1 to 300 ratings for each user, {words}")
    assert fault.changes == ("activity",)


def test_a_file_of_another_length(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("3\n2\n1\n")
    assert _fault(5, 4, 10, str(path)).found == f"`activity={path}`: 3 weights for 5 users"
    fault = _fault(5, 4, 10, "uniform", str(path))
    assert fault.found == f"`popularity={path}`: 3 weights for 4 items"
    assert fault.changes == ("num_items", "popularity")
    assert _checked(3, 4, 6, str(path), "uniform")[0][0].tolist() == [3, 2, 1]


def test_distributions_that_do_not_fit_together(tmp_path):
    """30 users of all 100 items leave no item with fewer than 30 users."""
    path = tmp_path / "w.txt"
    path.write_text("100\n" * 30 + "1\n" * 70)
    fault = _fault(100, 100, 3070, str(path), str(path))
    assert f"`activity={path}` and `popularity={path}` do not fit together: 66% of 3070 ratings" in fault.found
    assert fault.changes == ("activity", "popularity")
    assert _checked(100, 100, 3070, str(path), "uniform")[1] is None
