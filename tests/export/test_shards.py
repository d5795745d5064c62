"""Datasets in parts: the rows do not depend on them, whole parts stay, broken ones are made again."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganrs_jax.data.dataset import Blocks, Rows
from ganrs_jax.data.ratings import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.export import shards
from ganrs_jax.export.shards import check_plan, finish, open_folder, whole_part, write_part

FACTS = {"request": {"seed": 0, "num_users": 70}, "generator": "abc"}


def rows_of(number: int) -> Rows:
    """Ten users a block, as many ratings as the number of the block tells."""
    rng = np.random.default_rng(number)
    size = 20 + number
    user = np.sort(rng.integers(10, size=size)).astype(np.int32) + 10 * number
    return Rows(user, np.arange(size, dtype=np.int32), rng.integers(1, 6, size).astype(np.float32))


BLOCKS = Blocks(7, rows_of, Scale(1.0, 5.0, 1.0), {"warnings": []})


def made(path, num_shards: int, order=None, blocks=BLOCKS):
    folder = open_folder(path, num_shards, FACTS)
    for shard in order or range(num_shards):
        write_part(folder, shard, blocks)
    return folder


def names(path) -> list[str]:
    return sorted(p.name for p in path.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize("num_shards", [1, 2, 3, 7, 9])
def test_rows_do_not_depend_on_the_number_of_parts(tmp_path, num_shards, monkeypatch):
    monkeypatch.setattr(shards, "_ROW_GROUP", 50)
    parts = finish(made(tmp_path / "out", num_shards))
    assert names(tmp_path / "out") == ["manifest.json", *(part.file for part in parts)]
    whole = pa.concat_tables([pq.read_table(tmp_path / "out" / part.file) for part in parts])
    wanted = [np.concatenate(column) for column in zip(*map(rows_of, range(7)), strict=True)]
    for name, column in zip(("user_id", "item_id", "rating"), wanted, strict=True):
        np.testing.assert_array_equal(whole[name], column)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["rows"] == len(whole) == sum(part["rows"] for part in manifest["parts"])
    assert manifest["request"] == FACTS["request"]
    assert manifest["schema"] == {"user_id": "int32", "item_id": "int32", "rating": "float"}


@pytest.mark.parametrize(
    ("ids", "kind"),
    [(2**40 + np.arange(26)[::-1], "int64"), (np.array([*"zyxwvutsrqponmlkjihgfedcba"], object), "string")],
)
def test_parts_have_the_ids_of_the_source(tmp_path, ids, kind):
    folder = open_folder(tmp_path / "out", 2, FACTS, ids)
    for shard in range(2):
        write_part(folder, shard, BLOCKS._replace(item_ids=ids))
    whole = pa.concat_tables([pq.read_table(tmp_path / "out" / part.file) for part in finish(folder)])
    assert whole["item_id"].to_pylist() == [ids[item] for number in range(7) for item in rows_of(number).item]
    assert str(whole.schema.field("item_id").type) == folder.header["schema"]["item_id"] == kind


def test_bytes_do_not_depend_on_who_makes_a_part_or_when(tmp_path):
    made(tmp_path / "one", 3)
    made(tmp_path / "other", 3, order=(2, 0, 1))
    for shard in range(3):
        name = f"part-{shard:05d}-of-00003.parquet"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_the_manifest_is_complete_when_the_last_part_is_there(tmp_path):
    folder = made(tmp_path / "out", 3, order=(0, 2))
    assert finish(folder) == []
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"] == []
    write_part(folder, 1, BLOCKS)
    assert len(finish(folder)) == 3


@pytest.mark.parametrize("fault", ["altered", "cut", "gone", "unrecorded", "record_cut"])
def test_a_part_that_is_not_whole_is_known(tmp_path, fault):
    folder = made(tmp_path / "out", 2)
    assert whole_part(folder, 1).rows == sum(20 + number for number in range(3, 7))
    place, record = folder.place(1), folder.path / ".part-00001-of-00002.json"
    content = place.read_bytes()
    if fault == "altered":
        place.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif fault == "cut":
        place.write_bytes(content[:-1])
    elif fault == "gone":
        place.unlink()
    elif fault == "unrecorded":
        record.unlink()
    else:
        record.write_text(record.read_text()[:20])
    assert whole_part(folder, 1) is None
    assert whole_part(folder, 0) is not None
    write_part(folder, 1, BLOCKS)
    assert place.read_bytes() == content


def test_a_part_that_fails_leaves_nothing_and_one_that_was_killed_is_cleared_away(tmp_path):
    def failing(number: int) -> Rows:
        if number == 5:
            raise OSError(28, "No space left on device")
        return rows_of(number)

    folder = open_folder(tmp_path / "out", 2, FACTS)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    killed = folder.path / f".part-00001-of-00002.parquet.{socket.gethostname()}.{ended.pid}.0123.partial"
    killed.write_bytes(b"half")
    write_part(folder, 0, BLOCKS)
    assert killed.exists()  # of another part
    with pytest.raises(InputError, match=r"part-00001-of-00002.parquet: cannot be written: No space left on device"):
        write_part(folder, 1, BLOCKS._replace(rows=failing))
    assert names(folder.path) == ["manifest.json", "part-00000-of-00002.parquet"]
    assert not list(folder.path.glob("*.partial"))
    assert not killed.exists()
    assert whole_part(folder, 0) is not None


def test_a_folder_of_something_else_is_refused(tmp_path):
    made(tmp_path / "out", 2)
    other = {**FACTS, "request": {"seed": 1, "num_users": 70}}
    with pytest.raises(
        InputError, match=r"manifest.json: of another request: seed \(0, not 1\); accepted: another folder"
    ):
        open_folder(tmp_path / "out", 2, other)
    with pytest.raises(InputError, match=r"of another num_shards \(2, not 3\)"):
        open_folder(tmp_path / "out", 3, FACTS)
    (tmp_path / "out" / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="not a manifest, or cut short; accepted: another folder, or this one without"):
        open_folder(tmp_path / "out", 2, FACTS)


def test_a_manifest_that_cannot_be_read_is_not_taken_for_a_broken_one(tmp_path):
    made(tmp_path / "out", 2)
    (tmp_path / "out" / "manifest.json").unlink()
    (tmp_path / "out" / "manifest.json").mkdir()
    with pytest.raises(InputError, match=r"manifest.json: cannot be read: Is a directory; accepted: another folder"):
        open_folder(tmp_path / "out", 2, FACTS)


def test_without_its_manifest_a_folder_goes_on_and_parts_of_another_request_are_not_taken(tmp_path):
    """They are whole, of the same names and sizes, and must be neither kept as this request's nor written over."""
    folder = made(tmp_path / "out", 2)
    parts, manifest = finish(folder), (tmp_path / "out" / "manifest.json").read_bytes()
    (tmp_path / "out" / "manifest.json").unlink()
    other = {**FACTS, "generator": "another"}
    with pytest.raises(
        InputError, match=r"out: part-00000-of-00002.parquet is of another request, and manifest.json is"
    ):
        open_folder(tmp_path / "out", 2, other)
    assert finish(open_folder(tmp_path / "out", 2, FACTS)) == parts
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest
    assert whole_part(folder._replace(header={**folder.header, **other}), 0) is None


