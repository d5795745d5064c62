"""Damaged files of every kind are read or refused in one line: no traceback, no hang, nothing written elsewhere."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.releases import RELEASES, ROWS, lines

_CSV = lines("u{},i{},{},{}", ROWS * 3, "user,item,rating,timestamp\n").encode()
_TABLE = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"])
_SCRAPS = [
    *(b'"', b",", b";", b"\t", b"::", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"-", b"nan", b"NULL"),
    *(b"1e999", b"9" * 25, b" ", b"x", b"", b"{", b"}", b"[", b"]", b"\\", b"'", b"../", b"PAR1", b"PK\x03\x04"),
    *(b"\x1f\x8b", b"2020-01-01", b"\xe2\x82", b"*", b"0x1F", b"_", b"::::", b"user,item,rating\n"),
]


def _zip() -> bytes:
    with zipfile.ZipFile(into := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ml-x/ratings.csv", _CSV)
        file.writestr("ml-x/movies.csv", b"movieId,title\n1,x\n")
    return into.getvalue()


def _parquet() -> bytes:
    _TABLE.to_parquet(into := io.BytesIO())
    return into.getvalue()


def _feather() -> bytes:
    _TABLE.to_feather(into := io.BytesIO())
    return into.getvalue()


FILES = {
    "t.csv": _CSV,
    "quoted.csv": _TABLE.astype(str).to_csv(index=False, quoting=1).encode(),
    "t.tsv": _CSV.replace(b",", b"\t"),
    "semicolons.txt": _CSV.replace(b",", b";"),
    "colons.dat": _CSV.replace(b",", b"::"),
    "utf16.csv": _CSV.decode().encode("utf-16"),
    "dates.csv": _TABLE.assign(timestamp=pd.to_datetime(_TABLE["timestamp"], unit="s")).to_csv(index=False).encode(),
    "t.inter": lines("{}\t{}\t{}\t{}", ROWS, "user_id:token\titem_id:token\trating:float\ttimestamp:float\n").encode(),
    "amazon.csv": b"A2CX7LUOHB2NDG,0321732944,5.0,1341100800\nA2NWSAGRHCP8N5,B00004TEZ1,1.0,1341100900\n",
    "t.jsonl": _TABLE.to_json(orient="records", lines=True).encode(),
    "t.json": _TABLE.to_json(orient="records").encode(),
    "t.parquet": _parquet(),
    "t.feather": _feather(),
    "t.csv.gz": gzip.compress(_CSV),
    "t.csv.bz2": bz2.compress(_CSV),
    "t.csv.xz": lzma.compress(_CSV),
    "t.csv.zst": pa.Codec("zstd").compress(_CSV, asbytes=True),
    "t.zip": _zip(),
    "u.data": next(iter(RELEASES["ml100k"].files.values())).encode(),
    "ratings.dat": next(iter(RELEASES["ml1m"].files.values())).encode(),
    "rating.csv": next(iter(RELEASES["myanimelist"].files.values())).encode(),
    "combined_data_1.txt": "".join(f"{text}\n" for text in RELEASES["netflix"].files.values()).encode(),
}
_OPTIONS = [
    {},
    {},
    {"missing": "drop", "bad_rows": "drop"},
    {"columns": "user,item,rating,timestamp"},
    {"separator": ";", "quote": "'"},
    {"encoding": "latin-1", "unrated": "0,-1"},
    {"time_format": "%Y-%m-%d", "ids": "text"},
]


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    for _ in range(rng.integers(1, 5)):
        at, size = int(rng.integers(len(data) + 1)), int(rng.integers(8))
        match rng.integers(4):
            case 0:
                data = data[:at] + _SCRAPS[rng.integers(len(_SCRAPS))] + data[at + size :]
            case 1:
                data = data[:at] + rng.bytes(size) + data[at + size :]
            case 2:
                data = data[:at] if rng.random() < 0.2 else data[:at] + data[at + size :]
            case 3:
                data = data[:at] + data[max(0, at - 4 * size) :]
    return data


def fuzz(name: str, number: int, folder: Path, seed: int) -> Counter[str]:
    """How many of so many damaged copies of a file were read and refused; anything else fails."""
    rng, outcomes = np.random.default_rng([seed, len(name), sum(name.encode())]), Counter()
    inside = folder / "inside"
    inside.mkdir(exist_ok=True)
    before = sorted(os.listdir(folder))
    for count in range(number):
        data = damaged(rng, FILES[name])
        (inside / name).write_bytes(data)
        options = _OPTIONS[rng.integers(len(_OPTIONS))]
        try:
            load_ratings(str(inside / name), ReadOptions(**options))
            outcomes["read"] += 1
        except InputError as error:
            outcomes["refused" if str(error).isprintable() else "unprintable"] += 1
        except BaseException as error:
            raise AssertionError((count, options, data)) from error
    assert set(outcomes) <= {"read", "refused"}
    assert sorted(os.listdir(folder)) == before
    assert sorted(os.listdir(inside)) == [name]
    return outcomes


@pytest.mark.parametrize("name", FILES)
def test_some_damage(name, tmp_path):
    assert sum(fuzz(name, 12, tmp_path, 0).values()) == 12


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_more_damage(name, tmp_path):
    assert set(fuzz(name, 250, tmp_path, 1)) == {"read", "refused"}
