"""Degrees in whole numbers: as proportional to weights as can be, and such that some dataset has them.

Requests that no dataset can meet are refused before any work, with the nearest one that can be met.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.sampling.distributions import DegreeDistribution, DegreeSpec, distribution_weights, read_weights

_LEAST = 1e-200  # of the greatest weight: a weight of nothing still gets what no other may take
_HALVINGS = 100  # more than a double has bits, so that the scale is exact
MOST_MOVED = 0.2  # share of the ratings that bounds may move: more, and the distribution asked for is another one
_GROWTH = 2.0  # from one number of ratings that is tried to the next
_EXACT = 500  # numbers of ratings are found to one part in as many
_STEP = 0.01  # of an exponent or sigma that is offered


def apportion(weights: np.ndarray, total: int, low: int, high: int) -> np.ndarray:
    """Whole numbers from low to high that sum to total, proportional to the weights between the bounds.

    One scale is found at which the scaled and clipped weights sum to the total; they are then rounded by largest
    remainder. Weights that already are such numbers come back unchanged. No weight gets less than a smaller one;
    of equal weights the first gets the most.

    Args:
      weights: float64 [N], finite, none below 0; fastest in descending order.
      total: the sum wanted, N * low to N * high.
      low: the least number, 0 or more.
      high: the greatest.

    Returns:
      int64 [N].

    Raises:
      InputError: if no such numbers exist.
    """
    if not len(weights) * low <= total <= len(weights) * high:
        raise InputError(f"{total} cannot be the sum of {len(weights)} numbers from {low} to {high}")
    fits = weights.min() >= low and weights.max() <= high and weights.sum() == total
    if fits and np.all(weights == np.rint(weights)):
        return weights.astype(np.int64)
    if total == len(weights) * low:
        return np.full(len(weights), low, np.int64)
    descending = np.all(weights[1:] <= weights[:-1])
    order = slice(None) if descending else np.argsort(-weights, kind="stable")
    largest = weights.max()
    unit = np.maximum(weights[order] / largest, _LEAST) if largest > 0 else np.ones(len(weights))
    scaled = np.clip(unit * _scale(unit, total, low, high), low, high)
    counts = np.empty(len(weights), np.int64)
    counts[order] = _rounded(scaled, total, low, high)
    return counts


def _scale(unit: np.ndarray, total: int, low: int, high: int) -> float:
    """Bisection of the scale's logarithm; sums run upwards from the least weight, so that none drowns."""
    rising = unit[::-1]
    sums = np.concatenate([[0.0], np.cumsum(rising)])
    below, above = np.log(min(total / sums[-1], 1.0)) - 1, np.log(high / rising[0] + 1) + 1
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        scale = np.exp(middle)
        lows, mids = np.searchsorted(rising, (low / scale, high / scale))
        reached = low * lows + scale * (sums[mids] - sums[lows]) + high * (len(unit) - mids)
        below, above = (middle, above) if reached < total else (below, middle)
    return float(np.exp((below + above) / 2))


def _rounded(wanted: np.ndarray, total: int, low: int, high: int) -> np.ndarray:
    """Largest remainders; the loop runs again only where rounding errors left more than the remainders hold."""
    counts = np.floor(wanted).astype(np.int64)
    while short := total - int(counts.sum()):
        lacking = wanted - counts
        if short > 0:
            able = np.flatnonzero(counts < high)
            counts[able[_largest(lacking[able], short)]] += 1
        else:
            able = np.flatnonzero(counts > low)[::-1]
            counts[able[_largest(-lacking[able], -short)]] -= 1
    return counts


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Places of the largest values, as many as counted, of equal ones the first; a mask [N]."""
    if count >= len(values):
        return np.ones(len(values), bool)
    least = np.partition(values, len(values) - count)[len(values) - count]
    chosen = values > least
    chosen[np.flatnonzero(values == least)[: count - int(chosen.sum())]] = True
    return chosen


class DegreeSpecs(NamedTuple):
    """The distributions of the users' and of the items' counts, and the source's degree distributions."""

    activity: DegreeSpec
    popularity: DegreeSpec
    users: DegreeDistribution
    items: DegreeDistribution


