"""The one-file tables as folders, for runs that write several formats: ratings.parquet, or ratings.csv."""

import json
from pathlib import Path

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.lines import METADATA, write_metadata
from ganrs_jax.export.single_file import as_table, put_csv, put_parquet
from ganrs_jax.files import whole_files


def write_parquet(folder: Path, dataset: Dataset) -> None:
    """ratings.parquet: the same bytes as of a file by its suffix."""
    with whole_files(folder, "ratings.parquet", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        put_parquet(ratings, as_table(dataset), json.dumps(dataset.metadata, sort_keys=True))


def write_csv(folder: Path, dataset: Dataset) -> None:
    """ratings.csv: the same bytes as of a file by its suffix."""
    with whole_files(folder, "ratings.csv", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        put_csv(ratings, as_table(dataset))
