"""A dataset as a folder of parts: each part appears whole or not at all, and a manifest lists them.

FOLDER/part-00000-of-00008.parquet and so on, and FOLDER/manifest.json: the request, the generator's and the source's
digests, versions, and, once every part is there, the rows and sha256 of each. Parts are made by any number of
processes, one a part at a time; whoever makes the last one completes the manifest. The rows do not depend on how many
parts there are. Beside each part a record, .part-00000-of-00008.json, says what it is and of which request, so that
parts of another one are never taken for this one's, whatever became of the manifest.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ganrs_jax.data.dataset import Blocks, written_ids
from ganrs_jax.errors import InputError
from ganrs_jax.export.ahead import in_order
from ganrs_jax.files import new_file, whole_file
from ganrs_jax.training.loop import Report, silent

MANIFEST = "manifest.json"
_ROW_GROUP = 1 << 20  # rows written at a time, at least, but for the last


class Part(NamedTuple):
    """A finished part: its file's name, its rows, the digest of its bytes."""

    file: str
    rows: int
    sha256: str


class Folder(NamedTuple):
    """Where the parts of one request go: `header` is what the manifest says of it."""

    path: Path
    num_shards: int
    header: dict[str, object]

    def place(self, shard: int) -> Path:
        """The file of a part."""
        return self.path / f"part-{shard:05d}-of-{self.num_shards:05d}.parquet"

    @property
    def digest(self) -> str:
        """Of all that the bytes of the parts depend on."""
        return hashlib.sha256(json.dumps(self.header, sort_keys=True).encode()).hexdigest()


def open_folder(
    path: Path,
    num_shards: int,
    facts: Mapping[str, object],
    item_ids: np.ndarray | None = None,
    groups: Sequence[str] = (),
) -> Folder:
    """Begins a folder, or goes on with one of the same facts.

    Args:
      facts: json-ready; all that the bytes of the parts depend on.
      item_ids: ids of the type that the parts have; None = numbers.
      groups: names of the demographic columns.

    Raises:
      InputError: if the folder holds parts of something else, or cannot be written.
    """
    schema = {field.name: str(field.type) for field in _schema(item_ids, groups)}
    header = json.loads(json.dumps({"num_shards": num_shards, "schema": schema, **facts}))
    folder, place = Folder(path, num_shards, header), path / MANIFEST
    if not place.exists():
        _check_unclaimed(folder)
        with contextlib.suppress(FileExistsError), new_file(place) as partial:  # of several that begin, one does
            partial.write_text(json.dumps({**header, "parts": []}, indent=1) + "\n")
    _check_same(place, header)
    return folder


def whole_part(folder: Folder, shard: int) -> Part | None:
    """The part, if it is there with the bytes it was written with."""
    record = _record(folder, shard)
    if record is None or not folder.place(shard).is_file() or _digest(folder.place(shard)) != record.sha256:
        return None
    return record


