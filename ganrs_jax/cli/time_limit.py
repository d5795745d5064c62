"""A part of a program that ends when its time is up, and what comes after goes on."""

import contextlib
import dataclasses
import signal
from collections.abc import Iterator

_AGAIN = 10.0  # seconds until the alarm is raised once more, where what it raised was swallowed


@dataclasses.dataclass
class Limit:
    """Whether the time was up before the part was done."""

    reached: bool = False


class _TimeIsUpError(BaseException):
    """No Exception, so that nobody handles it as an error of what is going on."""


@contextlib.contextmanager
def move_on_after(seconds: float) -> Iterator[Limit]:
    """Leaves its body when so many seconds are over, without an error; in the main thread only, and not nested.

    The body is left between two steps of Python: a compiled program, or a compilation, that has begun is completed.
    """
    limit = Limit()

    def up(*_: object) -> None:
        raise _TimeIsUpError

    before = signal.signal(signal.SIGALRM, up)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _AGAIN)
    try:
        yield limit
    except _TimeIsUpError:
        limit.reached = True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
