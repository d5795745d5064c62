"""launch.sh up to where it would set up: its list, and what it refuses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
EXPERIMENTS = sorted(p.stem for p in (REPOSITORY / "experiments").glob("[!_]*.py"))

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def launch(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """A run from another folder, that has no Python to set up with: what went too far would fail."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GANRS_")}
    environment = {**kept, "LC_ALL": "C", "PYTHON": str(folder / "absent"), **variables}
    command = ["bash", str(REPOSITORY / "launch.sh"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [(), ("help",), ("-h",), ("--help",)])
def test_every_experiment_is_listed_with_its_summary(arguments, tmp_path):
    done = launch(*arguments, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.startswith("Usage: ./launch.sh NAME [flags]")
    assert [line.split()[0] for line in lines] == [*EXPERIMENTS, "docs", "test"]
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("name", ["nonsense", "_runner", "../launch", "train generator x", "*"])
def test_an_unknown_name_ends_in_one_line_that_lists_the_known(name, tmp_path):
    done = launch(name, "--workdir=run", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    known = " ".join([*EXPERIMENTS, "docs", "test"])
    assert done.stderr.strip() == f"launch.sh: no experiment '{name}'; there are: {known}"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["train_generator", "test"])
def test_an_unknown_accelerator_ends_in_one_line(name, tmp_path):
    done = launch(name, folder=tmp_path, GANRS_ACCELERATOR="bad")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "launch.sh: GANRS_ACCELERATOR is 'bad'; accepted: cpu, cuda13, cuda12, tpu\n"
    assert not list(tmp_path.iterdir())


def test_a_python_that_is_not_there_is_named(tmp_path):
    done = launch("train_generator", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("launch.sh: found no Python 3.11 to 3.14 (PYTHON=")
    assert str(tmp_path / "absent") in done.stderr
    assert done.stderr.count("\n") == 1