def test_a_manifest_is_not_completed_over_a_part_that_is_not_whole(tmp_path):
    folder = made(tmp_path / "out", 2)
    folder.place(0).write_bytes(folder.place(0).read_bytes()[:-1])
    assert finish(folder) == []
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"] == []


def test_of_two_that_begin_a_folder_one_does(tmp_path, monkeypatch):
    """Both find nothing there, and the other then has another request."""
    first = open_folder(tmp_path / "out", 2, FACTS)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self, **_: self.name != "manifest.json" and exists(self))
    with pytest.raises(InputError, match=r"manifest.json: of another generator \(abc, not another\)"):
        open_folder(tmp_path / "out", 2, {**FACTS, "generator": "another"})
    assert open_folder(tmp_path / "out", 2, FACTS) == first


def test_a_part_of_another_plan_is_not_made_beside_one(tmp_path):
    folder = open_folder(tmp_path / "out", 2, FACTS)
    write_part(folder, 0, BLOCKS._replace(metadata={**BLOCKS.metadata, "plan": "one"}))
    with pytest.raises(InputError, match=r"part-00000-of-00002.parquet is of another plan, made by a machine"):
        check_plan(folder, other := BLOCKS._replace(metadata={**BLOCKS.metadata, "plan": "other"}))
    write_part(folder, 1, other)  # had it begun when there was no part
    with pytest.raises(InputError, match=r"out: its parts are of several plans; accepted: another folder"):
        finish(folder)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"] == []


def test_parts_that_have_not_the_rows_asked_for_are_no_dataset(tmp_path):
    folder = made(tmp_path / "out", 2)
    with pytest.raises(InputError, match=r"out: its parts have 161 rows, not 160, so they are not of one dataset"):
        finish(folder, 160)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"] == []
    assert len(finish(folder, 161)) == 2


def test_no_part_is_read_as_long_as_one_is_to_come(tmp_path, monkeypatch):
    folder = open_folder(tmp_path / "out", 2, FACTS)
    write_part(folder, 0, BLOCKS)
    monkeypatch.setattr(shards, "_digest", lambda path: pytest.fail(f"{path} is read"))
    assert finish(folder) == []


def test_memory_is_bounded_by_the_block(monkeypatch):
    """Rows are asked for in order, and never more than a few blocks before they are written."""
    asked = []

    def rows(number: int) -> Rows:
        asked.append(number)
        return rows_of(number)

    monkeypatch.setattr(shards, "_ROW_GROUP", 1)
    writer = shards._groups(
        BLOCKS._replace(num_blocks=1000, rows=rows), range(1000), shards._schema(None, ()), lambda *_: None
    )
    next(writer)
    assert len(asked) < 20
    writer.close()
