"""generate --num_shards: one dataset, whatever parts, devices, processes, and however often it was killed."""

import dataclasses
import hashlib
import json
import shutil
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.profile.model import ItemIds
from tests.experiments.conftest import ABORTED, LONGEST, LOST, a_free_port, command
from tests.models import WORLD

SIZES = ("--num_users=1300", "--num_items=90", "--num_ratings=20000", "--seed=2")  # three blocks of users


def rows(folder) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))], ignore_index=True)


def digests(folder) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("part-*.parquet")}


@pytest.fixture(scope="module")
def whole(launch_in, profile_generator, tmp_path_factory):
    """The dataset as one file."""
    folder = tmp_path_factory.mktemp("whole")
    done = launch_in(folder, "generate", f"--generator={profile_generator}", *SIZES, "--out=whole.parquet")
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(folder / "whole.parquet")


@pytest.mark.slow
@pytest.mark.parametrize(("num_shards", "devices"), [(1, 8), (8, 1), (2, 8)])
def test_shards_and_devices_change_no_row(
    spawn_in, environment, profile_generator, tmp_path, whole, num_shards, devices
):
    flags = f"{environment['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"
    asked = ("generate", f"--generator={profile_generator}", *SIZES, f"--num_shards={num_shards}", "--out=out")
    done = spawn_in(tmp_path, *asked, XLA_FLAGS=flags)
    sizes = "1,300 users, 90 items, 20,000 ratings, exactly as asked"
    assert f"{num_shards} parts written to out, now whole: {num_shards} parts, {sizes}" in done.stdout
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), whole)


@pytest.mark.parametrize("kind", ["whole", "text"])
def test_ids_of_the_source_in_a_file_in_parts_and_compared(launch, profile_generator, tmp_path, kind):
    model = load_generator(profile_generator)
    numbers = 1000 + np.arange(60)
    ids = ItemIds(numbers, ()) if kind == "whole" else ItemIds(numbers[:0], tuple(f"m{n}" for n in numbers))
    save_generator(tmp_path / "own", dataclasses.replace(model, items=dataclasses.replace(model.items, ids=ids)))
    sizes = ("--generator=own", "--item_ids=source", "--num_users=1300", "--num_ratings=20000", "--seed=2")
    for more in (("--out=one.parquet",), ("--out=one.csv",), ("--out=out", "--num_shards=2")):
        launch("generate", *sizes, *more)
    made = pd.read_parquet(tmp_path / "one.parquet")
    assert set(made.item_id) == set(ids.values)
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), made)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "one.csv"), made, check_dtype=False)
    files = "one.parquet,one.csv,out"
    launch("fidelity", "--real=planted", *WORLD[1:], f"--synthetic={files}", "--nolocal_structure", "--json=found.json")
    found = json.loads((tmp_path / "found.json").read_text())["synthetic"]
    assert [found[name]["metrics"]["rows"]["synthetic"] for name in files.split(",")] == 3 * [20_000]


def test_parts_made_one_by_one_and_a_broken_one(launch, profile_generator, tmp_path, whole):
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=2", "--out=out")
    first = launch("generate", *flags, "--shard=1")
    sizes = "asked 1,300 users, 90 items, 20,000 ratings"
    assert f"{sizes}; 1 parts written to out; others are still to come" in first.stdout
    launch("generate", *flags, "--shard=0")
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), whole)
    before = digests(tmp_path / "out")
    (tmp_path / "out" / "part-00000-of-00002.parquet").write_bytes(b"cut short")
    again = launch("generate", *flags)
    assert "1 of 2 parts are there, whole" in again.stdout
    assert digests(tmp_path / "out") == before
    idle = launch("generate", *flags)
    assert "2 of 2 parts are there, whole" in idle.stdout
    assert [line for line in idle.stdout.splitlines() if "WARNING" in line] == [
        line for line in again.stdout.splitlines() if "WARNING" in line
    ]


@pytest.mark.slow
def test_two_processes_share_the_parts(two, profile_generator, tmp_path, whole):
    both = two("generate", f"--generator={profile_generator}", *SIZES, "--num_shards=3", "--out=out")
    ends = [process.communicate(timeout=LONGEST) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert [int(out.split(" parts written")[0][-1]) for out, _ in ends] == [2, 1]
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), whole)


@pytest.mark.slow
def test_processes_of_different_flags_make_no_mixture(two, profile_generator, tmp_path):
    flags = (f"--generator={profile_generator}", *SIZES[:3], "--num_shards=2", "--out=out")
    first, other = two("generate", *flags, each=("--seed=0", "--seed=1"))
    ends = [process.communicate(timeout=LONGEST)[1] for process in (first, other)]
    for said in ends:
        assert said.startswith("error: --process_id=1: other flags, generator or versions than those of process 0; ")
        assert said.count("\n") == 1
    assert (first.returncode, other.returncode) == (2, 2)
    assert not digests(tmp_path / "out")


