"""Checks of fields and sizes, each ending in one line that names field, value and what is accepted."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ganrs_jax.errors import InputError


def check_choice(config: Any, field: str, accepted: Iterable[str]) -> None:
    """Raises InputError unless the field's value is one of those accepted."""
    value = getattr(config, field)
    if value not in accepted:
        raise InputError(f"--config.{field}={value!r}; accepted: {', '.join(accepted)}")


def check_range(
    config: Any,
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
            raise InputError(f"--config.{field}={getattr(config, field)}; accepted: {' and '.join(bounds)}, finite")


def check_memory(bytes_of_each: float, asked: int, flag: str, advice: str) -> None:
    """Refuses what would end in the system killing the process.

    Args:
      bytes_of_each: about what memory holds for each user, item or rating.
      asked: how many.
      advice: what else is accepted beside fewer of them.

    Raises:
      InputError: if all the machine's memory would not do.
    """
    memory = machine_memory()
    if memory and bytes_of_each * asked > memory:
        most = int(memory / bytes_of_each)
        raise InputError(
            f"--{flag}={asked}: about {bytes_of_each * asked / 1e9:,.1f} GB of memory, of which there are "
            f"{memory / 1e9:,.1f}; accepted: at most about {most:,}{advice}"
        )


def machine_memory() -> int:
    """Bytes that this process may use; 0 where the system does not tell."""
    found = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # of a container, cgroups 2 and 1
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            found.append(int((Path("/sys/fs/cgroup") / limit).read_text()))
    return min((each for each in found if each > 0), default=0)
