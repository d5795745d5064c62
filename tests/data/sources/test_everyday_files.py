"""Files as people have them: each is read as what it says, or refused; nothing is silently something else."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganrs_jax.data.scale import Scale
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.refused import failure
from tests.data.sources.releases import RELEASES, ROWS, lines, triples

EXPECTED = {(user, item, float(rating)) for user, item, rating, _ in ROWS}
CSV = lines("{},{},{},{}", ROWS, "user,item,rating,timestamp\n")
REPOSITORY = Path(__file__).parents[3]


def read(folder: Path, text: str | bytes, name: str = "t.csv", **options):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_ratings(str(folder / name), ReadOptions(**options))


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ("007,1,5\n7,1,1\n8,2,3\n", ["007", "7", "8"]),
        ("1e3,1,5\n1000,1,1\n8,2,3\n", ["1000", "1e3", "8"]),
        ("9.780E+12,1,5\n9.78E+12,1,1\n8,2,3\n", ["8", "9.780E+12", "9.78E+12"]),
        ("+7,1,5\n7,1,1\n8,2,3\n", ["+7", "7", "8"]),
        (" 7,1,5\n7,1,1\n8,2,3\n", [" 7", "7", "8"]),
        ("1_0,1,5\n10,1,1\n8,2,3\n", ["10", "1_0", "8"]),
        ("-7,1,5\n7,1,1\n8,2,3\n", ["-7", "7", "8"]),
        ("7.0,1,5\n7,1,1\n8,2,3\n", ["7", "7.0", "8"]),
        (f"{2**63},1,5\n{2**63 - 1},1,1\n8,2,3\n", ["8", str(2**63 - 1), str(2**63)]),
        (f"{2**40},1,5\n10,1,1\n8,2,3\n", [8, 10, 2**40]),
    ],
)
def test_ids_that_differ_as_text_are_different(rows, ids, tmp_path):
    ratings = read(tmp_path, "user_id,item_id,rating\n" + rows)
    assert ratings.user_ids.tolist() == ids
    assert ratings.num_ratings == 3


@pytest.mark.parametrize("token", ["NULL", "NA", "\\N", "nan", "", '""', "None", "  "])
def test_a_missing_id_is_no_user(token, tmp_path):
    text = f"user_id,item_id,rating\n{token},1,5\n{token},2,3\nu2,2,4\nu1,1,2\n"
    (tmp_path / "t.csv").write_text(text)
    message = failure(tmp_path / "t.csv")
    assert "t.csv: row 2: user_id is " in message
    assert "(one of 2 such rows); accepted: a value in every row, or `missing=drop`" in message
    ratings = read(tmp_path, text, missing="drop")
    assert ratings.user_ids.tolist() == ["u1", "u2"]
    assert "2 rows with empty or NULL fields dropped: row 2, row 3" in ratings.notes
    if token.strip(' "'):
        assert read(tmp_path, text, missing="keep").num_users == 3


def test_whole_numbers_are_numbers_also_beside_rows_that_go(tmp_path):
    ratings = read(tmp_path, "user_id,item_id,rating\n1,1,5\n,2,3\n12,2,4\n2,1,2\n", missing="drop")
    assert ratings.user_ids.tolist() == [1, 2, 12]


def test_what_is_unrated_in_the_format_is_dropped_whatever_is_said_of_columns(tmp_path):
    text = lines("{},{},{}", [*ROWS, (3, 30, -1, 0)], "user_id,anime_id,rating\n")
    ratings = read(tmp_path, text, item_column="anime_id")
    assert triples(ratings) == EXPECTED
    assert "1 rows of rating -1 (not rated) dropped" in ratings.notes
    assert read(tmp_path, text, unrated="none").num_ratings == 6


def test_codes_for_not_rated_are_warned_of_and_dropped(tmp_path):
    rows = [(user, item, (7 * user + 3 * item) % 3 and (user + item) % 5 + 1) for user in range(9) for item in range(9)]
    text = "user,item,rating\n" + "".join("{},{},{}\n".format(*row) for row in rows)
    found = read(tmp_path, text)
    assert 'of the ratings: if it means "not rated", `unrated=0` leaves it out' in found.notes[-1]
    left = read(tmp_path, text, unrated="0")
    assert left.scale == Scale(1, 5)
    assert left.num_ratings == sum(row[2] > 0 for row in rows)
    assert read(tmp_path, text.replace(",0\n", ",-1\n"), unrated="0,-1").num_ratings == left.num_ratings


@pytest.mark.parametrize(
    ("early", "late", "seconds"),
    [
        ("2020-01-01T00:00:00.100", "2020-01-01T00:00:00.900", 1577836800.9),
        ("1.1", "1.9", 1.9),
        ("1577836800100", "1577836800900", 1577836800.9),
        ("1577836800000000100", "1577836800000000900", 1577836800.0),
        ("2020-01-01T02:00:00+02:00", "2020-01-01T00:00:00.5Z", 1577836800.5),
        ("2020-01-01", "2020-01-02", 1577923200),
        ("2020-01-01 00:00:00.123456788", "2020-01-01 00:00:00.123456789", 1577836800.123456789),
    ],
)
def test_the_last_rating_is_the_later_one_within_a_second_too(early, late, seconds, tmp_path):
    ratings = read(tmp_path, f"user,item,rating,time\n1,1,5,{late}\n1,1,1,{early}\n2,2,3,{early}\n")
    assert ratings.rating.tolist() == [5, 3]
    assert ratings.timestamp[0] == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_units_of_time_are_found_and_may_be_said(unit, factor, tmp_path):
    rows = "".join(f"{u},{i},{r},{(t + 10**9) * factor}\n" for u, i, r, t in ROWS)
    for options in ({}, {"time_format": unit}):
        ratings = read(tmp_path, "user,item,rating,time\n" + rows, **options)
        assert ratings.timestamp.tolist() == [t + 10**9 for *_, t in ROWS]
        assert ratings.timestamp.dtype == np.int64


def test_ambiguous_times_are_asked_for(tmp_path):
    days = "user,item,rating,date\n1,1,5,03/04/2020\n2,2,3,04/04/2020\n"
    (tmp_path / "t.csv").write_text(days)
    assert "row 2: date is '03/04/2020'" in failure(tmp_path / "t.csv")
    assert read(tmp_path, days, time_format="%d/%m/%Y").timestamp[0] == 1585872000
    assert read(tmp_path, days, time_format="%m/%d/%Y").timestamp[0] == 1583280000
    assert read(tmp_path, days, timestamp_column="none").timestamp is None
    (tmp_path / "t.csv").write_text("user,item,rating,date\n1,1,5,20200403\n2,2,3,20200404\n")
    message = failure(tmp_path / "t.csv")
    assert "date is 20200403, a day or a number of seconds; accepted: `time_format=%Y%m%d` or s" in message
    assert load_ratings(str(tmp_path / "t.csv"), ReadOptions(time_format="%Y%m%d")).timestamp[0] == 1585872000


AMAZON = [("A2CX7LUOHB2NDG", "0321732944", "5.0", "1341100800"), ("A2NWSAGRHCP8N5", "B00004TEZ1", "1.0", "1341100900")]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3)])
def test_amazons_columns_are_known_by_what_they_hold_and_said(order, tmp_path):
    text = "".join(",".join(row[at] for at in order) + "\n" for row in AMAZON)
    ratings = read(tmp_path, text)
    assert ratings.user_ids.tolist() == sorted(row[0] for row in AMAZON)
    assert "no header line" in ratings.notes[0]
    assert "user = user, item = item" in ratings.notes[0]
    (tmp_path / "t.csv").write_text(text.replace("A2CX7LUOHB2NDG", "0000000017"))
    assert "`columns=user,item,rating`" in failure(tmp_path / "t.csv")


def test_headerless_columns_are_as_said(tmp_path):
    ratings = read(tmp_path, "10,1,x,4\n20,1,x,5\n10,2,x,1\n", columns="item,user,-,rating")
    assert triples(ratings) == {(1, 10, 4.0), (1, 20, 5.0), (2, 10, 1.0)}
    assert "user = user, item = item, rating = rating" in ratings.notes[0]
    (tmp_path / "t.csv").write_text("1,1,x,4\n2,1,x,5\n")
    assert "4 columns, and `columns=user,item,rating` names 3" in failure(
        tmp_path / "t.csv", ReadOptions(columns="user,item,rating")
    )


def test_what_stands_above_a_table_is_told_and_no_rating_is_taken_for_it(tmp_path):
    ratings = read(tmp_path, "# made by hand\nMy ratings\n" + CSV)
    assert triples(ratings) == EXPECTED
    assert "a header line, 2 lines above the table left out" in ratings.notes[0]
    rows = "2,1\n" + lines("{},{},{}")
    (tmp_path / "t.csv").write_text(rows)
    assert "t.csv: row 1 is '2,1'" in failure(tmp_path / "t.csv", ReadOptions(columns="user,item,rating"))
    assert triples(read(tmp_path, "# by hand\n" + lines("{},{},{}"), columns="user,item,rating")) == EXPECTED


def test_equal_ratings_are_refused():
    views = pd.DataFrame([(u, i, 1) for u in range(40) for i in range(30) if (7 * u + 3 * i) % 5 < 2])
    views.columns = ["user", "item", "rating"]
    for options in (ReadOptions(), ReadOptions(scale="0:1:1")):
        assert "every rating is 1, so none is higher than another" in failure(views, options)


def test_ages_in_bands_stand_in_nobodys_way(tmp_path):
    ratings = read(tmp_path, "user,item,rating,age\n1,1,5,18-25\n2,2,3,18-25\n")
    assert ratings.demographics == {}
    assert "age is left out: '18-25' is no number of years" in ratings.notes
    assert "age is left out: '4000' is" in read(tmp_path, "user,item,rating,age\n1,1,5,4000\n2,2,3,20\n").notes[-1]


@pytest.mark.parametrize(
    "header",
    [
        " user_id , item_id , rating , timestamp ",
        "User_ID,movieId,Rating,Timestamp",
        "userId,asin,overall,unixReviewTime",
        "visitorid,itemid,score,time",
        "reviewerID,parent_asin,stars,date",
        "uid,business_id,Score,Time",
        "user,track_id,rating,timestamp",
        "user_id:token,item_id:token,rating:float,timestamp:float",
        "User-ID,ISBN,Book-Rating,time",
    ],
)
def test_columns_have_the_names_that_the_field_gives_them(header, tmp_path):
    ratings = read(tmp_path, lines("{},{},{},{}", ROWS, header + "\n"))
    assert triples(ratings) == EXPECTED
    assert ratings.timestamp.tolist() == [row[3] for row in ROWS]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::", " "])
def test_separators_are_found(separator, tmp_path):
    ratings = read(tmp_path, CSV.replace(",", separator), "t.csv")
    assert triples(ratings) == EXPECTED


def test_decimal_commas(tmp_path):
    text = "user;item;rating\n1;2;3,5\n2;3;4\n"
    assert read(tmp_path, text).rating.tolist() == [3.5, 4]
    assert "decimal commas" in read(tmp_path, text).notes[0]
    assert "rating is '3,5'" in failure(tmp_path / "t.csv", ReadOptions(decimal="."))


def test_quotes_and_newlines_within_them_however_large_the_file(tmp_path):
    rows = [
        f'u{n % 900},"i, {n // 900}",{n % 5 + 1},"good; very, ""good""\nreally {"x" * (n % 300)}"'
        for n in range(90_000)
    ]
    ratings = read(tmp_path, "user,item,rating,review\n" + "\n".join(rows) + "\n")
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == (900, 100, 90_000)
    assert ratings.item_ids[0] == "i, 0"
    (tmp_path / "t.csv").write_text("user,item,rating,review\n" + "\n".join(rows) + "\nu,i\n")
    assert "t.csv: row 180002: 'u,i': 2 columns of 4" in failure(tmp_path / "t.csv")


def test_escaped_quotes(tmp_path):
    text = '"User-ID";"ISBN";"Book-Rating"\n"1";"05216\\"x";"5"\n"2";"03454";"3"\n'
    assert read(tmp_path, text).item_ids.tolist() == ["03454", '05216"x']


def test_a_column_of_stray_quotes(tmp_path):
    text = 'user\titem\trating\na\t5" disc\t5\nb\t"x\t3\nc\ty\t1\n'
    assert '"x' in read(tmp_path, text, "t.tsv", quote="none").item_ids.tolist()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32"])
def test_encodings_are_found_or_said(encoding, tmp_path):
    text = "user,item,rating\nJosé,1,3\nÀna,2,4\n"
    options = {"encoding": encoding} if encoding == "utf-16-le" else {}
    ratings = read(tmp_path, text.encode(encoding), **options)
    assert ratings.user_ids.tolist() == ["José", "Àna"]
    assert ("not UTF-8: read as Windows-1252, see `encoding`" in ratings.notes) == (encoding in ("latin-1", "cp1252"))


def test_lines_that_end_in_two_ways(tmp_path):
    assert triples(read(tmp_path, CSV.replace("\n", "\r\n", 3))) == EXPECTED
    assert triples(read(tmp_path, CSV.replace("\n", "\r"))) == EXPECTED


def packed(kind: str, data: bytes) -> bytes:
    if kind == "zip":
        with zipfile.ZipFile(into := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("t.csv", data)
        return into.getvalue()
    how = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    return how[kind](data) if kind in how else pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst", "zip"])
def test_packed_files(kind, tmp_path):
    data = packed(kind, CSV.encode())
    for name in (f"t.csv.{kind}", "t.csv"):  # by its first bytes, whatever its name
        ratings = read(tmp_path, data, name)
        assert triples(ratings) == EXPECTED
        assert ratings.name == "t"
        assert triples(read(tmp_path, data, name, compression={"gz": "gzip"}.get(kind, kind))) == EXPECTED
    (tmp_path / "cut").mkdir()
    path = tmp_path / "cut" / f"t.csv.{kind}"
    path.write_bytes(packed(kind, os.urandom(50_000))[:-200])
    assert str(path) in failure(path)
    path.write_bytes(packed(kind, CSV.encode() + b"1,2,x,4\n"))
    message = failure(path)
    within = "t.csv: " if kind == "zip" else ""
    assert message.startswith(f"{path}: {within}row 7: rating is 'x'")
    assert "/tmp" not in message.replace(str(tmp_path), "")


def zipped(path: Path, files: dict[str, str]) -> str:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return str(path)


@pytest.mark.parametrize("name", ["ml100k", "ml1m", "ml10m", "ml_latest_small", "netflix", "myanimelist", "filmtrust"])
def test_a_release_as_downloaded(name, tmp_path):
    more = {"__MACOSX/._x": "x", f"{next(iter(RELEASES[name].files)).partition('/')[0]}/README.txt": "read me"}
    path = zipped(tmp_path / "release.zip", RELEASES[name].files | more)
    ratings = load_ratings(path)
    expected = {(u, i, float(r)) for (u, i, _, _), r in zip(ROWS, RELEASES[name].ratings, strict=True)}
    assert triples(ratings) == expected
    assert tuple(sorted(ratings.demographics)) == RELEASES[name].demographics
    assert triples(load_ratings(name, ReadOptions(source_path=path))) == expected


def test_nothing_leaves_an_archive_and_no_bomb_bursts(tmp_path):
    for name in ("../evil.csv", "/evil.csv", "a/../../evil.csv"):
        assert "points out of it" in failure(zipped(tmp_path / "t.zip", {name: CSV}))
    assert not (tmp_path.parent / "evil.csv").exists()
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"1,1,1\n" * (1 << 26)))
    assert "unpacks to more than 300 times its size" in failure(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv.gz").unlink()
    assert "0 files in it" in failure(zipped(tmp_path / "t.zip", {}))


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".jsonl"])
def test_a_folder_of_parts_of_one_table(suffix, tmp_path):
    whole = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"])
    for part in range(2):
        path, rows = tmp_path / f"part-0000{part}-3f1c-c000{suffix}", whole.iloc[part::2]
        if suffix == ".parquet":
            rows.to_parquet(path)
        elif suffix == ".jsonl":
            rows.to_json(path, orient="records", lines=True)
        else:
            rows.to_csv(path, index=False)
    (tmp_path / "_SUCCESS").write_text("")
    if suffix != ".parquet":  # an empty partition
        (tmp_path / f"part-00002-3f1c-c000{suffix}").write_bytes(gzip.compress(b"") if suffix == ".csv.gz" else b"")
    (tmp_path / ".part-00000.crc").write_bytes(b"\0")
    assert triples(load_ratings(str(tmp_path))) == EXPECTED
    if suffix == ".csv":
        (tmp_path / "items.csv").write_text("item,title\n1,x\n")
        assert "tables" in failure(tmp_path)


def test_standard_input_and_a_pipe(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    code = (
        "import sys; from ganrs_jax.data.sources import load_ratings; "
        "print(load_ratings(sys.argv[1]).num_ratings, *load_ratings(sys.argv[2]).user_ids)"
    )
    line = 'cat t.csv.gz | "$0" -c "$1" - <(zcat t.csv.gz)'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable, code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("5 1 2 3\n", "")


@pytest.mark.parametrize("lines_", [True, False])
def test_json(lines_, tmp_path):
    table = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"]).assign(nested=[{"a": 1}] * len(ROWS))
    table.to_json(tmp_path / "t.json", orient="records", lines=lines_)
    assert triples(load_ratings(str(tmp_path / "t.json"))) == EXPECTED
    text = '{"user": "007", "item": 12345678901234567890, "rating": 5}\n{"user": 7, "item": 1, "rating": null}\n'
    (tmp_path / "t.json").write_text(text)
    assert "t.json: object 2: rating is empty" in failure(tmp_path / "t.json")
    text = text.replace("null", "4")
    assert read(tmp_path, text, "t.json").user_ids.tolist() == ["007", "7"]
    assert read(tmp_path, text, "t.json").item_ids.tolist() == ["1", "12345678901234567890"]
    (tmp_path / "t.json").write_text('{"user": 1, "item": 2, "rating": 3}\n{"user": 1, "item":\n')
    assert "not a JSON object" in failure(tmp_path / "t.json")


def columns_of_every_type() -> dict[str, pa.Array]:
    users, items = [row[0] for row in ROWS], [row[1] for row in ROWS]
    text = pa.array([f"u{user}" for user in users])
    return {
        "categorical": text.dictionary_encode(),
        "large_string": text.cast(pa.large_string()),
        "string_view": text.cast(pa.string_view()),
        "binary": text.cast(pa.binary()),
        "decimal": pa.array(users, pa.int64()).cast(pa.decimal128(25, 0)),
        "uint64": pa.array([user + 2**63 for user in users], pa.uint64()),
        "negative": pa.array([-user for user in users]),
        "int8": pa.array(users, pa.int8()),
        "float": pa.array(users, pa.float64()),
        "items": pa.array(items, pa.int32()),
    }


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
@pytest.mark.parametrize("kind", sorted(set(columns_of_every_type()) - {"items"}))
def test_ids_of_every_type_of_arrow(suffix, kind, tmp_path):
    columns = columns_of_every_type()
    table = pa.table(
        {
            "user": columns[kind],
            "item": columns["items"],
            "rating": pa.array([row[2] for row in ROWS]).cast(pa.decimal128(21, 1)),
            "timestamp": pa.array([row[3] for row in ROWS]).cast(pa.timestamp("s", "UTC")),
        }
    )
    path = tmp_path / f"t{suffix}"
    pq.write_table(table, path) if suffix == ".parquet" else pa.feather.write_feather(table, str(path))
    ratings = load_ratings(path)
    of_user = dict(zip([row[0] for row in ROWS], columns[kind].to_pylist(), strict=True))
    said = {user: value.decode() if isinstance(value, bytes) else value for user, value in of_user.items()}
    names = {user: (int(v) if kind in ("decimal", "int8", "float") else str(v)) for user, v in said.items()}
    assert triples(ratings) == {(names[user], item, rating) for user, item, rating in EXPECTED}
    assert ratings.timestamp.tolist() == [row[3] for row in ROWS]


def test_nullable_columns_of_a_data_frame():
    frame = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"]).astype(
        {"user": "Int64", "rating": "Float32"}
    )
    assert triples(load_ratings(frame)) == EXPECTED
    frame.loc[1, "user"] = pd.NA
    assert "DataFrame: row 1: user is empty" in failure(frame)
    assert load_ratings(frame, ReadOptions(missing="drop")).num_ratings == 4


def test_bad_rows_go_if_that_is_asked_for_and_are_told(tmp_path):
    text = "user,item,rating\n1,1,4\n2,1\n1,2,good\n2,2,5,6\n2,2,3\n"
    ratings = read(tmp_path, text, bad_rows="drop")
    assert triples(ratings) == {(1, 1, 4.0), (2, 2, 3.0)}
    assert "2 lines that are no rows dropped: row 3, row 5" in ratings.notes
    assert "1 rows with unreadable fields dropped: row 4" in ratings.notes


def test_lines_that_are_no_text_are_dropped_in_every_scan(tmp_path):
    text = b"user,item,rating,time\n1,10,4,\xe2\x82\n2,20,5,9\n3,10,3,7\n1,20,\xef\xbb,8\n4,10,2,soon\n"
    ratings = read(tmp_path, text, missing="drop", bad_rows="drop")
    assert triples(ratings) == {(2, 20, 5.0), (3, 10, 3.0)}


def test_a_strange_name_of_a_column_is_shown_as_one_may(tmp_path):
    (tmp_path / "t.csv").write_text("user,item,\x1b[31mrating,time\n1,1,x,9\n")
    assert failure(tmp_path / "t.csv", ReadOptions(rating_column="\x1b[31mrating")).isprintable()


def test_text_may_be_asked_for(tmp_path):
    assert read(tmp_path, CSV, ids="text").user_ids.tolist() == ["1", "2", "3"]


def test_an_empty_standard_input_is_named(monkeypatch):
    ends = os.pipe()
    os.close(ends[1])
    with os.fdopen(ends[0]) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(InputError, match=r"^standard input: the file is empty"):
            load_ratings("-")


PARTS = {  # of one table by name, and not by type or by how they are written
    "numbers and fractions": ("parquet", [{"rating": [5, 3]}, {"rating": [1.5, 2.5]}], [5, 3, 1.5, 2.5]),
    "feather, likewise": ("feather", [{"rating": [5, 3]}, {"rating": [1.5, 2.5]}], [5, 3, 1.5, 2.5]),
    "numbers and text": (
        "parquet",
        [{"user": [7, 8]}, {"user": ["007", "9"]}],
        "part-1.parquet: columns of other types",
    ),
    "a title above one": (
        "csv",
        ["# as of today\nuser,item,rating\na,1,5\n", "user,item,rating\nb,2,2\n"],
        "part-1.csv: row 1",
    ),
    "another separator": ("csv", ["user,item,rating\na,1,5\n", "user;item;rating\nb;2;2\n"], "part-1.csv: row 1"),
}


@pytest.mark.parametrize("case", PARTS)
def test_parts_that_differ_are_read_right_or_refused(case, tmp_path):
    kind, parts, expected = PARTS[case]
    for number, part in enumerate(parts):
        path = tmp_path / f"part-{number}.{kind}"
        if isinstance(part, str):
            path.write_text(part)
        else:
            columns = {"user": [1, 2], "item": [number, number + 1], "rating": [4, 5]} | part
            getattr(pd.DataFrame(columns), f"to_{kind}")(path)
    if isinstance(expected, str):
        assert expected in failure(tmp_path)
    else:
        assert load_ratings(str(tmp_path)).rating.tolist() == expected


def test_apostrophes_are_quotes_only_where_they_stand_around_fields(tmp_path):
    rows = "user,item,rating\nu1,{},5\nu1,{},3\nu2,{},2\nu2,{},1\n"
    names = "'Til Dawn", "Rockin'", "'Til Dawn", "Rockin'"
    assert set(read(tmp_path, rows.format(*names)).item_ids) == set(names)
    quoted = rows.replace("u1", "'u1'").replace("u2", "'u2'").format(*["'Til, Dawn'", "'Rockin'"] * 2)
    ratings = read(tmp_path, quoted)
    assert set(ratings.item_ids) == {"Til, Dawn", "Rockin"}
    assert "quotes '" in ratings.notes[0]


def test_a_stray_quote_swallows_no_rows_unsaid(tmp_path):
    tail = "".join(f"u{n}\ti{n % 7}\t{n % 5}\n" for n in range(30))
    text = 'user\titem\trating\nu0\t"x\t3\n' + tail
    ratings = read(tmp_path, text + 'u1\ty"\t3\n' + tail.replace("u", "w"), "t.tsv")
    assert "1 rows go over several lines" in ratings.notes[-1]
    assert "row 2 to 33; `quote=none`" in ratings.notes[-1]
    assert read(tmp_path, text, "t.tsv", quote="none").num_ratings == 31
    ratings = read(tmp_path, "user\titem\trating\n" + tail + 'u0\t"x\t3\n' + tail, "t.tsv", bad_rows="drop")
    assert "31 lines that are no rows dropped: row 32 to 62" in ratings.notes


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "feather"])
def test_an_id_may_go_over_a_line_end(kind, tmp_path):
    frame = pd.DataFrame({"user": ["a\nb", "c"], "item": ["x", "y\n"], "rating": [1, 2]})
    path = tmp_path / f"t.{kind}"
    how = {"csv": {"index": False}, "json": {"orient": "records"}}
    getattr(frame, f"to_{kind}")(path, **how.get(kind, {}))
    for source in (frame, str(path)):
        assert triples(load_ratings(source)) == {("a\nb", "x", 1), ("c", "y\n", 2)}


def test_a_name_is_no_pattern_and_a_folder_no_column(tmp_path):
    for name in ("r[1].csv", "user=5/r*.csv", "c0=7/r?.csv"):
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_text(CSV)
        (path.parent / "r1.csv").write_text("user,item,rating\n8,8,1\n9,9,2\n")
        assert triples(load_ratings(str(path))) == EXPECTED


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        ("1577836800.4", "1577836800.1", 1577836800.4),
        ("9999-12-31", "2020-01-01", 253402214400),
        ("9999-12-31T00:00:00.5", "2020-01-01", 253402214400.5),
        ("9999999999.5", "10.0", 9999999999.5),
    ],
)
def test_the_later_time_wins_in_any_century(first, second, seconds, tmp_path):
    filler = second.partition(".")[0] + "\n"
    rows = f"1,1,5,{first}\n1,1,1,{second}\n2,2,3,{filler}3,2,4,{filler}"
    ratings = read(tmp_path, "user,item,rating,timestamp\n" + rows)
    assert ratings.rating[0] == 5
    assert ratings.timestamp[0] == seconds


def test_times_in_two_units_and_days_with_times_are_asked_for(tmp_path):
    rows = "user,item,rating,timestamp\n1,1,5,{}\n1,2,1,{}\n2,2,3,{}\n"
    (tmp_path / "t.csv").write_text(rows.format(1577836900, 1577836800000, 1577836800))
    assert "centuries apart" in failure(tmp_path / "t.csv")
    days = rows.format(20200102030405, 20200102030406, 20200102030407)
    (tmp_path / "t.csv").write_text(days)
    assert "`time_format=%Y%m%d%H%M%S`" in failure(tmp_path / "t.csv")
    assert read(tmp_path, days, time_format="%Y%m%d%H%M%S").timestamp.tolist() == [1577934245, 1577934246, 1577934247]
    (tmp_path / "t.csv").write_text(rows.format("2020-01-01", "2020-01-02", "2020-01-03"))
    assert "`time_format='%Q'`" in failure(tmp_path / "t.csv", ReadOptions(time_format="%Q"))


def test_an_empty_time_is_missing_in_every_format(tmp_path):
    frame = pd.DataFrame({"user": [1, 2, 1], "item": [1, 2, 3], "rating": [5, 3, 2], "timestamp": [None, 9, 8]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for source in (frame, *(str(tmp_path / f"t.{kind}") for kind in ("csv", "parquet", "jsonl"))):
        ratings = load_ratings(source, ReadOptions(missing="drop"))
        assert triples(ratings) == {(2, 2, 3), (1, 3, 2)}


def test_files_about_a_table_are_none(tmp_path):
    for name, files in {
        "a.zip": {"my.csv": CSV, "README.txt": "read me", "meta.json": "{}"},
        "b.zip": {"README.md": "read me", "d/my.csv": CSV},
    }.items():
        assert triples(load_ratings(zipped(tmp_path / name, files))) == EXPECTED
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as file:
        file.writestr("t.csv.gz", gzip.compress(CSV.encode()))
    assert triples(load_ratings(str(tmp_path / "c.zip"))) == EXPECTED
    (folder := tmp_path / "hadoop").mkdir()
    (folder / "part-00000").write_text(CSV.partition("\n")[2])
    (folder / "_SUCCESS").write_text("")
    assert triples(load_ratings(str(folder), ReadOptions(columns="user,item,rating,timestamp"))) == EXPECTED


def test_columns_that_are_not_needed_stand_in_nobodys_way():
    frame = pd.DataFrame(
        {"user": [7, "007", 2**70], "item": [1.0, 2.0, 1.0], "rating": [1, 2, 3], "note": [{}, 3j, None]}
    )
    assert load_ratings(frame).user_ids.tolist() == ["007", "1180591620717411303424", "7"]
    unnamed = pd.DataFrame([[1, 2, 3], [2, 3, 4]])
    assert load_ratings(unnamed, ReadOptions(columns="user,item,rating")).item_ids.tolist() == [2, 3]
    people = frame.assign(user=[1.0, 1.0, 2.0], gender=["F", "F", "NA"], age=["20", "20", "NA"])
    found = load_ratings(people).demographics
    assert (found["gender"].tolist(), found["age"].tolist()) == (["F", ""], [20, -1])


def test_lines_above_a_table_may_have_commas(tmp_path):
    assert triples(read(tmp_path, "# exported\n# by, me, today\n" + CSV)) == EXPECTED
    ratings = read(
        tmp_path,
        "%%MatrixMarket matrix coordinate real general\n% users\n1 2 5\n2 3 4\n",
        "t.mtx.txt",
        columns="user,item,rating",
    )
    assert triples(ratings) == {(1, 2, 5), (2, 3, 4)}
    text = "1::10::5::Action|Drama|War|X\n2::11::4::Action|Drama|War|X\n"
    assert read(tmp_path, text, columns="user,item,rating,-").item_ids.tolist() == [10, 11]


def test_lines_that_are_no_json_are_named_or_dropped_and_counted(tmp_path):
    text = '\ufeff{"user": 1, "item": 2, "rating": 3}\n{"user": 1, "it\n{"user": 2, "item": 3, "rating": 1}\n'
    (tmp_path / "t.jsonl").write_text(text, encoding="utf-8")
    assert 't.jsonl: row 2 is \'{"user": 1, "it\'' in failure(tmp_path / "t.jsonl")
    ratings = load_ratings(str(tmp_path / "t.jsonl"), ReadOptions(bad_rows="drop"))
    assert triples(ratings) == {(1, 2, 3), (2, 3, 1)}
    assert "1 lines that are no objects dropped" in ratings.notes


def test_a_highest_rating_apart_from_the_others_is_warned_of(tmp_path):
    rows = "".join(f"{u},{i},{1 + (u + i) % 5}\n" for u in range(5) for i in range(5)) + "1,9,99\n"
    assert "rating 99 is apart" in read(tmp_path, "user,item,rating\n" + rows).notes[-1]
    assert read(tmp_path, "user,item,rating\n" + rows, unrated="99").scale == Scale(1, 5)


def test_a_rating_is_no_header_of_a_movie_and_no_remark(tmp_path):
    path = tmp_path / "combined_data_1.txt"
    path.write_text("1:\n10,3,2005-01-01\n11,,\n12,4,2005-01-01\n2:\n10,5,2005-01-02\n")
    assert "row 3: rating is empty" in failure(path)
    path.write_text("a:\n#c,3,2005-01-01\nd,4,2005-01-01\nb:\n#c,5,2005-01-01\n")
    assert triples(load_ratings(str(path))) == {("#c", "a", 3), ("d", "a", 4), ("#c", "b", 5)}
    path.write_text("1:\n10,3,2005-01-01 \n11,4,soon\n2:\n10,5,2005-01-02\n")
    assert triples(load_ratings(str(path), ReadOptions(timestamp_column="none"))) == {
        (10, 1, 3),
        (11, 1, 4),
        (10, 2, 5),
    }
    text = "#a\tx\t1\t5\nb\ty\t2\t6\n#a\ty\t4\t6\n"
    assert triples(read(tmp_path, text, "u.data")) == {("#a", "x", 1), ("b", "y", 2), ("#a", "y", 4)}


def test_parts_of_the_netflix_layout_begin_as_they_like(tmp_path):
    parts = ["1:\n007,5,2005-01-01\n8,4,2005-01-01\n", "2:\n3:\n\n007,3,2005-01-01\n", "", "4:\n"]
    for number, part in enumerate(parts, 1):
        (tmp_path / f"mv_{number}.txt").write_text(part)
    assert triples(load_ratings(str(tmp_path))) == {("007", 1, 5), ("8", 1, 4), ("007", 3, 3)}


def test_a_key_of_json_may_come_late(tmp_path):
    first = "".join(f'{{"user": {n}, "item": {n % 9}, "rating": {n % 5}}}\n' for n in range(20_500))
    (tmp_path / "t.jsonl").write_text(first + '{"user": 1, "item": "z", "rating": 5, "timestamp": 9}\n')
    assert "timestamp is empty" in failure(tmp_path / "t.jsonl")


def test_rows_of_several_lines_are_told(tmp_path):
    rows = 'u1\ti1\t"Heroes\t5\nu2\ti2\tx\t4\nu3\ti3\tLow"\t3\nu4\ti4\ty\t2\n'
    ratings = read(tmp_path, "user\titem\ttitle\trating\n" + rows, "t.tsv")
    assert "1 rows go over several lines" in ratings.notes[-1]
    assert "row 2 to 4" in ratings.notes[-1]


def test_names_in_the_header_tell_the_separator(tmp_path):
    assert read(tmp_path, "user\titem\trating\nu1\ta,b,c,d\t1\nu2\te,f,g,h\t2\n", "t.tsv").num_ratings == 2
    assert read(tmp_path, CSV, "ratings.dat").num_ratings == len(ROWS)


def test_a_fraction_of_a_second_may_come_late_and_is_kept(tmp_path):
    rows = "".join(f"{n},{n % 7},{n % 5},{1577836800 + n}\n" for n in range(1500)) + "7,9,1,1577836800.25\n"
    ratings = read(tmp_path, "user,item,rating,timestamp\n" + rows)
    assert ratings.timestamp[-1] == 1577836800.25
    assert ratings.timestamp[1400] == 1577836800 + 1400


def test_an_escape_may_come_late(tmp_path):
    text = "".join(f'"{n}";"{n % 9}";"{n % 5}"\n' for n in range(60_000)) + '"7";"a\\"b";"4"\n'
    assert read(tmp_path, '"user";"item";"rating"\n' + text).item_ids[-1] == 'a"b'


def test_columns_of_a_frame_of_one_name_and_of_other_kinds():
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "rating": [1, 2]})
    with pytest.raises(InputError, match="'rating' and 'rating' may both hold the ratings"):
        load_ratings(pd.concat([frame, frame[["rating"]]], axis=1))
    assert load_ratings(frame.assign(rating=[1, "2"], user=[1.5, "a"])).rating.tolist() == [1, 2]
    months = frame.assign(timestamp=pd.PeriodIndex(["2020-01", "2020-02"], freq="M"))
    assert load_ratings(months).timestamp.tolist() == [1577836800, 1580515200]


def test_a_table_of_people_of_another_shape_is_left_out(tmp_path):
    (tmp_path / "ratings.dat").write_text(
        "1::0114508::8::1381006850\n2::0114508::7::1381006851\n1::0114509::7::1381006851\n"
    )
    (tmp_path / "users.dat").write_text("1::139564917\n")
    ratings = load_ratings(str(tmp_path))
    assert ratings.item_ids.tolist() == ["0114508", "0114509"]
    assert "demographics are left out" in ratings.notes[-1]
