"""Distributions that a dataset shall have, of its degrees and of its ratings, as a text or a file gives them."""

import dataclasses
import math
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import brentq
from scipy.special import ndtri

from ganrs_jax.data.scale import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.statistics.summary import gini

SUFFIXES = (".csv", ".txt", ".parquet", ".npy")
_WEIGHT = "accepted: a finite number of at least 0 a row"
MOST = 50.0  # exponent or sigma at most, so that no weight overflows
_FORMS = (
    "source, thinned, gini:COEFFICIENT (between 0 and 1), power:EXPONENT or lognormal:SIGMA (over 0, at most "
    f"{MOST:g}), uniform, or a file ({', '.join(SUFFIXES)})"
)
_SHARES_FORMS = (
    "source, LEVEL=SHARE,..., one share a level, or a file of lines LEVEL,SHARE or SHARE; "
    "or gini:COEFFICIENT, or power:EXPONENT"
)
_SLACK = 1e-3  # that the shares may be off from a sum of 1
_ROUNDING = 1e-9  # of a Gini coefficient
_SHOWN = 12  # shares that a message offers


def is_file(text: str) -> bool:
    """Whether there is such a file; never an error, however odd or long the text."""
    return bool(text) and os.path.isfile(text)


def read_weights(path: str, where: str) -> np.ndarray:
    """The weights of a file in its own order, float64 [N].

    Args:
      path: .csv or .txt with one number a line and no header, .npy with one axis, .parquet with one column.
      where: what a message starts with, naming parameter and file.

    Raises:
      InputError: another suffix, a file that cannot be read, no entries, one that is negative or no finite
        number (named by its row, the first being 1), or none over 0.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{where}: suffix {suffix!r}; accepted: {', '.join(SUFFIXES)}")
    try:
        if suffix == ".npy":
            values = np.load(path, allow_pickle=False)
            if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "iuf":
                found = f"{values.dtype} {list(values.shape)}" if isinstance(values, np.ndarray) else "several arrays"
                raise InputError(f"{where}: holds {found}; accepted: numbers on one axis")
        elif suffix == ".parquet":
            names = pq.read_schema(path).names
            if len(names) != 1:
                raise InputError(f"{where}: has {len(names)} columns ({', '.join(names)[:80]}); accepted: one")
            column = pq.read_table(path)[0]
            if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                raise InputError(f"{where}: column {names[0]} is {column.type}; accepted: numbers")
            values = column.cast(pa.float64()).to_numpy()
        else:
            values = np.array([_number(line, row, where) for row, line in enumerate(read_lines(path, where), 1)])
    except (OSError, ValueError, EOFError, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}: cannot be read ({' '.join(str(error).split())[:80]}); {_WEIGHT}") from None
    values = np.asarray(values, np.float64)
    bad = ~(values >= 0) | (values == np.inf)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{where}: row {row + 1} is {values[row]:g}; {_WEIGHT}")
    if not values.any():
        raise InputError(f"{where}: no row is over 0; accepted: at least one that is")
    return values


def _number(line: str, row: int, where: str) -> float:
    try:
        return float(line)
    except ValueError:
        raise InputError(f"{where}: row {row} is {line[:40]!r}; {_WEIGHT}") from None


def read_lines(path: str, where: str) -> list[str]:
    """The lines of a text file, without spaces round them and without blank ones at the end.

    Raises:
      InputError: if it cannot be read, is not UTF-8, or holds nothing.
    """
    try:
        text = Path(path).read_text("utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: cannot be read as text ({error}); accepted: UTF-8 text") from None
    if not text:
        raise InputError(f"{where}: the file is empty; {_WEIGHT}")
    return [line.strip() for line in text.split("\n")]


@dataclasses.dataclass(frozen=True)
class DegreeSpec:
    """A distribution of counts: how ratings are shared among users, or among items."""

    kind: str  # source | thinned | gini | power | lognormal | uniform | file
    parameter: float = 0.0  # coefficient of gini, exponent of power, sigma of lognormal
    path: str = ""  # of kind file
    weights: np.ndarray | None = dataclasses.field(default=None, compare=False, repr=False)  # in the file's order

    def __str__(self) -> str:
        """The text that `parse_distribution` reads."""
        return self.path or (f"{self.kind}:{self.parameter:g}" if self.parameter else self.kind)


def parse_distribution(text: str, parameter: str) -> DegreeSpec:
    """What a text asks for: one of the forms that `DegreeSpec.kind` names, or a path to a file of weights.

    Args:
      text: the parameter's value.
      parameter: its name, for messages.

    Raises:
      InputError: none of these forms, an exponent or sigma not over 0 or over `MOST`, a Gini coefficient not between 0
        and 1, or a file that `read_weights` refuses.
    """
    kind, _, number = text.partition(":")
    if text in ("source", "thinned", "uniform"):
        return DegreeSpec(text)
    if kind in ("gini", "power", "lognormal"):
        value = _parameter(number)
        if not 0 < value <= MOST or (kind == "gini" and value >= 1):
            raise InputError(f"`{parameter}={text}`; accepted: {_FORMS}")
        return DegreeSpec(kind, value)
    if not is_file(text):
        raise InputError(f"`{parameter}={text}`: no distribution and no file; accepted: {_FORMS}")
    return DegreeSpec("file", path=text, weights=read_weights(text, f"`{parameter}={text}`"))


def _parameter(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


class DegreeDistribution(NamedTuple):
    """How many users, or items, of a source have how many ratings: nothing in it is of one of them.

    degree: the distinct numbers of ratings, ascending, int32 [C]. number: how many have each, int32 [C].
    """

    degree: np.ndarray
    number: np.ndarray


def degree_distribution(counts: np.ndarray) -> DegreeDistribution:
    """The `DegreeDistribution` of the ratings of each user, or of each item, whole numbers [N]."""
    count, number = np.unique(counts, return_counts=True)
    return DegreeDistribution(count.astype(np.int32), number.astype(np.int32))


def distribution_weights(spec: DegreeSpec, source: DegreeDistribution | None, size: int) -> np.ndarray:
    """The distribution's quantiles at (i + 0.5) / size, in descending order, float64 [size]; their unit is free.

    Of kind source the weights are counts of the source, and at its own size exactly its sorted counts. Of kind
    power they are rank ** -exponent, of lognormal exp(sigma * normal quantile), of uniform 1, of file its
    numbers sorted.

    Args:
      spec: of `parse_distribution`.
      source: of the source; used by kind source alone.
      size: users or items wanted.

    Raises:
      InputError: if the distribution's file holds another number of weights than size.
    """
    if spec.kind == "source":
        assert source is not None
        number = np.asarray(source.number, np.int64)[::-1]
        rank = (2 * np.arange(size, dtype=np.int64) + 1) * int(number.sum()) // (2 * size)  # exact: whole numbers
        place = np.searchsorted(np.cumsum(number), rank, side="right")
        return np.asarray(source.degree, np.float64)[::-1][place]
    if spec.kind == "power":
        return np.arange(1, size + 1, dtype=np.float64) ** -spec.parameter
    if spec.kind == "lognormal":
        return np.exp(spec.parameter * ndtri((np.arange(size, 0, -1) - 0.5) / size))
    if spec.kind == "uniform":
        return np.ones(size)
    assert spec.weights is not None
    if len(spec.weights) != size:
        raise InputError(
            f"{spec.path}: {len(spec.weights)} weights; accepted: {size}, one for each user or item wanted"
        )
    return np.sort(spec.weights)[::-1]


Entries = list[tuple[float | None, float]]  # (level or None, share)


def parse_histogram(text: str, scale: Scale, parameter: str, source: np.ndarray) -> np.ndarray:
    """The share of each level of the scale, float64 [L], summing to 1.

    Args:
      text: source; power:EXPONENT, the source's shares to a power (0 uniform, 1 as they are); gini:COEFFICIENT, to the
        power at which the shares have this Gini coefficient; LEVEL=SHARE,... (levels left out get 0); one share a
        level, ascending, separated by commas; or a file of lines LEVEL,SHARE or SHARE.
      scale: the ratings there are.
      source: shares of the levels in the source, [L].
      parameter: its name, for messages.

    Raises:
      InputError: as `histogram_entries`, a level off the scale, another number of shares than levels, or a sum that is
        not 1 within 0.001.
    """
    if text == "source":
        return np.asarray(source, np.float64)
    entries, levels = histogram_entries(text, parameter), scale.levels
    if isinstance(entries, DegreeSpec):
        return _skewed(entries, source, parameter)
    if entries[0][0] is None:
        if len(entries) != len(levels):
            raise InputError(
                f"`{parameter}={_short(text)}`: {len(entries)} shares; accepted: {len(levels)}, one for each of {scale}"
            )
        shares = np.array([share for _, share in entries])
    else:
        shares = np.zeros(len(levels))
        shares[[_place(level, scale, parameter) for level, _ in entries]] = [share for _, share in entries]
    _check_sum(entries, f"`{parameter}={_short(text)}`")
    return shares / shares.sum()


def _skewed(spec: DegreeSpec, source: np.ndarray, parameter: str) -> np.ndarray:
    """The source's shares to a power, which of kind gini is found."""

    def powered(power: float) -> np.ndarray:
        shares = np.where(source > 0, (source / source.max()) ** power, 0)
        return shares / shares.sum()

    if spec.kind == "power":
        return powered(spec.parameter)
    least, most = (gini(powered(power)) for power in (0.0, MOST))
    if not least - _ROUNDING <= spec.parameter <= most:
        raise InputError(f"`{parameter}={spec}` cannot be of the source's shares; accepted: {_hundredths(least, most)}")
    wanted = max(spec.parameter, least)
    return powered(brentq(lambda power: gini(powered(power)) - wanted, 0, MOST))


