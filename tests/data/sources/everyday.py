"""A table of the rows of `releases`, and a file read."""

from pathlib import Path

from ganrs_jax.data.sources import ReadOptions, load_ratings
from tests.data.sources.releases import ROWS, lines

EXPECTED = {(user, item, float(rating)) for user, item, rating, _ in ROWS}
CSV = lines("{},{},{},{}", ROWS, "user,item,rating,timestamp\n")


def read(folder: Path, text: str | bytes, name: str = "t.csv", **options):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_ratings(str(folder / name), ReadOptions(**options))
