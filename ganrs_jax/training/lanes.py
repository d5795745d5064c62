"""Lanes shared by the cores of a CPU.

XLA splits the small operations of one program badly over cores: a program of all lanes leaves most of them idle. So
lanes go in as many groups as there are cores, each a program of its own that keeps to one core, in a thread of its own.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

Given = TypeVar("Given")
Result = TypeVar("Result")
ONE_CORE = {"xla_cpu_multi_thread_eigen": False}  # compiler options of a program that does not split its operations
_MOST = 8  # threads of a stage that works on the host too, each with a dataset in memory


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lane_groups(num_lanes: int) -> list[slice]:
    """As many groups of neighbouring lanes as there are cores, sizes within one of each other.

    One on accelerators, and of several processes, whose machines may have other numbers of cores.
    """
    shared = jax.default_backend() == "cpu" and jax.process_count() == 1
    count = min(num_lanes, cores()) if shared else 1
    borders = [number * num_lanes // count for number in range(count + 1)]
    return [slice(start, end) for start, end in itertools.pairwise(borders)]


def single_lanes(num_lanes: int) -> list[slice]:
    """Each lane by itself where cores share them, for what takes longer the more lanes there are; else all at once."""
    alone = len(lane_groups(num_lanes)) > 1
    return [slice(lane, lane + 1) for lane in range(num_lanes)] if alone else [slice(0, num_lanes)]


def over_groups(run: Callable[[Any], Result], lanes: Any, groups: Sequence[slice]) -> Result:
    """run(some of the lanes), a thread a group of lanes; its results put together.

    Args:
      run: (pytree of arrays, lanes leading) -> the same of what it makes of them.
      groups: that hold each lane once, in order; of a single one nothing is copied.
    """
    if len(groups) == 1:
        return run(lanes)
    with jax.debug_key_reuse(False):  # which takes keys of other lanes for the same
        parts = [jax.tree.map(lambda x, mine=mine: x[mine], lanes) for mine in groups]
    made = side_by_side(lambda part: jax.block_until_ready(run(part)), parts, cores())
    return jax.tree.map(lambda *x: jnp.concatenate(x), *made)


def side_by_side(
    run: Callable[[Given], Result],
    each: Sequence[Given],
    threads: int = 0,
    stop: Callable[[], None] = lambda: None,
) -> list[Result]:
    """What run makes of each, in their order, a few threads at once.

    A failure is raised when those under way have ended; what has not begun by then is not done.

    Args:
      threads: how many; 0 = as many as there are cores, up to 8.
      stop: called at a failure or an interruption, for those under way to end early.
    """
    threads = min(threads or min(cores(), _MOST), len(each))
    if threads < 2:
        return [run(one) for one in each]
    with ThreadPoolExecutor(threads) as pool:
        begun = [pool.submit(run, one) for one in each]
        try:
            failed = [one for one in wait(begun, return_when=FIRST_EXCEPTION).done if one.exception()]
            return [one.result() for one in failed or begun]
        except BaseException:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
