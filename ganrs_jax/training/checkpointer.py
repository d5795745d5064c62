"""What a run has done so far, kept in a folder, so that one that was stopped goes on and ends as if it had not been."""

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

State = TypeVar("State")
Result = TypeVar("Result")
_JAX = "jax array"  # marks what was one: JAX and numpy round sums differently, so what is read must be what was kept
_DIGEST = hashlib.sha256().digest_size  # bytes at the start of a file


class Kept:
    """States of loops and results of stages by name, in files that appear whole or not at all.

    Without a folder nothing is kept. The folder must belong to one run: the same settings, source and versions.
    Of several processes that run the same, process 0 alone reads and writes it; the others go on from what it read.
    """

    def __init__(self, folder: Path | None = None, seconds: float = 30.0) -> None:
        """Opens or begins; a loop's state is written when so many seconds have gone by since the last time."""
        self._folder, self._seconds, self._begun = folder, seconds, time.monotonic()
        self._last: dict[str, float] = {}  # when each loop's state was written: some loops run side by side

    def resume(self, name: str, state: State) -> tuple[int, State]:
        """How many steps of a loop are done, and its state then; 0 and the given state if none are known."""
        held = self._read(name)
        if held is None:
            return 0, state
        return int(held["done"]), serialization.from_state_dict(state, held["state"])

    def save(self, name: str, done: int, state: Any) -> None:
        """Keeps a loop's state after `done` steps, if the last time is long enough ago."""
        if self._folder is not None and time.monotonic() - self._last.get(name, self._begun) >= self._seconds:
            self._write(name, {"done": done, "state": serialization.to_state_dict(state)})

    def stage(self, name: str, compute: Callable[[], Result], rebuild: Callable[[Any], Result], parts: Any) -> Result:
        """The result of a stage, computed or read.

        Args:
          rebuild: what `parts` gave -> the result.
          parts: the result -> a dict of arrays, numbers and such dicts.
        """
        held = self._read(name)
        if held is not None:
            return rebuild(held)
        result = compute()
        if self._folder is not None:
            self._write(name, parts(result))
        return result

    def clear(self) -> None:
        """Forgets everything: the run is over."""
        if self._folder is not None and is_first():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / (re.sub(r"[^a-z0-9]+", "_", name.lower()) + ".msgpack")

    def _read(self, name: str) -> Any:
        """What is kept under a name; None if there is nothing, or it was altered or cut short."""
        if self._folder is None:
            return None
        found = is_first() and self._place(name).exists()
        content = bytes_of_first(self._place(name).read_bytes() if found else b"")
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        return _unmarked(serialization.msgpack_restore(content[_DIGEST:]))

    def _write(self, name: str, content: Any) -> None:
        if not is_first():
            return
        written = serialization.msgpack_serialize(_marked(content))
        with whole_file(self._place(name)) as partial:
            partial.write_bytes(hashlib.sha256(written).digest() + written)
        self._last[name] = time.monotonic()


def _marked(tree: Any) -> Any:
    return jax.tree.map(lambda x: {_JAX: np.asarray(x)} if isinstance(x, jax.Array) else x, tree)


def _unmarked(held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    return jnp.asarray(held[_JAX]) if held.keys() == {_JAX} else {name: _unmarked(x) for name, x in held.items()}


NOTHING = Kept()
