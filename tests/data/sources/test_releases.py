"""Every registered source is read from its published layout, and gives the ratings that were written."""

import os
import re

import numpy as np
import pytest

from ganrs_jax.data.ratings import Scale, digest
from ganrs_jax.data.sources import SOURCES, ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.releases import ANIME, HALVES, RELEASES, ROWS, Release, lines, triples

SCALES = {
    "ml100k": Scale(1, 5),
    "ml1m": Scale(1, 5),
    "netflix": Scale(1, 5),
    "myanimelist": Scale(1, 10),
    "filmtrust": Scale(0.5, 4, 0.5),
}


def test_every_source_has_a_fixture():
    assert set(RELEASES) == {name for name, source in SOURCES.items() if source.make is None}


def test_every_key_is_the_name_of_its_source():
    assert all(name == source.name for name, source in SOURCES.items())


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_release_is_read_from_the_data_folder(name, line_end, data_dir):
    release = RELEASES[name]
    files = {path: text.replace("\n", line_end) for path, text in release.files.items()}
    Release(files).write(data_dir)
    ratings = load_ratings(name, ReadOptions(download=False))
    expected = {(u, i, float(r)) for (u, i, _, _), r in zip(ROWS, release.ratings, strict=True)}
    assert triples(ratings) == expected
    assert ratings.name == name
    assert ratings.scale == SCALES.get(name, Scale(0.5, 5, 0.5))
    assert tuple(sorted(ratings.demographics)) == release.demographics
    assert (ratings.user.dtype, ratings.item.dtype, ratings.rating.dtype) == (np.int32, np.int32, np.float32)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ml-100k", "ml100k"),
        ("ML-1M", "ml1m"),
        ("ml-10m", "ml10m"),
        ("ml-20m", "ml20m"),
        ("ml-25m", "ml25m"),
        ("ml-32m", "ml32m"),
        ("ml-latest", "ml_latest"),
        ("ml-latest-small", "ml_latest_small"),
    ],
)
def test_grouplens_own_names_are_known(written, name, data_dir):
    RELEASES[name].write(data_dir)
    ratings = load_ratings(written, ReadOptions(download=False))
    assert ratings.name == name
    assert digest(ratings) == digest(load_ratings(name, ReadOptions(download=False)))


@pytest.mark.parametrize("name", ["1m", "latest", "ml", "ml-3m"])
def test_a_name_that_is_only_like_grouplens_own_is_refused(name, data_dir):
    with pytest.raises(InputError, match="no such file, folder or source"):
        load_ratings(name, ReadOptions(download=False))


@pytest.mark.parametrize("name", sorted(set(RELEASES) - {"myanimelist", "filmtrust"}))
def test_times_are_seconds_in_the_order_of_the_rows(name, data_dir):
    RELEASES[name].write(data_dir)
    ratings = load_ratings(name)
    pairs = zip(ratings.user_ids[ratings.user], ratings.item_ids[ratings.item], strict=True)
    time = dict(zip(pairs, ratings.timestamp.tolist(), strict=True))
    assert time == {(user, item): seconds for user, item, _, seconds in ROWS}
    assert ratings.timestamp.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "gender", "age"), [("ml100k", ["M", "F", "M"], [24, 53, 23]), ("ml1m", ["M", "F", "M"], [25, 50, 1])]
)
def test_demographics_belong_to_their_users(name, gender, age, data_dir):
    RELEASES[name].write(data_dir)
    ratings = load_ratings(name)
    assert ratings.demographics["gender"].tolist() == gender
    assert ratings.demographics["age"].tolist() == age


def test_users_without_demographics_are_unknown(data_dir):
    files = {"u.data": lines("{}\t{}\t{}\t{}"), "u.user": "2|53|F|other|94043\n9|1|M|x|1\n"}
    Release(files).write(data_dir)
    ratings = load_ratings("ml100k")
    assert ratings.demographics["gender"].tolist() == ["", "F", ""]
    assert ratings.demographics["age"].tolist() == [-1, 53, -1]


