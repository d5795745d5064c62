"""FilmTrust's ratings.txt: user, item and rating, separated by spaces.

G. Guo, J. Zhang, N. Yorke-Smith: A Novel Bayesian Similarity Measure for Recommender Systems. IJCAI 2013.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources.columns import Roles, Table, columns_of
from ganrs_jax.data.sources.layout import Layout
from ganrs_jax.data.sources.text import read_text, text_place

SCALE = Scale(0.5, 4.0, 0.5)

_ROLES = Roles(timestamp="")


def read_filmtrust(files: Sequence[Path]) -> Table:
    """Columns user_id, item_id, rating; the file has no header line."""
    types = dict(zip(_ROLES[:3], (pa.int32(), pa.int32(), pa.float32()), strict=True))
    place = text_place(files[0], has_header=False)
    return Table(columns_of(read_text(files[0], " ", types, _ROLES[:3]), _ROLES, place), place)


RATINGS_TXT = Layout("FilmTrust ratings.txt", "ratings.txt", read_filmtrust, SCALE, r"\d+ \d+ [\d.]+$")
