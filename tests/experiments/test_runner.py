"""What is raised ends in one line: the exit status, and the words."""

import json
from pathlib import Path

import jax
import pytest

from ganrs_jax.cli import runner as _runner
from ganrs_jax.cli.command_line import command_line_words
from ganrs_jax.cli.runner import _TerminatedError, one_line_errors, say
from ganrs_jax.errors import InputError
from ganrs_jax.training.loop import TrainingDivergedError

ENDS = {
    "bad input": (InputError("a: b; accepted: c"), 2, "error: a: b; accepted: c\n"),
    "diverged": (TrainingDivergedError("not finite"), 1, "error: not finite\n"),
    "disk": (OSError(28, "No space left on device", "a.csv"), 2, "error: a.csv: No space left on device\n"),
    "memory": (
        MemoryError("Unable to allocate 9 GiB"),
        2,
        "error: out of memory (Unable to allocate 9 GiB); accepted: ",
    ),
    "GPU memory": (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 9 GiB\nmore"), 2, "error: out of memory (RESOURCE"),
    "CPU memory": (
        jax.errors.JaxRuntimeError("INTERNAL: Error dispatching: Out of memory allocating 9 bytes."),
        2,
        "error: out of memory (INTERNAL: Error dispatching: Out of memory allocating 9 bytes.); accepted: fewer",
    ),
    "interrupt": (KeyboardInterrupt(), 130, "error: interrupted\n"),
    "preemption": (
        _TerminatedError(143),
        143,
        "error: terminated; a run that keeps what it has done goes on with the same command",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_one_line_and_a_status(case, capsys):
    error, status, words = ENDS[case]
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise error
    said = capsys.readouterr().err
    assert ended.value.code == status
    assert said.startswith(words)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("`num_users=5`; accepted: 1 to 3", "--num_users=5; accepted: 1 to 3"),
        ("pass `num_users`, or `config.beta1=2`", "pass --num_users, or --config.beta1=2"),
        ("`rank_of_none=2` or `rank_of_none`", "`rank_of_none=2` or `rank_of_none`"),
        ("`num_users=a b, c`: two", "--num_users=a b, c: two"),
        ("then `generate it again`", "then `generate it again`"),
    ],
)
def test_parameters_become_flags_where_they_are_flags(library, words, monkeypatch):
    monkeypatch.setattr("ganrs_jax.cli.command_line.FLAGS", {"num_users": 0})
    assert command_line_words(library) == words


def test_another_failure_of_the_compiler_is_shown_whole():
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL: a fault"), one_line_errors():
        raise jax.errors.JaxRuntimeError("INTERNAL: a fault")


def test_output_that_cannot_be_written_is_named(monkeypatch):
    def full(text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout.write", full)
    with pytest.raises(OSError, match="No space left") as refused:
        say("word")
    monkeypatch.undo()
    assert refused.value.filename == "standard output"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_fills_while_metrics_are_written_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(_runner, "_origin", dict)
    workdir = _runner.Workdir(str(tmp_path))
    workdir.report("GAN", 1, 2, {"loss": [0.5]})
    workdir.report("GAN", 2, 2, {"loss": [0.25]})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["done"] for line in lines] == [1, 2]
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        workdir.report("GAN", 2, 2, {})
    assert raised.value.filename == tmp_path / "metrics.jsonl"
