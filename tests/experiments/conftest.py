"""Experiments, in this process or launched as a user launches them, each in an empty folder."""

import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiments.in_process import run_here
from tests.models import QUICK_FLAGS, WORLD

REPOSITORY = Path(__file__).parents[2]
QUICK = (*WORLD, "--recipe=ganrs", *QUICK_FLAGS["ganrs"])
SIZE = ("--num_users=100", "--num_items=100", "--num_samples=10000")  # one for all, so that programs compile once
LOST = "another task died"  # JAX's words, and ours where we hear of it first
ABORTED = -signal.SIGABRT
LONGEST = 600  # seconds of a launch: a hang fails a test, a slow machine does not
AS_USERS = {"XLA_FLAGS": "", "JAX_DISABLE_MOST_OPTIMIZATIONS": "0"}  # beside `environment`
Launch = Callable[..., subprocess.CompletedProcess]


def command(name: str, *flags: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"experiments.{name}", *flags]


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    """No data folder, an empty cache, one CPU device, and programs compiled once for the whole session.

    They are compiled as in this process (tests/conftest.py), so that rows can be compared; `AS_USERS` undoes it.
    """
    dropped = ("GANRS_DATA_DIR", "PYTHONWARNINGS")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("JAX_")}
    return kept | {
        "PYTHONPATH": str(REPOSITORY),
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": " ".join(flag for flag in os.environ["XLA_FLAGS"].split() if "device_count" not in flag),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"],
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("compiled")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


@pytest.fixture(scope="session")
def launch_in(environment) -> Launch:
    """launch_in(folder, NAME, *flags): the finished run of an experiment, in this process."""
    return functools.partial(run_here, XDG_CACHE_HOME=environment["XDG_CACHE_HOME"])


@pytest.fixture(scope="session")
def spawn_in(environment) -> Launch:
    """As launch_in, but a process of its own, with no terminal and nothing to read."""

    def launch(folder: Path, name: str, *flags: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command(name, *flags),
            cwd=folder,
            env=environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )

    return launch


@pytest.fixture
def launch(launch_in, tmp_path) -> Launch:
    """launch(NAME, *flags): a run in the test's own folder that must succeed."""

    def succeed(name: str, *flags: str, **more: str) -> subprocess.CompletedProcess:
        done = launch_in(tmp_path, name, *flags, **more)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return succeed


@pytest.fixture
def two(environment, tmp_path) -> Callable[..., list[subprocess.Popen]]:
    """two(NAME, *flags): two processes of one group, in the test's own folder, just started; `each`: a flag of each."""

    def start(name: str, *flags: str, each: tuple[str, ...] = ()) -> list[subprocess.Popen]:
        group = f"--coordinator=127.0.0.1:{a_free_port()}", "--num_processes=2"
        return [
            subprocess.Popen(
                command(name, *flags, *group, f"--process_id={index}", *each[index : index + 1]),
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for index in range(2)
        ]

    return start


@pytest.fixture(scope="session")
def generator_of(launch_in, once) -> Callable[..., Path]:
    """generator_of(NAME, *flags): a generator that train_generator wrote, once for all workers."""

    def get(name: str, *flags: str) -> Path:
        def make(path: Path) -> None:
            part = path.with_name(f"{name}_part")
            part.mkdir()
            done = launch_in(part, "train_generator", *flags, "--workdir=run")
            assert done.returncode == 0, done.stderr
            part.rename(path)

        return once(f"generator_{name}", make) / "run" / "generator"

    return get


@pytest.fixture(scope="session")
def generator(generator_of) -> Path:
    """A generator of recipe ganrs, seed 0."""
    return generator_of("ganrs", *QUICK)


@pytest.fixture(scope="session")
def group_generator(generator_of) -> Path:
    """A generator of recipe cganrs."""
    return generator_of("cganrs", *QUICK, "--recipe=cganrs")


@pytest.fixture(scope="session")
def profile_generator(trained_folder) -> Path:
    """A generator of recipe profile, the default; test_presets trains one by flags."""
    return trained_folder("profile")
