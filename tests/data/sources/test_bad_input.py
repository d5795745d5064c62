"""Every failure is one InputError line that names file, row or column, value, and what is accepted."""

import builtins
import os

import pytest

from ganrs_jax.data.sources import ReadOptions
from tests.data.sources.refused import STARS, failure
from tests.data.sources.releases import lines

HEADER = "user_id,item_id,rating\n"
GOOD = HEADER + lines("{},{},{}")


# file name, contents, what the message must hold
FILES = {
    "empty": ("t.csv", "", ["t.csv", "the file is empty"]),
    "blank": ("t.csv", "\n\n", ["t.csv", "only blank lines"]),
    "header only": ("t.csv", HEADER, ["t.csv", "no ratings found", "at least 2 users"]),
    "no separator": ("t.csv", "hello\n", ["t.csv: row 1", "'hello'", "fewer than 3 columns"]),
    "one colon": ("t.csv", "a:b:c\n", ["t.csv: row 1", "fewer than 3 columns"]),
    "u.data commas": ("u.data", lines("{},{},{},{}"), ["u.data: row 1", "names no columns"]),
    "ratings.dat commas": ("ratings.dat", lines("{},{},{},{}"), ["ratings.dat: row 1", "names no columns"]),
    "column": ("t.csv", GOOD.replace("rating", "liking"), ["ratings", "present: user_id, item_id, liking"]),
    "column twice": ("t.csv", GOOD.replace("item_id", "rating"), ["t.csv", "item ids", "`item_column`"]),
    "doubled": (
        "t.csv",
        "user_id,item_id,rating,rating\n1,2,3,4\n",
        ["'rating' and 'rating' may both hold the ratings"],
    ),
    "two users": ("t.csv", "user_id,uid,item,rating\n1,2,3,4\n", ["'user_id' and 'uid' may both", "`user_column`"]),
    "no header": ("t.csv", "1,1,3\n2,2,4\n", ["t.csv: row 1 is '1,1,3'", "`columns=user,item,rating`"]),
    "headerless semicolons": ("t.csv", "1;1;-1\n1;2;2\n2;1;0\n", ["row 1 is '1;1;-1'", "`columns="]),
    "unknown header": ("t.csv", "a,b,c\n1,1,3\n", ["row 1 is 'a,b,c'", "`user_column`"]),
    "text rating": ("t.csv", GOOD + "3,30,good\n", ["t.csv: row 7: rating is 'good'", "a number such as 3.5"]),
    "after blanks": ("t.csv", GOOD + "\n\n3,30,good\n", ["t.csv: row 9: rating is 'good'"]),
    "nan rating": ("t.csv", GOOD + "\n3,30,nan\n", ["t.csv: row 8: rating is 'nan'", "`missing=drop`"]),
    "NA rating": ("t.csv", GOOD + "3,30,NA\n", ["t.csv: row 7: rating is 'NA'"]),
    "inf rating": ("t.csv", GOOD + "3,30,inf\n", ["t.csv: row 7: rating is 'inf'", "a number"]),
    "empty rating": ("t.csv", GOOD + "3,30,\n", ["t.csv: row 7: rating is empty"]),
    "off scale": ("t.csv", GOOD + "3,30,7\n", ["t.csv: row 7: rating 7 is off the scale", "1 to 5 in steps of 1"]),
    "empty id": ("t.csv", GOOD + ",30,4\n", ["t.csv: row 7: user_id is empty"]),
    "empty text id": ("t.csv", GOOD + "a,30,4\n,30,4\n", ["t.csv: row 8: user_id is empty"]),
    "short row": ("t.csv", GOOD + "3,30\n", ["t.csv: row 7: '3,30'", "2 columns of 3", "`bad_rows=drop`"]),
    "long row": ("t.csv", GOOD + "3,30,4,5\n", ["t.csv: row 7: '3,30,4,5'", "4 columns of 3"]),
    "one user": ("t.csv", HEADER + "1,1,3\n1,2,4\n", ["t.csv: 1 user(s) and 2 item(s)", "at least 2"]),
    "one item": ("t.csv", HEADER + "1,1,3\n2,1,4\n", ["t.csv: 2 user(s) and 1 item(s)"]),
    "zero byte": ("t.csv", b"a\0b,c", ["t.csv: byte 1 is zero", "text in UTF-8"]),
    "garbage": ("t.csv", bytes(range(128, 256)) * 9, ["t.csv: row 1", "fewer than 3 columns"]),
    "garbage rating": ("t.csv", GOOD.encode() + b"1,2,\xff\xfe\n", ["t.csv: row 7: rating is", "number"]),
    "gzip": ("t.csv", b"\x1f\x8b\x08\0\0", ["t.csv: cannot be unpacked as gzip"]),
    "parquet as csv": ("t.csv", b"PAR1\0\0", ["t.csv: truncated, or not a parquet file"]),
    "no parquet": ("t.parquet", "user_id,item_id\n", ["t.parquet: truncated, or not a parquet file"]),
    "timestamp": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,soon\n",
        ["row 2: timestamp is 'soon'", "`time_format`", "`timestamp_column=none`"],
    ),
    "late timestamp": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,4\n1,3,3,soon\n",
        ["row 3: timestamp is 'soon'", "`time_format`"],
    ),
    "late date": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,2005-09-06\n1,3,3,2005-09-07 10:00\n1,4,3,2005-13-45\n",
        ["row 4: timestamp is '2005-13-45'", "`time_format`"],
    ),
    "empty timestamp": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,4\n1,3,3,\n",
        ["t.csv: row 3: timestamp is empty"],
    ),
    "header not UTF-8": ("t.csv", b"us\xe9r,item_id,rating\n", ["t.csv", "no column has a usual name of user ids"]),
    "colons rating": ("t.dat", "\n" + (GOOD + "\n1,2,x\n").replace(",", "::"), ["t.dat: row 9: rating is 'x'"]),
    "colons short": ("t.dat", "\n" + (GOOD + "\n1,2\n").replace(",", "::"), ["t.dat: row 9", "2 columns of 3"]),
    "colons column": (
        "t.dat",
        "a::item_id::rating\n1::2::3\n",
        ["user ids", "present: a, item_id, rating"],
    ),
    "u.data short": ("u.data", lines("{}\t{}\t{}\t{}") + "1\t1\t3\n", ["u.data: row 6", "3 columns of 4"]),
    "u.data scale": ("u.data", lines("{}\t{}\t{}\t{}") + "1\t50\t0\t9\n", ["u.data: row 6: rating 0", "1 to 5"]),
    "dat text": ("ratings.dat", lines("{}::{}::{}::{}") + "1::2::x::9\n", ["ratings.dat: row 6: rating is 'x'"]),
    "dat short": ("ratings.dat", lines("{}::{}::{}::{}") + "1::2::3\n", ["row 6", "3 columns of 4"]),
    "anime scale": (
        "rating.csv",
        "user_id,anime_id,rating\n1,1,-1\n\n1,2,5\n2,2,11\n",
        ["rating.csv: row 5: rating 11", "1 to 10"],
    ),
    "netflix no header": ("mv_0000001.txt", "1,2,2005-09-06\n", ["mv_0000001.txt: row 1", "movie header"]),
    "netflix date": ("mv_1.txt", "1:\n\n1,2,2005-09-06\n1,3,yesterday\n", ["mv_1.txt: row 4: date is 'yesterday'"]),
    "netflix rating": ("mv_1.txt", "1:\n1,x,2005-09-06\n", ["mv_1.txt: row 2: rating is 'x'"]),
    "netflix hole": ("mv_1.txt", "1:\n1,,2005-09-06\n", ["mv_1.txt: row 2: rating is empty", "`missing=drop`"]),
    "netflix scale": ("mv_1.txt", "1:\n1,3,2005-09-06\n2:\n1,6,2005-09-06\n", ["row 4: rating 6", "1 to 5"]),
    "netflix short": ("mv_1.txt", "1:\n2,3,2005-09-06\n1,3\n", ["mv_1.txt: row 3", "3 columns of 4"]),
    "netflix only headers": ("mv_1.txt", "1:\n2:\n", ["no ratings found"]),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_named_with_row_and_value(case, tmp_path):
    name, contents, expected = FILES[case]
    path = tmp_path / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    text = failure(path, STARS if case == "off scale" else ReadOptions())
    assert str(path) in text
    for part in expected:
        assert part in text


