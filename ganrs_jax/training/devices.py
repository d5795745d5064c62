"""The devices that share a training step, data parallel: one axis over all devices of all processes.

With one device nothing is shared, and the compiled program is what it would be without this module.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")
_AXIS = "devices"
_LONGEST_WAIT = 7 * 24 * 3600  # seconds for a process that is slower than the others
_meetings = itertools.count()


class Share(NamedTuple):
    """The devices, None for this process's first alone, and what they share: lanes or rows of the batch."""

    mesh: Mesh | None = None
    of_lanes: bool = False
    of_rows: bool = False

    def jit(self, function: Callable[..., Any], **options: Any) -> Any:
        """The compiled function; every device has the whole of its results."""
        return jax.jit(function, **options if self.mesh is None else options | {"out_shardings": self._over()})

    def lanes(self, tree: Tree) -> Tree:
        """Inside a compiled function: arrays [L, ...] with their lanes over the devices."""
        return self._laid(tree, _AXIS) if self.of_lanes else tree

    def rows(self, tree: Tree) -> Tree:
        """Inside a compiled function: arrays [B, ...] with their rows over the devices."""
        return self._laid(tree, _AXIS) if self.of_rows else tree

    def together(self, tree: Tree) -> Tree:
        """Inside a compiled function: arrays whose rows were over the devices, whole on each."""
        return self._laid(tree) if self.of_rows else tree

    def everywhere(self, tree: Tree) -> Tree:
        """Arrays that are the same in all processes, whole on every device."""
        return tree if self.mesh is None else cast(Tree, self.jit(_same)(tree))

    def here(self, tree: Tree) -> Tree:
        """Arrays that every device has whole, as arrays of this process alone."""
        return tree if self.mesh is None else jax.tree.map(lambda x: jnp.asarray(np.asarray(x)), tree)

    def _laid(self, tree: Tree, *axes: str) -> Tree:
        return jax.tree.map(lambda x: jax.lax.with_sharding_constraint(x, self._over(*axes)), tree)

    def _over(self, *axes: str) -> NamedSharding:
        assert self.mesh is not None
        return NamedSharding(self.mesh, PartitionSpec(*axes))


ALONE = Share()


def sharing(num_lanes: int, batch_size: int) -> Share:
    """How all devices share `num_lanes` lanes that learn from batches of `batch_size` rows.

    Lanes are shared where each device gets as many, since they need not talk to one another; else rows are, by as many
    devices of each process as divide them. Where not even one of each does, each computes the whole.
    """
    of_process: dict[int, list[jax.Device]] = {}
    for device in jax.devices():
        of_process.setdefault(device.process_index, []).append(device)
    devices = [of_process[index] for index in sorted(of_process)]
    processes, local = len(devices), min(map(len, devices))
    if processes * local == 1:
        return ALONE
    if num_lanes % (processes * local) == 0:
        return Share(_mesh(devices, local), of_lanes=True)
    count = max((n for n in range(1, local + 1) if batch_size % (n * processes) == 0), default=0)
    if processes == count == 1:
        return ALONE
    return Share(_mesh(devices, max(count, 1)), of_rows=count > 0)


def barrier() -> None:
    """Waits until all processes have come here, however late.

    On the coordination service: collectives give up on one that comes half a minute after the others.
    """
    if jax.process_count() > 1:
        from orbax.checkpoint import multihost

        multihost.get_barrier_sync_fn()(key=f"ganrs_jax_{next(_meetings)}", timeout_ms=1000 * _LONGEST_WAIT)


def as_first(tree: Tree) -> Tree:
    """What process 0 has, in every process; arrays must have the same shapes in all."""
    if jax.process_count() == 1:
        return tree
    from jax.experimental import multihost_utils

    barrier()
    return jax.tree.map(jnp.asarray, multihost_utils.broadcast_one_to_all(tree))


def of_all(mine: np.ndarray) -> np.ndarray:
    """What each of P processes has, [P, ...], in every process; arrays must have the same shape in all."""
    if jax.process_count() == 1:
        return mine[None]
    from jax.experimental import multihost_utils

    barrier()
    return np.asarray(multihost_utils.process_allgather(mine))


def bytes_of_first(mine: bytes) -> bytes:
    """The bytes that process 0 has, in every process."""
    if jax.process_count() == 1:
        return mine
    size = int(as_first(np.int32(len(mine))))
    held = np.frombuffer(mine, np.uint8) if jax.process_index() == 0 else np.zeros(size, np.uint8)
    return np.asarray(as_first(held)).tobytes()


def is_first() -> bool:
    """Whether this is process 0, the one that writes what all have computed."""
    return jax.process_index() == 0


def _mesh(devices: list[list[jax.Device]], count: int) -> Mesh:
    """The first `count` devices of each process."""
    return Mesh(np.array([d for mine in devices for d in mine[:count]]), (_AXIS,), axis_types=(AxisType.Auto,))


def _same(tree: Tree) -> Tree:  # by name, so that it is compiled once
    return tree
