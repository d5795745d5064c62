"""Checks of fields and sizes, each ending in one line that names field, value and what is accepted."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ganrs_jax.errors import InputError


def check_choice(config: object, field: str, accepted: Iterable[str]) -> None:
    """Raises InputError unless the field's value is one of those accepted."""
    value = getattr(config, field)
    if value not in accepted:
        raise InputError(f"`config.{field}={value!r}`; accepted: {', '.join(accepted)}")


def check_range(
    config: object,
    fields: Iterable[str],
    *,
    low: float = -np.inf,
    above: float = -np.inf,
    below: float = np.inf,
) -> None:
    """Raises InputError unless each field (all numbers of a tuple) is finite and low <=, above <, < below."""
    for field in fields:
        values = np.atleast_1d(getattr(config, field))
        if not np.all((values >= low) & (values > above) & (values < below)):
            bounds = [f"at least {low:g}"] * (low > -np.inf) + [f"over {above:g}"] * (above > -np.inf)
            bounds += [f"under {below:g}"] * (below < np.inf)
            raise InputError(f"`config.{field}={getattr(config, field)}`; accepted: {' and '.join(bounds)}, finite")


def check_memory(name: str, asked: int, bytes_of_each: int, advice: str = "") -> None:
    """Refuses what cannot be held: where memory ends, XLA waits on the CPU for ever, or the system kills the process.

    Args:
      name: the parameter that asks for so many, for the message.
      asked: users, items, ratings or samples wanted.
      bytes_of_each: memory at the peak for each of them, in bytes, about.
      advice: what else is accepted.

    Raises:
      InputError: if less is free.
    """
    free = free_memory()
    if free and bytes_of_each * asked > free:
        raise InputError(
            f"`{name}={asked}` needs about {bytes_of_each * asked / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free;"
            f" accepted: up to {free // bytes_of_each}{advice}"
        )


def free_memory() -> int:
    """Bytes that this process may still take; 0 where the system does not tell."""
    found = []
    with contextlib.suppress(OSError, StopIteration):  # with what it holds of files and can give up
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))))
    if not found:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # of a container, cgroups 2 and 1
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            found.append(int((Path("/sys/fs/cgroup") / limit).read_text()))
    return min((each for each in found if each > 0), default=0)
