"""The study is restartable: finished cells are kept, and a folder of another configuration is refused."""

import json
import shutil

import pytest

from tests.experiments.conftest import AS_USERS
from tests.models import WORLD

FLAGS = (
    "--sources=planted",
    *WORLD[1:],
    "--recipes=ganrs",
    "--models=biases,popularity",
    "--num_seeds=5",
    "--num_datasets=2",
    "--workdir=run",
)

KINDS = ("real", "ganrs-draws2")


@pytest.fixture(autouse=True)
def trained(generator, tmp_path):
    """A generator that is there already."""
    shutil.copytree(generator, tmp_path / "run" / "generators" / "planted-ganrs")


@pytest.mark.slow
def test_a_stopped_study_goes_on_and_another_one_is_refused(launch, launch_in, tmp_path):
    launch("study", *FLAGS, "--parts=equal")
    run = tmp_path / "run"
    first = (run / "summary.md").read_bytes()
    cell, generator = run / "cells" / "planted-ganrs-draws2" / "biases.json", run / "generators" / "planted-ganrs"
    kept = {p: p.stat().st_mtime_ns for p in [*(run / "cells").rglob("*.json"), *generator.rglob("*")] if p != cell}
    whole = json.loads(cell.read_text())
    cell.unlink()
    launch("study", *FLAGS, "--parts=equal", "--finished_only")
    assert "Asked for, but not measured: planted-ganrs-draws2.\n" in (run / "summary.md").read_text()
    assert not cell.exists()
    launch("study", *FLAGS, "--parts=equal", "--finished_only", "--datasets_of=planted-ganrs=3")
    assert "Asked for, but not measured: planted-ganrs-draws3.\n" in (run / "summary.md").read_text()
    launch("study", *FLAGS, "--parts=equal")
    again = json.loads(cell.read_text())
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in whole.items() if k != "seconds"}
    unmoved = {p: p.stat().st_mtime_ns for p in kept}
    moved = {p.name for p in kept if kept[p] != unmoved[p]}
    assert moved <= {"dataset.json"}
    assert (run / "summary.md").read_bytes() == first

    other = launch_in(tmp_path, "study", "--parts=equal", *FLAGS, "--margin=0.1")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "run holds a study of --margin=0.03; accepted: the same, or another --workdir" in other.stderr
    assert (run / "summary.md").read_bytes() == first

    for spoil in ("{", "{}"):
        cell.write_text(spoil)
        spoilt = launch_in(tmp_path, "study", "--parts=equal", *FLAGS)
        assert spoilt.returncode == 2
        assert (
            "biases.json: not a cell of this study; accepted: another --workdir, or the file deleted" in spoilt.stderr
        )

    sources = run / "sources.json"
    sources.write_text(sources.read_text().replace('": "', '": "0'))
    moved = launch_in(tmp_path, "study", "--parts=equal", *FLAGS)
    assert moved.returncode == 2
    assert "run holds a study of other ratings of planted; accepted: the same, or another --workdir" in moved.stderr


def test_a_generator_of_other_ratings_or_another_seed_is_refused(launch_in, tmp_path):
    for other in ("--data_seed=1", "--noise=0.2"):
        shutil.rmtree(tmp_path / "run" / "cells", ignore_errors=True)
        for name in ("settings.json", "sources.json"):
            (tmp_path / "run" / name).unlink(missing_ok=True)
        refused = launch_in(tmp_path, "study", *FLAGS, "--parts=equal", other)
        assert (refused.returncode, "generators/planted-ganrs: of other ratings than" in refused.stderr) == (2, True)


def test_a_study_stopped_before_its_first_cell_is_bound_to_its_settings(launch_in, tmp_path):
    stopped = launch_in(tmp_path, "study", *FLAGS, "--parts=users", "--users=900000")
    assert stopped.returncode == 2
    assert not (tmp_path / "run" / "cells").exists()
    other = launch_in(tmp_path, "study", *FLAGS, "--parts=users", "--users=50", "--epochs=3")
    assert (other.returncode, "run holds a study of --epochs=0" in other.stderr) == (2, True)


@pytest.mark.slow
def test_the_small_preset_as_it_is_speaks_of_each_claim_and_of_equal_sizes(spawn_in, tmp_path):
    """Its world is larger than the others' here: of 80 users and 60 items too few samples are distinct pairs."""
    run = tmp_path / "run"
    shutil.rmtree(run)
    done = spawn_in(tmp_path, "study", "--preset=small", "--results=copy.md", "--workdir=run", **AS_USERS)
    assert done.returncode == 0, done.stderr
    text = (run / "summary.md").read_text()
    assert (tmp_path / "copy.md").read_text() == text
    for heading in ("## Are the networks' metrics the same?", "## Is the order of the models", "## Are NCF regression"):
        assert heading in text
    assert "By NDCG of all 5 models; by F1 of 3 models," in text
    real, made = (json.loads((run / "cells" / f"planted-{k}" / "dataset.json").read_text()) for k in KINDS)
    assert real["rows"] == made["rows"]
    assert (real["datasets"], made["datasets"]) == (1, 2)
    one, other = (run / "datasets" / f"planted-ganrs{draw}.parquet" for draw in ("", "-draw1"))
    assert one.read_bytes() != other.read_bytes()
    assert ",deepmf,standard,precision,10," in (tmp_path / "copy.csv").read_text()
    assert (run / "figures" / "planted_standard.png").is_file()


@pytest.mark.slow
def test_references_alone_are_no_failed_claim(launch, tmp_path):
    launch("study", *FLAGS, "--parts=users", "--users=30,60,90", "--items=100", "--samples_at=5000")
    text = (tmp_path / "run" / "summary.md").read_text()
    assert "Too few networks were trained to compare." in text
    assert "nan" not in text
    assert "fails" not in text
