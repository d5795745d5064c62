"""Times of ratings: what form a column has them in, and seconds out of it, no digit of a second lost."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.sources.options import NO_TIME, TIME_UNITS
from ganrs_jax.errors import InputError

_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_MOST = 10**11  # a count of seconds below it is of before the year 5138; one of milliseconds above it, of after 1973
_DAYS = (19_000_101, 21_001_231)  # between them a whole number may be a day written as YYYYMMDD
_WHOLE = r"^\s*[-+]?\d+\s*$"
_DECIMAL = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


class TimeForm(NamedTuple):
    """How a column tells times."""

    kind: str  # "whole" and "decimal" numbers, "date" = a type of dates, "text" = dates in words
    given: str  # the unit or the form that an option says; "" = found

    def __str__(self) -> str:
        return {"whole": "a number", "decimal": "a number", "date": "a date", "text": "a date"}[self.kind]


def time_form(kind: str, look: Sequence[object], given: str, where: str, name: str) -> TimeForm:
    """The form of a column of this type of DuckDB's, whose first values these are.

    Raises:
      InputError: a type that is no time.
    """
    if kind.startswith(("DATE", "TIMESTAMP")):
        return TimeForm("date", given)
    if "INT" in kind and not kind.startswith("INTERVAL"):
        return TimeForm("text" if "%" in given else "whole", given)
    if kind.startswith(("FLOAT", "DOUBLE", "DECIMAL")):
        return TimeForm("decimal", given)
    if kind != "VARCHAR" and not kind.startswith("ENUM"):
        raise InputError(
            f"{where}: {name} is of type {kind}; accepted: seconds, a date, or `timestamp_column={NO_TIME}`"
        )
    texts = pa.array([str(value) for value in look], pa.string())
    if "%" not in given and len(texts):
        for form, pattern in (("whole", _WHOLE), ("decimal", _DECIMAL)):
            if 2 * pc.sum(pc.match_substring_regex(texts, pattern)).as_py() >= len(texts):  # the odd ones are refused
                return TimeForm(form, given)
    return TimeForm("text", given)


def time_sql(column: str, form: TimeForm) -> str:
    """The column as the engine is to give it; NULL where it cannot be read, or is missing."""
    return {
        "whole": f"TRY_CAST({column} AS BIGINT)",
        "decimal": f"TRY_CAST({column} AS DOUBLE)",
        "date": column,
        "text": f"CAST({column} AS VARCHAR)",
    }[form.kind]


def seconds_of(column: pa.ChunkedArray, form: TimeForm, where: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times [N], and which of them could not be read: int64 seconds, or datetime64[ns] where some are within a second.

    Raises:
      InputError: numbers that may be days or seconds, or are in no unit of time.
    """
    if form.kind in ("date", "text"):
        return _dates(column, form)
    unread = column.is_null().to_numpy()
    numbers = (column.fill_null(0) if column.null_count else column).to_numpy()
    if form.kind == "decimal":
        unread |= ~np.isfinite(numbers)
        numbers = np.where(unread, 0.0, numbers)
    unit = form.given if form.given in TIME_UNITS else _unit(numbers[~unread] if unread.any() else numbers, where, name)
    if form.kind == "decimal" and not (numbers == np.rint(numbers)).all():
        return _nanoseconds(numbers * (10**9 / _A_SECOND[unit])), unread
    numbers = numbers.astype(np.int64, copy=False)
    if unit == "s" or not (numbers % _A_SECOND[unit]).any():
        return (numbers if unit == "s" else numbers // _A_SECOND[unit]), unread
    return (numbers * (10**9 // _A_SECOND[unit])).view("datetime64[ns]"), unread


def _unit(numbers: np.ndarray, where: str, name: str) -> str:
    """The unit that puts the largest of the numbers in our centuries."""
    if len(numbers) == 0:
        return "s"
    low, high = float(numbers.min()), float(numbers.max())
    if _DAYS[0] <= low and high <= _DAYS[1]:
        whole = np.unique(numbers.astype(np.int64))
        if (
            (whole // 100 % 100 - 1 < 12) & (whole % 100 - 1 < 31) & (whole // 100 % 100 > 0) & (whole % 100 > 0)
        ).all():
            raise InputError(
                f"{where}: {name} is {whole[0]}, a day or a number of seconds; accepted: `time_format=%Y%m%d` or s, "
                f"or `timestamp_column={NO_TIME}`"
            )
    for unit, factor in _A_SECOND.items():
        if max(abs(low), abs(high)) < _MOST * factor:
            return unit
    raise InputError(f"{where}: {name} is {high:g}; accepted: seconds to nanoseconds, or `timestamp_column={NO_TIME}`")


def _dates(column: pa.ChunkedArray, form: TimeForm) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd  # here: few tables need it, and it takes a third of a second to import

    if form.kind == "date":
        kind = column.type
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        try:
            found = column.cast(pa.timestamp("ns", zone)).cast(pa.int64())
        except pa.ArrowInvalid:  # before 1677 or after 2262
            found = column.cast(pa.timestamp("s", zone), safe=False).cast(pa.int64())
            return found.fill_null(0).to_numpy(), found.is_null().to_numpy()
        return _whole_seconds(found.fill_null(0).to_numpy(), found.is_null().to_numpy())
    form_of = form.given if "%" in form.given else "ISO8601"
    parsed = pd.to_datetime(column.to_pandas(), format=form_of, utc=True, errors="coerce")
    unread = parsed.isna().to_numpy()
    return _whole_seconds(parsed.dt.tz_localize(None).to_numpy("datetime64[ns]").view(np.int64), unread)


def _whole_seconds(nanoseconds: np.ndarray, unread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    nanoseconds = np.where(unread, 0, nanoseconds) if unread.any() else nanoseconds
    if (nanoseconds % 10**9).any():
        return nanoseconds.view("datetime64[ns]"), unread
    return nanoseconds // 10**9, unread


def _nanoseconds(numbers: np.ndarray) -> np.ndarray:
    return np.rint(numbers).astype(np.int64).view("datetime64[ns]")
