"""The published formats: how their files are known, and what their readers are told.

F. M. Harper, J. A. Konstan: The MovieLens Datasets: History and Context. ACM TiiS 5 (4), 2015.
G. Guo, J. Zhang, N. Yorke-Smith: A Novel Bayesian Similarity Measure for Recommender Systems. IJCAI 2013.
W. X. Zhao et al.: RecBole: Towards a Unified, Comprehensive and Efficient Framework. CIKM 2021.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.plain import Plain
from ganrs_jax.data.sources.relation import Table
from ganrs_jax.data.sources.tables import check_parts, read_files, with_people
from ganrs_jax.errors import InputError

WHOLE_STARS = Scale(1.0, 5.0, 1.0)
HALF_STARS = Scale(0.5, 5.0, 0.5)
ANIME_SCALE = Scale(1.0, 10.0, 1.0)
FILMTRUST_SCALE = Scale(0.5, 4.0, 0.5)
SEEN = "-1"  # MyAnimeList: seen, not rated

_LINE = "user_id,item_id,rating,timestamp"


class Users(NamedTuple):
    """The file of demographics beside the ratings, ids in its first column."""

    name: str  # "" = that of the ratings with another suffix
    suffix: str = ""
    columns: str = ""  # "" = a header line names them
    separator: str = ""


class Format(NamedTuple):
    """One published format."""

    title: str  # as a message names it
    pattern: str  # file name, or glob of the files that together hold the ratings, relative to a folder
    scale: Scale | None = None  # None = the source's, else found
    columns: str = ""  # of a file without a header line
    separator: str = ""  # "" = found
    header: str = ""  # regular expression of the first line that alone tells the format; "" = no line does
    first_line: str = ""  # regular expression of the first line that together with the file's name tells the format
    unrated: str = ""  # the rating that means "seen, not rated"
    users: Users | None = None
    reader: Callable[[Sequence[Path], ReadOptions, Plain], Table] | None = None  # of what is no table
    check: Callable[[Sequence[Path]], None] | None = None  # of the files, before they are read

    def is_named(self, line: str) -> bool:
        """Whether a file with a name of this format, and this first line, is of it."""
        told = self.first_line or self.header
        return not told or re.match(told, line) is not None

    def read(self, files: Sequence[Path], options: ReadOptions, plain: Plain) -> Table:
        """The ratings of files of this format; what the options say of the files wins."""
        if self.check:
            self.check(files)
        if self.reader:
            return self.reader([plain.file(path) for path in files], options, plain)
        told = options
        if not options.names_a_table:
            columns = "" if self.columns and self.header and _matches(self.header, files[0], plain) else self.columns
            quote = "none" if columns else ""
            told = dataclasses.replace(options, separator=self.separator, columns=columns, quote=quote)
        table = read_files(files, told, plain)
        if self.users is None:
            return table
        users = files[0].with_suffix(self.users.suffix) if self.users.suffix else files[0].with_name(self.users.name)
        if not users.exists():
            return table
        header = "" if self.users.columns else "user_id:token"
        written = ReadOptions(columns=self.users.columns, separator=self.users.separator, user_column=header)
        try:
            return with_people(table, users, written)
        except InputError as error:  # not asked for, it must not stand in the way
            return table._replace(notes=(*table.notes, f"demographics are left out: {error}"))


def first_line(path: Path) -> str:
    """The first line of a text file that is not blank, as far as it can be read."""
    with open(path, "rb") as file:
        lines = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").splitlines()
    return next((line for line in lines if line.strip()), b"").decode("utf-8", "replace")


def _matches(pattern: str, path: Path, plain: Plain) -> bool:
    return re.match(pattern, first_line(plain.file(path))) is not None


_MOVIELENS_USERS = "user_id,gender,age,occupation,zip_code"  # age in users.dat is the lowest of a band (1: under 18)

TABLE = Format("table", "")
PARTS = Format("parts", "part-*-of-*.parquet", check=check_parts)
U_DATA = Format(
    "MovieLens u.data",
    "u.data",
    WHOLE_STARS,
    _LINE,
    "tab",
    first_line=r"(?!user)[^\t]*\t",
    users=Users("u.user", columns="user_id,age,gender,occupation,zip_code", separator="|"),
)
RATINGS_DAT = Format(
    "MovieLens ratings.dat",
    "ratings.dat",
    None,
    _LINE,
    "::",
    first_line=r"(?!user).*::",
    users=Users("users.dat", columns=_MOVIELENS_USERS, separator="::"),
)
RATINGS_CSV = Format(
    "MovieLens ratings.csv", "ratings.csv", HALF_STARS, first_line=r'"?userId"?,"?movieId"?,"?rating"?,"?timestamp"?'
)
INTER = Format("recbole ml-100k.inter", "ml-100k.inter", WHOLE_STARS, separator="tab", users=Users("", ".user"))
ATOMIC = Format(
    "recbole NAME.inter",
    "*.inter",
    first_line=r"user_id:token\titem_id:token\trating:float",
    separator="tab",
    users=Users("", ".user", separator="tab"),
)
ANIME = Format(
    "MyAnimeList rating.csv",
    "rating.csv",
    ANIME_SCALE,
    "user_id,anime_id,rating",
    header=r'"?user_id"?[,;]"?anime_id"?[,;]"?rating"?\s*$',
    unrated=SEEN,
)
ANIME_RATINGS = ANIME._replace(title="MyAnimeList ratings.csv", pattern="ratings.csv")
FILMTRUST = Format(
    "FilmTrust ratings.txt",
    "ratings.txt",
    FILMTRUST_SCALE,
    "user_id,item_id,rating",
    " ",
    first_line=r"\d+ \d+ [\d.]+\s*$",
)