def write_part(folder: Folder, shard: int, blocks: Blocks, report: Report = silent) -> Part:
    """Makes a part: blocks of users that follow one another.

    Two processes that make the same part write the same bytes, so it does not matter which of them is last. Of the
    rows, memory holds a few blocks and the group that is being written, whatever the part's size.

    Raises:
      InputError: if it cannot be written.
    """
    first, last = (blocks.num_blocks * i // folder.num_shards for i in (shard, shard + 1))
    metadata = {"ganrs_jax": json.dumps(blocks.metadata, sort_keys=True)}
    schema = _schema(blocks.item_ids, blocks.groups).with_metadata(metadata)
    rows = 0
    with whole_file(folder.place(shard)) as partial:
        with pa.parquet.ParquetWriter(partial, schema) as writer:
            for table in _groups(blocks, range(first, last), schema, report):
                writer.write_table(table, row_group_size=len(table))
                rows += len(table)
        part = Part(folder.place(shard).name, rows, _digest(partial))
    _write_json(
        _record_place(folder, shard), {"of": folder.digest, "plan": blocks.metadata.get("plan", ""), **part._asdict()}
    )
    return part


def finish(folder: Folder, num_ratings: int | None = None) -> list[Part]:
    """Completes the manifest if every part is there, whole; the parts, or [] if some are not yet.

    Args:
      num_ratings: rows that they must have in all.

    Raises:
      InputError: if they have others: they do not belong together.
    """
    shards = range(folder.num_shards)
    if any(_record(folder, shard) is None for shard in shards):  # before any is read
        return []
    found = [part for shard in shards if (part := whole_part(folder, shard)) is not None]
    if len(found) < folder.num_shards:
        return []
    held = [_read_record(_record_place(folder, shard)) for shard in shards]
    if len({record.get("plan", "") for record in held if record}) > 1:  # begun at once, none knew of another's plan
        raise InputError(f"{folder.path}: its parts are of several plans; accepted: another folder, by like machines")
    rows = sum(part.rows for part in found)
    if num_ratings is not None and rows != num_ratings:
        raise InputError(
            f"{folder.path}: its parts have {rows:,} rows, not {num_ratings:,}, so they are not of one dataset; "
            "accepted: another folder, all of whose parts are made by like machines and settings"
        )
    _write_json(folder.path / MANIFEST, {**folder.header, "rows": rows, "parts": [part._asdict() for part in found]})
    return found


def told_warnings(folder: Folder, shard: int) -> list[str]:
    """The warnings about the dataset that a part was written with."""
    told = pa.parquet.read_schema(folder.place(shard)).metadata[b"ganrs_jax"]
    return list(json.loads(told)["warnings"])


def _schema(item_ids: np.ndarray | None, groups: Iterable[str]) -> pa.Schema:
    item = pa.int32() if item_ids is None else pa.int64() if item_ids.dtype.kind == "i" else pa.string()
    people = [(name, pa.string()) for name in groups]
    return pa.schema([("user_id", pa.int32()), ("item_id", item), ("rating", pa.float32()), *people])


def _groups(blocks: Blocks, numbers: range, schema: pa.Schema, report: Report) -> Iterator[pa.Table]:
    """The rows of blocks as tables of some size."""
    held: list[pa.Table] = []
    for done, rows in enumerate(in_order(blocks.rows, numbers), 1):
        people = (values[rows.user] for values in blocks.groups.values())
        columns = (*rows._replace(item=written_ids(rows.item, blocks.item_ids)), *people)
        held.append(
            pa.Table.from_arrays([pa.array(*each) for each in zip(columns, schema.types, strict=True)], schema=schema)
        )
        report("rows", done, len(numbers), {})
        if sum(map(len, held)) >= _ROW_GROUP:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _check_same(place: Path, header: dict[str, object]) -> None:
    try:
        held = dict(json.loads(place.read_text()))
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror}; accepted: another folder") from error
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{place}: not a manifest, or cut short; accepted: another folder, or this one without that file"
        ) from error
    for name, value in header.items():
        if held.get(name) != value:
            raise InputError(
                f"{place}: of another {_difference(name, held.get(name), value)}; accepted: another folder"
            )


def _check_unclaimed(folder: Folder) -> None:
    """Without its manifest a folder may still hold parts of something else, which would be written over."""
    for place in sorted(folder.path.glob(".part-*.json")):
        if (held := _read_record(place)) and held["of"] != folder.digest:
            raise InputError(
                f"{folder.path}: {held['file']} is of another request, and {MANIFEST} is gone; accepted: another folder"
            )


def check_plan(folder: Folder, blocks: Blocks) -> None:
    """Raises InputError if parts that are there were planned otherwise than the blocks.

    Other machines, or variables of JAX, may plan another dataset: its parts would not go with those there are.
    """
    for place in sorted(folder.path.glob(".part-*.json")):
        held = _read_record(place)
        if held and held["of"] == folder.digest and held.get("plan", "") != blocks.metadata.get("plan", ""):
            raise InputError(
                f"{folder.path}: {held['file']} is of another plan, made by a machine or with JAX variables unlike "
                "these; accepted: another folder, or the machine and variables of that part"
            )


def _difference(name: str, held: object, wanted: object) -> str:
    """The first thing in which two values differ, by its path of names."""
    if isinstance(held, dict) and isinstance(wanted, dict):
        other = next(key for key in {**wanted, **held} if held.get(key, wanted) != wanted.get(key, held))
        return f"{name}: " + _difference(other, held.get(other), wanted.get(other))
    return f"{name} ({held}, not {wanted})"


def _record(folder: Folder, shard: int) -> Part | None:
    held = _read_record(_record_place(folder, shard))
    if held is None or held["of"] != folder.digest:
        return None
    return Part(str(held["file"]), int(str(held["rows"])), str(held["sha256"]))


def _read_record(place: Path) -> dict[str, object] | None:
    """The record of a part; None if it cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        held = dict(json.loads(place.read_text()))
        return held if {"of", *Part._fields} <= held.keys() and isinstance(held["rows"], int) else None
    return None


def _record_place(folder: Folder, shard: int) -> Path:
    return folder.path / f".{folder.place(shard).stem}.json"


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n")
