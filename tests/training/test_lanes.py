"""Lanes in groups give what they give together; what runs side by side keeps its order and raises its first failure."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.training import lanes as threads
from ganrs_jax.training.lanes import lane_groups, lane_keys, over_groups, side_by_side, single_lanes
from ganrs_jax.training.loop import scanned


@pytest.fixture
def cores(monkeypatch):
    """Sets how many cores there seem to be."""
    return lambda count: monkeypatch.setattr(threads, "cores", lambda: count)


@pytest.mark.parametrize(
    ("count", "lanes", "sizes"), [(1, 5, [5]), (2, 5, [2, 3]), (4, 3, [1, 1, 1]), (3, 8, [2, 3, 3])]
)
def test_groups_hold_every_lane_once_in_order(cores, count, lanes, sizes):
    cores(count)
    groups = lane_groups(lanes)
    assert [lane for mine in groups for lane in range(lanes)[mine]] == list(range(lanes))
    assert [mine.stop - mine.start for mine in groups] == sizes
    assert len(single_lanes(lanes)) == (1 if count == 1 else lanes)


def descent(state, index, lane, shared):
    """A step of noisy gradient descent on a least-squares problem."""
    rows = jax.random.randint(jax.random.fold_in(lane["key"], index), (32,), 0, len(shared))
    loss, slope = jax.value_and_grad(lambda w: jnp.square(jnp.tanh(shared[rows] @ w) - 1).mean())(state)
    return state - lane["rate"] * slope, {"loss": loss}


@pytest.mark.parametrize("count", [2, 3, 8])
def test_lanes_over_cores_end_as_on_one_core_and_as_single_lanes(cores, count):
    """Noise, gradients and sums over steps included, to rounding: XLA may fuse each program's sums otherwise."""
    data = jax.random.normal(jax.random.key(7), (200, 6))
    rates = jnp.linspace(0.1, 0.5, 5)

    def ended(seeds, rates):
        lanes = {"key": lane_keys(seeds), "rate": rates}
        return scanned(descent)(jnp.zeros((len(seeds), 6)), 0, 40, lanes, data)

    cores(1)
    state, metrics = ended(range(5), rates)
    cores(count)
    shared, told = ended(range(5), rates)
    np.testing.assert_allclose(shared, state, rtol=1e-4)
    np.testing.assert_allclose(told["loss"], metrics["loss"], rtol=1e-4)
    alone = [ended([seed], rates[seed : seed + 1])[0][0] for seed in range(5)]
    np.testing.assert_allclose(shared, alone, rtol=1e-4)


def test_groups_work_at_the_same_time(cores):
    cores(2)
    meeting = threading.Barrier(2, timeout=60)  # broken, if one waits for the other to end

    def run(part):
        meeting.wait()
        return part + 1

    np.testing.assert_array_equal(over_groups(run, jnp.arange(4), lane_groups(4)), [1, 2, 3, 4])


@pytest.mark.parametrize("count", [1, 3])
def test_side_by_side_keeps_the_order(count):
    assert side_by_side(lambda x: x * x, list(range(20)), count) == [x * x for x in range(20)]


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("count", [1, 2])
def test_a_failure_is_raised_and_what_has_not_begun_is_not_done(count, failing):
    done, stopped = [], threading.Event()

    def run(number):
        if number == failing:
            raise ValueError(f"lane {number}: no")
        stopped.wait(30 if count > 1 else 0)  # as long as those under way take, unless they are told
        done.append(number)

    with pytest.raises(ValueError, match=f"lane {failing}: no"):
        side_by_side(run, list(range(100)), count, stopped.set)
    assert len(done) <= 2


def test_several_processes_keep_lanes_together_as_their_cores_may_differ(cores, monkeypatch):
    cores(4)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert lane_groups(8) == [slice(0, 8)]
