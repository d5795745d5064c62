"""Checks of configuration fields, each ending in one line that names field, value and what is accepted."""

from collections.abc import Iterable
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