class _Side(NamedTuple):
    name: str  # activity | popularity
    one: str  # user | item
    spec: DegreeSpec
    weights: np.ndarray  # descending
    most: int  # ratings of one at most: each of the others once


_Sides = tuple[_Side, ...]  # users, items


def check_counts(num_users: int, num_items: int, num_ratings: int, specs: DegreeSpecs) -> tuple[np.ndarray, np.ndarray]:
    """The counts of a request: every user and item occurs, no pair repeats, and the distributions are followed.

    Those of users, int64 [U], and of items, int64 [I], are descending and have the same sum.

    Args:
      num_users, num_items, num_ratings: wanted, each at least 1.
      specs: of the users' and of the items' counts.

    Raises:
      InputError: fewer ratings than users or items, more than pairs, a file of another length, a distribution from
        which more than `MOST_MOVED` of the ratings (total variation) would have to move, or two that far from fitting
        together (by Gale and Ryser); each in a line with the nearest request that can be met.
    """
    least, cells = max(num_users, num_items), num_users * num_items
    if num_ratings > cells:
        raise InputError(
            f"`num_ratings={num_ratings}` is more than the {cells} pairs of `num_users={num_users}` and "
            f"`num_items={num_items}`; accepted: {least} to {cells}"
        )
    for name, size in (("num_users", num_users), ("num_items", num_items)):
        if size > num_ratings:
            raise InputError(
                f"`num_ratings={num_ratings}` is less than one for each of `{name}={size}`; "
                f"accepted: {least} to {cells}, or `{name}={num_ratings}` at most"
            )
    sides = _both_sides(num_users, num_items, specs)
    counts, fault = _followed(sides, num_ratings)
    if fault:
        raise InputError(_refusal(sides, counts, num_ratings, fault))
    users, items = counts
    return users, items


def nearest_ratings(num_users: int, num_items: int, wanted: int, specs: DegreeSpecs) -> int:
    """The number of ratings nearest to the wanted one with which sizes and distributions can be met.

    Where there is none, the wanted number within the sizes' bounds; `check_counts`, of the same arguments, says why.
    """
    sides = _both_sides(num_users, num_items, specs)
    wanted = min(max(wanted, num_users, num_items), num_users * num_items)
    return wanted if not _followed(sides, wanted)[1] else _nearest_ratings(sides, wanted) or wanted


def _both_sides(num_users: int, num_items: int, specs: DegreeSpecs) -> _Sides:
    sides = []
    for name, one, spec, source, size, most in (
        ("activity", "user", specs.activity, specs.users, num_users, num_items),
        ("popularity", "item", specs.popularity, specs.items, num_items, num_users),
    ):
        found = len(read_weights(spec.path, f"`{name}={spec.path}`")) if spec.kind == "file" else size
        if found != size:
            raise InputError(
                f"`{name}={spec.path}`: {found} weights for {size} {one}s; accepted: {size}, or `num_{one}s={found}`"
            )
        sides.append(_Side(name, one, spec, distribution_weights(spec, source, size), most))
    return tuple(sides)


def _followed(sides: _Sides, num_ratings: int) -> tuple[list[np.ndarray], str]:
    """Counts of each side up to one that cannot follow its distribution, and its name; "both" if they do not fit."""
    counts: list[np.ndarray] = []
    for side in sides:
        counts.append(apportion(side.weights, num_ratings, 1, side.most))
        if total_variation(side.weights, counts[-1]) > MOST_MOVED:
            return counts, side.name
    return counts, "both" if _unmet(*counts) > MOST_MOVED * num_ratings else ""


def total_variation(weights: np.ndarray, counts: np.ndarray) -> float:
    """Between the shares of a distribution's weights and those of counts, both descending."""
    wanted = weights / weights[0]
    return float(np.abs(wanted / wanted.sum() - counts / counts.sum()).sum() / 2)


