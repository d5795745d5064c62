"""Several processes that share an experiment's work, on JAX's own runtime."""

import contextlib
import dataclasses
import hashlib
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from absl import flags

from ganrs_jax.errors import InputError
from ganrs_jax.training.devices import barrier, of_all

FLAGS = flags.FLAGS
_PLACE = re.compile(r".+:\d{1,5}")
_LAST_PORT = 65535
_SILENCE = 30  # seconds without a sign of life after which a process counts as gone, and JAX ends the others
_LOST = re.compile("heartbeat|Gloo .*failed|Socket closed")  # what JAX's errors say when a process has died
_SOON = 5.0  # seconds in which the others usually come


@dataclasses.dataclass(frozen=True)
class Process:
    """This process among `count` of them."""

    index: int = 0
    count: int = 1

    def barrier(self) -> None:
        """Until all have come here, however late."""
        if self.count > 1:
            barrier()

    def shutdown(self) -> None:
        """All come here and go on by themselves, each with JAX as one process has it; its arrays of before are gone."""
        if self.count > 1:
            from jax.extend.backend import clear_backends

            self.barrier()
            jax.distributed.shutdown()
            clear_backends()


def define_processes() -> None:
    """The flags by which processes find one another."""
    flags.DEFINE_string("coordinator", "", "HOST:PORT of process 0; `auto` = as the cluster (SLURM, TPU, ...) says.")
    flags.DEFINE_integer("num_processes", 1, "Processes that share the work.")
    flags.DEFINE_integer("process_id", 0, "Which of them this is, from 0.")


def processes() -> Process:
    """Joins the other processes, if there are any.

    Raises:
      InputError: if the flags do not fit together, or the others do not come.
    """
    count, index, place = FLAGS.num_processes, FLAGS.process_id, FLAGS.coordinator
    if not place:
        if count != 1 or index:
            raise InputError(f"--num_processes={count} --process_id={index}; accepted: with --coordinator=HOST:PORT")
        return Process()
    if place == "auto" and (FLAGS["num_processes"].present or FLAGS["process_id"].present):
        raise InputError(
            f"--coordinator=auto --num_processes={count} --process_id={index}; accepted: "
            "auto alone, as the cluster says how many and which, or --coordinator=HOST:PORT with both"
        )
    if place != "auto" and not 0 <= index < count:
        raise InputError(f"--process_id={index}; accepted: 0 to --num_processes={count} less 1")
    if place != "auto" and not (_PLACE.fullmatch(place) and 1 <= int(place.rpartition(":")[2]) <= _LAST_PORT):
        raise InputError(f"--coordinator={place}; accepted: HOST:PORT of process 0, port 1 to {_LAST_PORT}, or auto")
    given: dict[str, Any] = (
        {} if place == "auto" else {"coordinator_address": place, "num_processes": count, "process_id": index}
    )
    try:
        _join(given)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"--coordinator={place}: {error}; accepted: HOST:PORT of process 0, or auto") from error
    return Process(jax.process_index(), jax.process_count())


def check_agreed(mine: bytes, origin: str) -> None:
    """Raises InputError in all processes unless all have these bytes; `origin`: what else decides them, in words."""
    digest = np.frombuffer(hashlib.sha256(mine).digest(), np.uint8)
    held = of_all(digest)
    differ = np.flatnonzero((held != held[0]).any(axis=1))
    if len(differ):
        jax.distributed.shutdown()  # waits for all, so that none is aborted because another has ended
        raise InputError(
            f"--process_id={differ[0]}: other flags, {origin} or versions than those of process 0; "
            "accepted: the same in all processes"
        )


@contextlib.contextmanager
def failing_alone() -> Iterator[None]:
    """Around the whole of a process: one of a group that fails is gone at once.

    JAX would wait minutes for the others, which are ended by its heartbeat.
    """
    try:
        yield
    except BaseException as error:
        status = error.code if isinstance(error, SystemExit) else 1
        if not status or not jax.distributed.is_initialized():
            raise
        if isinstance(error, jax.errors.JaxRuntimeError) and _LOST.search(str(error)):
            # What we waited for in it has failed before JAX's own thread, which aborts, has heard of it.
            sys.stderr.write("error: another task died; what is whole is kept, and the same command goes on\n")
            sys.stderr.flush()
            os.abort()
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _join(given: dict[str, Any]) -> None:
    """Joins in a thread, as what waits in C++ hears no signal."""
    failed: list[Exception] = []

    def join() -> None:
        try:
            jax.distributed.initialize(**given, heartbeat_timeout_seconds=_SILENCE)
        except (RuntimeError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=join, daemon=True)
    thread.start()
    thread.join(_SOON)
    if thread.is_alive():
        sys.stderr.write("waits for the other processes of the group, five minutes at most\n")
    while thread.is_alive():
        thread.join(0.2)
    if failed:
        raise failed[0]
