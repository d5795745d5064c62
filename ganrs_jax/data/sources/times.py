"""Times of ratings: what form a column has them in, and seconds out of it, no digit of a second lost."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.sources.options import NO_TIME, TIME_UNITS
from ganrs_jax.errors import InputError, shown

_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_MOST = 10**11  # a count of seconds below it is of before the year 5138; one of milliseconds above it, of after 1973
# Between them a whole number may be a day, or a time of it, written as YYYYMMDD or YYYYMMDDhhmmss.
_DAYS = ((19_000_101, 21_001_231, 1, "%Y%m%d"), (19_000_101 * 10**6, 21_001_232 * 10**6, 10**6, "%Y%m%d%H%M%S"))
_MOST_SECONDS = 2**63 // 10**9  # that nanoseconds since 1970 can tell
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
        return TimeForm("text" if "%" in given else "decimal", given)
    if kind != "VARCHAR" and not kind.startswith("ENUM"):
        raise InputError(
            f"{where}: {name} is of type {kind}; accepted: seconds, a date, or `timestamp_column={NO_TIME}`"
        )
    texts = pa.array([str(value) for value in look], pa.string())
    if "%" not in given and len(texts):
        for form, pattern in (("whole", _WHOLE), ("decimal", _DECIMAL)):
            if 2 * pc.sum(pc.match_substring_regex(texts, pattern)).as_py() >= len(texts):  # the odd ones are refused
                whole = form == "whole" and not pc.any(pc.match_substring_regex(texts, r"^[^:-]*\d\.\d")).as_py()
                return TimeForm("whole" if whole else "decimal", given)
    return TimeForm("text", given)


def time_sql(column: str, form: TimeForm) -> str:
    """The column as the engine is to give it; NULL where it cannot be read, or is missing."""
    return {
        # as a number with a fraction, which the engine would round, it can then be read in another form
        "whole": f"CASE WHEN contains(CAST({column} AS VARCHAR), '.') THEN NULL ELSE TRY_CAST({column} AS BIGINT) END",
        "decimal": f"TRY_CAST({column} AS DOUBLE)",
        "date": column,
        "text": f"CAST({column} AS VARCHAR)",
    }[form.kind]


def seconds_of(column: pa.ChunkedArray, form: TimeForm, where: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times [N], and which of them could not be read: int64 seconds, or datetime64 where some are within one.

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
        finest = "ns" if np.abs(numbers).max(initial=0) / _A_SECOND[unit] < _MOST_SECONDS else "us"
        ratio, whole = _A_SECOND[finest] // _A_SECOND[unit], np.floor(numbers)
        if ratio:  # nanoseconds of our time have more digits than a float
            return _in_seconds(
                whole.astype(np.int64) * ratio + np.rint((numbers - whole) * ratio).astype(np.int64), finest
            ), unread
        numbers = whole
    return _in_seconds(numbers.astype(np.int64, copy=False), unit), unread


def _in_seconds(numbers: np.ndarray, unit: str) -> np.ndarray:
    """Whole seconds where all are, else as fine as the unit is: nanoseconds, or microseconds of other centuries."""
    if unit == "s":
        return numbers
    seconds, parts = np.divmod(numbers, _A_SECOND[unit])
    if not parts.any():
        return seconds
    finest = "ns" if np.abs(seconds).max(initial=0) < _MOST_SECONDS - 1 else "us"
    if _A_SECOND[finest] >= _A_SECOND[unit]:
        parts *= _A_SECOND[finest] // _A_SECOND[unit]
    else:
        parts //= _A_SECOND[unit] // _A_SECOND[finest]
    return (seconds * _A_SECOND[finest] + parts).view(f"datetime64[{finest}]")


def _unit(numbers: np.ndarray, where: str, name: str) -> str:
    """The unit that puts the numbers in our centuries."""
    if len(numbers) == 0:
        return "s"
    low, high = float(numbers.min()), float(numbers.max())
    for first, last, a_day, written in _DAYS:
        if first <= low and high <= last:
            day = np.unique(numbers.astype(np.int64)) // a_day
            if (np.isin(day // 100 % 100, range(1, 13)) & np.isin(day % 100, range(1, 32))).all():
                raise InputError(
                    f"{where}: {name} is {int(low)}, a day or a number of seconds; accepted: `time_format={written}` "
                    f"or s, ms or us, or `timestamp_column={NO_TIME}`"
                )
    for unit, factor in _A_SECOND.items():
        if max(abs(low), abs(high)) < _MOST * factor:
            least = high if unit == "s" else float(np.abs(numbers[numbers != 0]).min())
            if unit != "s" and least < _MOST * factor / 1000:  # which alone would be of the next longer unit
                found = f"{least:.0f} and {high:.0f}, in one unit centuries apart"
                raise InputError(
                    f"{where}: {name} is {found}; accepted: `time_format`, or `timestamp_column={NO_TIME}`"
                )
            return unit
    raise InputError(f"{where}: {name} is {high:g}; accepted: seconds to nanoseconds, or `timestamp_column={NO_TIME}`")


def _dates(column: pa.ChunkedArray, form: TimeForm) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd  # here: few tables need it, and it takes a third of a second to import

    if form.kind == "date":
        kind = column.type
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        unit = kind.unit if pa.types.is_timestamp(kind) else "s"
        found = column.cast(pa.timestamp(unit, zone)).cast(pa.int64())
        return _in_seconds(found.fill_null(0).to_numpy(), unit), found.is_null().to_numpy()
    form_of = form.given if "%" in form.given else "ISO8601"
    try:
        parsed = pd.to_datetime(column.to_pandas(), format=form_of, utc=True, errors="coerce")
    except (ValueError, re.error) as error:
        raise InputError(f"`time_format={shown(form_of)}`: {shown(error)}; accepted: a form such as %d/%m/%Y") from None
    unread = parsed.isna().to_numpy()
    dates = parsed.dt.tz_localize(None).to_numpy()
    numbers = np.where(unread, 0, dates.view(np.int64))
    return _in_seconds(numbers, np.datetime_data(dates.dtype)[0]), unread
