"""A loop or stage that was stopped goes on from what is kept, and ends as if it had not been."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.training import checkpointer as resume
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.lanes import lane_keys
from ganrs_jax.training.loop import scanned, train


class State(NamedTuple):
    x: jax.Array
    moments: tuple


def step(state: State, index, lane, shared):
    noise = jax.random.normal(jax.random.fold_in(lane, index), (3,))
    x = 0.9 * state.x + noise
    return State(x, (state.moments[0] + x**2,)), {"size": jnp.abs(x).mean()}


def trained(kept: Kept, stop_at: int | None = None) -> State:
    chunk, keys = scanned(step), lane_keys([0, 1])

    def guarded(state, first, count):
        if first == stop_at:
            raise KeyboardInterrupt
        return chunk(state, first, count, keys, ())

    start = State(jnp.zeros((2, 3)), (jnp.zeros((2, 3)),))
    return train(guarded, start, stage="a stage, of 5", num_steps=23, chunk_steps=5, kept=kept)


@pytest.mark.parametrize("stop_at", [0, 5, 20])
def test_a_stopped_loop_ends_as_one_that_was_not(tmp_path, stop_at):
    whole = trained(NOTHING)
    with pytest.raises(KeyboardInterrupt):
        trained(Kept(tmp_path / "kept", 0.0), stop_at)
    done = Kept(tmp_path / "kept").resume("a stage, of 5", whole)[0]
    assert done == stop_at
    for each in (trained(Kept(tmp_path / "kept", 0.0)), trained(Kept(tmp_path / "kept", 0.0))):
        jax.tree.map(np.testing.assert_array_equal, each, whole)


@pytest.mark.parametrize("length", [-9, 0, 10, 40])
def test_what_was_cut_short_is_done_again(tmp_path, length):
    with pytest.raises(KeyboardInterrupt):
        trained(Kept(tmp_path / "kept", 0.0), 20)
    (file,) = (tmp_path / "kept").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:length])
    jax.tree.map(np.testing.assert_array_equal, trained(Kept(tmp_path / "kept")), trained(NOTHING))


def test_what_was_altered_is_done_again(tmp_path):
    """One bit of a state, which would give other parameters without a word."""
    with pytest.raises(KeyboardInterrupt):
        trained(Kept(tmp_path / "kept", 0.0), 20)
    (file,) = (tmp_path / "kept").iterdir()
    content = file.read_bytes()
    for place in (0, len(content) // 2, len(content) - 2):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert Kept(tmp_path / "kept").resume("a stage, of 5", None) == (0, None)


def test_a_loop_is_kept_no_more_often_than_asked(tmp_path):
    kept = Kept(tmp_path / "kept", 3600.0)
    with pytest.raises(KeyboardInterrupt):
        trained(kept, 20)
    assert not (tmp_path / "kept").exists()


def test_a_stage_is_computed_once(tmp_path):
    calls = []

    def compute() -> State:
        calls.append(1)
        return State(jnp.arange(3.0), (2.5,))

    def result(kept: Kept) -> State:
        def parts(state: State) -> dict:
            return {"x": state.x, "m": state.moments[0]}

        return kept.stage("s", compute, lambda held: State(held["x"], (held["m"],)), parts)

    first, again = (result(Kept(tmp_path / "kept")) for _ in range(2))
    assert len(calls) == 1
    np.testing.assert_array_equal(first.x, again.x)
    assert first.moments == again.moments
    Kept(tmp_path / "kept").clear()
    assert not (tmp_path / "kept").exists()
    result(Kept(tmp_path / "kept"))
    result(NOTHING)
    assert len(calls) == 3


def test_a_stage_that_is_read_goes_on_as_one_that_was_computed(tmp_path):
    """Numpy and JAX round sums differently: what was an array of one must not come back as one of the other."""
    x = jax.random.normal(jax.random.key(0), (1000, 7))
    parts = {"x": x, "within": {"n": np.asarray(x), "count": 3, "share": np.float32(0.5)}}
    first, again = (Kept(tmp_path / "kept").stage("s", lambda: parts, dict, dict) for _ in range(2))
    assert jax.tree.map(type, first) == jax.tree.map(type, again)
    jax.tree.map(np.testing.assert_array_equal, [first, first["x"].mean(0)], [again, again["x"].mean(0)])


def test_each_of_two_loops_is_kept_when_its_time_has_come(tmp_path, monkeypatch):
    """One that is often kept does not take the turn of another beside it."""
    now = [0.0]
    monkeypatch.setattr(resume.time, "monotonic", lambda: now[0])
    kept = Kept(tmp_path / "kept", 30.0)
    for now[0] in (10.0, 40.0, 41.0):
        for name in ("one", "other"):
            kept.save(name, int(now[0]), jnp.zeros(3))
    assert [kept.resume(name, jnp.zeros(3))[0] for name in ("one", "other")] == [40, 40]
