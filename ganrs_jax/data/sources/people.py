"""What tables say of users: gender, age, and of tables of users alone any other column that groups them."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from ganrs_jax.data.sources.fields import MISSING_SQL, text_sql
from ganrs_jax.data.sources.roles import find_column, plain_name
from ganrs_jax.errors import shown

_UNKNOWN_AGE = -1
_OLDEST = 199  # years
_MOST_VALUES = 100  # of a column that groups users, and half as many as users: what has more tells them apart


class People(NamedTuple):
    """Columns [P] of users: str, "" unknown; "age" int16 in years (MovieLens 1M: the lowest of a band), -1 unknown."""

    user: np.ndarray  # str [P], ids in text
    columns: dict[str, np.ndarray]


def people_of(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    names: Sequence[str],
    kinds: Sequence[str],
    user: int,
    *,
    all_columns: bool = False,
) -> tuple[People | None, tuple[str, ...]]:
    """The people of a relation, and a note where a column is left out: not asked for, it must not stand in the way.

    A user has one value of a column throughout, ages are years; else the column is left out.

    Args:
      all_columns: take any column of 2 to 100 values, two users each at least, not gender and age alone.
    """
    wanted = {name: column for name in ("gender", "age") if (column := find_column(name, names)) is not None}
    if all_columns:
        others = [number for number in range(len(names)) if number != user and number not in wanted.values()]
        wanted |= {plain_name(names[number]): number for number in others}
    found: dict[str, np.ndarray] = {}
    notes, users = [], np.empty(0, np.str_)
    for name, column in wanted.items():
        value = f"trim({text_sql(f'c{column}', kinds[column])})"
        value = f"CASE WHEN {value} NOT IN ({MISSING_SQL}) THEN {value} END"
        rows = connection.execute(
            f"SELECT {text_sql(f'c{user}', kinds[user])}, min({value}), max({value}) FROM {sql} "
            f"WHERE c{user} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchnumpy()
        users, low, high = (np.ma.filled(column.astype(object), "") for column in rows.values())
        if (low != high).any():
            notes.append(f"{name} is left out: some users have more than one value")
        elif name != "age":
            if name == "gender" or 1 < len(set(low.tolist()) - {""}) <= min(_MOST_VALUES, len(low) // 2):
                found[name] = low.astype(np.str_)
        elif (bad := _no_years(years := _years(low))).any():
            notes.append(f"age is left out: {shown(low[int(np.argmax(bad))])} is no number of years")
        else:
            found[name] = years.astype(np.int16)
    return (People(users.astype(np.str_), found) if found else None), tuple(notes)


def _years(texts: np.ndarray) -> np.ndarray:
    """Numbers, NaN of what is none, -1 of what is empty."""
    years = np.full(len(texts), float(_UNKNOWN_AGE))
    for number, text in enumerate(texts):
        try:
            years[number] = float(text) if text else _UNKNOWN_AGE
        except ValueError:
            years[number] = np.nan
    return years


def _no_years(years: np.ndarray) -> np.ndarray:
    return ~((years >= _UNKNOWN_AGE) & (years <= _OLDEST))


def demographics(people: People | None, user_ids: np.ndarray) -> dict[str, np.ndarray]:
    """`Ratings.demographics` for users [U], of each column that the people have."""
    if people is None or len(people.user) == 0:
        return {}
    order = np.argsort(people.user, kind="stable")
    known, wanted = people.user[order], user_ids.astype(np.str_)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found, row = known[at] == wanted, order[at]
    return {
        name: np.where(found, values[row], np.asarray(_UNKNOWN_AGE if name == "age" else "", values.dtype))
        for name, values in people.columns.items()
    }
