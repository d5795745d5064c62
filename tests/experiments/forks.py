"""Experiments in forks of a process that has imported what they import: as `python -m` runs them, without its seconds.

Run as a program, it reads a line of json for each launch, {"folder", "name", "flags", "streams"}, and answers with
the exit status.
"""

import importlib
import json
import os
import queue
import runpy
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

_SLOW = (  # to import
    "ganrs_jax.cli.runner",
    "ganrs_jax.checkpoint",
    "ganrs_jax.fidelity.fidelity",
    "ganrs_jax.fidelity.privacy",
    "ganrs_jax.export",
    "ganrs_jax.report.comparison",
    "ganrs_jax.data.sources",
)


class Forks:
    """As many launches at a time as processes: `launch(folder, NAME, *flags)` as the fixture of that name."""

    def __init__(self, environment: dict[str, str], processes: int) -> None:
        self._idle: queue.Queue[subprocess.Popen] = queue.Queue()
        command = [sys.executable, "-P", "-m", "tests.experiments.forks"]
        for _ in range(processes):
            self._idle.put(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
            )
        self._all = list(self._idle.queue)

    def launch(self, folder: Path, name: str, *flags: str) -> subprocess.CompletedProcess:
        """The finished launch."""
        streams = [f"{folder}.{stream}" for stream in ("out", "err")]
        process = self._idle.get()
        try:
            asked = {"folder": str(folder), "name": name, "flags": flags, "streams": streams}
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
        finally:
            self._idle.put(process)
        return subprocess.CompletedProcess([name, *flags], status, *(Path(stream).read_text() for stream in streams))

    def close(self) -> None:
        for process in self._all:
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _serve() -> None:
    for name in _SLOW:
        importlib.import_module(name)

    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # JAX has no threads before its first array
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_run(**json.loads(line)))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _run(folder: str, name: str, flags: list[str], streams: list[str]) -> int:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(streams, 1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(folder)
    sys.argv = [name, *flags]
    try:
        runpy.run_module(f"experiments.{name}", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return status


if __name__ == "__main__":
    _serve()
