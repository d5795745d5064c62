"""What a process of a group does when it fails, or when another one does: it ends at once, and says why in one line.

JAX aborts the process in C++ when another one is gone, with a stack trace, and waits minutes for the others where this
one fails. Here the abort becomes the line, and whoever fails is gone at once, so that the others hear of it.
"""

import contextlib
import ctypes
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

import jax
from absl import logging as absl_logging

SILENCE = 30  # seconds without a sign of life after which a process counts as gone
_LINE = (
    "error: another process of the group died, failed or cannot be reached; accepted: all of them until the end "
    "(the same commands go on from what is there, whole)\n"
)
_LOST = re.compile(  # what JAX speaks of then
    "coordination.service|JAX distributed service|gloo|nccl|UNAVAILABLE|DEADLINE_EXCEEDED", re.IGNORECASE
)
_kept: list[Any] = []  # must live as long as the process: the handler, and the file that the C++ libraries write to
_first = threading.Lock()  # of the threads that find out, one speaks


def watch() -> None:
    """From now on an abort in C++ because of another process is one line and exit status 2.

    What C++ libraries write to standard error from now on appears at another abort only.
    """
    own = os.dup(2)
    said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
    os.dup2(said.fileno(), 2)
    sys.stderr = os.fdopen(own, "w", buffering=1)
    absl_logging.get_absl_handler().python_handler.setStream(sys.stderr)

    def aborted(_: int) -> None:
        said.seek(0)
        text = said.read()
        if _LOST.search(text.decode(errors="replace")):
            _stop()
        os.write(own, text)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(aborted)
    ctypes.CDLL(None).signal(signal.SIGABRT, handler)  # Python's own handlers run too late: an abort does not return
    _kept.extend([said, handler])


@contextlib.contextmanager
def parting() -> Iterator[None]:
    """Around the whole of a process: one of a group that fails does not wait for the others."""
    try:
        yield
    except BaseException as error:
        if not jax.distributed.is_initialized():
            raise
        status = error.code if isinstance(error, SystemExit) else 1
        if not status:
            raise
        if not isinstance(error, SystemExit):
            if _LOST.search(str(error)):
                _stop()
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _stop() -> NoReturn:
    if not _first.acquire(blocking=False):
        threading.Event().wait()  # another thread is ending the process
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.write(_LINE)
        sys.stderr.flush()
    os._exit(2)
