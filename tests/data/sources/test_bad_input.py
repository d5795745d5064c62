"""Every failure is one InputError line that names file, row or column, value, and what is accepted."""

import builtins
import os

import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.refused import STARS, failure
from tests.data.sources.releases import RELEASES, lines

HEADER = "user_id,item_id,rating\n"
GOOD = HEADER + lines("{},{},{}")


# file name, contents, what the message must hold
FILES = {
    "empty": ("t.csv", "", ["t.csv", "the file is empty"]),
    "blank": ("t.csv", "\n\n", ["t.csv", "only blank lines"]),
    "header only": ("t.csv", HEADER, ["t.csv", "no ratings found", "at least 2 users"]),
    "separator": ("t.csv", GOOD.replace(",", ";"), ["t.csv: row 1", "'user_id;item_id;rating'", "';' is the likely"]),
    "separator tab": ("t.csv", GOOD.replace(",", "\t"), ["t.csv: row 1", "tab is the likely"]),
    "no separator": ("t.csv", "hello\n", ["t.csv: row 1", "'hello'", "no other fits"]),
    "u.data commas": ("u.data", lines("{},{},{},{}"), ["u.data: row 1", "separator tab", "',' is the likely"]),
    "ratings.dat commas": ("ratings.dat", lines("{},{},{},{}"), ["ratings.dat: row 1", "'::'", "',' is the likely"]),
    "column": ("t.csv", GOOD.replace("rating", "stars"), ["'rating' is missing", "present: user_id, item_id, stars"]),
    "column twice": ("t.csv", GOOD.replace("item_id", "rating"), ["t.csv: row 1", "'item_id' is missing"]),
    "doubled": ("t.csv", "user_id,item_id,rating,rating\n1,2,3,4\n", ["t.csv: row 1", "'rating' occurs twice"]),
    "text rating": ("t.csv", GOOD + "3,30,good\n", ["t.csv: row 7: rating is 'good'", "a number such as 3.5"]),
    "decimal comma": ("t.tsv", "user_id\titem_id\trating\n1\t1\t3,5\n", ["t.tsv: row 2: rating is '3,5'", "3.5"]),
    "after blanks": ("t.csv", GOOD + "\n\n3,30,good\n", ["t.csv: row 9: rating is 'good'"]),
    "nan rating": ("t.csv", GOOD + "\n3,30,nan\n", ["t.csv: row 8: rating is nan", "finite"]),
    "NA rating": ("t.csv", GOOD + "3,30,NA\n", ["t.csv: row 7: rating is 'NA'"]),
    "inf rating": ("t.csv", GOOD + "3,30,inf\n", ["t.csv: row 7: rating is inf"]),
    "empty rating": ("t.csv", GOOD + "3,30,\n", ["t.csv: row 7: rating is empty"]),
    "off scale": ("t.csv", GOOD + "3,30,7\n", ["t.csv: row 7: rating 7 is off the scale", "1 to 5 in steps of 1"]),
    "negative id": ("t.csv", GOOD + "-3,30,4\n", ["t.csv: row 7: user id -3", "0 to"]),
    "huge id": ("t.csv", GOOD + "3,99999999999999999999,4\n", ["t.csv: row 7: item id 1e+20", "0 to"]),
    "half id": ("t.csv", GOOD + "3,30.5,4\n", ["t.csv: row 7: item id 30.5"]),
    "empty id": ("t.csv", GOOD + ",30,4\n", ["t.csv: row 7: user_id is empty"]),
    "empty text id": ("t.csv", GOOD + "a,30,4\n,30,4\n", ["t.csv: row 8: user_id is empty"]),
    "short row": ("t.csv", GOOD + "3,30\n", ["t.csv: row 7: 2 columns", "accepted: 3"]),
    "long row": ("t.csv", GOOD + "3,30,4,5\n", ["t.csv: row 7: 4 columns", "accepted: 3"]),
    "one user": ("t.csv", HEADER + "1,1,3\n1,2,4\n", ["t.csv: 1 user(s) and 2 item(s)", "at least 2"]),
    "one item": ("t.csv", HEADER + "1,1,3\n2,1,4\n", ["t.csv: 2 user(s) and 1 item(s)"]),
    "zero byte": ("t.csv", b"a\0b,c", ["t.csv: byte 1 is zero", "UTF-8 text"]),
    "garbage": ("t.csv", bytes(range(128, 256)) * 9, ["t.csv: row 1", "not UTF-8"]),
    "garbage data": ("t.csv", GOOD.encode() + b"1,\xff\xfe,3\n", ["t.csv", "UTF-8"]),
    "garbage rating": ("t.csv", GOOD.encode() + b"1,2,\xff\xfe\n", ["t.csv: row 7: rating is", "number"]),
    "gzip": ("t.csv", b"\x1f\x8b\x08\0\0", ["t.csv: looks like a gzip file"]),
    "parquet as csv": ("t.csv", b"PAR1\0\0", ["t.csv: looks like a parquet file", ".parquet"]),
    "no parquet": ("t.parquet", "user_id,item_id\n", ["t.parquet: truncated, or not a parquet file"]),
    "timestamp": ("t.csv", "user_id,item_id,rating,timestamp\n1,2,3,soon\n", ["row 2: timestamp is 'soon'", "seconds"]),
    "late timestamp": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,4\n1,3,3,soon\n",
        ["row 3: timestamp is 'soon'", "seconds, or a date"],
    ),
    "late date": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,2005-09-06\n1,3,3,2005-09-07 10:00\n1,4,3,2005-13-45\n",
        ["row 4: timestamp is '2005-13-45'", "seconds, or a date"],
    ),
    "empty timestamp": (
        "t.csv",
        "user_id,item_id,rating,timestamp\n1,2,3,4\n1,3,3,\n",
        ["t.csv: row 3: timestamp is empty"],
    ),
    "not UTF-8": (
        "t.csv",
        HEADER.encode() + b"a,1,3\n\n\xe9\xe9,1,3\n",
        ["t.csv: row 4: user_id is not UTF-8; accepted"],
    ),
    "header not UTF-8": ("t.csv", b"us\xe9r,item_id,rating\n", ["t.csv: row 1", "not UTF-8; UTF-8 text is accepted"]),
    "UTF-16": ("t.csv", GOOD.encode("utf-16"), ["t.csv: byte 3 is zero", "UTF-8 text"]),
    "colons rating": ("t.dat", "\n" + (GOOD + "\n1,2,x\n").replace(",", "::"), ["t.dat: row 9: rating is 'x'"]),
    "colons short": ("t.dat", "\n" + (GOOD + "\n1,2\n").replace(",", "::"), ["t.dat: row 9: 2 columns", "accepted: 3"]),
    "colons column": (
        "t.dat",
        "a::item_id::rating\n1::2::3\n",
        ["'user_id' is missing", "present: a, item_id, rating"],
    ),
    "age": ("t.csv", "user_id,item_id,rating,age\n1,2,3,old\n", ["row 2: age is 'old'"]),
    "old age": ("t.csv", "user_id,item_id,rating,age\n1,2,3,4000\n", ["row 2: age is 4000", "0 to 199"]),
    "u.data text": (
        "u.data",
        lines("{}\t{}\t{}\t{}") + "x\t1\t3\t9\n",
        ["u.data: row 6: user_id is 'x'", "2147483647"],
    ),
    "u.data huge": ("u.data", lines("{}\t{}\t{}\t{}") + f"{2**40}\t1\t3\t9\n", ["row 6: user_id", str(2**40)]),
    "u.data short": ("u.data", lines("{}\t{}\t{}\t{}") + "1\t1\t3\n", ["u.data: row 6: 3 columns", "accepted: 4"]),
    "u.data scale": ("u.data", lines("{}\t{}\t{}\t{}") + "1\t50\t0\t9\n", ["u.data: row 6: rating 0", "1 to 5"]),
    "dat text": ("ratings.dat", lines("{}::{}::{}::{}") + "1::2::x::9\n", ["ratings.dat: row 6: rating is 'x'"]),
    "dat short": ("ratings.dat", lines("{}::{}::{}::{}") + "1::2::3\n", ["row 6: 3 columns", "accepted: 4"]),
    "dat negative": ("ratings.dat", lines("{}::{}::{}::{}") + "1::-2::3::9\n", ["row 6: item id -2"]),
    "anime scale": (
        "rating.csv",
        "user_id,anime_id,rating\n1,1,-1\n\n1,2,5\n2,2,11\n",
        ["rating.csv: row 5: rating 11", "1 to 10"],
    ),
    "netflix no header": ("mv_0000001.txt", "1,2,2005-09-06\n", ["mv_0000001.txt: row 1", "movie header"]),
    "netflix date": ("mv_1.txt", "1:\n\n1,2,2005-09-06\n1,3,yesterday\n", ["mv_1.txt: row 4: date is 'yesterday'"]),
    "netflix rating": ("mv_1.txt", "1:\n1,x,2005-09-06\n", ["mv_1.txt: row 2: rating is 'x'"]),
    "netflix hole": ("mv_1.txt", "1:\n1,,2005-09-06\n", ["mv_1.txt: row 2: rating is empty", "user,rating,date"]),
    "netflix scale": ("mv_1.txt", "1:\n1,3,2005-09-06\n2:\n1,6,2005-09-06\n", ["row 4: rating 6", "1 to 5"]),
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
    path.write_text(HEADER + "1,1,3\n" * 300_000 + "1,1,x\n" + "1,1,3\n" * 300_000)
    assert "t.csv: row 300002: rating is 'x'" in failure(path)


def test_a_message_shows_strange_values_on_one_short_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(GOOD.encode() + b"1,2," + b"\x1b[31m" + b"x" * 5000 + b"\n")
    text = failure(path)
    assert "\x1b" not in text
    assert len(text) < 500


SCRAPS = [
    b'"',
    b",",
    b";",
    b"\t",
    b"::",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"-",
    b"nan",
    b"1e999",
    b"9" * 25,
    b" ",
    b"x",
    b"",
]


def mutated(rng, data: bytes) -> bytes:
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(data) + 1))
        data = data[:at] + SCRAPS[rng.integers(len(SCRAPS))] + data[at + int(rng.integers(6)) :]
    return data


def message(name, options) -> str:
    try:
        load_ratings(name, options)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", RELEASES)
def test_damage_is_read_or_refused_but_never_a_traceback(name, tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(40):
        files = {path: mutated(rng, text.encode()) for path, text in RELEASES[name].files.items()}
        for path, data in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(data)
        text = message(name, ReadOptions(source_path=str(tmp_path), download=False))
        assert text.isprintable()  # so one line, too
        assert str(tmp_path) in text or not text


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
        ("user_column", "", "the name of a column"),
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
