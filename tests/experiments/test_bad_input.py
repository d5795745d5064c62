"""Whatever is wrong on the command line, in a file or in a folder: one line, exit status 2, nothing half-written."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiments import bad_generation, bad_studies, bad_training

HEADER = "user_id,item_id,rating\n"
FILES = {
    "afile": "not a folder\n",
    "empty.csv": "",
    "headerless.csv": "1,2,3\n2,3,4\n",
    "semicolon.csv": HEADER.replace(",", ";") + "1;2;3\n",
    "no_rating.csv": "user_id,item_id,liking\n1,2,3\n",
    "text.csv": HEADER + "1,2,good\n",
    "nan.csv": HEADER + "1,2,3\n1,3,nan\n",
    "same.csv": HEADER + "1,1,3\n2,2,3\n",
    "twice.csv": HEADER + "1,1,3\n2,2,4\n1,1,5\n",
    "one_user.csv": HEADER + "1,1,3\n1,2,4\n",
    "minus.csv": "3\n2\n-1\n",
    "words.txt": "3\nmany\n",
    "zeros.csv": "0\n0\n",
    "weights.xlsx": "1\n",
    "shares.csv": "1,0.5\n2,x\n",
    "three.dat": HEADER.replace(",", "::")
    + "".join(f"{u}::{i}::{(u + i) % 3 + 1}\n" for u in range(9) for i in range(9)),
    "split.csv": HEADER + "1,1,3\n2,2,4\n",
    "three.csv": "3\n2\n1\n",
    "few.csv": HEADER + "".join(f"{u},{i},{(u + i) % 5 + 1}\n" for u in range(10) for i in range(12)),
    "plain.csv": HEADER + "".join(f"{u},{i},{(u + i) % 5 + 1}\n" for u in range(20) for i in range(20)),
}
CASES = {**bad_training.CASES, **bad_generation.CASES, **bad_studies.CASES}
BEGUN = {"run/flags.json", "run/metrics.jsonl", "run/cells.json"}
Finished = tuple[subprocess.CompletedProcess, dict[str, bytes], dict[str, bytes]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, generator, group_generator, profile_generator) -> Path:
    """A folder of things that can be wrong, copied for each case."""
    folder = tmp_path_factory.mktemp("inputs")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name in ("nothing", "folder.csv"):
        (folder / name).mkdir()
    for name in ("generator", "cut", "part", "newer", "unsigned"):
        shutil.copytree(generator, folder / name)
    shutil.copytree(group_generator, folder / "groups")
    shutil.copytree(profile_generator, folder / "profile")
    for name in ("cut", "unsigned"):
        _halve(max((folder / name / "orbax").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0))
    (folder / "part" / "orbax" / "arrays" / "manifest.ocdbt").unlink()
    _rewrite(folder / "newer" / "manifest.json", format_version=999)
    _rewrite(folder / "unsigned" / "manifest.json", sha256={})
    return folder


@pytest.fixture(scope="module")
def finished(inputs, launch_in, tmp_path_factory) -> Callable[[str], Finished]:
    """finished(case): what came of it, and the files before and after."""

    @functools.cache
    def run(case: str) -> Finished:
        place = tmp_path_factory.mktemp("case") / "here"
        shutil.copytree(inputs, place)
        before = _contents(place)
        done = launch_in(place, *CASES[case][0])
        after = _contents(place)
        shutil.rmtree(place)
        return done, before, after

    return run


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _rewrite(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture(scope="module")
def flags_of(launch_in, tmp_path_factory) -> Callable[..., set[str]]:
    """flags_of(NAME, *recipe): the flags that an experiment lists."""

    @functools.cache
    def listed(name: str, *recipe: str) -> set[str]:
        shown = launch_in(tmp_path_factory.mktemp("help"), name, *recipe, "--help").stdout
        return set(re.findall(r"^  --([\w.]+)", shown, re.MULTILINE))

    return listed


@pytest.mark.parametrize("case", CASES)
def test_a_message_names_flags_that_there_are(case, finished, flags_of):
    """But for one that was given: then the message says that there is no such flag."""
    name, *given = CASES[case][0]
    said = finished(case)[0].stderr
    recipes = [flag for flag in given if flag.startswith("--recipe=") and "--recipe=" not in said]
    known = flags_of(name, *recipes) | {"config", "config.FIELD", "no" + "overwrite"}
    if "unknown flag" in said or "no such field" in said:
        known |= {flag.lstrip("-").partition("=")[0] for flag in given}
    assert set(re.findall(r"--([\w.]*\w)", said)) <= known


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_nothing_left(case, finished):
    done, before, after = finished(case)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert [word for word in CASES[case][1] if word not in done.stderr] == [], done.stderr
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) - BEGUN == set()
