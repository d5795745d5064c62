"""Tables and numbers in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers to three digits."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def shown(value: object) -> str:
    """Texts as they are, whole numbers with commas, others to three decimals; None is empty."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def spread(values: Any) -> str:
    """Mean ± standard deviation over seeds; empty where a seed has no value."""
    if values is None or any(value is None for value in values):
        return ""
    array = np.asarray(values, np.float64)
    return shown(float(array.mean())) + (f" ±{shown(float(array.std(ddof=1)))}" if len(array) > 1 else "")
