import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.training.lanes import lane, lane_keys, stacked_floats
from ganrs_jax.training.loop import TrainingDivergedError, chunks, scanned, train, watching


def walk(state, index, lane, shared):
    """A noisy step whose result depends on the step number, the lane and the data."""
    noise = jax.random.normal(jax.random.fold_in(lane["key"], index), state.shape)
    state = state + lane["rate"] * (shared - state) + 0.1 * noise
    return state, {"size": jnp.abs(state).max()}


def run(seeds, rates, *, start=0, stop=17, size=5, state=None, report=lambda *a: None):
    lanes = {"key": lane_keys(seeds), "rate": jnp.asarray(rates)}
    state = jnp.zeros((len(seeds), 3)) if state is None else state
    chunk = scanned(walk)
    shared = jnp.arange(3.0)
    return train(
        lambda s, first, count: chunk(s, first, count, lanes, shared),
        state,
        stage="walk",
        num_steps=stop,
        chunk_steps=size,
        start=start,
        report=report,
    )


def test_chunks_cover_every_step_once_and_keep_their_borders():
    assert list(chunks(0, 17, 5)) == [(0, 5), (5, 5), (10, 5), (15, 2)]
    assert list(chunks(7, 17, 5)) == [(7, 3), (10, 5), (15, 2)]
    assert list(chunks(5, 5, 5)) == []


def test_scanned_equals_looped():
    key, state = lane_keys([3])[0], jnp.zeros(3)
    step = jax.jit(functools.partial(walk, lane={"key": key, "rate": jnp.float32(0.1)}, shared=jnp.arange(3.0)))
    for index in range(17):
        state, _ = step(state, index)
    np.testing.assert_allclose(run([3], [0.1])[0], state, rtol=1e-6)


def test_vmapped_equals_single():
    together = run([3, 4, 5], [0.1, 0.2, 0.3])
    for index, (seed, rate) in enumerate(((3, 0.1), (4, 0.2), (5, 0.3))):
        np.testing.assert_array_equal(together[index], run([seed], [rate])[0])


def test_resumed_equals_uninterrupted_whatever_the_border():
    whole = run([3], [0.1])
    for stop in (5, 10, 7):
        np.testing.assert_array_equal(run([3], [0.1], start=stop, state=run([3], [0.1], stop=stop)), whole)


def test_report_hears_of_each_chunk_and_lane():
    told = []
    run([3, 4], [0.1, 0.2], report=lambda *call: told.append(call))
    assert [(stage, done, total) for stage, done, total, _ in told] == [("walk", n, 17) for n in (5, 10, 15, 17)]
    assert all(len(metrics["size"]) == 2 for *_, metrics in told)


def test_one_diverged_lane_is_borne_and_all_diverged_is_an_error():
    assert not np.isfinite(run([3, 4], [0.1, 1e30], stop=10)[1]).all()
    with pytest.raises(TrainingDivergedError, match="walk: the loss is not finite at step 5"):
        run([3, 4], [1e30, 1e30], stop=10)


@dataclasses.dataclass(frozen=True)
class Settings:
    rate: float = 0.1
    width: int = 3
    decay: float = 0.5


def test_stacked_floats_takes_the_named_fields_a_lane_each():
    stacked = stacked_floats([Settings(0.1, 3), Settings(1, 4)], ("rate", "decay"))
    assert list(stacked) == ["rate", "decay"]
    assert all(values.dtype == jnp.float32 for values in stacked.values())
    np.testing.assert_allclose(stacked["rate"], [0.1, 1])
    np.testing.assert_allclose(stacked["decay"], [0.5, 0.5])


def test_lane_keys_do_not_depend_on_company():
    assert (jax.random.key_data(lane_keys([7])[0]) == jax.random.key_data(lane_keys([1, 7])[1])).all()


def test_lane_takes_one_slice():
    assert lane({"a": jnp.arange(6).reshape(2, 3)}, 1)["a"].tolist() == [3, 4, 5]


def test_one_who_watches_sees_each_chunk_and_changes_nothing():
    seen = []

    def call(chunk, state, first, count, lanes, shared):
        seen.append((chunk.name, int(first), count))
        return chunk.run(state, first, count, lanes, shared)

    with watching(call):
        watched = run([3, 4], [0.1, 0.2])
    np.testing.assert_array_equal(watched, run([3, 4], [0.1, 0.2]))
    assert seen == [
        ("test_loop", 0, 5),
        ("test_loop", 5, 5),
        ("test_loop", 10, 5),
        ("test_loop", 15, 2),
    ]
