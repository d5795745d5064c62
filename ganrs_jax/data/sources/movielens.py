"""The MovieLens formats: u.data (100K), ratings.dat (1M, 10M), ratings.csv (20M and later), ml-100k.inter (recbole).

F. M. Harper, J. A. Konstan: The MovieLens Datasets: History and Context. ACM TiiS 5 (4), 2015.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.columns import People, Roles, Table, columns_of, people_of
from ganrs_jax.data.sources.layout import Layout
from ganrs_jax.data.sources.text import read_text, text_place

WHOLE_STARS = Scale(1.0, 5.0, 1.0)
HALF_STARS = Scale(0.5, 5.0, 0.5)

_NAMES = ("user_id", "item_id", "rating", "timestamp")
_CSV = Roles("userId", "movieId", "rating", "timestamp")
_INTER = Roles("user_id:token", "item_id:token", "rating:float", "timestamp:float")


def read_u_data(files: Sequence[Path]) -> Table:
    """u.data, separated by tabs, with the demographics of u.user where it stands beside it."""
    names = ("user_id", "age", "gender", "occupation", "zip_code")
    people = _people(files[0].with_name("u.user"), "|", names)
    return _table(files[0], "\t", Roles(), _NAMES, people)


def read_dat(files: Sequence[Path]) -> Table:
    """ratings.dat, separated by "::", with the demographics of users.dat where it stands beside it.

    The age in users.dat is the lowest of a band (1: under 18).
    """
    names = ("user_id", "gender", "age", "occupation", "zip_code")
    people = _people(files[0].with_name("users.dat"), "::", names)
    return _table(files[0], "::", Roles(), _NAMES, people)


def read_csv(files: Sequence[Path]) -> Table:
    """ratings.csv of the 20M and later releases, which hold no demographics."""
    return _table(files[0], ",", _CSV, (), None)


def read_inter(files: Sequence[Path]) -> Table:
    """ml-100k.inter as the recbole package carries it, with the demographics of ml-100k.user."""
    people = _people(files[0].with_suffix(".user"), "\t", (), "user_id:token", "gender:token", "age:token")
    return _table(files[0], "\t", _INTER, (), people)


def _table(path: Path, separator: str, roles: Roles, names: Sequence[str], people: People | None) -> Table:
    types = dict(zip(roles, (pa.int32(), pa.int32(), pa.float32(), pa.int64()), strict=True))
    place = text_place(path, has_header=not names)
    return Table(columns_of(read_text(path, separator, types, names), roles, place), place, people)


def _people(
    path: Path, separator: str, names: Sequence[str], user: str = "user_id", gender: str = "gender", age: str = "age"
) -> People | None:
    if not path.exists():
        return None
    table = read_text(path, separator, {user: pa.int32(), gender: pa.string(), age: pa.int16()}, names)
    return people_of(table, user, gender, age, text_place(path, has_header=not names))


U_DATA = Layout("MovieLens u.data", "u.data", read_u_data, WHOLE_STARS, r"\d+\t\d+\t\d\t\d+$", named=True)
RATINGS_DAT = Layout("MovieLens ratings.dat", "ratings.dat", read_dat, None, r"\d+::\d+::[\d.]+::\d+$", named=True)
RATINGS_CSV = Layout("MovieLens ratings.csv", "ratings.csv", read_csv, HALF_STARS, r"userId,movieId,rating,timestamp")
INTER = Layout("recbole ml-100k.inter", "ml-100k.inter", read_inter, WHOLE_STARS, named=True)