@pytest.mark.slow
def test_processes_that_do_not_see_one_folder_are_told(two, profile_generator, tmp_path):
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=2")
    both = two("generate", *flags, each=("--out=one", "--out=other"))
    ends = [process.communicate(timeout=LONGEST)[1] for process in both]
    for said, lost in zip(ends, ("one/part-00001-of-00002", "other/part-00000-of-00002"), strict=True):
        assert f"error: {lost}.parquet: not there, or not whole" in said or LOST in said
    assert any("not there, or not whole" in said for said in ends)
    assert {process.returncode for process in both} <= {2, ABORTED}


def test_a_law_whose_file_changes_between_parts_is_refused(launch, launch_in, profile_generator, tmp_path):
    """Both files are sound, and a dataset of each is; parts of both would be none."""
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=2", "--out=out", "--popularity=law.csv")
    weights = np.arange(1, 91)
    np.savetxt(tmp_path / "law.csv", weights)
    launch("generate", *flags, "--shard=0")
    np.savetxt(tmp_path / "law.csv", weights**2)
    done = launch_in(tmp_path, "generate", *flags, "--shard=1")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "out/manifest.json: of another distribution_files: popularity (" in done.stderr
    np.savetxt(tmp_path / "law.csv", weights)
    assert "exactly as asked" in launch("generate", *flags).stdout


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_dies_stops_the_other(two, launch, profile_generator, tmp_path, whole, victim):
    """Whether it is the coordinator or not; what is whole stays, and is gone on from."""
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=3", "--out=out")
    both = two("generate", *flags)
    while both[victim].poll() is None and not list((tmp_path / "out").glob(f".part-0000{victim}*.json")):
        time.sleep(0.002)
    both[victim].kill()
    both[victim].communicate()
    _, said = both[1 - victim].communicate(timeout=LONGEST)
    assert (both[1 - victim].returncode, LOST in said) == (ABORTED, True), said
    assert "parts are there, whole" in launch("generate", *flags).stdout
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), whole)


@pytest.mark.slow
def test_killed_and_started_again(environment, launch, profile_generator, tmp_path, whole):
    """Killed when something is half written, and when the first part appears."""
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=3", "--out=out")
    out = tmp_path / "out"
    for sign in (".part-*.partial", "part-*.parquet"):
        process = subprocess.Popen(
            command("generate", *flags),
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not any(out.glob(sign)):
            pass
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL  # it was still at work
    launch("generate", *flags)
    pd.testing.assert_frame_equal(rows(out), whole)
    assert not list(out.glob(".part*.partial"))
    manifest = json.loads((out / "manifest.json").read_text())
    assert {part["file"]: part["sha256"] for part in manifest["parts"]} == digests(out)
    shutil.rmtree(out)


@pytest.mark.slow
def test_sigterm_ends_a_process_of_several_too(environment, launch, profile_generator, tmp_path, whole):
    """JAX's runtime must not take the signal for itself; what is whole stays."""
    flags = (f"--generator={profile_generator}", *SIZES, "--num_shards=3", "--out=out")
    joined = command("generate", *flags, f"--coordinator=127.0.0.1:{a_free_port()}", "--num_processes=1")
    with subprocess.Popen(joined, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list((tmp_path / "out").glob(".part-*.json")):
            time.sleep(0.002)
        process.terminate()
        said = process.stderr.read()
    assert (process.returncode, said.count("error: terminated; "), "Traceback" in said) == (143, 1, False), said
    assert "parts are there, whole" in launch("generate", *flags).stdout
    pd.testing.assert_frame_equal(rows(tmp_path / "out"), whole)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--num_shards=0"], "--num_shards=0; accepted: whole numbers from 1"),
        (["--num_shards=2", "--shard=2"], "--shard=2; accepted: 0 to 1"),
        (["--shard=0"], "--shard=0; accepted: with --num_shards=K, 0 to K - 1"),
        (["--num_shards=2", "--out=a.parquet"], "--out=a.parquet is a file; accepted with --num_shards: a folder"),
        (["--num_processes=2"], "--coordinator, --num_processes: several processes; accepted: with --num_shards=K"),
        (
            ["--num_shards=2", "--num_processes=2"],
            "--num_processes=2 --process_id=0; accepted: with --coordinator=HOST:PORT",
        ),
        (
            ["--num_shards=2", "--coordinator=localhost", "--num_processes=2"],
            "--coordinator=localhost; accepted: HOST:PORT of process 0, port 1 to 65535, or auto",
        ),
        (
            ["--num_shards=2", "--coordinator=127.0.0.1:1", "--num_processes=2", "--process_id=2"],
            "--process_id=2; accepted: 0 to --num_processes=2 less 1",
        ),
    ],
)
def test_bad_flags(launch_in, profile_generator, tmp_path, flags, words):
    done = launch_in(tmp_path, "generate", f"--generator={profile_generator}", "--out=out", *flags)
    assert (done.returncode, done.stderr) == (2, f"error: {words}\n")


def test_published_recipes_make_datasets_as_a_whole(launch_in, generator, tmp_path):
    done = launch_in(tmp_path, "generate", f"--generator={generator}", "--num_shards=2", "--out=out")
    assert done.returncode == 2
    assert "--num_shards=2: recipe ganrs makes datasets as a whole; accepted: recipe profile, or" in done.stderr