def test_rows_that_are_not_rated_are_dropped_and_noted(data_dir):
    RELEASES["myanimelist"].write(data_dir)
    notes = load_ratings("myanimelist").notes
    assert notes == ("1 rows of rating -1 (not rated) dropped",)


@pytest.mark.parametrize("header", ["", "user_id;anime_id;rating\n", '"user_id";"anime_id";"rating"\n'])
@pytest.mark.parametrize("how", ["name", "path"])
def test_the_semicolon_variant_of_myanimelist(header, how, tmp_path):
    path = tmp_path / "rating.csv"
    path.write_text(lines("{};{};{}", ANIME, header))
    if how == "path" and not header:  # as much as anybody's table
        with pytest.raises(InputError, match="names no columns that are known"):
            load_ratings(str(path))
        return
    ratings = (
        load_ratings("myanimelist", ReadOptions(source_path=str(path))) if how == "name" else load_ratings(str(path))
    )
    assert triples(ratings) == {(u, i, float(r)) for u, i, r, _ in ROWS}
    assert ratings.scale == Scale(1, 10)


def test_netflix_of_one_file_a_movie_equals_the_combined_files(tmp_path):
    RELEASES["netflix"].write(tmp_path)
    combined = load_ratings("netflix", ReadOptions(source_path=str(tmp_path)))
    text = "".join((tmp_path / "netflix" / f"combined_data_{n}.txt").read_text() for n in (1, 2))
    split = re.findall(r"(\d+):\n([^:]*\n|[^:]*$)(?=\d+:|$)", text)
    folder = tmp_path / "one" / "training_set"
    folder.mkdir(parents=True)
    for movie, rows in split:
        (folder / f"mv_{int(movie):07d}.txt").write_text(f"{movie}:\n{rows}")
    assert len(split) == 3
    for options in (ReadOptions(source_path=str(tmp_path / "one")), ReadOptions(source_path=str(folder))):
        assert digest(load_ratings("netflix", options)) == digest(combined)


def test_netflix_blocks_join_without_a_seam(monkeypatch, tmp_path):
    from ganrs_jax.data.sources import netflix

    rng = np.random.default_rng(0)
    text, expected = "", set()
    for movie in (5, 9, 2):
        text += f"{movie}:\n"
        for user in rng.choice(500, 120, replace=False):
            rating = int(rng.integers(1, 6))
            text += f"{user},{rating},2005-09-06\n"
            expected.add((int(user), movie, float(rating)))
    (tmp_path / "combined_data_1.txt").write_text(text)
    monkeypatch.setattr(netflix, "_BLOCK", 100)
    assert triples(load_ratings(str(tmp_path))) == expected


def test_netflix_holds_any_ids_and_its_bad_lines_may_go(monkeypatch, tmp_path):
    from ganrs_jax.data.sources import netflix

    path = tmp_path / "combined_data_1.txt"
    path.write_bytes(
        b"tt1:\r\nu1,4,2005-09-06\r\n007,5,2005-09-07\r\n\r\n7,3,2005-09-07\r\n9:\r\n4294967296,2,2005-09-08"
    )
    expected = {("u1", "tt1", 4.0), ("007", "tt1", 5.0), ("7", "tt1", 3.0), ("4294967296", "9", 2.0)}
    for block in (netflix._BLOCK, 40):
        monkeypatch.setattr(netflix, "_BLOCK", block)
        ratings = load_ratings(str(tmp_path))
        assert triples(ratings) == expected
        assert ratings.timestamp.tolist() == [1125964800, 1126051200, 1126051200, 1126137600]
    for first in ("007", "+7", "7"):  # at the start of a block, and later
        text = f"1:\n{first},5,2005-09-06\n77,4,2005-09-06\n{first},3,2005-09-06\n".replace("77,4", "2:\n77,4")
        path.write_text(text)
        for block in (1 << 20, 22):
            monkeypatch.setattr(netflix, "_BLOCK", block)
            assert first in load_ratings(str(path)).user_ids.astype(str)
    path.write_text("1:\n5,4,2005-09-06\n7,,2005-09-07\n8,1\n2:\n4294967296,3,2005-09-07\n5,3,soon\n")
    ratings = load_ratings(str(path), ReadOptions(missing="drop", bad_rows="drop"))
    assert triples(ratings) == {(5, 1, 4.0), (4294967296, 2, 3.0)}
    assert [note.rpartition(": ")[2] for note in ratings.notes] == ["row 4", "row 3", "row 7"]


