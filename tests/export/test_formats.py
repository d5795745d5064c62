"""Every format is read back by this project's reader, is the same bytes twice, and leaves nothing of a failure."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.export import FORMATS, check_formats, check_ids, write_format

METADATA = {"rows": 6, "request": {"seed": 1}, "source": "planted"}
SCALES = {"whole": Scale(1, 5, 1), "half": Scale(0.5, 5, 0.5), "tenths": Scale(0, 1, 0.1)}
IDS = {
    "numbers": None,
    "whole": np.array([2**40, 7, 5, 9]),
    "text": np.array(["007", "a b", "Ünï,cödé;|", "x:y"], object),
}
HARD = {"tab": "a\tb", "line": "a\nb", "return": "a\rb", "quote": '"a"', "colons": "a::b", "colon": "a:"}
FILES = {
    "parquet": {"ratings.parquet"},
    "csv": {"ratings.csv"},
    "movielens_100k": {"u.data"},
    "movielens_1m": {"ratings.dat"},
    "movielens_25m": {"ratings.csv"},
    "recbole": {"synthetic/synthetic.inter"},
    "lenskit": {"ratings.parquet"},
    "surprise": {"ratings.tsv"},
    "huggingface": {"README.md", "croissant.json", "data/train.parquet"},
}


def dataset(ids: str = "numbers", scale: str = "half", groups: dict[str, np.ndarray] | None = None) -> Dataset:
    user, item = np.array([0, 0, 1, 1, 2, 2], np.int32), np.array([0, 3, 1, 2, 0, 1], np.int32)
    rating = SCALES[scale].levels[np.array([0, 4, 3, 1, 2, 4])]
    return Dataset(user, item, rating, SCALES[scale], groups or {}, METADATA, IDS[ids])


def triples(user, item, rating) -> set[tuple[str, str, float]]:
    return {(str(u), str(i), float(np.float32(r))) for u, i, r in zip(user, item, rating, strict=True)}


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_of_every_format_are_known_here():
    assert set(FILES) == set(FORMATS)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_back(name, ids, scale, tmp_path):
    made = dataset(ids, scale)
    write_format(tmp_path / "new" / name, made, name)
    assert set(contents(tmp_path / "new" / name)) == {*FILES[name], "metadata.json"} | (
        {"synthetic/synthetic.item"} if name == "recbole" and ids != "numbers" else set()
    )
    assert json.loads((tmp_path / "new" / name / "metadata.json").read_text()) == METADATA
    low, high, step = made.scale
    found = load_ratings(tmp_path / "new" / name, ReadOptions(scale=f"{low:g}:{high:g}:{step:g}"))
    table = made.to_pandas()
    assert triples(found.user_ids[found.user], found.item_ids[found.item], found.rating) == triples(
        table.user_id, table.item_id, table.rating
    )


@pytest.mark.parametrize("name", FORMATS)
def test_same_dataset_same_bytes_and_no_other_file_stays(name, tmp_path):
    people = {"gender": np.array(["F", "M", ""])}
    write_format(tmp_path / "a", dataset(), name)
    write_format(tmp_path / "b", dataset("text", groups=people), name)
    write_format(tmp_path / "b", dataset(), name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    write_format(tmp_path / "b", dataset(scale="whole"), name)
    assert contents(tmp_path / "a") != contents(tmp_path / "b")


@pytest.mark.parametrize("name", FORMATS)
def test_a_failure_leaves_the_old_files(name, tmp_path):
    write_format(tmp_path / "here", dataset(), name)
    before = contents(tmp_path)
    broken = dataclasses.replace(dataset(), item=np.array([0, 3, 1, 2, 0], np.int32))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever numpy and arrow say of columns of unlike lengths
        write_format(tmp_path / "here", broken, name)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", FORMATS)
def test_a_place_that_cannot_be_written(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file is a file; accepted: a folder"):
        write_format(tmp_path / "file", dataset(), name)
    with pytest.raises(InputError, match=r"cannot be written: .*file is a file, not a folder"):
        write_format(tmp_path / "file" / "new", dataset(), name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("name", FORMATS)
def test_text_that_would_break_a_line_is_refused_or_quoted(name, hard, tmp_path):
    ids = np.array([HARD[hard], "b", "c", "d"], object)
    made = dataclasses.replace(dataset(), item_ids=ids)
    separator = FORMATS[name].separator
    broken = {"": (), "\t": ("tab", "line", "return", "quote"), "::": ("line", "return", "quote", "colons", "colon")}
    if hard in broken[separator]:
        with pytest.raises(InputError, match=rf"`format={name}`: item id .* accepted: a format that quotes text"):
            write_format(tmp_path / name, made, name)
        assert not list(tmp_path.iterdir())
        return
    write_format(tmp_path / name, made, name)
    found = load_ratings(tmp_path / name, ReadOptions(scale="0.5:5:0.5"))
    assert set(found.item_ids) == set(ids)


def test_demographics_in_atomic_files(tmp_path):
    people = {"gender": np.array(["F", "M", ""])}
    write_format(tmp_path, dataset(groups=people), "recbole")
    text = (tmp_path / "synthetic" / "synthetic.user").read_text()
    assert text == "user_id:token\tgender:token\n0\tF\n1\tM\n2\t\n"
    assert load_ratings(tmp_path).demographics["gender"].tolist() == ["F", "M", ""]


def test_text_is_as_the_releases_have_it(tmp_path):
    for name in ("movielens_100k", "movielens_1m", "movielens_25m", "recbole", "surprise"):
        write_format(tmp_path / name, dataset(), name)
    first = {
        name: next(path for path in (tmp_path / name).rglob("*.*") if path.suffix != ".json").read_text().splitlines()
        for name in FILES
        if (tmp_path / name).exists()
    }
    assert first["movielens_100k"][1] == "0\t3\t2.5\t0"
    assert first["movielens_1m"][1] == "0::3::2.5::0"
    assert first["movielens_25m"][:2] == ["userId,movieId,rating,timestamp", "0,0,0.5,0"]
    assert first["recbole"][:2] == ["user_id:token\titem_id:token\trating:float", "0\t0\t0.5"]
    assert first["surprise"][:2] == ["user_id\titem_id\trating", "0\t0\t0.5"]


def test_unknown_and_repeated_formats_are_refused():
    with pytest.raises(InputError, match=r"`format=x`; accepted: parquet, csv, movielens_100k, .*huggingface$"):
        check_formats(["parquet", "x"])
    with pytest.raises(InputError, match="`format=csv,csv`: csv is named twice; accepted: each format once"):
        check_formats(["csv", "csv"])
    check_ids(list(FORMATS), np.array([1, 2]))
