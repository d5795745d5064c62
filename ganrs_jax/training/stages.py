"""A training as a list of named stages, each saved in a folder when it is done, so that a stopped run goes on.

    embedding = stages.run("embedding", Embedding, lambda: fit_embedding(...))
    state = train(step, state, checkpoint=stages.loop("GAN"), ...)

A killed run repeats what is not saved: at most one stage, or the steps of a loop since its last checkpoint.
"""

import contextlib
import hashlib
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import serialization

from ganrs_jax.files import whole_file
from ganrs_jax.training.devices import bytes_of_first, is_first
from ganrs_jax.trees import as_tree, from_tree

Result = TypeVar("Result")
_DIGEST = hashlib.sha256().digest_size  # bytes at the start of a file


class Stages:
    """Results of stages and states of loops by name, in files that appear whole or not at all.

    The folder must belong to one run: the same settings, source and versions. Without one, nothing is saved. Of several
    processes that run the same, process 0 alone reads and writes; the others go on from what it read.
    """

    def __init__(self, folder: Path | None = None, seconds: float = 30.0) -> None:
        """Opens the folder, or begins it; `seconds`: the least time between two checkpoints of a loop."""
        self.folder, self.seconds = folder, seconds

    def run(self, name: str, kind: type[Result], compute: Callable[[], Result]) -> Result:
        """The result of a stage, computed, or read if an earlier run has saved it.

        Args:
          kind: what `compute` returns: a dataclass or NamedTuple that `trees.as_tree` takes apart.
        """
        saved = self.read(name)
        if saved is not None:
            return from_tree(kind, saved)
        result = compute()
        self.write(name, as_tree(result))
        return result

    def loop(self, name: str) -> "LoopCheckpoint":
        """What saves and restores the state of the loop of that name."""
        return LoopCheckpoint(self, name)

    def clear(self) -> None:
        """Removes everything: the run is over."""
        if self.folder is not None and is_first():
            shutil.rmtree(self.folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # other runs keep theirs beside it
                self.folder.parent.rmdir()

    def read(self, name: str) -> dict[str, Any] | None:
        """The tree that is saved under a name; None if there is none, or it was altered or cut short."""
        if self.folder is None:
            return None
        file = self._file(name)
        content = bytes_of_first(file.read_bytes() if is_first() and file.exists() else b"")
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        return dict(serialization.msgpack_restore(content[_DIGEST:]))

    def write(self, name: str, tree: object) -> None:
        """Saves a tree under a name, after the digest of its bytes."""
        if self.folder is None or not is_first():
            return
        content = serialization.msgpack_serialize(tree)
        with whole_file(self._file(name)) as partial:
            partial.write_bytes(hashlib.sha256(content).digest() + content)

    def _file(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / (re.sub(r"[^a-z0-9]+", "_", name.lower()) + ".msgpack")


class LoopCheckpoint:
    """The state of one loop between its chunks of steps; without a folder nothing is saved."""

    def __init__(self, stages: Stages, name: str) -> None:
        self._stages, self._name, self._last = stages, name, time.monotonic()

    def restore(self, state: Result) -> tuple[int, Result]:
        """The number of steps done and the state after them; 0 and the given state if none is saved.

        Args:
          state: the first one, a pytree of arrays, whose structure the saved one must have.
        """
        saved = self._stages.read(self._name)
        if saved is None:
            return 0, state
        restored = serialization.from_state_dict(state, saved["state"])
        return int(np.asarray(saved["done"])), jax.tree.map(jnp.asarray, restored)

    def save(self, done: int, state: object) -> None:
        """Saves the state after `done` steps, if the last checkpoint is old enough."""
        if self._stages.folder is not None and time.monotonic() - self._last >= self._stages.seconds:
            self._stages.write(self._name, {"done": done, "state": serialization.to_state_dict(state)})
            self._last = time.monotonic()
