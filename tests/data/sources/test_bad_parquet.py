"""Parquet tables that cannot be read: one line that names file, column or row, and what is accepted."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from tests.data.sources.refused import STARS, failure
from tests.data.sources.releases import ROWS


def parquet(tmp_path, **columns):
    table = pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "timestamp"]).assign(**columns)
    path = tmp_path / "t.parquet"
    table.to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"rating": [1, 2, np.nan, 4, 5]}, "row 3: rating is"),
        ({"rating": list("1234x")}, "row 5: rating is 'x'"),
        ({"rating": [[1], [2], [3], [4], [5]]}, "rating is of type"),
        ({"rating": [1, 2, 3, 4, 9.5]}, "row 5: rating 9.5 is off the scale"),
        ({"user_id": [1, 2, None, 4, 5]}, "row 3: user_id is empty"),
        ({"user_id": ["a", "", "b", "c", "d"]}, "row 2: user_id is empty"),
        ({"item_id": [{"a": 1}] * 5}, "item_id is of type STRUCT"),
        ({"timestamp": [True] * 5}, "timestamp is of type BOOLEAN"),
        ({"timestamp": list("abcde")}, "timestamp is 'a'"),
        ({"timestamp": [1.0, np.inf, 2, 3, 4]}, "row 2: timestamp is 'inf'"),
    ],
)
def test_bad_parquet_columns_are_named(columns, expected, tmp_path):
    path = parquet(tmp_path, **columns)
    text = failure(path, STARS)
    assert str(path) in text
    assert expected in text


def test_a_missing_parquet_column_lists_those_present(tmp_path):
    text = failure(parquet(tmp_path), ReadOptions(item_column="film"))
    assert "'film' is missing; columns present: user_id, item_id, rating, timestamp" in text


def test_a_doubled_parquet_column_is_refused(tmp_path):
    columns = ["user_id", "item_id", "rating", "rating"]
    pq.write_table(pa.table([[1, 2], [3, 4], [1.0, 2.0], [3.0, 4.0]], names=columns), tmp_path / "t.parquet")
    assert "'rating' and 'rating' may both hold the ratings" in failure(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"user_column": "item_id"}, "no column has a usual name of item ids; columns present: user_id, item_id"),
        ({"user_column": "item_id", "item_column": "item_id"}, "`item_column=item_id` is `user_column` too; accepted"),
        (
            {"rating_column": "timestamp", "timestamp_column": "timestamp"},
            "`timestamp_column=timestamp` is `rating_column` too; accepted: another",
        ),
    ],
)
def test_one_column_for_two_purposes_is_refused(columns, words, tmp_path):
    assert words in failure(parquet(tmp_path), ReadOptions(**columns))


def test_a_time_column_may_be_left_out_for_another_purpose(tmp_path):
    path = parquet(tmp_path, timestamp=[1, 2, 3, 4, 5])
    ratings = load_ratings(str(path), ReadOptions(rating_column="timestamp"))
    assert ratings.rating.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(share, tmp_path):
    path = parquet(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "t.parquet: truncated, or not a parquet file" in failure(path)


def test_parquet_with_a_damaged_middle_is_refused(tmp_path):
    path = parquet(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 200 + data[204:])
    assert "t.parquet" in failure(path)
