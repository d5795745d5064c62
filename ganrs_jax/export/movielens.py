"""The layouts of MovieLens releases: files of ratings as 100K, 1M and 25M have them.

F. M. Harper, J. A. Konstan: The MovieLens Datasets: History and Context. ACM TiiS 5 (4), 2015.
Each rating has a time in these layouts; none is generated, and 0 stands for it. Users and titles are left out.
"""

from pathlib import Path

import pyarrow as pa

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.lines import METADATA, write_metadata, write_ratings
from ganrs_jax.export.single_file import as_table, put_csv
from ganrs_jax.files import whole_files

TAB = "\t"
COLONS = "::"
_COLUMNS = ("userId", "movieId", "rating", "timestamp")


def write_100k(folder: Path, dataset: Dataset) -> None:
    """u.data of 100K: columns between tabs, no header line."""
    with whole_files(folder, "u.data", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        write_ratings(ratings, dataset, TAB, times=True)


def write_1m(folder: Path, dataset: Dataset) -> None:
    """ratings.dat of 1M and 10M: columns between double colons, no header line."""
    with whole_files(folder, "ratings.dat", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        write_ratings(ratings, dataset, COLONS, times=True)


def write_25m(folder: Path, dataset: Dataset) -> None:
    """ratings.csv of 20M, 25M and 32M, with a header line."""
    with whole_files(folder, "ratings.csv", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        rows = as_table(dataset).select(["user_id", "item_id", "rating"])
        rows = rows.append_column("timestamp", pa.repeat(0, len(rows))).rename_columns(_COLUMNS)
        put_csv(ratings, rows)