def _hundredths(least: float, most: float) -> str:
    """Bounds of a Gini coefficient for a message, rounded inwards."""
    return f"gini:{math.ceil(least * 100) / 100:g} to gini:{math.floor(most * 100) / 100:g}"


def histogram_entries(text: str, parameter: str) -> Entries | DegreeSpec:
    """What a text says, as far as it can be judged without knowing the scale.

    Args:
      text: as of `parse_histogram`, but not "source".
      parameter: its name, for messages.

    Returns:
      (level, share) of each entry, the level None in all where the text gives shares alone; of gini and power, the
      form and its parameter.

    Raises:
      InputError: none of the forms, a level twice, or a share that is negative or not finite; a file's entry is named
        by its row.
    """
    kind, _, number = text.partition(":")
    if kind in ("gini", "power") and not is_file(text):
        spec = DegreeSpec(kind, _parameter(number))
        if not 0 <= spec.parameter <= MOST or (kind == "gini" and spec.parameter >= 1):
            raise InputError(f"`{parameter}={_short(text)}`; accepted: {_SHARES_FORMS}")
        return spec
    if is_file(text):
        rows = read_lines(text, f"`{parameter}={text}`")
        entries = [_entry(line, ",", f"`{parameter}={text}`: row {row}") for row, line in enumerate(rows, 1)]
    else:
        entries = [_entry(part, "=", f"`{parameter}={_short(text)}`") for part in text.split(",")]
    levels = [level for level, _ in entries]
    if levels.count(None) not in (0, len(levels)) or (levels[0] is not None and len(set(levels)) < len(levels)):
        raise InputError(f"`{parameter}={_short(text)}`: a level is missing or twice; accepted: {_SHARES_FORMS}")
    return entries


