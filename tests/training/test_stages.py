"""A loop or stage that was stopped goes on from what is saved, and ends as if it had not been stopped."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.training import stages as stages_module
from ganrs_jax.training.lanes import lane_keys
from ganrs_jax.training.loop import scanned, train
from ganrs_jax.training.stages import Stages

NAME = "a loop, of 5"


class State(NamedTuple):
    x: jax.Array
    moments: tuple


def step(state: State, index, lane, shared):
    noise = jax.random.normal(jax.random.fold_in(lane, index), (3,))
    x = 0.9 * state.x + noise
    return State(x, (state.moments[0] + x**2,)), {"size": jnp.abs(x).mean()}


CHUNK = scanned(step)


def trained(stages: Stages, stop_at: int | None = None) -> State:
    keys = lane_keys([0, 1])

    def guarded(state, first, count):
        if first == stop_at:
            raise KeyboardInterrupt
        return CHUNK(state, first, count, keys, ())

    start = State(jnp.zeros((2, 3)), (jnp.zeros((2, 3)),))
    return train(guarded, start, stage="loop", num_steps=23, chunk_steps=5, checkpoint=stages.loop(NAME))


def stopped(folder, stop_at: int = 20, seconds: float = 0.0) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(Stages(folder, seconds), stop_at)


@pytest.mark.parametrize("stop_at", [0, 5, 20])
def test_a_stopped_loop_ends_as_one_that_was_not(tmp_path, stop_at):
    whole = trained(Stages())
    stopped(tmp_path / "run", stop_at)
    assert Stages(tmp_path / "run").loop(NAME).restore(whole)[0] == stop_at
    for _ in range(2):  # gone on with, then read at its end
        jax.tree.map(np.testing.assert_array_equal, trained(Stages(tmp_path / "run", 0.0)), whole)


@pytest.mark.parametrize("length", [-9, 0, 10, 40])
def test_a_file_cut_short_is_ignored(tmp_path, length):
    stopped(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:length])
    jax.tree.map(np.testing.assert_array_equal, trained(Stages(tmp_path)), trained(Stages()))


def test_an_altered_file_is_ignored(tmp_path):
    """One bit of a state, which would give other parameters without a word."""
    stopped(tmp_path)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    for place in (0, len(content) // 2, len(content) - 2):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert Stages(tmp_path).loop(NAME).restore(None) == (0, None)


def test_a_loop_is_saved_no_more_often_than_asked(tmp_path):
    stopped(tmp_path, seconds=3600.0)
    assert not list(tmp_path.iterdir())


def test_each_of_two_loops_is_saved_when_its_time_has_come(tmp_path, monkeypatch):
    """One that is often saved does not take the turn of another beside it."""
    now = [0.0]
    monkeypatch.setattr(stages_module.time, "monotonic", lambda: now[0])
    stages = Stages(tmp_path, 30.0)
    loops = [stages.loop(name) for name in ("one", "other")]
    for now[0] in (10.0, 40.0, 41.0):
        for loop in loops:
            loop.save(int(now[0]), jnp.zeros(3))
    assert [loop.restore(jnp.zeros(3))[0] for loop in loops] == [40, 40]


class Found(NamedTuple):
    x: jax.Array
    weights: np.ndarray
    count: int
    share: float | None


def test_a_stage_is_computed_once_and_read_as_it_was(tmp_path):
    """Numpy and JAX round sums differently: an array of one must not come back as one of the other."""
    calls = []

    def compute() -> Found:
        calls.append(1)
        x = jax.random.normal(jax.random.key(0), (1000, 7))
        return Found(x, np.asarray(x), 3, None)

    first, again = (Stages(tmp_path / "run").run("s", Found, compute) for _ in range(2))
    assert len(calls) == 1
    assert [isinstance(each.x, jax.Array) for each in (first, again)] == [True, True]
    assert [type(each.weights) for each in (first, again)] == [np.ndarray, np.ndarray]
    assert (again.count, again.share) == (3, None)
    for one, other in ((first.x, again.x), (first.x.mean(0), again.x.mean(0)), (first.weights, again.weights)):
        np.testing.assert_array_equal(one, other)
    Stages(tmp_path / "run").clear()
    assert not (tmp_path / "run").exists()
    for stages in (Stages(tmp_path / "run"), Stages()):
        stages.run("s", Found, compute)
    assert len(calls) == 3


def test_another_process_than_the_first_writes_nothing_and_goes_on_from_what_the_first_reads(tmp_path, monkeypatch):
    Stages(tmp_path).write("s", {"x": 1})
    held = next(tmp_path.iterdir()).read_bytes()
    monkeypatch.setattr(stages_module, "is_first", lambda: False)
    monkeypatch.setattr(stages_module, "bytes_of_first", lambda mine: held if mine == b"" else mine)
    Stages(tmp_path / "mine").write("other", {"x": 2})
    assert not (tmp_path / "mine").exists()
    assert Stages(tmp_path / "mine").read("s") == {"x": 1}
