"""Several processes that share an experiment's work, on JAX's own runtime."""

import dataclasses

import jax
from absl import flags

from experiments._companions import SILENCE, watch
from ganrs_jax.errors import InputError

FLAGS = flags.FLAGS


@dataclasses.dataclass(frozen=True)
class Process:
    """This process among `count` of them."""

    index: int = 0
    count: int = 1

    def wait(self, name: str) -> None:
        """Until all have come here."""
        if self.count > 1:
            from jax.experimental import multihost_utils

            multihost_utils.sync_global_devices(name)

    def part(self) -> None:
        """All come here and go on by themselves, each with JAX as one process has it; its arrays of before are gone."""
        if self.count > 1:
            from jax.extend.backend import clear_backends

            self.wait("part")
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
    if place != "auto" and not 0 <= index < count:
        raise InputError(f"--process_id={index}; accepted: 0 to --num_processes={count} less 1")
    given = {} if place == "auto" else {"coordinator_address": place, "num_processes": count, "process_id": index}
    watch()
    try:
        jax.distributed.initialize(**given, heartbeat_timeout_seconds=SILENCE)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"--coordinator={place}: {error}; accepted: HOST:PORT of process 0, or auto") from error
    return Process(jax.process_index(), jax.process_count())
