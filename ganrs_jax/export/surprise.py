r"""A file for Surprise, which Cornac's reader takes too: ratings.tsv, with one header line to skip.

N. Hug: Surprise: A Python library for recommender systems. Journal of Open Source Software 5 (52), 2020.
Read by `Reader(line_format="user item rating", sep="\t", rating_scale=(low, high), skip_lines=1)`.
"""

from pathlib import Path

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.lines import METADATA, write_metadata, write_ratings
from ganrs_jax.files import whole_files

SEPARATOR = "\t"


def write(folder: Path, dataset: Dataset) -> None:
    """Columns user, item and rating between tabs."""
    with whole_files(folder, "ratings.tsv", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        write_ratings(ratings, dataset, SEPARATOR, "user_id\titem_id\trating\n")
