"""A table for LensKit: ratings.parquet, whose frame `lenskit.data.from_interactions_df` takes as it is.

M. D. Ekstrand: LensKit for Python: Next-Generation Software for Recommender Systems Experiments. CIKM 2020.
"""

from pathlib import Path

import pyarrow.parquet

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.lines import METADATA, write_metadata
from ganrs_jax.export.single_file import as_table
from ganrs_jax.files import whole_files


def write(folder: Path, dataset: Dataset) -> None:
    """Columns user_id, item_id and rating alone: LensKit would take any other for an attribute of the rating."""
    with whole_files(folder, "ratings.parquet", METADATA) as (ratings, metadata):
        write_metadata(metadata, dataset)
        pyarrow.parquet.write_table(as_table(dataset).select(["user_id", "item_id", "rating"]), ratings)
