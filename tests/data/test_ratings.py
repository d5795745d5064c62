import dataclasses

import numpy as np
import pytest

from ganrs_jax.data.ratings import Columns, Scale, digest, from_columns, split_rows, subsample
from ganrs_jax.data.scale import find_scale
from ganrs_jax.errors import InputError

STARS = Scale(1.0, 5.0)


def columns(user=(7, 7, 3), item=(20, 10, 10), rating=(5, 1, 3), time=None):
    time = None if time is None else np.array(time)
    return Columns(np.array(user), np.array(item), np.array(rating, np.float32), time)


def planted(users=30, items=20, seed=0):
    rng = np.random.default_rng(seed)
    cell = rng.choice(users * items, 300, replace=False)
    return from_columns(Columns(cell // items, cell % items, rng.integers(1, 6, 300)), name="x", scale=STARS)


def test_ids_become_consecutive_in_ascending_order():
    ratings = from_columns(columns(), name="x", scale=STARS)
    np.testing.assert_array_equal(ratings.user, [1, 1, 0])
    np.testing.assert_array_equal(ratings.item, [1, 0, 0])
    np.testing.assert_array_equal(ratings.user_ids, [3, 7])
    np.testing.assert_array_equal(ratings.item_ids, [10, 20])
    assert (ratings.user.dtype, ratings.item.dtype, ratings.rating.dtype) == (np.int32, np.int32, np.float32)
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == (2, 2, 3)


@pytest.mark.parametrize("scale_up", [1, 2**40, 2**61])
def test_small_and_huge_ids_are_numbered_alike(scale_up):
    ratings = from_columns(columns(user=(3 * scale_up, 2 * scale_up, 1)), name="x", scale=STARS)
    np.testing.assert_array_equal(ratings.user, [2, 1, 0])
    np.testing.assert_array_equal(ratings.user_ids, [1, 2 * scale_up, 3 * scale_up])


def test_text_and_whole_float_ids_are_ids():
    ratings = from_columns(columns(user=("b", "a", "b"), item=(2.0, 1.0, 1.0)), name="x", scale=STARS)
    np.testing.assert_array_equal(ratings.user, [1, 0, 1])
    np.testing.assert_array_equal(ratings.item_ids, [1, 2])


@pytest.mark.parametrize(
    ("policy", "time", "kept"),
    [("last", None, 2.0), ("first", None, 5.0), ("last", (9, 8, 7), 5.0), ("first", (9, 8, 7), 2.0)],
)
def test_one_rating_of_a_repeated_pair_stays(policy, time, kept):
    raw = columns(user=(1, 2, 1), item=(1, 2, 1), rating=(5, 4, 2), time=time)
    ratings = from_columns(raw, name="x", scale=STARS, duplicates=policy)
    assert ratings.rating[ratings.user == 0] == kept
    assert ratings.num_ratings == 2
    assert "1 repeated (user, item) pairs dropped" in ratings.notes[0]
    assert ("by time" in ratings.notes[0]) == (time is not None)
    if time:
        assert len(ratings.timestamp) == 2


def test_an_error_names_the_place_of_the_row():
    raw = columns(user=(1, 2, 1), item=(1, 2, 1))
    with pytest.raises(InputError, match=r"^x: row 12: repeats .* accepted: each pair once"):
        from_columns(raw, name="x", scale=STARS, duplicates="error", first_row=10)
    with pytest.raises(InputError, match=r"^here 2: repeats"):
        from_columns(raw, name="x", scale=STARS, duplicates="error", place=lambda row: f"here {row}")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rating": (5, np.nan, 3)}, "x: row 2: rating is nan"),
        ({"rating": (5, 1, np.inf)}, "x: row 3: rating is inf"),
        ({"rating": (5, 1, 6)}, "x: row 3: rating 6 is off the scale; accepted: 1 to 5 in steps of 1"),
        ({"rating": (5, 1.5, 3)}, "x: row 2: rating 1.5 is off the scale"),
        ({"user": (7, -7, 3)}, "x: row 2: user id -7; accepted: whole numbers from 0"),
        ({"user": (7, 7.5, 3)}, "x: row 2: user id 7.5"),
        ({"item": np.array([1, 2**63, 1], np.uint64)}, f"x: row 2: item id {2**63}"),
        ({"user": (7, 1e300, 3)}, "x: row 2: user id 1e+300"),
        ({"user": (7, 7, 7)}, "x: 1 user(s) and 2 item(s); at least 2 of each"),
        ({"item": (7, 7, 7)}, "x: 2 user(s) and 1 item(s)"),
        ({"user": (), "item": (), "rating": ()}, "x: no ratings found"),
    ],
)
def test_bad_columns_are_named(change, text):
    with pytest.raises(InputError) as error:
        from_columns(columns(**change), name="x", scale=STARS)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_duplicates_policy_lists_the_known_ones():
    with pytest.raises(InputError, match="'maybe'; accepted: last, first, error"):
        from_columns(columns(), name="x", scale=STARS, duplicates="maybe")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ((1, 5, 3), Scale(1, 5, 1)),
        ((0.5, 5, 3), Scale(0.5, 5, 0.5)),
        ((0, 0.2, 1), Scale(0, 1, 0.2)),
        ((-10, 10, 0.1), Scale(-10, 10, 0.1)),
    ],
)
def test_the_scale_is_found(values, scale):
    found = find_scale(np.array(values, np.float32))
    assert found == pytest.approx(scale)
    assert np.isclose(found.levels[-1], scale.high)


