"""train_generator, then generate: bytes, sizes, columns, the request kept in the file, the line that says what came."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.sources import load_ratings
from ganrs_jax.export import FORMATS
from ganrs_jax.profile.model import ItemIds
from tests.experiments.conftest import QUICK, SIZE


def test_same_seed_same_bytes_another_seed_others(launch, generator, tmp_path):
    for name in ("a.parquet", "b.parquet", "a.csv"):
        launch("generate", f"--generator={generator}", *SIZE, "--seed=3", f"--out={name}")
    launch("generate", f"--generator={generator}", *SIZE, "--seed=4", "--out=other.parquet")
    files = {name: (tmp_path / name).read_bytes() for name in ("a.parquet", "b.parquet", "other.parquet")}
    assert files["a.parquet"] == files["b.parquet"]
    assert files["a.parquet"] != files["other.parquet"]
    columns = pd.read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), columns, check_dtype=False)
    assert not pd.read_parquet(tmp_path / "other.parquet").equals(columns)


def test_file_columns_request_and_line_agree(launch, generator, tmp_path):
    done = launch("generate", f"--generator={generator}", *SIZE, "--sigma=1.5", "--seed=3", "--out=a.parquet")
    file = pq.read_table(tmp_path / "a.parquet")
    types = {f.name: str(f.type) for f in file.schema}
    assert list(types.items()) == [("user_id", "int32"), ("item_id", "int32"), ("rating", "float")]
    kept = json.loads(file.schema.metadata[b"ganrs_jax"])
    asked = {"num_users": 100, "num_items": 100, "num_samples": 10_000, "sigma": 1.5, "seed": 3}
    assert kept["request"] == asked
    table = file.to_pandas()
    users, items, rows = table.user_id.nunique(), table.item_id.nunique(), len(table)
    assert (kept["users"], kept["items"], kept["rows"], kept["recipe"]) == (users, items, rows, "ganrs")
    assert table.user_id.between(0, 99).all()
    assert table.item_id.between(0, 99).all()
    assert set(table.rating) <= {1, 2, 3, 4, 5}
    assert not table.duplicated(["user_id", "item_id"]).any()
    made = f"written {users:,} users, {items:,} items, {rows:,} ratings"
    assert f"asked 100 users, 100 items, 10,000 samples; {made}" in done.stdout
    numbers = re.search(r"dropped ([\d,]+): ([\d,]+) identical, ([\d,]+) of pairs.*, ([\d,]+) second", done.stdout)
    dropped = [int(number.replace(",", "")) for number in numbers.groups()]
    assert dropped[0] == sum(dropped[1:]) == 10_000 - rows
    results = json.loads((tmp_path / "a.parquet.run" / "results.json").read_text())
    assert results["summary"]["ratings"] == rows
    assert {k: results[k] for k in kept} == kept


def test_another_size_from_the_same_generator(launch, generator, tmp_path):
    size = ("--num_users=30", "--num_items=20", "--num_samples=3000")
    launch("generate", f"--generator={generator}", *size, "--out=s.csv")
    text = (tmp_path / "s.csv").read_text()
    assert text.startswith("user_id,item_id,rating\n")
    assert '"' not in text
    table = pd.read_csv(tmp_path / "s.csv")
    assert table.user_id.nunique() == 30
    assert table.item_id.nunique() == 20


def test_default_records_leave_a_training_run_alone(launch, generator, tmp_path):
    shutil.copytree(generator.parent, tmp_path / "synthetic")
    before = (tmp_path / "synthetic" / "results.json").read_bytes()
    launch("generate", "--generator=synthetic/generator", *SIZE, "--out=synthetic.csv")
    assert (tmp_path / "synthetic" / "results.json").read_bytes() == before
    assert (tmp_path / "synthetic.csv.run" / "results.json").is_file()


def test_the_source_may_be_gone(launch, tmp_path):
    rng = np.random.default_rng(0)
    pairs = rng.permutation(80 * 60)[:2000]
    rows = pd.DataFrame({"user_id": pairs // 60, "item_id": pairs % 60, "rating": rng.integers(1, 6, 2000)})
    (tmp_path / "data").mkdir()
    rows.to_csv(tmp_path / "data" / "own.csv", index=False)
    launch("train_generator", *QUICK, "--source=data/own.csv", "--workdir=data/run", GANRS_DATA_DIR="data")
    (tmp_path / "data" / "run" / "generator").rename(tmp_path / "moved")
    shutil.rmtree(tmp_path / "data")
    launch("generate", "--generator=moved", *SIZE, "--out=own.parquet")
    assert pq.read_table(tmp_path / "own.parquet").num_rows > 1000


@pytest.mark.parametrize(("shares", "expected"), [("", 15), ("F=0.9,M=0.1", 27)])
def test_groups(launch, group_generator, tmp_path, shares, expected):
    flags = ["--num_users=30", "--num_items=25", "--num_samples=3000", f"--group_shares={shares}"]
    launch("generate", f"--generator={group_generator}", *flags, "--out=g.csv")
    table = pd.read_csv(tmp_path / "g.csv")
    assert list(table.columns) == ["user_id", "item_id", "rating", "gender"]
    assert ((table.gender == "F") == (table.user_id < expected)).all()  # ids of a group follow one another
    assert table.gender.isin(["F", "M"]).all()
    assert table.user_id.nunique() > 27


def test_several_formats_in_a_folder(launch, generator, tmp_path):
    launch("generate", f"--generator={generator}", *SIZE, "--seed=3", "--out=a.parquet")
    done = launch(
        "generate", f"--generator={generator}", *SIZE, "--seed=3", "--out=all", f"--format={','.join(FORMATS)}"
    )
    assert "ratings" in done.stdout
    assert "to all" in done.stdout
    assert {path.name for path in (tmp_path / "all").iterdir()} == set(FORMATS)
    table = load_ratings(tmp_path / "a.parquet").to_pandas()
    for name in FORMATS:
        found = load_ratings(tmp_path / "all" / name).to_pandas()
        pd.testing.assert_frame_equal(found[list(table.columns)], table, check_dtype=False)
    assert (tmp_path / "all.run" / "results.json").is_file()
    launch("fidelity", "--real=a.parquet", "--synthetic=all/recbole", "--nolocal_structure", "--json=found.json")
    (record,) = json.loads((tmp_path / "found.json").read_text())["synthetic"].values()
    assert record["file"] == "all/recbole"


def test_ids_that_a_format_cannot_hold_are_refused_before_any_work(launch_in, profile_generator, tmp_path):
    model = load_generator(profile_generator)
    ids = ItemIds(np.empty(0, np.int64), tuple(f"item::{number}" for number in range(60)))
    save_generator(tmp_path / "own", dataclasses.replace(model, items=dataclasses.replace(model.items, ids=ids)))
    asked = ("generate", "--generator=own", "--item_ids=source", "--out=all", "--format=csv,movielens_1m")
    done = launch_in(tmp_path, *asked)
    assert done.returncode == 2
    assert "--format=movielens_1m: item id 'item::0' holds what separates columns" in done.stderr
    assert not [path for path in tmp_path.rglob("all*/**/*") if path.is_file()]