def _entry(part: str, separator: str, where: str) -> tuple[float | None, float]:
    level, _, share = part.rpartition(separator)
    try:
        entry = (float(level) if separator in part else None, float(share))
    except ValueError:
        raise InputError(f"{where}: {_short(part)!r}; accepted: {_SHARES_FORMS}") from None
    if not (math.isfinite(entry[0] or 0) and 0 <= entry[1] < math.inf):
        raise InputError(f"{where}: {_short(part)!r}; accepted: finite levels and shares, no share below 0")
    return entry


def _check_sum(entries: Entries, where: str) -> None:
    total = sum(share for _, share in entries)
    if abs(total - 1) <= _SLACK:
        return
    if not 0 < total < math.inf or len(entries) > _SHOWN:
        offer = "shares that sum to 1"
    else:
        parts = [f"{'' if level is None else f'{level:g}='}{share / total:.4g}" for level, share in entries]
        offer = f"shares that sum to 1, the nearest {','.join(parts)}"
    raise InputError(f"{where}: the shares sum to {total:.6g}; accepted: {offer}")


def _place(level: float | None, scale: Scale, parameter: str) -> int:
    steps = ((level or 0.0) - scale.low) / scale.step
    if abs(steps - round(steps)) > 1e-3 or not 0 <= round(steps) < len(scale.levels):
        raise InputError(f"`{parameter}`: rating {level:g} is off the scale; accepted: {scale}")
    return round(steps)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "..."
