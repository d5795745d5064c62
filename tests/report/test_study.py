"""RESULTS.md says of results of known answers what is true of them."""

import numpy as np
import pytest

from ganrs_jax.recommenders.beyond_accuracy import BeyondAccuracy
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.report.study import Study, write_study

LEVELS = {"ncf_regression": 0.5, "ncf_classification_improved": 0.55, "deepmf": 0.3, "vdeepmf": 0.2}


def results(levels, seed, shift=None):
    rng = np.random.default_rng(seed)

    def metric(at, name):
        moved = at + (shift or {}).get(name, 0.0)
        return (moved + 0.01 * np.arange(3) + 0.001 * rng.normal(size=(6, 3))).tolist()

    return {
        model: {
            "settings": {"epochs": 1},
            "cutoffs": [5, 10, 15],
            "at": 10,
            "metrics": {c: {m: metric(at, m) for m in METRICS} for c in ("study", "standard")},
            "intervals": {c: {m: [at, at - 0.01, at + 0.01] for m in METRICS} for c in ("study", "standard")},
            "beyond_accuracy": {name: [0.5] * 6 for name in BeyondAccuracy._fields},
            "mae": [0.7] * 6,
            "rmse": None,
        }
        for model, at in levels.items()
    }


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    study = Study("./launch.sh study", 0.03, 6)
    facts = {"rows": 1000, "users": 10, "items": 200}
    study.add("equal", "world", "real", 0, results(LEVELS, 0), facts)
    study.add("equal", "world", "profile", 0, results(LEVELS, 1), facts)
    study.add("equal", "world", "ganrs", 0, results({name: 0.8 - at for name, at in LEVELS.items()}, 2), facts)
    for size in (100, 500, 1000):
        rising = {"precision": size / 1e4, "recall": -size / 1e4}
        study.add("users", "world", "profile", size, results(LEVELS, size, rising), facts)
        study.add("users", "world", "ganrs", size, results(LEVELS, size, {"recall": size / 1e4}), facts)
        if size != 500:
            study.add("users", "world", "wganrs", size, results(LEVELS, size, rising), facts)
    study.add("sizes", "world", "ganrs", "9x9x40", results(LEVELS, 3), facts)
    folder = tmp_path_factory.mktemp("study")
    write_study(study, folder, None)
    assert {p.name for p in (folder / "figures").iterdir()} == {
        f"world_{name}.png" for name in ("study", "standard", "users_study", "users_standard")
    }
    return (folder / "RESULTS.md").read_text()


def test_a_copy_keeps_the_order_and_a_reversal_does_not(text):
    assert "- world, profile: the order of the models holds (least tau 1.00, wanted 0.8)." in text
    assert "- world, ganrs: the order of the models is NOT kept (least tau -1.00, wanted 0.8)." in text


def test_what_the_real_data_agree_with_themselves_on_stands_beside(text):
    assert "| world | real again |  |  |  |  | 1.00 (1.00 to 1.00) |" in text


def test_a_copy_is_equivalent_and_a_reversal_is_different(text):
    assert "| world | profile | study | 0.199 to 0.560 | 4 of 4 | 24 of 24 | 0 of 24 | -0.001 |" in text
    assert "| world | ganrs | standard | 0.200 to 0.561 | 0 of 4 | 0 of 24 | 24 of 24 | 0.401 |" in text


def test_the_best_models_and_the_sizes(text):
    assert "| world | real | study | ncf_classification_improved, ncf_regression, deepmf, vdeepmf | +0.200 (" in text
    assert (
        "The two are the best two in 4 of 6 rows, 4 of them beyond chance:\nas a general claim it FAILS here." in text
    )
    assert "| users | world | profile | study | 1.000 (4 up, 0 down) | +0.089 (+0.0" in text
    assert "- users, world, profile, study: the claim holds." in text
    assert "- users, world, ganrs, study: the claim FAILS." in text
    assert "- users, world, wganrs, study: 2 sizes are too few to judge the claim." in text


def test_every_part_has_its_numbers(text):
    for heading in ("world, real: every model", "world, profile: by users", "world, ganrs, 9x9x40: every model"):
        assert f"## {heading}" in text
    rows = text.split("## world, profile: by users")[1].split("## ")[0].splitlines()
    assert [row.split("|")[1:3] for row in rows if row.startswith("| deepmf")] == [
        [" deepmf ", " 100 "],
        [" deepmf ", " 500 "],
        [" deepmf ", " 1,000 "],
    ]


def test_few_seeds_give_no_verdict(tmp_path):
    study = Study("./launch.sh study", 0.03, 2)
    study.add("equal", "world", "real", 0, results(LEVELS, 0), {})
    write_study(study, tmp_path, tmp_path / "copy.md")
    text = (tmp_path / "copy.md").read_text()
    assert "Fewer than 5 seeds: no tests are made, and no verdict given." in text
    assert "holds" not in text
    assert "## world, real: every model" in text


def test_a_claim_of_networks_that_were_not_trained_is_not_judged(tmp_path):
    study, levels = Study("./launch.sh study", 0.03, 6), {"deepmf": 0.3, "vdeepmf": 0.2, "binary_regression": 0.4}
    study.add("equal", "world", "real", 0, results(levels, 0), {})
    write_study(study, tmp_path, None)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "The two, or all others, were not trained: nothing to say of the claim." in text
    assert "FAILS" not in text