def test_netflix_star_is_a_seeded_part(data_dir):
    RELEASES["netflix"].write(data_dir)
    options = ReadOptions(max_users=2, min_user_ratings=1, source_seed=4)
    part = load_ratings("netflix", options)
    assert part.num_users == 2
    assert digest(part) == digest(load_ratings("netflix", options))


PATHS = {
    "u.data": lines("{}\t{}\t{}\t{}"),
    "ratings.dat": lines("{}::{}::{}::{}"),
    "export.csv": lines("{},{},{},{}", ROWS, "userId,movieId,rating,timestamp\n"),
    "anime.csv": lines("{},{},{}", ANIME, "user_id,anime_id,rating\n"),
    "netflix.txt": "10:\n1,4,2005-09-06\n2,1,2005-09-06\n20:\n1,5,2005-09-06\n3,2,2005-09-06\n30:\n2,3,2005-09-06\n",
    "table.csv": lines("{},{},{}", ROWS, "user_id,item_id,rating\n"),
    "table.tsv": lines("{}\t{}\t{}\t{}", ROWS, "user_id\titem_id\trating\ttimestamp\n"),
    "table.txt": lines("{};{};{};{}", ROWS, "user_id;item_id;rating;when\n"),
    "bom.csv": "\ufeff" + lines("{},{},{}", ROWS, "user_id,item_id,rating\n"),
    "blank.csv": "\n" + lines("{},{},{}\n", ROWS, "user_id,item_id,rating\n"),
}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("how", ["file", "folder"])
def test_a_path_is_recognised(name, how, tmp_path):
    (tmp_path / name).write_text(PATHS[name])
    ratings = load_ratings(str(tmp_path / name if how == "file" else tmp_path))
    assert triples(ratings) == {(u, i, float(r)) for u, i, r, _ in ROWS}
    assert ratings.name == (tmp_path / name).stem


def test_halves_are_found_in_ratings_dat(tmp_path):
    (tmp_path / "ratings.dat").write_text(lines("{}::{}::{}::{}", HALVES))
    assert load_ratings(str(tmp_path)).scale == Scale(0.5, 4.5, 1.0)
    assert load_ratings(str(tmp_path), ReadOptions(scale="0.5:5:0.5")).scale == Scale(0.5, 5, 0.5)


REAL = {
    "ml100k": (943, 1682, 100_000),
    "ml1m": (6040, 3706, 1_000_209),
    "myanimelist": (4714, 7157, 419_943),
    "netflix": (800, 1336, 94_931),
}
REAL_DIR = os.environ.get("GANRS_DATA_DIR", "")


@pytest.mark.skipif(not REAL_DIR, reason="GANRS_DATA_DIR is not set")
@pytest.mark.parametrize("name", REAL)
def test_real_data(name):
    ratings = load_ratings(name, ReadOptions(data_dir=REAL_DIR, download=False))
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == REAL[name]
    assert ratings.scale == SCALES[name]
    assert ratings.notes == ()
    if name.startswith("ml"):
        assert set(np.unique(ratings.demographics["gender"])) == {"F", "M"}
        assert ratings.demographics["age"].min() >= 1


@pytest.mark.skipif(not REAL_DIR, reason="GANRS_DATA_DIR is not set")
def test_published_synthetic_data_repeats_pairs():
    path = os.path.join(REAL_DIR, "published_ganrs_ml100k_1000x4000.parquet")
    ratings = load_ratings(path)
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == (1000, 4000, 246_391 - 65_076)
    assert "65076 repeated (user, item) pairs dropped" in ratings.notes[0]