def test_the_file_of_many_is_named(tmp_path):
    (tmp_path / "combined_data_1.txt").write_text("1:\n1,3,2005-09-06\n2:\n1,4,2005-09-06\n")
    (tmp_path / "combined_data_2.txt").write_text("3:\n2,3,2005-09-06\n9,9,2005-09-06\n")
    assert "combined_data_2.txt: row 3: rating 9 is off" in failure(tmp_path)
    (tmp_path / "combined_data_2.txt").write_text("3:\n2,3,2005-09-06\n9,five,2005-09-06\n")
    assert "combined_data_2.txt: row 3: rating is 'five'" in failure(tmp_path)


def test_the_row_is_right_far_into_a_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "1,1,3\n" * 150_000 + "1,1,x\n" + "1,1,3\n" * 150_000)
    assert "t.csv: row 150002: rating is 'x'" in failure(path)


def test_a_message_shows_strange_values_on_one_short_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(GOOD.encode() + b"1,2," + b"\x1b[31m" + b"x" * 5000 + b"\n")
    text = failure(path)
    assert "\x1b" not in text
    assert len(text) < 500


def test_repeated_pairs_may_be_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(GOOD + "\n1,10,2\n")
    assert "t.csv: row 8: repeats an earlier (user, item) pair" in failure(path, ReadOptions(duplicates="error"))


