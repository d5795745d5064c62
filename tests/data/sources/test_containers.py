"""What tables come in: packed, in archives, in parts, from a pipe, as JSON, Arrow or data frames."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.everyday import CSV, EXPECTED, read
from tests.data.sources.refused import failure
from tests.data.sources.releases import RELEASES, ROWS, triples

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32"])
def test_encodings_are_found_or_said(encoding, tmp_path):
    text = "user,item,rating\nJosé,1,3\nÀna,2,4\n"
    options = {"encoding": encoding} if encoding == "utf-16-le" else {}
    ratings = read(tmp_path, text.encode(encoding), **options)
    assert ratings.user_ids.tolist() == ["José", "Àna"]
    assert ("not UTF-8: read as Windows-1252, see `encoding`" in ratings.notes) == (encoding in ("latin-1", "cp1252"))


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


def test_a_name_is_no_pattern_and_a_folder_no_column(tmp_path):
    for name in ("r[1].csv", "user=5/r*.csv", "c0=7/r?.csv"):
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_text(CSV)
        (path.parent / "r1.csv").write_text("user,item,rating\n8,8,1\n9,9,2\n")
        assert triples(load_ratings(str(path))) == EXPECTED


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


def test_lines_that_are_no_json_are_named_or_dropped_and_counted(tmp_path):
    text = '\ufeff{"user": 1, "item": 2, "rating": 3}\n{"user": 1, "it\n{"user": 2, "item": 3, "rating": 1}\n'
    (tmp_path / "t.jsonl").write_text(text, encoding="utf-8")
    assert 't.jsonl: row 2 is \'{"user": 1, "it\'' in failure(tmp_path / "t.jsonl")
    ratings = load_ratings(str(tmp_path / "t.jsonl"), ReadOptions(bad_rows="drop"))
    assert triples(ratings) == {(1, 2, 3), (2, 3, 1)}
    assert "1 lines that are no objects dropped" in ratings.notes


def test_parts_of_the_netflix_layout_begin_as_they_like(tmp_path):
    parts = ["1:\n007,5,2005-01-01\n8,4,2005-01-01\n", "2:\n3:\n\n007,3,2005-01-01\n", "", "4:\n"]
    for number, part in enumerate(parts, 1):
        (tmp_path / f"mv_{number}.txt").write_text(part)
    assert triples(load_ratings(str(tmp_path))) == {("007", 1, 5), ("8", 1, 4), ("007", 3, 3)}


def test_a_key_of_json_may_come_late(tmp_path):
    first = "".join(f'{{"user": {n}, "item": {n % 9}, "rating": {n % 5}}}\n' for n in range(20_500))
    (tmp_path / "t.jsonl").write_text(first + '{"user": 1, "item": "z", "rating": 5, "timestamp": 9}\n')
    assert "timestamp is empty" in failure(tmp_path / "t.jsonl")


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
