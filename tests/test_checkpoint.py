"""A generator on disk: what is saved is loaded, and whatever is wrong with the folder is one line."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from ganrs_jax.checkpoint import FORMAT_VERSION, load_generator, save_generator
from ganrs_jax.data.scale import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.published.model import Groups, PublishedModel
from ganrs_jax.recipes import RECIPES
from ganrs_jax.statistics.summary import SourceSummary
from ganrs_jax.trees import as_tree

NETWORK = {"params": {"dense": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}}, "count": np.int32(7)}
SOURCE = SourceSummary(
    users=3,
    items=4,
    ratings=5,
    mean_rating=2.5,
    std_rating=0.5,
    rating_levels=(1.0, 5.0),
    rating_histogram=(0.25, 0.75),
    gini_user=0.1,
    gini_item=0.2,
    repeated_pairs=0,
    name="tiny",
    scale=Scale(1.0, 5.0, 0.5),
    digest="0a",
    notes=("é",),
)
GROUPS = Groups("gender", ("F", "M"), (1, 2), (3, 2))
TRAINING = {"seed": 4, "criterion": 0.5}


def a_generator(recipe: str = "ganrs") -> PublishedModel:
    config = dataclasses.replace(RECIPES[recipe].config(), gan_steps=9, beta1=0.25, generator_hidden=(3, 4))
    return PublishedModel(recipe, config, NETWORK, 0.25, 0.5, SOURCE, TRAINING, GROUPS if recipe == "cganrs" else None)


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


def assert_same(one, other) -> None:
    assert one.config == other.config
    jax.tree.map(np.testing.assert_array_equal, as_tree(one), as_tree(other))


@pytest.mark.parametrize("recipe", ["ganrs", "wganrs", "cganrs"])
def test_what_is_saved_is_loaded(recipe, tmp_path):
    save_generator(tmp_path / "new" / "generator", a_generator(recipe))
    loaded = load_generator(tmp_path / "new" / "generator")
    assert_same(loaded, a_generator(recipe))
    assert type(loaded.config) is RECIPES[recipe].config
    assert (loaded.source, loaded.training, loaded.groups) == (SOURCE, TRAINING, a_generator(recipe).groups)
    assert loaded.scale.levels.tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    assert loaded.network["params"]["dense"]["kernel"].dtype == np.float32
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["generator"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_trained_model_saved_again_is_the_same(recipe, trained, tmp_path):
    save_generator(tmp_path / "generator", trained(recipe))
    assert_same(load_generator(tmp_path / "generator"), trained(recipe))


def test_empty_arrays_are_kept(tmp_path):
    """As those of a source without local structure are."""
    network = {
        "params": {"none": np.zeros((3, 0), np.float32)},
        "all": {"none": np.zeros(0, np.int64)},
        "one": np.ones(1),
    }
    save_generator(tmp_path / "generator", empty := dataclasses.replace(a_generator(), network=network))
    assert_same(loaded := load_generator(tmp_path / "generator"), empty)
    assert loaded.network["params"]["none"].dtype == np.float32


def test_a_relative_path_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_generator("here", a_generator())
    assert load_generator("here").training == TRAINING


def test_overwrite_is_asked_for(copy):
    other = dataclasses.replace(a_generator(), training={"seed": 5})
    with pytest.raises(InputError, match="exists already; accepted: a new place, or `overwrite`"):
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
    with pytest.raises(InputError, match="absent: no such folder; accepted: a generator that was saved"):
        load_generator(tmp_path / "absent")
    with pytest.raises(InputError, match="not a generator"):
        load_generator(tmp_path)


@pytest.mark.parametrize("version", [0, 2, 7, FORMAT_VERSION + 1, "3"])
def test_another_format_version(copy, version):
    rewrite(copy, format_version=version)
    with pytest.raises(
        InputError,
        match=f"format version {version}, this version reads {FORMAT_VERSION}; train it again with `train_generator`",
    ):
        load_generator(copy)


def test_fields_that_an_older_version_did_not_have(tmp_path, monkeypatch):
    save_generator(tmp_path / "generator", a_generator())
    monkeypatch.setitem(RECIPES, "ganrs", dataclasses.replace(RECIPES["ganrs"], model=RECIPES["profile"].model))
    with pytest.raises(InputError, match="made by another version; train it again"):
        load_generator(tmp_path / "generator")


FULL = """
import resource, sys
from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.scale import Scale
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
