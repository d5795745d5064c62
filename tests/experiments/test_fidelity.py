"""fidelity and privacy: files of any kind side by side, words for what is wrong, json, and bad input in one line."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.experiments.conftest import QUICK, SIZE
from tests.models import WORLD

COMPARE = ("fidelity", "--real=planted", *WORLD[1:], "--workdir=run")


def rows(users: int, items: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    pairs = rng.permutation(users * items)[:count]
    ratings = rng.integers(1, 6, count)
    return pd.DataFrame({"user_id": pairs // items, "item_id": pairs % items, "rating": ratings})


def test_generated_files_stand_beside_the_source(launch, generator, tmp_path):
    for name in ("a.parquet", "b.csv"):
        launch("generate", f"--generator={generator}", *SIZE, f"--out={name}")
    done = launch(*COMPARE, "--synthetic=a.parquet,b.csv", "--json=out.json")
    assert done.stdout.splitlines()[0].split()[-4:] == ["planted", "a.parquet", "b.csv", "split-half"]
    held = json.loads((tmp_path / "out.json").read_text())
    a, b = (held["synthetic"][name] for name in ("a.parquet", "b.csv"))
    assert a["metrics"] == b["metrics"]
    assert a["file"] == "a.parquet"
    assert a["metrics"]["rows"]["synthetic"] == len(pd.read_csv(tmp_path / "b.csv"))
    assert "a.parquet: sizes differ" in done.stdout
    assert {warning["name"] for warning in a["warnings"]} >= {"unrealistic marginals"}
    for warning in a["warnings"]:
        assert f"a.parquet: WARNING {warning['name']}: {warning['found']}. {warning['advice']}." in done.stdout
    assert json.loads((tmp_path / "run" / "results.json").read_text()) == held


def test_rows_are_judged_as_they_stand(launch, tmp_path):
    table = rows(60, 50, 1500)
    spoilt = pd.concat([table, table.head(7)])
    spoilt.loc[3, "rating"] = 9
    spoilt.to_csv(tmp_path / "spoilt.csv", index=False)
    done = launch(*COMPARE, "--synthetic=spoilt.csv", "--names=mine")
    held = json.loads((tmp_path / "run" / "results.json").read_text())["synthetic"]["mine"]["metrics"]
    assert (held["rows"]["synthetic"], held["repeated_pairs"]["synthetic"]) == (1507, 7)
    assert held["off_scale_ratings"]["synthetic"] == 2  # row 3 is among those repeated
    assert "mine: WARNING invalid rows: 7 rows repeat a (user, item) pair, 2 ratings are off" in done.stdout


def test_a_folder_of_parts_is_one_dataset(launch, tmp_path):
    (tmp_path / "made").mkdir()
    for shard in range(2):
        rows(60, 50, 1500)[shard::2].to_parquet(tmp_path / "made" / f"part-0000{shard}-of-00002.parquet", index=False)
    launch(*COMPARE, "--synthetic=made")
    held = json.loads((tmp_path / "run" / "results.json").read_text())["synthetic"]["made"]["metrics"]
    assert held["rows"]["synthetic"] == 1500


def test_local_structure_is_a_group_of_its_own(launch, tmp_path):
    rows(60, 50, 1500).to_csv(tmp_path / "made.csv", index=False)
    for flag, there in (("--local_structure", True), ("--nolocal_structure", False)):
        done = launch(*COMPARE, "--synthetic=made.csv", flag)
        figures = json.loads((tmp_path / "run" / "results.json").read_text())["synthetic"]["made.csv"]["metrics"]
        assert ("NDCG@10 of item-kNN" in done.stdout) == ("ndcg_item_knn" in figures) == there


def test_a_tiny_file_leaves_figures_out_with_a_note(launch, tmp_path):
    rows(6, 5, 20).to_csv(tmp_path / "tiny.csv", index=False)
    done = launch(*COMPARE, "--synthetic=tiny.csv")
    assert "tiny.csv: user profiles left out: tiny.csv: " in done.stdout
    assert "c2st AUC" not in done.stdout


def test_the_columns_of_the_real_table_may_have_other_names(launch, tmp_path):
    table = rows(60, 50, 1500)
    table.to_csv(tmp_path / "made.csv", index=False)
    table.rename(columns={"user_id": "who", "item_id": "what"}).to_csv(tmp_path / "own.csv", index=False)
    names = ("--user_column=who", "--item_column=what")
    done = launch("fidelity", "--real=own.csv", *names, "--synthetic=made.csv", "--workdir=run")
    figures = json.loads((tmp_path / "run" / "results.json").read_text())["synthetic"]["made.csv"]["metrics"]
    assert figures["ks_item_counts"]["distance"] == figures["mf_ratio"]["distance"] == 0
    assert done.stdout.splitlines()[1].split()[-3:] == ["own", "made.csv", "split-half"]


@pytest.mark.slow
def test_privacy_writes_what_it_prints(launch, tmp_path):
    done = launch("privacy", *QUICK, "--workdir=run", "--json=out.json")
    held = json.loads((tmp_path / "out.json").read_text())
    assert (held["recipe"], held["source"]) == ("ganrs", "planted")
    for figures in held["attacks"].values():
        for found in figures.values():
            assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
            assert f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" in done.stdout
    assert json.loads((tmp_path / "run" / "results.json").read_text()) == held


BAD = {
    "nothing to compare": (COMPARE, "--synthetic is missing; accepted: --synthetic=FILE.parquet"),
    "no such file": ((*COMPARE, "--synthetic=absent.csv"), "--synthetic=absent.csv: no such file"),
    "a folder": ((*COMPARE, "--synthetic=."), "4 tables of different columns (empty.csv, nan.csv,"),
    "names too few": ((*COMPARE, "--synthetic=a.csv,b.csv", "--names=a"), "--names=a; accepted: 2 different names"),
    "names twice": ((*COMPARE, "--synthetic=a.csv,a.csv"), "--names=a.csv,a.csv; accepted: 2 different names"),
    "other columns": (
        (*COMPARE, "--synthetic=stars.csv"),
        "stars.csv: no column has a usual name of ratings; columns present: user_id, item_id, liking",
    ),
    "no rows": ((*COMPARE, "--synthetic=empty.csv"), "empty.csv: no ratings found"),
    "text": ((*COMPARE, "--synthetic=text.csv"), "text.csv: row 2: rating is 'good'"),
    "nan": ((*COMPARE, "--synthetic=nan.csv"), "nan.csv: row 3: rating is 'nan'; accepted: a value in every row"),
    "unknown source": ((*COMPARE, "--real=ml100", "--synthetic=planted"), "'ml100': no such file, folder or source"),
    "json in a file": ((*COMPARE, "--synthetic=planted", "--json=nan.csv/o.json"), "nan.csv is a file, not a folder"),
    "too small to attack": (
        ("privacy", *QUICK, "--planted_users=16", "--planted_ratings=900", "--workdir=run"),
        "planted: too small to attack: fewer than 10 profiles",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_in_one_line(case, launch_in, tmp_path):
    head = "user_id,item_id,rating\n"
    texts = {
        "empty": head,
        "text": head + "1,2,good\n",
        "nan": head + "1,2,3\n1,3,nan\n",
        "stars": head.replace("rating", "liking"),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    flags, words = BAD[case]
    done = launch_in(tmp_path, *flags)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert words in last
    assert not (tmp_path / "run" / "results.json").exists()