@pytest.mark.parametrize("values", [(3, 3), (0.123, 1, 2), (0, 900_000_000)])
def test_values_without_a_scale_are_refused(values):
    with pytest.raises(InputError, match=r"^x: "):
        find_scale(np.array(values, np.float32), "x")


def test_split_rows_partitions():
    train, held_out = split_rows(100, 0.8, seed=3)
    assert (len(train), len(held_out)) == (80, 20)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(100))
    np.testing.assert_array_equal(train, split_rows(100, 0.8, seed=3)[0])
    assert not np.array_equal(train, split_rows(100, 0.8, seed=4)[0])


@pytest.mark.parametrize("share", [0.0, 1.0, 0.001])
def test_split_rows_refuses_an_empty_part(share):
    with pytest.raises(InputError):
        split_rows(100, share, seed=0)


def test_subsample_keeps_whole_profiles_of_chosen_users_on_chosen_items():
    full = dataclasses.replace(planted(), demographics={"age": np.arange(30, dtype=np.int16)})
    part = subsample(full, max_users=10, max_items=8, min_user_ratings=2, seed=1)
    assert part.num_users == 10
    assert part.num_items <= 8
    assert np.bincount(part.user).min() >= 2
    np.testing.assert_array_equal(part.demographics["age"], part.user_ids)
    known = {(u, i): r for u, i, r in zip(full.user_ids[full.user], full.item_ids[full.item], full.rating, strict=True)}
    kept = zip(part.user_ids[part.user], part.item_ids[part.item], part.rating, strict=True)
    assert all(known[u, i] == r for u, i, r in kept)


def test_subsample_is_seeded_and_without_limits_the_same_object():
    full = planted()
    assert subsample(full, seed=9) is full
    assert digest(subsample(full, max_users=5, seed=1)) == digest(subsample(full, max_users=5, seed=1))
    assert digest(subsample(full, max_users=5, seed=1)) != digest(subsample(full, max_users=5, seed=2))


def test_subsample_to_nothing_is_an_error():
    with pytest.raises(InputError, match="at least 2 of each"):
        subsample(planted(), min_user_ratings=1000)


def test_digest_sees_ratings_and_scale():
    first = planted()
    assert digest(first) == digest(planted())
    assert digest(first) != digest(planted(seed=1))
    assert digest(first) != digest(dataclasses.replace(first, scale=Scale(1, 10)))


def test_repr_is_a_line_and_to_pandas_has_the_sources_own_ids():
    columns = Columns(np.array([7, 7, 9]), np.array(["b", "a", "b"]), np.array([1, 2, 5]), np.array([3, 4, 5]))
    ratings = dataclasses.replace(from_columns(columns, name="tiny"), demographics={"gender": np.array(["F", "M"])})
    assert repr(ratings) == "Ratings(tiny: 2 users, 2 items, 3 ratings, 1 to 5 in steps of 1)"
    frame = ratings.to_pandas()
    assert frame.columns.tolist() == ["user_id", "item_id", "rating", "timestamp", "gender"]
    assert frame.to_numpy().tolist() == [[7, "b", 1, 3, "F"], [7, "a", 2, 4, "F"], [9, "b", 5, 5, "M"]]
