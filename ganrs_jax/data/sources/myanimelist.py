"""The MyAnimeList ratings: rating.csv, and the variant separated by ";", with or without a header line."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.columns import Roles, Table, columns_of
from ganrs_jax.data.sources.files import first_line
from ganrs_jax.data.sources.layout import Layout
from ganrs_jax.data.sources.text import read_text, text_place

_ROLES = Roles("user_id", "anime_id", "rating", "")
SCALE = Scale(1.0, 10.0, 1.0)
NOT_RATED = -1.0


def read_anime(files: Sequence[Path]) -> Table:
    """Columns user_id, anime_id, rating; rows of an anime seen but not rated (-1) are still in."""
    path = files[0]
    line = first_line(path)
    separator = ";" if ";" in line else ","
    names = _ROLES[:3] if line[:1].isdigit() else ()
    types = dict(zip(_ROLES[:3], (pa.int32(), pa.int32(), pa.float32()), strict=True))
    place = text_place(path, has_header=not names)
    return Table(columns_of(read_text(path, separator, types, names), _ROLES, place), place)


_FIRST_LINE = r'"?user_id"?[,;]"?anime_id"?[,;]"?rating"?$|\d+;\d+;-?\d+$'
RATING_CSV = Layout("MyAnimeList rating.csv", "rating.csv", read_anime, SCALE, _FIRST_LINE, unrated=NOT_RATED)
RATINGS_CSV = RATING_CSV._replace(title="MyAnimeList ratings.csv", pattern="ratings.csv")
