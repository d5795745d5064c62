"""train_generator by two processes over loopback: as one, and when one of them dies or fails."""

import subprocess
import time

import jax
import numpy as np
import pytest

from ganrs_jax.checkpoint import load_generator
from tests.experiments.conftest import ABORTED, LONGEST, LOST, a_free_port, command

pytestmark = pytest.mark.slow

TINY = (
    "--preset=small",
    "--config.embedding_rounds=2",
    "--config.embedding_sweeps=2",
    "--config.calibration_rounds=0",
    "--config.gan_steps=10",
    "--config.width=32",
    "--checkpoint_seconds=0",
)
RATE = 1e-3  # the default's; Adam moves a weight by about as much a step


def weights(folder) -> np.ndarray:
    model = load_generator(folder / "generator")
    return np.concatenate([np.ravel(x) for side in (model.users, model.items) for x in jax.tree.leaves(side.weights)])


def test_killed_started_again_and_equal_to_one_process(two, launch, tmp_path):
    """Rounding turns a step where a gradient is nearly nothing, so that a few weights differ by some steps.

    A batch that is not shared as one would move most of the weights otherwise.
    """
    launch("train_generator", *TINY, "--workdir=one")
    flags = ("train_generator", *TINY, "--workdir=both")
    victim, other = two(*flags)
    while not list((tmp_path / "both").glob(".unfinished/*/gan*")) and victim.poll() is other.poll() is None:
        time.sleep(0.01)
    victim.kill()
    victim.communicate()
    said = other.communicate(timeout=LONGEST)[1]
    assert (other.returncode, LOST in said) == (ABORTED, True), said
    both = two(*flags)
    (out, _), (out_of_other, said_by_other) = ends = [process.communicate(timeout=LONGEST) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert "goes on from both/.unfinished/" in out
    assert "generator" not in out_of_other + said_by_other
    one, other = weights(tmp_path / "one"), weights(tmp_path / "both")
    assert np.quantile(np.abs(one - other), 0.9) < 1e-5
    np.testing.assert_allclose(one, other, atol=10 * RATE)
    assert sorted(p.name for p in (tmp_path / "both").iterdir()) == [
        "flags.json",
        "generator",
        "metrics.jsonl",
        "results.json",
    ]


def test_one_that_fails_says_why_and_the_other_stops(two, tmp_path):
    """Process 0 finds that it may not write, and does not wait for the other."""
    (tmp_path / "run" / "generator").mkdir(parents=True)
    first, other = two("train_generator", *TINY, "--nooverwrite", "--workdir=run")
    ends = [process.communicate(timeout=LONGEST)[1] for process in (first, other)]
    assert ends[0] == "error: run/generator exists already; accepted: another --workdir, or --overwrite\n"
    assert LOST in ends[1]
    assert (first.returncode, other.returncode) == (2, ABORTED)


def test_processes_of_different_flags_do_not_train_together(two, environment, tmp_path):
    """A seed of its own in one of them would make a mixture of both."""
    first, other = two("train_generator", *TINY, "--workdir=run", each=("--seed=0", "--seed=1"))
    ends = [process.communicate(timeout=LONGEST)[1] for process in (first, other)]
    for said in ends:
        assert "error: --process_id=1: other flags, source or versions than those of process 0; accepted: the s" in said
    assert (first.returncode, other.returncode, "Traceback" in "".join(ends)) == (2, 2, False)
    assert not (tmp_path / "run" / "generator").exists()


def test_one_whose_companions_never_come_hears_a_signal(environment, tmp_path):
    group = (f"--coordinator=127.0.0.1:{a_free_port()}", "--num_processes=2", "--process_id=1")
    alone = command("train_generator", *TINY, "--workdir=run", *group)
    with subprocess.Popen(alone, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline() == "waits for the other processes of the group, five minutes at most\n"
        process.terminate()
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said.startswith("error: terminated; "), said.count("\n")) == (143, True, 1)
