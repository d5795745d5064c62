"""Sizes that a request leaves out, and the nearest requests that can be met where it cannot."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ganrs_jax.errors import InputError
from ganrs_jax.requests import changes, last_number, nearest_number
from ganrs_jax.sampling.distributions import DegreeSpec
from ganrs_jax.sampling.feasibility import NUM_CHECKS, DegreeRequest, Fault, SourceDegrees, nearest_ratings
from ganrs_jax.statistics.summary import SourceSummary

MOST = 2**31 - 1  # users, items or ratings: ids are 32 bits wide
_STEP = 0.01  # of an exponent or sigma that is offered
# A request -> the same with all sizes, and what stands in its way; raises InputError on one that memory cannot hold.
Complete = Callable[[DegreeRequest], tuple[DegreeRequest, Fault | None]]


def completed_sizes(
    asked: DegreeRequest, source: SourceSummary, degrees: SourceDegrees, most_items: int
) -> DegreeRequest:
    """The request with all sizes: the source's, where it leaves them out and its others allow.

    A user rates as much, of the source's items, as in the source, so that fewer items take their share of the ratings;
    where that cannot be, the number nearest to it is taken, unless a distribution other than the source's is asked for:
    what then gives way is the user's to say. Ratings too few for the source's items have half as many items, or more
    where the source has fewer ratings for each, or where the pairs would not suffice.

    Args:
      most_items: that are chosen where the request leaves them out.
    """
    num_users = asked.num_users or source.users
    share = min(1.0, (asked.num_items or source.items) / source.items)
    natural = max(1, round(source.ratings * num_users / source.users * share))
    num_ratings = asked.num_ratings or max(natural, num_users, asked.num_items)
    fewer = max(num_ratings // 2, num_ratings * source.items // source.ratings, -(-num_ratings // num_users))
    sizes = asked._replace(
        num_users=num_users,
        num_items=asked.num_items or min(source.items, fewer, most_items),
        num_ratings=num_ratings,
    )
    if asked.num_ratings or not asked.activity.kind == asked.popularity.kind == "source":
        return sizes
    return sizes._replace(num_ratings=nearest_ratings(sizes, degrees))


def nearest_requests(asked: DegreeRequest, source: SourceSummary, complete: Complete) -> list[dict[str, object]]:
    """What may be changed of a request that cannot be met, one field or several at a time, for it to be met.

    Each of the changes was tried: the request with it, and with what is left out still left out, has no fault.

    Args:
      asked: a request that has a fault.
    """
    search = _Search(source, complete)
    fault = complete(asked)[1]
    assert fault is not None
    found = [(name, search.mended(asked, name)) for name in fault.changes]
    alone = (name for name in fault.alone if name == "num_ratings" or getattr(asked, name))
    found += [(name, search.nearest(asked, name, NUM_CHECKS)) for name in alone]
    offers: list[dict[str, object]] = []
    for first, other in found:
        names = (first, *(name for name in asked._fields if name != first))
        offer = changes(asked, other or asked, names)
        offers += [offer] if offer and offer not in offers else []
    return offers


class _Search(NamedTuple):
    source: SourceSummary
    complete: Complete

    def mended(self, asked: DegreeRequest, name: str) -> DegreeRequest | None:
        """Met by another value of the field, or of it and of those in which faults are found then."""
        fault = self.complete(asked)[1]
        names: tuple[str, ...] = (name,)
        while fault:
            tried = (self.nearest(asked, one, passed) for one in names for passed in (NUM_CHECKS, fault.passed + 1))
            found = next(filter(None, tried), None)
            if found is None:
                return None
            asked, fault = found, self.complete(found)[1]
            names = fault.changes if fault else ()
        return asked

    def nearest(self, asked: DegreeRequest, name: str, passed: int) -> DegreeRequest | None:
        """The request with the nearest value of a field with which it meets so many checks; None if none was found."""

        def fits(value: Any) -> bool:
            return self._passed(asked._replace(**{name: value})) >= passed

        value: Any = (self._distribution if name in ("activity", "popularity") else self._number)(asked, name, fits)
        return asked._replace(**{name: value}) if value else None

    def _passed(self, asked: DegreeRequest) -> int:
        """Checks that a request meets before the first that it does not."""
        try:
            fault = self.complete(asked)[1]
        except InputError:  # more than memory holds
            return -1
        return fault.passed if fault else NUM_CHECKS

    def _distribution(self, asked: DegreeRequest, name: str, fits: Callable[[object], bool]) -> DegreeSpec | None:
        """Of the greatest exponent or sigma that fits, in steps of `_STEP`; uniform where there is none."""
        spec: DegreeSpec = getattr(asked, name)

        def less(steps: int) -> DegreeSpec:
            return DegreeSpec(spec.kind, round(steps * _STEP, 2)) if steps else DegreeSpec("uniform")

        if spec.kind == "uniform" or not fits(less(0)):
            return None
        return less(last_number(lambda steps: fits(less(steps)), 0, max(1, math.ceil(spec.parameter / _STEP))))

    def _number(self, asked: DegreeRequest, name: str, fits: Callable[[object], bool]) -> int:
        weights = {"num_users": asked.activity.weights, "num_items": asked.popularity.weights}.get(name)
        if weights is not None:  # as many as the file has
            return len(weights) if len(weights) != getattr(asked, name) and fits(len(weights)) else 0
        users, items, ratings = asked.num_users or self.source.users, asked.num_items or self.source.items, asked[2]
        least, most = {
            "num_users": (-(-ratings // items), min(max(users, self.source.users), ratings or MOST)),
            "num_items": (-(-ratings // users), min(max(items, self.source.items), ratings or MOST)),
            "num_ratings": (max(users, asked.num_items), min(users * items, MOST)),
        }[name]
        if least > most:
            return 0
        start = min(max(getattr(self.complete(asked)[0], name), least), most)
        return start if fits(start) else nearest_number(start, max(1, least), most, fits)