def _unmet(users: np.ndarray, items: np.ndarray) -> int:
    """Ratings of the most popular items for which there are no users left (Gale 1957, Ryser 1957), 0 if none."""
    able = len(users) - np.searchsorted(users[::-1], np.arange(1, len(items) + 1))  # users of so many items or more
    return max(0, int(np.max(np.cumsum(items) - np.cumsum(able))))


def _refusal(sides: _Sides, counts: list[np.ndarray], num_ratings: int, fault: str) -> str:
    if fault == "both":
        part, changed = _unmet(*counts) / num_ratings, sides
        found = " and ".join(f"`{side.name}={side.spec}`" for side in sides) + " do not fit together: "
    else:
        changed = tuple(side for side in sides if side.name == fault)
        part, side = total_variation(changed[0].weights, counts[-1]), changed[0]
        found = f"`{fault}={side.spec}`: with 1 to {side.most} ratings for each {side.one}, "
    offers = [_offer(sides, side, num_ratings) for side in changed]
    ratings = _nearest_ratings(sides, num_ratings)
    offers += [f"`num_ratings={ratings}`"] if ratings else []
    return f"{found}{part:.0%} of {num_ratings} ratings would have to move; accepted: {', or '.join(offers)}"


def _offer(sides: _Sides, side: _Side, num_ratings: int) -> str:
    """The nearest distribution that a side can follow, and the other's where that one cannot be followed either."""
    spec = _nearest_distribution(sides, side, num_ratings)
    changed = _changed(sides, side, spec)
    text = f"`{side.name}={spec}`" + (" or less" if spec.parameter else "")
    fault = _followed(changed, num_ratings)[1]
    return text + "".join(f" with {_offer(changed, s, num_ratings)}" for s in changed if s.name == fault)


def _changed(sides: _Sides, side: _Side, spec: DegreeSpec) -> _Sides:
    new = side._replace(spec=spec, weights=distribution_weights(spec, None, len(side.weights)))
    return tuple(new if s.name == side.name else s for s in sides)


def _nearest_distribution(sides: _Sides, side: _Side, num_ratings: int) -> DegreeSpec:
    """The greatest exponent or sigma that can be followed, in steps of `_STEP`; uniform where there is none."""
    kind, parameter = side.spec.kind, side.spec.parameter

    def spec(steps: int) -> DegreeSpec:
        return DegreeSpec(kind, round(steps * _STEP, 2)) if steps else DegreeSpec("uniform")

    def fits(steps: int) -> bool:
        return _followed(_changed(sides, side, spec(steps)), num_ratings)[1] not in (side.name, "both")

    return spec(_last(fits, 0, int(np.ceil(parameter / _STEP)), 1) if kind in ("power", "lognormal") else 0)


def _nearest_ratings(sides: _Sides, num_ratings: int) -> int:
    """The number of ratings nearest in ratio that can be met, tried outwards; 0 if none was found."""
    least, most = max(side.most for side in sides), sides[0].most * sides[1].most

    def fits(number: int) -> bool:
        return not _followed(sides, number)[1]

    for near, far in _outwards(num_ratings, least, most):
        if fits(far):
            return _last(fits, far, near, max(1, far // _EXACT))
    return 0


def _outwards(start: int, least: int, most: int) -> Iterable[tuple[int, int]]:
    """(the last number, the next) upwards and downwards in turn, within the bounds, which come last."""
    up = down = start
    while up < most or down > least:
        if up < most:
            before, up = up, min(most, int(up * _GROWTH) + 1)
            yield before, up
        if down > least:
            before, down = down, max(least, int(down / _GROWTH))
            yield before, down


def _last(fits: Callable[[int], bool], good: int, bad: int, exact: int) -> int:
    """The number that fits nearest to one that does not, by bisection from one that does."""
    while abs(bad - good) > exact:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good
