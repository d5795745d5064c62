"""Tables to the letter, and a figure whose bytes repeat."""

import numpy as np
import pytest

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.report.comparison import outcome, text_table
from ganrs_jax.report.comparison_figure import comparison_figure

USER, ITEM = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 0, 1, 2, 0])
RATING = np.array([1, 2, 3, 3, 2, 3], np.float32)
SMALL = Dataset(USER, ITEM, RATING, Scale(1, 3), {}, {})  # too small for a spectrum


SIZES = {"num_users": 1000, "num_items": 2, "num_ratings": 4000}


def test_text_table_aligns_and_trims():
    table = text_table(["name", "n"], [["a", "1"], ["longer", "10,000"]])
    assert table == "name         n\n------  ------\na            1\nlonger  10,000"


def test_text_table_of_no_rows():
    assert text_table(["name", "n"], []) == "name  n\n----  -"


def test_outcome_names_what_was_asked_and_what_became_of_it():
    facts = {
        "request": {"num_users": 1000, "num_items": 2, "num_samples": 4000},
        "asked": {"num_users": 1000, "num_items": 2},
        "users": 990,
        "items": 2,
        "rows": 1000,
        "dropped_identical": 2500,
        "dropped_conflicting": 400,
        "dropped_second_ratings": 100,
    }
    line = outcome(Dataset(USER, ITEM, RATING, Scale(1, 3), {}, facts), "out.csv")
    assert line == (
        "asked 1,000 users, 2 items; chosen 4,000 samples; written 990 users, 2 items, 1,000 ratings (25 %) to out.csv;"
        " dropped 3,000: 2,500 identical, 400 of pairs with three or more ratings, 100 second ratings of a pair"
    )


@pytest.mark.parametrize(("rows", "words"), [(4000, ", exactly as asked"), (3999, "")])
def test_outcome_of_an_exact_recipe_says_whether_it_is(rows, words):
    facts = {
        "request": SIZES,
        "asked": SIZES,
        "users": 1000,
        "items": 2,
        "rows": rows,
        "warnings": ["first", "second"],
    }
    lines = outcome(Dataset(USER, ITEM, RATING, Scale(1, 3), {}, facts), "out.csv").splitlines()
    assert lines == [
        f"asked 1,000 users, 2 items, 4,000 ratings; written 1,000 users, 2 items, {rows:,} ratings to out.csv{words}",
        "WARNING first",
        "WARNING second",
    ]


@pytest.mark.parametrize(
    ("given", "own", "words"),
    [
        (
            ("num_users", "num_items"),
            1.5,
            "asked 1,000 users, 2 items; chosen 4,000 ratings (4 per user, 1.5 in the source); *, exactly as asked",
        ),
        (("num_ratings",), 4.0, "asked 4,000 ratings; chosen 1,000 users, 2 items; *, exactly as asked"),
        (
            (),
            4.0,
            "asked no sizes; chosen 1,000 users, 2 items, 4,000 ratings (4 per user, as in the source); "
            "*, exactly as chosen",
        ),
    ],
)
def test_outcome_tells_what_was_asked_from_what_was_chosen(given, own, words):
    facts = {"request": SIZES, "asked": {name: SIZES[name] for name in given}, "source_ratings_per_user": own}
    facts |= {"users": 1000, "items": 2, "rows": 4000}
    line = outcome(Dataset(USER, ITEM, RATING, Scale(1, 3), {}, facts), "out.csv")
    assert line == words.replace("*", "written 1,000 users, 2 items, 4,000 ratings to out.csv")


@pytest.mark.parametrize(("suffix", "head"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_figure_repeats_to_the_byte(suffix, head, tmp_path, tiny):
    for name in "ab":
        comparison_figure(tmp_path / f"{name}{suffix}", {"real": tiny, "small": SMALL}, tiny.scale)
    comparison_figure(tmp_path / f"c{suffix}", {"real": tiny}, tiny.scale)
    a, b, c = ((tmp_path / f"{name}{suffix}").read_bytes() for name in "abc")
    assert a.startswith(head)
    assert len(a) > 5000
    assert a == b
    assert a != c


def test_figure_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        comparison_figure(tmp_path / "file" / "a.png", {"small": SMALL}, SMALL.scale)
