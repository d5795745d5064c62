"""A training as a list of named stages, each kept in a folder when it is done, so that a stopped run goes on.

    embedding = stages.run("embedding", Embedding, lambda: fit_embedding(...))
    state = train(step, state, checkpoint=stages.loop("GAN"), ...)

A run that was killed does again what is not kept: at most one stage, or one chunk of steps of a loop.
"""

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


class LoopCheckpoint:
    """The state of one loop between its chunks of steps; without a folder nothing is kept."""

    def __init__(self, stages: "Stages", name: str) -> None:
        self._stages, self._name, self._last = stages, name, time.monotonic()

    def restore(self, state: Result) -> tuple[int, Result]:
        """How many steps are done, and the state after them; 0 and the given state if none are known.

        Args:
          state: the first one, a pytree of arrays, which tells the form of the one that is read.
        """
        held = self._stages._read(self._name)
        if held is None:
            return 0, state
        done, read = np.asarray(held["done"]), serialization.from_state_dict(state, held["state"])
        return int(done), jax.tree.map(jnp.asarray, read)

    def save(self, done: int, state: object) -> None:
        """Keeps the state after `done` steps, if the last time is long enough ago."""
        if self._stages.folder is not None and time.monotonic() - self._last >= self._stages.seconds:
            self._stages._write(self._name, {"done": done, "state": serialization.to_state_dict(state)})
            self._last = time.monotonic()


class Stages:
    """Results of stages and states of loops by name, in files that appear whole or not at all.

    The folder must belong to one run: the same settings, source and versions. Without one, nothing is kept. Of several
    processes that run the same, process 0 alone reads and writes it; the others go on from what it read.
    """

    def __init__(self, folder: Path | None = None, seconds: float = 30.0) -> None:
        """Opens or begins; a loop's state is written when so many seconds have gone by since the last time."""
        self.folder, self.seconds = folder, seconds

    def run(self, name: str, kind: type[Result], compute: Callable[[], Result]) -> Result:
        """The result of a stage, computed or read.

        Args:
          kind: what `compute` returns: a dataclass or NamedTuple of arrays, numbers, texts and such (`trees`).
        """
        held = self._read(name)
        if held is not None:
            return from_tree(kind, held)
        result = compute()
        if self.folder is not None:
            self._write(name, as_tree(result))
        return result

    def loop(self, name: str) -> LoopCheckpoint:
        """What keeps the state of the loop of that name."""
        return LoopCheckpoint(self, name)

    def clear(self) -> None:
        """Forgets everything: the run is over."""
        if self.folder is not None and is_first():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / (re.sub(r"[^a-z0-9]+", "_", name.lower()) + ".msgpack")

    def _read(self, name: str) -> dict[str, Any] | None:
        """What is kept under a name; None if there is nothing, or it was altered or cut short."""
        if self.folder is None:
            return None
        found = is_first() and self._place(name).exists()
        content = bytes_of_first(self._place(name).read_bytes() if found else b"")
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        return dict(serialization.msgpack_restore(content[_DIGEST:]))

    def _write(self, name: str, content: object) -> None:
        if not is_first():
            return
        written = serialization.msgpack_serialize(content)
        with whole_file(self._place(name)) as partial:
            partial.write_bytes(hashlib.sha256(written).digest() + written)
