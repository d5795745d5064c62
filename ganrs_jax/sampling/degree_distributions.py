"""How many ratings users make and items get: the distributions that a dataset may follow."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from ganrs_jax.errors import InputError
from ganrs_jax.sampling.number_files import SUFFIXES, is_file, read_weights

MOST = 50.0  # exponent or sigma at most, so that no weight overflows
_FORMS = (
    f"source, power:EXPONENT or lognormal:SIGMA (over 0, at most {MOST:g}), uniform, or a file ({', '.join(SUFFIXES)})"
)


@dataclasses.dataclass(frozen=True)
class DegreeSpec:
    """A distribution of counts: how ratings are shared among users, or among items."""

    kind: str  # source | power | lognormal | uniform | file
    parameter: float = 0.0  # exponent of power, sigma of lognormal
    path: str = ""  # of kind file

    def __str__(self) -> str:
        """The text that `parse_distribution` reads."""
        return self.path or (f"{self.kind}:{self.parameter:g}" if self.parameter else self.kind)


def parse_distribution(text: str, flag: str) -> DegreeSpec:
    """What a text asks for: source, power:EXPONENT, lognormal:SIGMA, uniform, or a path to a file of weights.

    Args:
      text: the flag's value.
      flag: its name without dashes, for messages.

    Raises:
      InputError: none of these forms, an exponent or sigma not over 0 or over `MOST`, or a file that
        `number_files.read_weights` refuses.
    """
    kind, _, number = text.partition(":")
    if text in ("source", "uniform"):
        return DegreeSpec(text)
    if kind in ("power", "lognormal"):
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not 0 < value <= MOST:
            raise InputError(f"`{flag}={text}`; accepted: {_FORMS}")
        return DegreeSpec(kind, value)
    if not is_file(text):
        raise InputError(f"`{flag}={text}`: no distribution and no file; accepted: {_FORMS}")
    read_weights(text, f"`{flag}={text}`")
    return DegreeSpec("file", path=text)


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
      InputError: if the distribution's file cannot be read any more, or holds another number of weights than size.
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
    weights = read_weights(spec.path, spec.path)
    if len(weights) != size:
        raise InputError(f"{spec.path}: {len(weights)} weights; accepted: {size}, one for each user or item wanted")
    return np.sort(weights)[::-1]
