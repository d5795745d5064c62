"""The shared training loop: steps in jitted chunks, many runs ("lanes") at once.

A lane is one seed with one setting of the float hyperparameters. Every array of a state has a
leading lane axis, written `L` in shape suffixes; a single run is one lane.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.training.devices import ALONE, Share
from ganrs_jax.training.lanes import ONE_CORE, lane_groups, over_groups
from ganrs_jax.training.stages import LoopCheckpoint

State = TypeVar("State")
Metrics = Mapping[str, jax.Array]
QUICK_COMPILE = {"xla_backend_optimization_level": 0}  # for programs that run once: a third of the compilation time


class Report(Protocol):
    """Called after each chunk of steps with the steps done of `total` and each metric's value per lane."""

    def __call__(self, stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None: ...


def silent(stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
    """A report that does nothing."""


class TrainingDivergedError(RuntimeError):
    """Every lane's loss became infinite or not a number."""


def train(
    chunk: Callable[[State, int, int], tuple[State, Metrics]],
    state: State,
    *,
    stage: str,
    num_steps: int,
    chunk_steps: int,
    report: Report = silent,
    start: int = 0,
    checkpoint: LoopCheckpoint | None = None,
) -> State:
    """Runs steps `start` to `num_steps` in jitted chunks and returns the last state.

    A chunk must derive its randomness from the step number (`jax.random.fold_in`), so that a run
    resumed at a chunk's border is the run that was never stopped.

    Args:
      chunk: (state, first step, number of steps) -> (state, metrics [L] averaged over the chunk);
        see `scanned`.
      state: lanes leading.
      stage: the name that progress and errors carry.
      chunk_steps: steps between two reports.
      checkpoint: keeps the state between chunks, and restores it; None keeps nothing.

    Raises:
      TrainingDivergedError: when no lane's metrics are finite any more.
    """
    done, state = (0, state) if checkpoint is None else checkpoint.restore(state)
    for first, count in chunks(max(start, done), num_steps, chunk_steps):
        state, metrics = chunk(state, first, count)
        values = {name: np.asarray(value).tolist() for name, value in metrics.items()}
        table = np.array([np.atleast_1d(value) for value in values.values()])  # [metrics, L]
        if table.size and not np.isfinite(table).all(0).any():
            raise TrainingDivergedError(
                f"{stage}: the loss is not finite at step {first + count}; "
                "a smaller learning rate may help, or another seed"
            )
        report(stage, first + count, num_steps, values)
        if checkpoint is not None:
            checkpoint.save(first + count, state)
    return state


def chunks(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Pairs (first, count) that cover start..stop; borders are multiples of size wherever one starts."""
    while start < stop:
        end = min(stop, (start // size + 1) * size)
        yield start, end - start
        start = end


def scanned(step: Callable[..., tuple[State, Metrics]], share: Share = ALONE) -> "Chunk":
    """Turns step(state, index, lane, shared) into a jitted chunk over lanes.

    The chunk is called as (state, first, count, lanes, shared): `lanes` is a pytree with a leading
    lane axis (keys, float settings), `shared` is seen whole by every lane (the data). Devices may
    share the lanes; so do the cores of a CPU (`lanes`). The old state's memory is reused (donated).
    """

    def one_lane(
        state: State, first: jax.Array, count: jax.Array, lane: object, shared: object
    ) -> tuple[State, Metrics]:
        """The number of steps is an argument like others, so that one program serves every chunk, short ones too."""

        def body(index: jax.Array, held: tuple[State, Metrics]) -> tuple[State, Metrics]:
            state, metrics = step(held[0], index, lane, shared)
            return state, jax.tree.map(jnp.add, held[1], metrics)

        nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(step, state, first, lane, shared)[1])
        state, total = jax.lax.fori_loop(first, first + count, body, (state, nothing))
        return state, jax.tree.map(lambda x: x / count, total)

    def chunk(state: State, first: jax.Array, count: jax.Array, lanes: object, shared: object) -> tuple[State, Metrics]:
        state, lanes = share.lanes((state, lanes))
        return jax.vmap(lambda s, lane: one_lane(s, first, count, lane, shared))(state, lanes)

    function = step.func if isinstance(step, functools.partial) else step
    name = function.__module__.rpartition(".")[2]
    one_core = jax.jit(chunk, donate_argnums=0, compiler_options=ONE_CORE) if share.mesh is None else None
    return Chunk(name, share.jit(chunk, donate_argnums=0), one_core)


class Chunk(NamedTuple):
    """A jitted chunk of steps over lanes; `name` is that of the module whose steps they are.

    one_core: the same for a group of lanes, beside others; None where devices share the lanes.
    """

    name: str
    jitted: jax.stages.Wrapped
    one_core: jax.stages.Wrapped | None = None

    def __call__(self, state: State, first: int, count: int, lanes: object, shared: object) -> tuple[State, Metrics]:
        """The new state and the metrics."""
        call = _watch[-1] if _watch else Chunk.run
        return call(self, state, first, count, lanes, shared)

    def run(self, state: State, first: int, count: int, lanes: object, shared: object) -> tuple[State, Metrics]:
        """As a call does, unwatched."""
        num_lanes = len(jax.tree.leaves(state)[0])
        groups = [slice(0, num_lanes)] if self.one_core is None else lane_groups(num_lanes)
        if self.one_core is None or len(groups) == 1:
            return cast(tuple[State, Metrics], self.jitted(state, first, count, lanes, shared))
        one_core = self.one_core
        return over_groups(lambda part: one_core(part[0], first, count, part[1], shared), (state, lanes), groups)

    def lower(self, *given: object) -> jax.stages.Lowered:
        """As jax.jit's, of all lanes in one program."""
        return self.jitted.lower(*given)


_watch: list[Callable[..., Any]] = []


@contextlib.contextmanager
def watching(call: Callable[..., tuple[object, Metrics]]) -> Iterator[None]:
    """Within, `call(chunk, state, first, count, lanes, shared)` runs each chunk, so that benchmarks can time it."""
    _watch.append(call)
    try:
        yield
    finally:
        _watch.pop()


def small_uniform(key: jax.Array, shape: tuple[int, ...], dtype: jax.typing.DTypeLike = jnp.float32) -> jax.Array:
    """Numbers from -0.05 to 0.05: what Keras's Embedding starts from, hence what was published."""
    return jax.random.uniform(key, shape, dtype, -0.05, 0.05)
