"""Lanes shared by the cores of a CPU.

XLA splits the small operations of one program badly over cores: a program of all lanes leaves most of them idle. So
lanes go in as many groups as there are cores, each a program of its own that keeps to one core, in a thread of its own.
"""

import dataclasses
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.errors import InputError

Given = TypeVar("Given")
Result = TypeVar("Result")
Floats = Mapping[str, jax.Array]  # float settings by name, [L] each, or of one lane
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


def over_groups(run: Callable[[Any], Result], lanes: object, groups: Sequence[slice]) -> Result:
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


def lane_keys(seeds: Sequence[int]) -> jax.Array:
    """A typed key [L] for each seed; the same seed gives the same key in any company."""
    return jax.vmap(jax.random.key)(jnp.asarray(seeds, jnp.uint32))


def stacked_floats(configs: Sequence[Any], names: Sequence[str]) -> dict[str, jax.Array]:
    """The named fields of configurations, each as a float32 array [L]."""
    return {n: jnp.asarray([getattr(c, n) for c in configs], jnp.float32) for n in names}


def lane(tree: Any, index: int) -> Any:
    """One lane's part of a pytree."""
    return jax.tree.map(lambda x: x[index], tree)


def check_lanes(seeds: Sequence[int], configs: Sequence[Any], floats: Sequence[str]) -> None:
    """Raises InputError unless there is a seed of 32 bits and a configuration a lane, alike but for `floats`."""
    if not seeds or len(seeds) != len(configs):
        raise InputError(
            f"{len(seeds)} seeds, {len(configs)} configurations; accepted: one of each a lane, at least one"
        )
    bad = [seed for seed in seeds if not 0 <= seed < 2**32]
    if bad:
        raise InputError(f"seed {bad[0]}; accepted: 0 to {2**32 - 1}")
    rest = [{k: v for k, v in dataclasses.asdict(c).items() if k not in floats} for c in configs]
    other = [name for name, value in rest[0].items() if any(r[name] != value for r in rest)]
    if other:
        raise InputError(f"lanes differ in {', '.join(other)}; accepted: differences in {', '.join(floats)}")


def best_lane(criteria: Sequence[float]) -> int:
    """The lane whose samples lie closest to held-out ones (the criterion of each lane; lowest wins).

    A lane whose criterion is not a number has diverged and never wins over one that has not.
    """
    scores = np.array(criteria, np.float64)
    return int(np.argmin(np.where(np.isfinite(scores), scores, np.inf)))
