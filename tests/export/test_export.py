"""Every writer: columns, types, metadata, the same bytes twice, and nothing left of a failure."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.export import WRITERS, as_table, check_suffix, write_dataset

METADATA = {"rows": 4, "request": {"seed": 1}}


def dataset(groups: dict[str, np.ndarray] | None = None) -> Dataset:
    user, item = np.array([0, 0, 1, 2], np.int32), np.array([0, 3, 1, 0], np.int32)
    rating = np.array([0.5, 5, 3, 4.5], np.float32)
    return Dataset(user, item, rating, Scale(0.5, 5, 0.5), groups or {}, METADATA)


def read_parquet(path: Path) -> tuple[pd.DataFrame, dict]:
    table = pq.read_table(path)
    return table.to_pandas(), json.loads(table.schema.metadata[b"ganrs_jax"])


def read_csv(path: Path) -> tuple[pd.DataFrame, dict]:
    return pd.read_csv(path, keep_default_na=False), json.loads(path.with_name(path.name + ".json").read_text())


READERS = {".parquet": read_parquet, ".csv": read_csv}
GROUPS = {
    "plain": np.array(["F", "M", ""]),
    "comma": np.array(["under 18", "18, or more", "?"]),
    "quote": np.array(['a "b"', "c", "d"]),
    "line": np.array(["a\nb", "c", "d"]),
}


def test_every_writer_is_read_here():
    assert set(READERS) == set(WRITERS)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("groups", [None, *GROUPS])
def test_what_is_written_is_read_back(suffix, groups, tmp_path):
    people = {"gender": GROUPS[groups]} if groups else {}
    path = tmp_path / "new" / f"data{suffix}"
    write_dataset(path, dataset(people))
    table, metadata = READERS[suffix](path)
    assert list(table.columns) == ["user_id", "item_id", "rating", *people]
    assert table.user_id.tolist() == [0, 0, 1, 2]
    assert table.item_id.tolist() == [0, 3, 1, 0]
    assert table.rating.tolist() == [0.5, 5, 3, 4.5]
    if groups:
        first, second, third = GROUPS[groups]
        assert table.gender.tolist() == [first, first, second, third]
    assert metadata == METADATA
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("ids", [[2**40, 7, 5, 9], ["007", "a,b", "c", 'say "d"']], ids=["whole", "text"])
def test_ids_of_the_source_are_written_as_they_are(suffix, ids, tmp_path):
    of_source = dataclasses.replace(dataset(), item_ids=np.array(ids, object if isinstance(ids[0], str) else np.int64))
    write_dataset(path := tmp_path / f"data{suffix}", of_source)
    table, _ = READERS[suffix](path)
    assert table.item_id.tolist() == of_source.to_pandas().item_id.tolist() == [ids[0], ids[3], ids[1], ids[0]]
    assert table.user_id.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("suffix", WRITERS)
def test_same_dataset_same_bytes(suffix, tmp_path):
    for name in "ab":
        write_dataset(tmp_path / f"{name}{suffix}", dataset({"gender": GROUPS["plain"]}))
    other = dataclasses.replace(dataset(), rating=np.array([1, 5, 3, 4.5], np.float32))
    write_dataset(tmp_path / f"c{suffix}", other)
    a, b, c = ((tmp_path / f"{name}{suffix}").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_failure_leaves_the_old_file(suffix, tmp_path):
    path = tmp_path / f"data{suffix}"
    write_dataset(path, dataset())
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(IndexError):
        write_dataset(path, dataset({"gender": np.array(["F"])}))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_place_that_cannot_be_written(suffix, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(InputError, match=r"cannot be written: .*file is a file, not a folder"):
        write_dataset(tmp_path / "file" / f"data{suffix}", dataset())
    with pytest.raises(InputError, match="is a folder; accepted: a file name"):
        write_dataset(tmp_path / f"folder{suffix}", dataset())
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["file", f"folder{suffix}"])


def test_csv_text_is_plain(tmp_path):
    write_dataset(tmp_path / "a.csv", dataset({"gender": np.array(["F", "M", ""])}))
    assert (tmp_path / "a.csv").read_text() == "user_id,item_id,rating,gender\n0,0,0.5,F\n0,3,5,F\n1,1,3,M\n2,0,4.5,\n"


def test_column_types():
    schema = as_table(dataset({"gender": GROUPS["plain"]})).schema
    types = {field.name: str(field.type) for field in schema}
    assert types == {"user_id": "int32", "item_id": "int32", "rating": "float", "gender": "string"}


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.parquet.gz", ".csv"])
def test_other_suffixes_are_refused(name, tmp_path):
    with pytest.raises(InputError, match=r"`out=.*`: suffix .*; accepted: \.parquet, \.csv"):
        check_suffix(name)
    with pytest.raises(InputError, match="accepted"):
        write_dataset(tmp_path / name, dataset())
    assert not list(tmp_path.iterdir())