def test_an_unknown_source_lists_the_valid_ones():
    text = failure("movielens")
    assert "'movielens': no such file, folder or source" in text
    assert "ml100k, ml1m" in text
    assert "planted" in text


def test_missing_explicit_path(tmp_path):
    assert "nowhere: no such file" in failure("ml1m", ReadOptions(source_path=str(tmp_path / "nowhere")))
    assert "mv_1.txt: no such file" in failure("netflix", ReadOptions(source_path=str(tmp_path / "mv_1.txt")))


@pytest.mark.parametrize("source", ["", "ml1m", "netflix", "myanimelist", "filmtrust"])
def test_a_folder_of_nothing_known_says_what_is_known(source, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"x")
    text = failure(source, ReadOptions(source_path=str(tmp_path))) if source else failure(tmp_path)
    assert str(tmp_path) in text
    assert {"": "u.data", "ml1m": "ratings.dat", "netflix": "mv_*.txt"}.get(source, "rating") in text


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "ratings.parquet").mkdir()
    assert "holds nothing known" in failure(tmp_path / "ratings.parquet")


def test_a_file_that_may_not_be_read(monkeypatch, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(GOOD)
    real = builtins.open

    def refuse(file, *args, **kwargs):  # a mode of 000 does not stop root
        if os.fspath(file) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", refuse)
    assert "t.csv: cannot be read: Permission denied" in failure(path)


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("max_users", -1, "0 or more"),
        ("max_items", 1, "2 or more"),
        ("min_user_ratings", -5, "0 or more"),
        ("source_seed", -1, "0 or more"),
        ("duplicates", "some", "last, first, error"),
        ("scale", "1-5", "low:high:step"),
        ("scale", "5:1:1", "low:high:step"),
        ("scale", "1:5:0", "low:high:step"),
        ("scale", "1:5:3", "low:high:step"),
        ("scale", "nan:5:1", "low:high:step"),
        ("scale", "1:1e9:0.1", "low:high:step"),
        ("separator", ",,", "one ASCII character"),
        ("missing", "ignore", "refuse, drop, keep"),
        ("bad_rows", "keep", "refuse, drop"),
        ("decimal", ";", "accepted: ., ,"),
        ("compression", "rar", "gzip, bz2"),
        ("quote", "ab", "one character"),
        ("encoding", "klingon", "utf-8"),
        ("unrated", "none,0", "numbers such as 0"),
        ("columns", "user,item", "user,item,rating"),
        ("time_format", "days", "s, ms, us, ns"),
        ("planted_users", 1, "2 to"),
        ("planted_items", 0, "2 to"),
        ("planted_ratings", 599, "600 to 240000"),
        ("planted_ratings", 240_001, "600 to 240000"),
        ("rank", 0, "1 to"),
        ("groups", 0, "1 to 10"),
        ("noise", -0.5, "0 or more"),
        ("noise", float("nan"), "0 or more"),
    ],
)
def test_a_bad_option_is_named(field, value, accepted):
    text = failure("planted", ReadOptions(**{field: value}))
    assert text.startswith(f"`{field}=")
    assert str(value) in text
    assert accepted in text
