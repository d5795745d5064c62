"""The published formats of delimited text: MovieLens, MyAnimeList and FilmTrust.

F. M. Harper, J. A. Konstan: The MovieLens Datasets: History and Context. ACM TiiS 5 (4), 2015.
G. Guo, J. Zhang, N. Yorke-Smith: A Novel Bayesian Similarity Measure for Recommender Systems. IJCAI 2013.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.columns import Layout, People, Roles, Table, columns_of, people_of
from ganrs_jax.data.sources.text import first_line, read_text, text_place

WHOLE_STARS = Scale(1.0, 5.0, 1.0)
HALF_STARS = Scale(0.5, 5.0, 0.5)
ANIME_SCALE = Scale(1.0, 10.0, 1.0)
FILMTRUST_SCALE = Scale(0.5, 4.0, 0.5)
NOT_RATED = -1.0  # MyAnimeList: seen, not rated

_TYPES = (pa.int32(), pa.int32(), pa.float32(), pa.int64())  # of user, item, rating, time


def read_u_data(files: Sequence[Path]) -> Table:
    """u.data of MovieLens 100K, separated by tabs, with the demographics of u.user where it stands beside it."""
    names = ("user_id", "age", "gender", "occupation", "zip_code")
    return _table(files[0], "\t", Roles(), people=_people(files[0].with_name("u.user"), "|", names))


def read_dat(files: Sequence[Path]) -> Table:
    """ratings.dat of MovieLens 1M and 10M, separated by "::", with the demographics of users.dat if that is beside it.

    The age in users.dat is the lowest of a band (1: under 18).
    """
    names = ("user_id", "gender", "age", "occupation", "zip_code")
    return _table(files[0], "::", Roles(), people=_people(files[0].with_name("users.dat"), "::", names))


def read_csv(files: Sequence[Path]) -> Table:
    """ratings.csv of MovieLens 20M and later, which have no demographics."""
    return _table(files[0], ",", Roles("userId", "movieId", "rating", "timestamp"), has_header=True)


def read_inter(files: Sequence[Path]) -> Table:
    """ml-100k.inter as the recbole package has it, with the demographics of ml-100k.user."""
    people = _people(files[0].with_suffix(".user"), "\t", (), "user_id:token", "gender:token", "age:token")
    roles = Roles("user_id:token", "item_id:token", "rating:float", "timestamp:float")
    return _table(files[0], "\t", roles, has_header=True, people=people)


def read_anime(files: Sequence[Path]) -> Table:
    """rating.csv of MyAnimeList, or the variant separated by ";"; rows of an anime seen but not rated are still in."""
    line = first_line(files[0])
    roles = Roles("user_id", "anime_id", "rating", timestamp="")
    return _table(files[0], ";" if ";" in line else ",", roles, has_header=not line[:1].isdigit())


def read_filmtrust(files: Sequence[Path]) -> Table:
    """ratings.txt of FilmTrust: user, item and rating, separated by spaces."""
    return _table(files[0], " ", Roles(timestamp=""))


def _table(
    path: Path, separator: str, roles: Roles, *, has_header: bool = False, people: People | None = None
) -> Table:
    """The columns of a file that has those of `roles`; without a header line, in their order and no others."""
    types = {name: kind for name, kind in zip(roles, _TYPES, strict=True) if name}
    place = text_place(path, has_header)
    return Table(
        columns_of(read_text(path, separator, types, () if has_header else list(types)), roles, place), place, people
    )


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
_ANIME_LINE = r'"?user_id"?[,;]"?anime_id"?[,;]"?rating"?$|\d+;\d+;-?\d+$'
ANIME = Layout("MyAnimeList rating.csv", "rating.csv", read_anime, ANIME_SCALE, _ANIME_LINE, unrated=NOT_RATED)
ANIME_RATINGS = ANIME._replace(title="MyAnimeList ratings.csv", pattern="ratings.csv")
FILMTRUST = Layout("FilmTrust ratings.txt", "ratings.txt", read_filmtrust, FILMTRUST_SCALE, r"\d+ \d+ [\d.]+$")
