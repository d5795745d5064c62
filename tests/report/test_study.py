"""The page of a study says of results of known answers what is true of them."""

import numpy as np
import pandas as pd
import pytest

from ganrs_jax.recommenders.beyond_accuracy import BeyondAccuracy
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.report.study import write_study
from ganrs_jax.study.findings import Measured, Study

LEVELS = {"ncf_regression": 0.5, "ncf_classification_improved": 0.55, "deepmf": 0.3, "vdeepmf": 0.2}


def results(levels, seed, shift=None):
    rng = np.random.default_rng(seed)

    def metric(at, name):
        moved = at + (shift or {}).get(name, 0.0)
        return (moved + 0.01 * np.arange(3) + 0.001 * rng.normal(size=(6, 3))).tolist()

    return {
        model: {
            "settings": {} if model in ("bpr", "popularity", "ease") else {"embedding_size": 5},
            "cutoffs": [5, 10, 15],
            "at": 10,
            "metrics": {c: {m: metric(at, m) for m in METRICS} for c in ("study", "standard")},
            "intervals": {c: {m: [at, at - 0.01, at + 0.01] for m in METRICS} for c in ("study", "standard")},
            "beyond_accuracy": {name: [0.5] * 6 for name in BeyondAccuracy._fields},
            "mae": None if model in ("bpr", "popularity", "ease") else [0.7] * 6,
            "rmse": None,
        }
        for model, at in levels.items()
    }


def add(study, part, dataset, size, made):
    study.measured.append(Measured(part, "world", dataset, size, 1, 1000, 10, 200, made))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = Study("./launch.sh study", 0.03, 6)
    add(study, "equal", "real", 0, results(LEVELS, 0))
    add(study, "equal", "profile", 0, results(LEVELS, 1))
    add(study, "equal", "ganrs", 0, results({name: 0.8 - at for name, at in LEVELS.items()}, 2))
    for size in (100, 500, 1000):
        rising = {"precision": size / 1e4, "recall": -size / 1e4}
        add(study, "users", "profile", size, results(LEVELS, size, rising))
        add(study, "users", "ganrs", size, results(LEVELS, size, {"recall": size / 1e4}))
        if size != 500:
            add(study, "users", "wganrs", size, results(LEVELS, size, rising))
    add(study, "sizes", "ganrs", "9x9x40", results(LEVELS, 3))
    folder = tmp_path_factory.mktemp("study")
    write_study(study, folder)
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "summary.md").read_text()


@pytest.fixture(scope="module")
def table(folder):
    return pd.read_csv(folder / "summary.csv")


def test_the_page_is_short_and_there_are_figures(folder, text):
    assert len(text.splitlines()) <= 80
    assert {p.name for p in (folder / "figures").iterdir()} == {
        f"world_{name}.png" for name in ("study", "standard", "users_study", "users_standard")
    }


def test_the_page_begins_with_the_answer(text):
    answer = text.split("\n\n")[1].replace("\n", " ")
    assert "within 0.03 in 8 of 8 for `profile`, 0 of 8 for `ganrs`" in answer
    assert "on 1 of 1 sources for `profile`, 0 of 1 sources for `ganrs`." in answer
    assert (
        "are the best two holds in 4 of 6 cases, that precision rises and recall falls with size in 2 of 4." in answer
    )


def test_a_copy_is_equivalent_and_a_reversal_is_different(text):
    assert "| world | profile | 4 of 4 / 4 of 4 | 24 of 24 / 24 of 24 | 0 of 24 / 0 of 24 | " in text
    assert "| world | ganrs | 0 of 4 / 0 of 4 | 0 of 24 / 0 of 24 | 24 of 24 / 24 of 24 | " in text
    assert "| 0.199 to 0.560 / 0.200 to 0.561 |" in text


def test_a_copy_keeps_the_order_and_a_reversal_does_not(text):
    assert "| world | profile | 1.00 (1.00 to 1.00) / 1.00 (1.00 to 1.00) |" in text
    assert "| world | ganrs | -1.00 (-1.00 to -1.00) / -1.00 (-1.00 to -1.00) |" in text
    assert "| 1.00 / 1.00 |" in text  # the real data with themselves
    assert "By NDCG of all 4 models; by F1 of 4 models," in text


def test_references_alone_have_an_order_by_ndcg(tmp_path):
    study, levels = Study("./launch.sh study", 0.03, 6), {"bpr": 0.3, "popularity": 0.2, "ease": 0.4}
    add(study, "equal", "real", 0, results(levels, 0))
    add(study, "equal", "profile", 0, results(levels, 1))
    write_study(study, tmp_path)
    text = (tmp_path / "summary.md").read_text()
    assert "convention) on 1 of 1 sources for `profile`." in text
    assert "| world | profile |  | 1.00 (1.00 to 1.00) / 1.00 (1.00 to 1.00) |  | 1.00 / 1.00 |" in text
    assert "By NDCG of all 3 models; by F1 of no models," in text
    assert "networks" not in text


def test_the_best_models_and_the_sizes(text):
    assert "| world | real | ncf_classification_improved, ncf_regression / ncf_cl" in text
    assert "| +0.200 (" in text
    lines = {line[:29]: line for line in text.splitlines() if line.startswith("| users")}
    assert [line.rsplit("|", 2)[1].strip() for line in lines.values()] == [
        "holds / holds",
        "fails / fails",
        "too few sizes / too few sizes",
    ]


def test_every_dataset_has_its_numbers_in_the_csv(table):
    of = table[(table.dataset == "ganrs") & (table.part == "equal") & (table.model == "deepmf")]
    row = of[(of.convention == "study") & (of.metric == "precision")].iloc[0]
    assert row["mean"] == pytest.approx(0.51, abs=0.002)  # 0.5 and 0.01 more at N = 10
    assert row.difference == pytest.approx(0.2, abs=0.002)
    assert not row.equivalent
    assert (row.low, row.high, row.n) == (0.49, 0.51, 10)
    assert set(of[of.convention.isna()].metric) == {"mae", *BeyondAccuracy._fields}
    assert set(table[table.part == "users"]["size"]) == {"100", "500", "1000"} | set()


def test_few_seeds_give_no_verdict(tmp_path):
    study = Study("./launch.sh study", 0.03, 2)
    add(study, "equal", "real", 0, results(LEVELS, 0))
    write_study(study, tmp_path, tmp_path / "copy.md")
    text = (tmp_path / "copy.md").read_text()
    assert "Fewer than 5 seeds: no tests are made, and no verdict given." in text
    assert "holds" not in text
    assert (tmp_path / "copy.csv").read_bytes() == (tmp_path / "summary.csv").read_bytes()


def test_a_claim_of_networks_that_were_not_trained_is_not_judged(tmp_path):
    study, levels = Study("./launch.sh study", 0.03, 6), {"deepmf": 0.3, "vdeepmf": 0.2, "binary_regression": 0.4}
    add(study, "equal", "real", 0, results(levels, 0))
    write_study(study, tmp_path)
    text = (tmp_path / "summary.md").read_text()
    assert "Too few networks were trained to compare." in text
    assert "fails" not in text
