"""Tests over repeats: which models differ (paired t, Holm), and whether two datasets give the same (equivalence).

Effect sizes come first: with many repeats any difference is significant, and most do not matter.
"""

import itertools
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

from ganrs_jax.errors import InputError
from ganrs_jax.statistics.bootstrap import check_between, checked_repeats, is_constant

Pair = tuple[ArrayLike, ArrayLike]
Name = TypeVar("Name", bound=Hashable)


class PairedT(NamedTuple):
    """A paired t-test, one of a family.

    Attributes:
      difference: mean of x - y, in the unit of the values.
      effect: Cohen's d_z, that mean over the standard deviation of the differences; infinite where they are constant.
      low, high: 95 % interval of the difference, for this test alone.
      t: statistic, infinite where the differences are constant and not 0.
      p: two-sided.
      p_holm: p corrected for the whole family.
      repeats: S.
    """

    difference: float
    effect: float
    low: float
    high: float
    t: float
    p: float
    p_holm: float
    repeats: int


class Welch(NamedTuple):
    """An unpaired t-test, one of a family.

    Attributes:
      difference: mean of x - mean of y, in the unit of the values.
      effect: Cohen's d_s with the root of the mean variance; infinite where neither side has any spread.
      p: two-sided.
      p_holm: p corrected for the whole family.
    """

    difference: float
    effect: float
    p: float
    p_holm: float


class Equivalence(NamedTuple):
    """Two one-sided tests.

    Attributes:
      difference: mean of x - mean of y.
      low, high: interval of the difference at 1 - 2 alpha; equivalent where it lies within the margin.
      p: the greater p-value of the two.
      equivalent: whether p is under alpha.
      margin: differences less than this do not matter; in the unit of the values.
      alpha: share of different pairs that may be called equivalent.
    """

    difference: float
    low: float
    high: float
    p: float
    equivalent: bool
    margin: float
    alpha: float


Test = TypeVar("Test", PairedT, Welch)


def paired_t(family: Mapping[Name, Pair], overlap: float = 0.0) -> dict[Name, PairedT]:
    """Tests each pair of samples x [S], y [S] of the same seeds; p-values corrected by Holm 1979 over the family.

    d_z: Lakens 2013 (doi 10.3389/fpsyg.2013.00863), equation 6.

    Args:
      family: name of a comparison -> (x, y).
      overlap: test rows over training rows of a seed (0.25 for an 80/20 split) widens the standard error as Nadeau and
        Bengio 2003 (doi 10.1023/A:1024068626366) do, since the seeds' random splits share rows; 0 is the usual test,
        which takes seeds for independent and rejects too often.

    Raises:
      InputError: fewer than 5 repeats, samples of different lengths, numbers that are not finite, a negative overlap.
    """
    if not overlap >= 0:
        raise InputError(f"`overlap={overlap:g}`; accepted: 0 or more")
    tests = {}
    for name, (one, other) in family.items():
        x, y = checked_repeats(one, str(name)), checked_repeats(other, str(name))
        if len(x) != len(y):
            raise InputError(f"{name}: {len(x)} and {len(y)} repeats; accepted: equally many, of the same seeds")
        difference, mean, repeats = x - y, float(np.mean(x - y)), len(x)

        # differences that are constant but for rounding: the mean is known, and p is 0 or 1
        if is_constant(difference, float(max(np.abs(x).max(), np.abs(y).max()))):
            mean = 0.0 if is_constant(np.array([mean, 0.0]), float(np.abs(x).max())) else mean
            infinite = float(np.copysign(np.inf, mean)) if mean else 0.0
            tests[name] = PairedT(mean, infinite, mean, mean, infinite, float(not mean), 1.0, repeats)
            continue

        spread = float(difference.std(ddof=1))
        error = spread * np.sqrt(1 / repeats + overlap)
        t = float(mean / error)
        half = float(error * stats.t.ppf(0.975, repeats - 1))
        p = float(2 * stats.t.sf(abs(t), repeats - 1))
        tests[name] = PairedT(mean, mean / spread, mean - half, mean + half, t, p, 1.0, repeats)
    return _corrected(tests)


def welch_t(family: Mapping[Name, Pair]) -> dict[Name, Welch]:
    """Tests each pair of independent samples x [S], y [T] of unlike variances; corrected by Holm 1979 over the family.

    Raises:
      InputError: fewer than 5 repeats, numbers that are not finite.
    """
    tests = {}
    for name, (one, other) in family.items():
        x, y = checked_repeats(one, str(name)), checked_repeats(other, str(name))
        difference, size = float(x.mean() - y.mean()), float(max(np.abs(x).max(), np.abs(y).max()))
        if is_constant(np.concatenate([x - x.mean(), y - y.mean()]), size):  # no spread: p is 0 or 1
            same = is_constant(np.array([difference, 0.0]), size)
            tests[name] = Welch(difference, 0.0 if same else float(np.copysign(np.inf, difference)), float(same), 1.0)
            continue
        spread = float(np.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2))
        p = float(stats.ttest_ind(x, y, equal_var=False).pvalue)
        tests[name] = Welch(difference, difference / spread, p, 1.0)
    return _corrected(tests)


def all_pairs(values: Mapping[str, ArrayLike]) -> dict[str, Pair]:
    """The family of all pairs of models: "a - b" -> (values of a, values of b)."""
    return {f"{a} - {b}": (values[a], values[b]) for a, b in itertools.combinations(values, 2)}


def tost(x: ArrayLike, y: ArrayLike, margin: float, alpha: float = 0.05, name: str = "TOST") -> Equivalence:
    """Tests whether two means differ by less than `margin` (Schuirmann 1987, doi 10.1007/BF01068419).

    Seeds on a real and on a synthetic dataset are independent repeats, hence unpaired; the variances may differ
    (Welch). To claim that all of several pairs are equivalent, each at alpha, needs no correction.

    Args:
      x: repeats [S].
      y: repeats [T].
      margin: fixed before the values were seen, in their unit.
      name: what messages call the comparison.

    Raises:
      InputError: fewer than 5 repeats of either, numbers that are not finite, a margin or alpha that cannot be.
    """
    if not 0 < margin < np.inf:
        raise InputError(f"`margin={margin:g}`; accepted: more than 0, in the unit of the metric")
    check_between("alpha", alpha, 0, 0.5)
    x, y = checked_repeats(x, name), checked_repeats(y, name)
    difference, size = float(x.mean() - y.mean()), float(max(np.abs(x).max(), np.abs(y).max()))
    if is_constant(np.concatenate([x - x.mean(), y - y.mean()]), size):  # without spread the means are known
        within = abs(difference) < margin
        return Equivalence(difference, difference, difference, float(not within), within, margin, alpha)
    p = float(ttost_ind(x, y, -margin, margin, usevar="unequal")[0])
    low, high = CompareMeans(DescrStatsW(x), DescrStatsW(y)).tconfint_diff(2 * alpha, usevar="unequal")
    return Equivalence(difference, float(low), float(high), p, p < alpha, margin, alpha)


def _corrected(tests: dict[Name, Test]) -> dict[Name, Test]:
    """With Holm's correction; statsmodels refuses an empty family."""
    p_holm = multipletests([test.p for test in tests.values()], method="holm")[1] if tests else []
    return {name: test._replace(p_holm=float(p)) for (name, test), p in zip(tests.items(), p_holm, strict=True)}
