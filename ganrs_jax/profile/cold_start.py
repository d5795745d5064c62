"""Cold start as a request: a share of the users, or of the items, whose ratings are yet few.

A cold user is as all others are, and early: its ratings are drawn as those of a user of its kind, and a random few of
them stay. Likewise a cold item, of the users who would rate it. So a real counterpart is the source with ratings taken
away at random. The cold ones come first: users, and items, from number 0. Cold users have no ratings of cold items, so
that the ratings of both can be counted.
"""

from typing import NamedTuple

from ganrs_jax.errors import InputError

_FORM = "accepted: LEAST:MOST, whole numbers from 1"


class Cold(NamedTuple):
    """What is asked of one side: the share that is cold, and the least and most ratings of each."""

    share: float
    least: int
    most: int

    def number(self, size: int) -> int:
        return round(self.share * size)

    def mean(self) -> float:
        return (self.least + self.most) / 2


class ColdStart(NamedTuple):
    """What is asked of both sides."""

    users: Cold
    items: Cold

    def __bool__(self) -> bool:
        return bool(self.users.share or self.items.share)

    def ratings_after(self, ratings: int, num_users: int, num_items: int) -> int:
        """About how many of so many ratings stay."""
        warm, cold = self._parts(num_users, num_items)
        return round(ratings * warm + min(cold, ratings * (1 - warm)))

    def ratings_before(self, ratings: int, num_users: int, num_items: int) -> int:
        """Of how many ratings about so many stay."""
        if not self:
            return ratings
        warm, cold = self._parts(num_users, num_items)
        return min(max(round((ratings - cold) / warm), num_users, num_items), num_users * num_items)

    def _parts(self, num_users: int, num_items: int) -> tuple[float, float]:
        """The share of the ratings that are of warm users and warm items, and the number of those of cold ones."""
        users, items = self.users.number(num_users), self.items.number(num_items)
        warm = (1 - users / num_users) * (1 - items / num_items)
        return warm, users * self.users.mean() + items * self.items.mean()


def parse_cold(share: float, ratings: str, name: str) -> Cold:
    """One side of a request: `cold_users` and `cold_user_ratings`, say.

    Args:
      name: user | item.

    Raises:
      InputError: a share outside 0 to 1, or ratings that are no range.
    """
    if not 0 <= share < 1:
        raise InputError(f"`cold_{name}s={share:g}` is no share; accepted: 0 to 1, 1 left out")
    parts = ratings.split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise InputError(f"`cold_{name}_ratings={ratings}` is no range; {_FORM}")
    least, most = map(int, parts)
    if not 1 <= least <= most:
        raise InputError(f"`cold_{name}_ratings={ratings}` is no range; {_FORM}, the first not above the other")
    return Cold(share, least, most)


def check_cold(cold: ColdStart, num_users: int, num_items: int, num_ratings: int) -> None:
    """Raises InputError on a request whose sizes do not allow the cold start that it asks for.

    Args:
      num_users, num_items, num_ratings: of the completed request.
    """
    if not cold:
        return
    sides = (("user", cold.users, num_users), ("item", cold.items, num_items))
    warm = [size - side.number(size) for _, side, size in sides]
    for (name, side, size), own, others in zip(sides, warm, warm[::-1], strict=True):
        if side.share and not (side.number(size) and own):
            kinds = "cold" if own else "warm"
            raise InputError(
                f"`cold_{name}s={side.share:g}` of {size} {name}s leaves no {kinds} one; "
                f"accepted: {1 / size:.2g} to {1 - 1 / size:.4g}"
            )
        if side.share and side.most > others:
            other = "item" if name == "user" else "user"
            raise InputError(
                f"`cold_{name}_ratings={side.least}:{side.most}`: {others} {other}s are not cold; "
                f"accepted: at most {others}"
            )
    held = sum(side.number(size) * side.most for _, side, size in sides)
    least = max(
        warm[0] + cold.users.number(num_users) * cold.users.most,
        warm[1] + held,
        held + warm[0] if cold.items.share else 0,
    )
    if num_ratings < least:
        raise InputError(
            f"`num_ratings={num_ratings}` is too few: cold users and items hold up to {held:,}, and every other one "
            f"needs one; accepted: `num_ratings={least}` or more, or smaller shares and ranges"
        )
