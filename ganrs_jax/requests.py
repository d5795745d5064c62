"""What requests of all recipes have in common: the sizes they give, and the nearest ones that would be accepted."""

from collections.abc import Callable, Iterable, Mapping

SIZES = ("num_users", "num_items", "num_ratings", "num_samples")
_GROWTH = 2.0  # from one number that is tried to the next
_EXACT = 500  # numbers are found to one part in as many


def given_sizes(request: object) -> dict[str, int]:
    """The sizes that a request gives, by name; those left out are 0 in it."""
    return {name: value for name in SIZES if (value := getattr(request, name, 0))}


def changes(asked: object, other: object, names: Iterable[str]) -> dict[str, object]:
    """The fields in which another request differs, with its values."""
    return {name: getattr(other, name) for name in names if getattr(other, name) != getattr(asked, name)}


def told_offers(offers: Iterable[Mapping[str, object]]) -> str:
    """Changes of a request, for a message: "`a=1` with `b=2` and `c=3`, or `d=4`"."""
    texts = [[f"`{name}={value}`" for name, value in offer.items()] for offer in offers]
    return ", or ".join(" with ".join([first, *[" and ".join(others)] * bool(others)]) for first, *others in texts)


def told_per_user(num_ratings: int, num_users: int, own: float) -> str:
    """Ratings per user beside the source's own, for a message: "311 per user, 106 in the source"."""
    made, source = (f"{number:,.0f}" if number >= 100 else f"{number:.3g}" for number in (num_ratings / num_users, own))
    return f"{made} per user, " + ("as in the source" if made == source else f"{source} in the source")


def nearest_number(start: int, least: int, most: int, fits: Callable[[int], bool]) -> int:
    """The number nearest in ratio to one that does not fit, tried outwards within bounds; 0 if none was found."""
    for near, far in _outwards(start, least, most):
        if fits(far):
            return last_number(fits, far, near, max(1, far // _EXACT))
    return 0


def last_number(fits: Callable[[int], bool], good: int, bad: int, exact: int = 1) -> int:
    """The number that fits nearest to one that does not, by bisection from one that does."""
    while abs(bad - good) > exact:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


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
