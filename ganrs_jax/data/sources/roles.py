"""Which column of a table is what: by the names that the field gives them, or as the options say."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ganrs_jax.data.sources.options import NO_TIME, ReadOptions
from ganrs_jax.errors import InputError, shown

# As files of GroupLens, Amazon, Yelp, Goodreads, BookCrossing, MyAnimeList, RecBole and RetailRocket have them; letters
# and digits alone, in lower case.
_USUAL = {
    "user": "user userid uid visitorid reviewerid customerid memberid",
    "item": "item itemid iid movie movieid filmid asin parentasin isbn animeid businessid trackid bookid productid "
    "songid artistid gameid recipeid jokeid articleid",
    "rating": "rating ratings score stars starrating overall bookrating",
    "timestamp": "timestamp time unixreviewtime date datetime",
}
_USUAL_SETS = {role: frozenset(names.split()) for role, names in _USUAL.items()}
_WHAT = {"user": "user ids", "item": "item ids", "rating": "ratings", "timestamp": "times"}
_FIELDS = {role: f"{role}_column" for role in _USUAL}


class Roles(NamedTuple):
    """Numbers of the columns of a table, from 0; timestamp None = none is read."""

    user: int
    item: int
    rating: int
    timestamp: int | None = None


def plain_name(name: str) -> str:
    """A column's name without case, blanks, punctuation, and the type that RecBole writes after it (user_id:token)."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r":(token|float)(_seq)?$", "", name.strip()).lower())


def is_header(names: Sequence[str], options: ReadOptions) -> bool:
    """Whether fields of a table's first row are names: those that the options say, or usual ones of two roles."""
    given = {getattr(options, field) for field in _FIELDS.values()} - {"", NO_TIME}
    if given & {name.strip() for name in names}:
        return True
    plain = {plain_name(name) for name in names}
    return sum(bool(plain & usual) for usual in _USUAL_SETS.values()) >= 2


def find_roles(names: Sequence[str], options: ReadOptions, where: str) -> Roles:
    """The columns of a table whose columns have these names.

    Raises:
      InputError: a role that no column has by its name, or more than one; the columns present are listed.
    """
    return Roles(
        _required("user", names, options, where),
        _required("item", names, options, where),
        _required("rating", names, options, where),
        None if options.timestamp_column == NO_TIME else _one("timestamp", names, options, where),
    )


def find_column(wanted: str, names: Sequence[str]) -> int | None:
    """The column of this plain name, None unless there is exactly one."""
    found = [number for number, name in enumerate(names) if plain_name(name) == wanted]
    return found[0] if len(found) == 1 else None


def _required(role: str, names: Sequence[str], options: ReadOptions, where: str) -> int:
    found = _one(role, names, options, where)
    if found is None:
        raise InputError(
            f"{where}: no column has a usual name of {_WHAT[role]}; columns present: {_listed(names)}; "
            f"accepted: its name as `{_FIELDS[role]}`"
        )
    return found


def _one(role: str, names: Sequence[str], options: ReadOptions, where: str) -> int | None:
    given = getattr(options, _FIELDS[role])
    if given:
        found = [number for number, name in enumerate(names) if name == given]
        found = found or [number for number, name in enumerate(names) if name.strip() == given.strip()]
        if len(found) != 1:
            fault = "occurs twice" if found else "is missing"
            raise InputError(f"{where}: column {given!r} {fault}; columns present: {_listed(names)}")
        return found[0]
    taken = {getattr(options, field).strip() for field in _FIELDS.values()}
    found = [n for n, name in enumerate(names) if plain_name(name) in _USUAL_SETS[role] and name.strip() not in taken]
    if len(found) > 1:
        both = " and ".join(shown(names[number]) for number in found[:3])
        none = f", or `{_FIELDS[role]}={NO_TIME}`" if role == "timestamp" else ""
        raise InputError(
            f"{where}: {both} may both hold the {_WHAT[role]}; accepted: one of them as `{_FIELDS[role]}`{none}"
        )
    return found[0] if found else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name)[1:-1] for name in names[:12]) + (", ..." if len(names) > 12 else "")
