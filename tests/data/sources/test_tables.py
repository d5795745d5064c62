import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from ganrs_jax.data.ratings import Scale, digest
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.releases import ROWS, triples

EXPECTED = {(user, item, float(rating)) for user, item, rating, _ in ROWS}


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "timestamp"]).assign(**columns)


def saved(table: pd.DataFrame, path, **kwargs) -> str:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, **kwargs)
    return str(path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_are_named_by_options(suffix, tmp_path):
    names = {"user_id": "who", "item_id": "what", "rating": "stars", "timestamp": "when"}
    path = saved(frame(extra="x").rename(columns=names), tmp_path / f"t{suffix}")
    options = ReadOptions(user_column="who", item_column="what", rating_column="stars", timestamp_column="when")
    ratings = load_ratings(path, options)
    assert triples(ratings) == EXPECTED
    assert ratings.timestamp.tolist() == [row[3] for row in ROWS]


@pytest.mark.parametrize("separator", [";", "|", "\t", " ", "tab", ","])
def test_a_separator_may_be_given(separator, tmp_path):
    path = saved(frame(), tmp_path / "t.dat", sep="\t" if separator == "tab" else separator)
    assert triples(load_ratings(path, ReadOptions(separator=separator))) == EXPECTED


@pytest.mark.parametrize("given", ["::", ""])
def test_two_colons_separate_a_table_with_a_header(given, tmp_path):
    text = "\n\n" + frame().to_csv(index=False).replace(",", "::")
    (tmp_path / "t.dat").write_text(text)
    ratings = load_ratings(str(tmp_path / "t.dat"), ReadOptions(separator=given))
    assert triples(ratings) == EXPECTED
    assert ratings.timestamp.tolist() == [row[3] for row in ROWS]
    (tmp_path / "t.dat").write_text(text.replace("\n1::", "\nu1::"))
    renamed = {(f"u{user}" if user == 1 else str(user), item, rating) for user, item, rating in EXPECTED}
    assert triples(load_ratings(str(tmp_path / "t.dat"))) == renamed


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_ids_may_be_text(suffix, tmp_path):
    table = frame()
    table["user_id"] = "u" + table["user_id"].astype(str)
    ratings = load_ratings(saved(table, tmp_path / f"t{suffix}"))
    assert triples(ratings) == {(f"u{user}", item, rating) for user, item, rating in EXPECTED}


def test_text_ids_after_a_first_block_of_numbers(tmp_path):
    table = pd.DataFrame({"user_id": np.arange(200_000) % 1000, "item_id": np.arange(200_000) // 1000, "rating": 3.0})
    table["user_id"] = table["user_id"].astype(object)
    table.loc[199_999, ["user_id", "rating"]] = ["last", 4.0]
    ratings = load_ratings(saved(table, tmp_path / "t.csv"))
    assert (ratings.num_users, ratings.num_ratings) == (1001, 200_000)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_dates_are_seconds(suffix, tmp_path):
    table = frame(timestamp=pd.to_datetime([row[3] for row in ROWS], unit="s"))
    assert load_ratings(saved(table, tmp_path / f"t{suffix}")).timestamp.tolist() == [row[3] for row in ROWS]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_demographics_in_the_table_are_carried(suffix, tmp_path):
    table = frame()
    table["gender"] = table["user_id"].map({1: "F", 2: "M", 3: None})
    table["age"] = table["user_id"].map({1: 20, 2: 30, 3: None})
    ratings = load_ratings(saved(table, tmp_path / f"t{suffix}"))
    assert ratings.demographics["gender"].tolist() == ["F", "M", ""]
    assert ratings.demographics["age"].tolist() == [20, 30, -1]


def test_demographics_that_change_within_a_user_are_left_out(tmp_path):
    ratings = load_ratings(saved(frame(gender=list("FMFMF")), tmp_path / "t.csv"))
    assert ratings.demographics == {}
    assert "gender is left out: some users have more than one value" in ratings.notes


def test_the_scale_is_found_or_given(tmp_path):
    path = saved(frame(), tmp_path / "t.csv")
    assert load_ratings(path).scale == Scale(1, 5)
    assert load_ratings(path, ReadOptions(scale="0:10:0.5")).scale == Scale(0, 10, 0.5)


@pytest.mark.parametrize(("policy", "rating"), [("last", 2.0), ("first", 4.0)])
def test_repeated_pairs_follow_the_policy_by_time(policy, rating, tmp_path):
    again = pd.concat([frame().iloc[:1].assign(rating=2, timestamp=10**9), frame()])
    ratings = load_ratings(saved(again, tmp_path / "t.csv"), ReadOptions(duplicates=policy))
    assert (1, 10, rating) in triples(ratings)
    assert "1 repeated (user, item) pairs dropped" in ratings.notes[-1]


def parts(folder, count: int = 3, **columns) -> str:
    """A folder as `generate` leaves it; ROWS spread over its parts."""
    folder.mkdir()
    whole = frame(**columns).drop(columns="timestamp")
    for shard in range(count):
        whole.iloc[shard::count].to_parquet(folder / f"part-{shard:05d}-of-{count:05d}.parquet", index=False)
    told = [{"file": p.name, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in folder.iterdir()]
    (folder / "manifest.json").write_text(json.dumps({"parts": told}))
    return str(folder)


def test_a_folder_of_parts_is_one_dataset(tmp_path):
    ratings = load_ratings(parts(tmp_path / "made"))
    assert triples(ratings) == EXPECTED
    assert ratings.name == "made"


def test_parts_that_are_missing_are_counted(tmp_path):
    folder = parts(tmp_path / "made")
    (tmp_path / "made" / "part-00001-of-00003.parquet").unlink()
    with pytest.raises(InputError, match=r"made: 2 of 3 parts; accepted: all of them, once each"):
        load_ratings(folder)


def test_parts_that_are_not_as_the_manifest_tells_are_named(tmp_path):
    folder = parts(tmp_path / "made")
    first, second = (tmp_path / "made" / f"part-0000{shard}-of-00003.parquet" for shard in (0, 1))
    second.write_bytes(first.read_bytes())
    with pytest.raises(InputError, match=r"part-00001-of-00003.parquet: altered since manifest.json was written"):
        load_ratings(folder)
    (tmp_path / "made" / "manifest.json").write_text('{"parts": []}')
    with pytest.raises(InputError, match=r"manifest.json: does not tell of its parts yet; accepted: once `generate`"):
        load_ratings(str(tmp_path / "made"))
    (tmp_path / "made" / "manifest.json").write_text("[1]")
    with pytest.raises(InputError, match=r"manifest.json: cannot be read as a manifest"):
        load_ratings(folder)


def test_a_part_without_a_number_is_refused(tmp_path):
    folder = parts(tmp_path / "made")
    (tmp_path / "made" / "part-00000-of-00003.parquet").rename(tmp_path / "made" / "part-00000-of-0000x.parquet")
    with pytest.raises(InputError, match=r"made: 3 of 0 parts"):
        load_ratings(folder)


def test_a_bad_row_of_a_part_is_named(tmp_path):
    folder = parts(tmp_path / "made", rating=[*[3.0] * (len(ROWS) - 1), float("nan")])
    number, row = divmod(len(ROWS) - 1, 3)
    with pytest.raises(InputError, match=rf"part-0000{row}-of-00003.parquet: row {number + 1}"):
        load_ratings(folder)


def test_a_data_frame_is_read_as_a_file_is(tmp_path):
    table = frame(gender=["F" if user == ROWS[0][0] else "M" for user, *_ in ROWS])
    of_file, of_frame = load_ratings(saved(table, tmp_path / "t.parquet")), load_ratings(table)
    assert digest(of_frame) == digest(of_file)
    assert of_frame.demographics["gender"].tolist() == of_file.demographics["gender"].tolist()
    assert load_ratings(tmp_path / "t.parquet").name == "t"
    renamed = load_ratings(table.rename(columns={"user_id": "who"}), ReadOptions(user_column="who"))
    assert digest(renamed) == digest(of_file)


def test_a_data_frame_without_a_column_or_with_a_bad_rating_is_refused():
    with pytest.raises(InputError, match=r"DataFrame: .*rating"):
        load_ratings(frame().drop(columns="rating"))
    with pytest.raises(InputError, match="DataFrame: row 0: rating is empty"):
        load_ratings(frame(rating=[float("nan"), *(row[2] for row in ROWS[1:])]))
