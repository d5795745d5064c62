"""Lanes, repeats from flags.json, refusal to overwrite, and a run killed half-way."""

import json
import signal
import subprocess
import time

import jax
import numpy as np
import pytest

from ganrs_jax.checkpoint import load_generator
from ganrs_jax.trees import as_tree
from tests.experiments.conftest import QUICK, command
from tests.models import QUICK_FLAGS, WORLD


def arrays(folder) -> list[np.ndarray]:
    leaves = jax.tree.leaves(as_tree(load_generator(folder)))
    return [np.asarray(leaf) for leaf in leaves if isinstance(leaf, (np.ndarray, np.generic))]


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def lanes(folder) -> list[dict]:
    return json.loads((folder / "results.json").read_text())["lanes"]


def test_seeds_and_pick(launch, generator, tmp_path):
    done = launch("train_generator", *QUICK, "--num_seeds=2", "--pick=0", "--workdir=two")
    assert "lane 0 of 2 kept, seed 0" in done.stdout
    assert [lane["seed"] for lane in lanes(tmp_path / "two")] == [0, 1]
    assert len({lane["criterion"] for lane in lanes(tmp_path / "two")}) == 2
    launch("train_generator", *QUICK, "--num_seeds=2", "--pick=1", "--workdir=second")
    launch("train_generator", *QUICK, "--seed=1", "--workdir=alone")
    second, alone = tmp_path / "second" / "generator", tmp_path / "alone" / "generator"
    assert load_generator(second).training["seed"] == 1
    for one, other in zip(arrays(second), arrays(alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert not same(second, generator)


def test_a_source_too_small_for_local_structure_is_told(launch, tmp_path):
    few = ("--planted_users=40", "--planted_items=30", "--planted_ratings=600")
    asked = (*QUICK_FLAGS["profile"], "--config.local_rank=50", "--config.calibration_rounds=0")
    done = launch("train_generator", *WORLD, *few, *asked, "--workdir=run")
    told = [line.removeprefix("WARNING ") for line in done.stdout.splitlines() if "local structure" in line]
    assert len(told) == 1
    assert "of the 50 directions asked for" in told[0]
    assert "users and 56 such items" in told[0]
    assert told[0] in json.loads((tmp_path / "run" / "results.json").read_text())["warnings"]


def test_sweep_keeps_the_best_lane(launch, tmp_path):
    done = launch("train_generator", *QUICK, "--sweep=gan_learning_rate=2e-4,1e-3", "--workdir=sweep")
    held = lanes(tmp_path / "sweep")
    assert [lane["gan_learning_rate"] for lane in held] == [2e-4, 1e-3]
    best = int(np.argmin([lane["criterion"] for lane in held]))
    assert f"lane {best} of 2 kept" in done.stdout
    assert load_generator(tmp_path / "sweep" / "generator").config.gan_learning_rate == held[best]["gan_learning_rate"]


def test_flags_json_repeats_the_run(launch, generator, tmp_path):
    held = json.loads((generator.parent / "flags.json").read_text())
    assert {"python", "jax", "numpy", "pyarrow"} <= held["versions"].keys()
    flags = []
    for name, value in held["flags"].items():
        fields = {f"config.{k}": v for k, v in value.items()} if name == "config" else {name: value}
        for field, setting in fields.items():
            text = ",".join(map(str, setting)) if isinstance(setting, list) else setting
            flags += [] if text is None else [f"--{field}={text}"]
    assert QUICK_FLAGS["ganrs"][1] in flags
    launch("train_generator", *flags, "--workdir=again")
    assert same(tmp_path / "again" / "generator", generator)
    assert lanes(tmp_path / "again") == lanes(generator.parent)


def test_a_generator_is_replaced_only_when_asked(launch, launch_in, generator, tmp_path):
    launch("train_generator", *QUICK, "--workdir=run")
    files = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    refused = launch_in(tmp_path, "train_generator", *QUICK, "--seed=1", "--workdir=run")
    assert refused.returncode == 2
    assert refused.stderr == "error: run/generator exists already; accepted: another --workdir, or --overwrite\n"
    assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()} == files
    launch("train_generator", *QUICK, "--seed=1", "--workdir=run", "--overwrite")
    assert load_generator(tmp_path / "run" / "generator").training["seed"] == 1
    assert not same(tmp_path / "run" / "generator", generator)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "flags.json",
        "generator",
        "metrics.jsonl",
        "results.json",
    ]


@pytest.mark.slow
def test_a_run_that_is_terminated_leaves_no_generator(launch, environment, generator, tmp_path):
    metrics = tmp_path / "run" / "metrics.jsonl"
    endless = command(
        "train_generator", *QUICK, "--config.gan_steps=500000000", "--checkpoint_seconds=inf", "--workdir=run"
    )
    with subprocess.Popen(endless, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        limit = time.monotonic() + 120
        while not (metrics.exists() and "GAN" in metrics.read_text()) and time.monotonic() < limit:
            time.sleep(0.1)
        process.terminate()
        said = process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in said
    assert said.count("error: terminated; a run that keeps what it has done goes on with the same command") == 1
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["flags.json", "metrics.jsonl"]
    launch("train_generator", *QUICK, "--workdir=run")
    assert same(tmp_path / "run" / "generator", generator)


STAGES = {  # what is kept of each recipe, in order
    "profile": ["embedding", "gan*"],
    "ganrs": ["embedding", "gan*"],
}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STAGES)
def test_killed_in_every_stage_and_started_again(environment, spawn_in, tmp_path, recipe):
    """Killed when something is kept of the next stage; it ends as a run that was not stopped and keeps nothing."""
    flags = ("train_generator", "--preset=small", *WORLD, f"--recipe={recipe}", *QUICK_FLAGS[recipe])
    assert spawn_in(tmp_path, *flags, "--checkpoint_seconds=inf", "--workdir=whole").returncode == 0
    kept, flags = tmp_path / "run" / ".unfinished", (*flags, "--checkpoint_seconds=0", "--workdir=run")
    for stage in STAGES[recipe]:
        process = subprocess.Popen(
            command(*flags),
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not list(kept.glob(f"*/{stage}.msgpack")):
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    again = spawn_in(tmp_path, *flags)
    assert "goes on from run/.unfinished/" in again.stdout
    assert not list(kept.glob("*"))
    whole, resumed = (load_generator(tmp_path / name / "generator") for name in ("whole", "run"))
    jax.tree.map(np.testing.assert_array_equal, as_tree(whole), as_tree(resumed))


def test_what_a_run_of_other_settings_left_is_dropped(launch, tmp_path):
    left = tmp_path / "run" / ".unfinished" / "0123456789abcdef"
    left.mkdir(parents=True)
    done = launch("train_generator", *QUICK, "--workdir=run")
    assert "0123456789abcdef: left by an unfinished run of other settings; dropped" in done.stdout
    assert not left.exists()
