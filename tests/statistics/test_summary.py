"""Figures worked out by hand."""

import dataclasses
import json

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, Scale, digest, from_columns
from ganrs_jax.statistics.summary import SourceSummary, Summary, describe, describe_source, gini, histogram
from ganrs_jax.trees import as_tree, from_tree


@pytest.mark.parametrize(
    ("counts", "expected"), [([3, 3, 3], 0), ([0, 0, 9], 2 / 3), ([1, 3], 0.25), ([3, 1], 0.25), ([5], 0)]
)
def test_gini(counts, expected):
    assert gini(np.array(counts)) == pytest.approx(expected)


def test_histogram_counts_levels_that_do_not_occur():
    shares = histogram(np.array([0.5, 5, 5, 4.5], np.float32), Scale(0.5, 5, 0.5))
    assert shares.tolist() == [0.25, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.5]


def test_describe():
    user, item = np.array([0, 0, 0, 4]), np.array([1, 1, 7, 1])
    summary = describe(user, item, np.array([1, 5, 3, 3], np.float32), Scale(1, 5))
    assert summary == Summary(
        users=2,
        items=2,
        ratings=4,
        mean_rating=3.0,
        std_rating=pytest.approx(2**0.5),
        rating_levels=(1, 2, 3, 4, 5),
        rating_histogram=(0.25, 0, 0.5, 0, 0.25),
        gini_user=0.25,
        gini_item=0.25,
        repeated_pairs=1,
    )


def test_describe_source_is_json_ready_and_restored_from_a_tree():
    columns = Columns(np.array([1, 1, 2]), np.array([5, 6, 5]), np.array([1, 2, 5]))
    ratings = from_columns(columns, name="tiny", scale=Scale(1, 5))
    source = describe_source(ratings)
    assert from_tree(SourceSummary, as_tree(source)) == source
    summary = json.loads(json.dumps(dataclasses.asdict(source)))
    assert summary["name"] == "tiny"
    assert summary["scale"] == [1, 5, 1]
    assert summary["digest"] == digest(ratings)
    assert summary["notes"] == []
    assert (summary["users"], summary["items"], summary["ratings"]) == (2, 2, 3)
