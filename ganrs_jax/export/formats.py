"""The formats that a dataset can be written in, a folder each: files as a toolkit or a release has them.

Beside them metadata.json has the dataset's metadata. No format has times, as none are generated.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.errors import InputError
from ganrs_jax.export import huggingface, lenskit, movielens, recbole, surprise, tables
from ganrs_jax.export.lines import check_texts


class Format(NamedTuple):
    """How a format is written."""

    write: Callable[[Path, Dataset], None]  # into a folder
    separator: str = ""  # between columns, of text without quotes: no id may hold it; "" = any id can be written


FORMATS: dict[str, Format] = {
    "parquet": Format(tables.write_parquet),
    "csv": Format(tables.write_csv),
    "movielens_100k": Format(movielens.write_100k, movielens.TAB),
    "movielens_1m": Format(movielens.write_1m, movielens.COLONS),
    "movielens_25m": Format(movielens.write_25m),
    "recbole": Format(recbole.write, recbole.SEPARATOR),
    "lenskit": Format(lenskit.write),
    "surprise": Format(surprise.write, surprise.SEPARATOR),
    "huggingface": Format(huggingface.write),
}


def write_format(folder: str | Path, dataset: Dataset, name: str) -> None:
    """Writes a dataset in a format, whole or not at all; the same dataset gives the same bytes.

    Raises:
      InputError: for an unknown format, ids that it cannot hold, or a place that cannot be written.
    """
    check_formats([name])
    check_ids([name], dataset.item_ids)
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"{folder} is a file; accepted: a folder")
    FORMATS[name].write(folder, dataset)


def check_formats(names: Sequence[str]) -> None:
    """Raises InputError for an unknown format, or one that is named twice."""
    for name in names:
        if name not in FORMATS:
            raise InputError(f"`format={name}`; accepted: {', '.join(FORMATS)}")
        if names.count(name) > 1:
            raise InputError(f"`format={','.join(names)}`: {name} is named twice; accepted: each format once")


def check_ids(names: Sequence[str], ids: np.ndarray | None) -> None:
    """Raises InputError for item ids that one of the formats could not hold."""
    for name in names:
        if ids is not None and FORMATS[name].separator:
            check_texts(ids, FORMATS[name].separator, name, "item id")
