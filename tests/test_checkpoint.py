"""A generator on disk: what is saved is loaded, and whatever is wrong with the folder is one line."""

import dataclasses
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ganrs_jax.checkpoint import FORMAT_VERSION, load_generator, save_generator
from ganrs_jax.data.dataset import Generator
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import RECIPES

ARRAYS = {
    "network": {"params": {"dense": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}}, "count": np.int32(7)},
    "rating_mean": np.float32(0.25),
    "rating_std": np.float32(0.5),
}
SOURCE = {"name": "tiny", "scale": [1.0, 5.0, 0.5], "users": 3, "notes": ["é"]}
TRAINING = {"seed": 4, "criterion": 0.5}


def a_generator(recipe: str = "ganrs") -> Generator:
    config = dataclasses.replace(RECIPES[recipe].config(), gan_steps=9, beta1=0.25)
    if hasattr(config, "generator_hidden"):
        config = dataclasses.replace(config, generator_hidden=(3, 4))
    return Generator(recipe, config, arrays_of(recipe), SOURCE, TRAINING)


def arrays_of(recipe: str, *without: str) -> dict:
    """All that a generator has, by name, and what the tests look at."""
    made = dict(ARRAYS)
    for path in set(RECIPES[recipe].arrays) - {*ARRAYS, *without}:
        *folders, name = path.split("/")
        functools.reduce(lambda held, folder: held.setdefault(folder, {}), folders, made)[name] = np.float32(0)
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "generator"
    save_generator(path, a_generator())
    return path


@pytest.fixture
def copy(saved, tmp_path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "generator"))


def rewrite(folder: Path, **values) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def python(code: str, *arguments: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=600)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / "orbax").rglob("*") if p.is_file())


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_saved_is_loaded(recipe, tmp_path):
    save_generator(tmp_path / "new" / "generator", a_generator(recipe))
    loaded = load_generator(tmp_path / "new" / "generator")
    assert loaded[:2] == a_generator(recipe)[:2]
    assert isinstance(loaded.config, RECIPES[recipe].config)
    assert getattr(loaded.config, "generator_hidden", (3, 4)) == (3, 4)
    assert loaded[3:] == (SOURCE, TRAINING)
    assert loaded.scale.levels.tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    kernel = loaded.arrays["network"]["params"]["dense"]["kernel"]
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, ARRAYS["network"]["params"]["dense"]["kernel"])
    assert loaded.arrays["network"]["count"] == 7
    assert loaded.arrays["rating_mean"] == np.float32(0.25)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["generator"]


def test_a_relative_path_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_generator("here", a_generator())
    assert load_generator("here").training == TRAINING


def test_overwrite_is_asked_for(copy):
    other = a_generator()._replace(training={"seed": 5})
    with pytest.raises(InputError, match="exists already; accepted: a new place, or --overwrite"):
        save_generator(copy, other)
    assert load_generator(copy).training == TRAINING
    save_generator(copy, other, overwrite=True)
    assert load_generator(copy).training == {"seed": 5}
    assert sorted(p.name for p in copy.parent.iterdir()) == ["generator"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_generator(tmp_path / "file" / "generator", a_generator())


@pytest.mark.parametrize("number", range(3))
def test_each_large_file_cut_short_or_missing_is_named(copy, number):
    path = sorted(files(copy), key=lambda p: -p.stat().st_size)[number]
    name = path.relative_to(copy).as_posix()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=f"generator: {name} is altered or cut short; copy the generator again"):
        load_generator(copy)
    path.unlink()
    with pytest.raises(InputError, match=f"generator: {name} is missing; copy the generator again"):
        load_generator(copy)


MANIFESTS = ["", "{", "[]", "{}", '{"format_version": 3}', "\udcff", '{"format_version": 3, "sha256": 3}']


@pytest.mark.parametrize("text", MANIFESTS)
def test_a_manifest_that_is_none(copy, text):
    (copy / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"not a generator, or cut short: no readable manifest\.json in it"):
        load_generator(copy)


def test_absent_and_empty_folders(tmp_path):
    with pytest.raises(InputError, match="absent: no such folder; accepted: a generator that train_generator wrote"):
        load_generator(tmp_path / "absent")
    with pytest.raises(InputError, match="not a generator"):
        load_generator(tmp_path)


@pytest.mark.parametrize("version", [0, 2, FORMAT_VERSION + 1, "3"])
def test_another_format_version(copy, version):
    rewrite(copy, format_version=version)
    with pytest.raises(InputError, match=f"format version {version}; accepted: {FORMAT_VERSION}"):
        load_generator(copy)


@pytest.mark.parametrize("name", ["users/strata/quantiles", "users/weights", "taste"])
def test_arrays_that_an_older_version_did_not_have(tmp_path, name):
    old = a_generator("profile")._replace(arrays=arrays_of("profile", name))
    save_generator(tmp_path / "generator", old)
    with pytest.raises(InputError, match=f"generator: without {name}, made by another version; train it again"):
        load_generator(tmp_path / "generator")


FULL = """
import resource, sys
from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.errors import InputError
generator = load_generator(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    save_generator(sys.argv[1], generator)
except InputError as error:
    print(error)
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(copy):
    done = python(FULL, copy.parent / "again", copy)
    assert done.stdout.startswith(f"{copy.parent / 'again'}: cannot be written: File too large")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert sorted(p.name for p in copy.parent.iterdir()) == ["generator"]


def test_what_the_manifest_does_not_list_is_refused(copy):
    (copy / ".DS_Store").write_text("a file manager's own")
    assert load_generator(copy).training == TRAINING
    rewrite(copy, sha256={})
    with pytest.raises(InputError, match=r"generator: orbax/.* is not in its manifest\.json; copy the generator again"):
        load_generator(copy)


def test_loading_and_saving_say_nothing(copy):
    """Orbax's threads, coroutines and remarks must not reach standard error."""
    act = "import sys; from ganrs_jax.checkpoint import *; save_generator(sys.argv[1], load_generator(sys.argv[2]))"
    done = python(act, copy.parent / "again", copy)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert load_generator(copy.parent / "again").training == TRAINING


def test_a_recipe_or_field_that_is_gone(tmp_path, monkeypatch):
    save_generator(tmp_path / "generator", a_generator("wganrs"))
    monkeypatch.delitem(RECIPES, "wganrs")
    with pytest.raises(InputError, match="made by another version"):
        load_generator(tmp_path / "generator")
