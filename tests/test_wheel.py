"""The wheel holds the package alone, and works in an environment that has nothing but it and what it depends on."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
PROGRAM = """
import ganrs_jax as gj
ratings = gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
model = gj.train(ratings, "ganrs", config=gj.GanrsConfig(embedding_epochs=1, gan_steps=20))
print(gj.__file__, len(gj.generate(model, num_users=30, num_items=20, num_samples=500).to_pandas()) > 100)
"""


def run(*command: object, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, as setuptools leaves folders behind; pip fetches setuptools, as it does at set-up."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    for name in ("ganrs_jax", "experiments", "tests"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-input", "-w", "wheels", ".", folder=folder)
    (made,) = (folder / "wheels").iterdir()
    return made


def test_it_holds_the_package_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"ganrs_jax"}
    sources = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "ganrs_jax").rglob("*.py")}
    assert sources | {"ganrs_jax/py.typed"} == {name for name in names if name.startswith("ganrs_jax/")}


def test_it_works_in_an_empty_environment(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-input", wheel, folder=tmp_path)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=tmp_path).strip()
    # What the wheel depends on is borrowed from the present environment; a .pth of its own there is not read.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    place, made = run(python, "-P", "-c", PROGRAM, folder=tmp_path).split()
    assert Path(place).is_relative_to(packages)
    assert made == "True"
