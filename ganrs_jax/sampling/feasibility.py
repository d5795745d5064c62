"""Whether some dataset has the sizes and the degree distributions that are asked for, and what stands in the way."""

from typing import NamedTuple

import numpy as np

from ganrs_jax.requests import nearest_number
from ganrs_jax.sampling.distributions import DegreeDistribution, DegreeSpec
from ganrs_jax.sampling.skew import degree_counts, gini_bounds, gini_missed

MOST_MOVED = 0.2  # share of the ratings that bounds may move: more, and the distribution asked for is another one
NUM_CHECKS = 8  # of `check_degrees`
_SIDES = (("activity", "user"), ("popularity", "item"))


class DegreeRequest(NamedTuple):
    """What a request says of degrees: sizes, 0 where left out, and the distributions of users' and items' counts."""

    num_users: int
    num_items: int
    num_ratings: int
    activity: DegreeSpec
    popularity: DegreeSpec


class SourceDegrees(NamedTuple):
    """The degree distributions of a source."""

    users: DegreeDistribution
    items: DegreeDistribution


class Fault(NamedTuple):
    """Why no dataset is as asked.

    Attributes:
      found: what a message says of it.
      passed: how many checks came before and were met, fewer than `NUM_CHECKS`.
      changes: fields of the request each of which can mend it, if need be with others.
      alone: fields that may mend it too, if nothing else has to change.
    """

    found: str
    passed: int
    changes: tuple[str, ...]
    alone: tuple[str, ...] = ()


class _Side(NamedTuple):
    name: str  # activity | popularity
    one: str  # user | item
    spec: DegreeSpec
    source: DegreeDistribution
    size: int
    most: int  # ratings of one at most: each of the others once

    def counts(self, num_ratings: int) -> tuple[np.ndarray, np.ndarray]:
        """What the distribution wants, and the ratings of each that sum to the number, both descending."""
        return degree_counts(self.spec, self.source, self.size, num_ratings, self.most)


def check_degrees(asked: DegreeRequest, source: SourceDegrees) -> tuple[list[np.ndarray], Fault | None]:
    """The counts of a request: every user and item occurs, no pair repeats, and the distributions are followed.

    Those of users, int64 [U], and of items, int64 [I], are descending and have the same sum.

    Args:
      asked: with all sizes.

    Returns:
      The counts and None; or, with what was found of them, the fault: a file of another length, more ratings than
      pairs, fewer than users or items, a distribution from which more than `MOST_MOVED` of the ratings (total
      variation) would have to move, or two that far from fitting together (by Gale and Ryser).
    """
    num_users, num_items, num_ratings = asked[:3]
    for passed, (name, one) in enumerate(_SIDES):
        spec, size = getattr(asked, name), getattr(asked, f"num_{one}s")
        if spec.weights is not None and len(spec.weights) != size:
            found = f"`{name}={spec}`: {len(spec.weights)} weights for {size} {one}s"
            return [], Fault(found, passed, (f"num_{one}s", name))
    if num_ratings > num_users * num_items:
        pairs = f"the {num_users * num_items} pairs of `num_users={num_users}` and `num_items={num_items}`"
        return [], Fault(f"`num_ratings={num_ratings}` is more than {pairs}", 2, ("num_ratings",))
    for passed, (name, size) in enumerate((("num_users", num_users), ("num_items", num_items)), 3):
        if size > num_ratings:
            found = f"`num_ratings={num_ratings}` is less than one for each of `{name}={size}`"
            return [], Fault(found, passed, (name, "num_ratings"))
    sides = _both_sides(asked, source)
    counts, fault = _followed(sides, num_ratings)
    return counts, _distribution_fault(sides, counts, num_ratings, fault) if fault else None


def nearest_ratings(asked: DegreeRequest, source: SourceDegrees) -> int:
    """The number of ratings nearest to the wanted one with which sizes and distributions can be met.

    Where there is none, the wanted number; `check_degrees`, of the same arguments, says why.

    Args:
      asked: with all sizes, and no more ratings than pairs nor fewer than users or items.
    """
    sides = _both_sides(asked, source)
    num_users, num_items, wanted = asked[:3]

    def fits(number: int) -> bool:
        return not _followed(sides, number)[1]

    if fits(wanted):
        return wanted
    return nearest_number(wanted, max(num_users, num_items), num_users * num_items, fits) or wanted


def total_variation(weights: np.ndarray, counts: np.ndarray) -> float:
    """Between the shares of a distribution's weights and those of counts, both descending."""
    wanted = weights / weights[0]
    return float(np.abs(wanted / wanted.sum() - counts / counts.sum()).sum() / 2)


def _both_sides(asked: DegreeRequest, source: SourceDegrees) -> list[_Side]:
    sizes, sides = (asked.num_users, asked.num_items), []
    for (name, one), own, size, most in zip(_SIDES, source, sizes, sizes[::-1], strict=True):
        sides.append(_Side(name, one, getattr(asked, name), own, size, most))
    return sides


def _followed(sides: list[_Side], num_ratings: int) -> tuple[list[np.ndarray], str]:
    """Counts of each side up to one that cannot follow its distribution, and its name; "both" if they do not fit."""
    counts: list[np.ndarray] = []
    for side in sides:
        weights, found = side.counts(num_ratings)
        counts.append(found)
        if total_variation(weights, found) > MOST_MOVED or gini_missed(side.spec, found):
            return counts, side.name
    return counts, "both" if _unmet(*counts) > MOST_MOVED * num_ratings else ""


def _unmet(users: np.ndarray, items: np.ndarray) -> int:
    """Ratings of the most popular items for which there are no users left (Gale 1957, Ryser 1957), 0 if none."""
    able = len(users) - np.searchsorted(users[::-1], np.arange(1, len(items) + 1))  # users of so many items or more
    return max(0, int(np.max(np.cumsum(items) - np.cumsum(able))))


def _distribution_fault(sides: list[_Side], counts: list[np.ndarray], num_ratings: int, fault: str) -> Fault:
    def moved(part: float) -> str:
        return f"{part:.0%} of {num_ratings} ratings would have to move"

    if fault == "both":
        found = " and ".join(f"`{side.name}={side.spec}`" for side in sides) + " do not fit together: "
        part = moved(_unmet(*counts) / num_ratings)
        return Fault(found + part, 7, ("activity", "popularity"), ("num_ratings",))
    side, other = sides if fault == "activity" else sides[::-1]
    found = f"`{side.name}={side.spec}`: with 1 to {side.most} ratings for each {side.one}, "
    if side.spec.kind == "gini":
        least, most = gini_bounds(side.source, side.size, num_ratings, side.most)
        part = f"{num_ratings} ratings of {side.size} {side.one}s have Gini coefficients from {least:.2f} to {most:.2f}"
    else:
        part = moved(total_variation(side.counts(num_ratings)[0], counts[-1]))
    return Fault(found + part, 4 + len(counts), (side.name,), ("num_ratings", f"num_{other.one}s"))
