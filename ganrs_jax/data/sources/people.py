"""Gender and age of users, out of a table that has such columns."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from ganrs_jax.data.sources.fields import MISSING_SQL, text_sql
from ganrs_jax.data.sources.roles import find_column
from ganrs_jax.errors import shown

_UNKNOWN_AGE = -1
_OLDEST = 199  # years


class People(NamedTuple):
    """Demographics of P users; a column that the source lacks is None."""

    user: np.ndarray  # str [P], ids in text
    gender: np.ndarray | None  # str [P], "" unknown
    age: np.ndarray | None  # int16 [P] years (MovieLens 1M: the lowest of a band), -1 unknown


def people_of(
    connection: duckdb.DuckDBPyConnection, sql: str, names: Sequence[str], kinds: Sequence[str], user: int
) -> tuple[People | None, tuple[str, ...]]:
    """The people of a relation, and a note where a column is left out: not asked for, it must not stand in the way.

    A user has one gender and one age throughout, ages are years; else the column is left out.
    """
    found: dict[str, np.ndarray] = {}
    notes, users = [], np.empty(0, np.str_)
    for name in ("gender", "age"):
        column = find_column(name, names)
        if column is None:
            continue
        value = f"trim({text_sql(f'c{column}', kinds[column])})"
        value = f"CASE WHEN {value} NOT IN ({MISSING_SQL}) THEN {value} END"
        rows = connection.execute(
            f"SELECT {text_sql(f'c{user}', kinds[user])}, min({value}), max({value}) FROM {sql} "
            f"WHERE c{user} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchnumpy()
        users, low, high = (np.ma.filled(column.astype(object), "") for column in rows.values())
        if (low != high).any():
            notes.append(f"{name} is left out: some users have more than one value")
        elif name == "gender":
            found[name] = low.astype(np.str_)
        else:
            years = np.full(len(low), float(_UNKNOWN_AGE))
            for number, text in enumerate(low):
                try:
                    years[number] = float(text) if text else _UNKNOWN_AGE
                except ValueError:
                    years[number] = np.nan
            bad = ~((years >= _UNKNOWN_AGE) & (years <= _OLDEST))
            if bad.any():
                notes.append(f"age is left out: {shown(low[int(np.argmax(bad))])} is no number of years")
            else:
                found[name] = years.astype(np.int16)
    if not found:
        return None, tuple(notes)
    return People(users.astype(np.str_), found.get("gender"), found.get("age")), tuple(notes)


def demographics(people: People | None, user_ids: np.ndarray) -> dict[str, np.ndarray]:
    """`Ratings.demographics` for users [U]: "gender" str [U], "age" int16 [U], where known at all."""
    if people is None or len(people.user) == 0:
        return {}
    order = np.argsort(people.user, kind="stable")
    known, wanted = people.user[order], user_ids.astype(np.str_)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found, row = known[at] == wanted, order[at]
    columns = {"gender": (people.gender, ""), "age": (people.age, _UNKNOWN_AGE)}
    return {
        name: np.where(found, values[row], np.asarray(unknown, values.dtype))
        for name, (values, unknown) in columns.items()
        if values is not None
    }
