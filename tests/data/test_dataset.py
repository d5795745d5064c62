"""A generated dataset as a data frame and as a line of text."""

import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.scale import Scale

USER, ITEM = np.array([0, 0, 2], np.int32), np.array([1, 4, 1], np.int32)
MADE = Dataset(USER, ITEM, np.array([1, 5, 3], np.float32), Scale(1, 5), {"gender": np.array(["F", "M", "M"])}, {})


def test_to_pandas_repeats_each_users_group():
    frame = MADE.to_pandas()
    assert frame.columns.tolist() == ["user_id", "item_id", "rating", "gender"]
    assert frame.to_numpy().tolist() == [[0, 1, 1.0, "F"], [0, 4, 5.0, "F"], [2, 1, 3.0, "M"]]


def test_repr_is_a_line():
    assert repr(MADE) == "Dataset(2 users, 2 items, 3 ratings, 1 to 5 in steps of 1)"
