"""Text without quotes, a row a line: what releases of ratings and toolkits read, with separators that csv lacks."""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.dataset import Dataset, written_ids
from ganrs_jax.errors import InputError, shown

METADATA = "metadata.json"  # beside the files of each format
_ROWS = 1 << 20  # written at a time, so that text of 100 million rows takes no memory to speak of


def write_metadata(path: Path, dataset: Dataset) -> None:
    """The dataset's metadata, json."""
    path.write_text(json.dumps(dataset.metadata, sort_keys=True, indent=1) + "\n")


def write_ratings(path: Path, dataset: Dataset, separator: str, header: str = "", times: bool = False) -> None:
    """A line per rating: user, item, rating and, where the layout has one, a time, which is 0."""
    with open(path, "wb") as file:
        file.write(header.encode())
        for start in range(0, len(dataset.rating), _ROWS):
            rows = slice(start, start + _ROWS)
            item = written_ids(dataset.item[rows], dataset.item_ids)
            write_lines(file, [dataset.user[rows], item, dataset.rating[rows]], separator, ["0"] * times)


def write_lines(file: BinaryIO, columns: list, separator: str, more: list[str] | None = None) -> None:
    """A line per row of columns [M]; `more` are texts that stand at the end of each."""
    texts = [pa.array(column).cast(pa.string()) for column in columns]
    joined = pc.binary_join_element_wise(*texts, *(more or []), separator)
    file.write("".join(f"{line}\n" for line in joined.to_pylist()).encode())


def check_texts(texts: np.ndarray, separator: str, name: str, what: str) -> None:
    """Raises InputError for a text that cannot stand between separators without quotes in a file of format `name`."""
    for text in texts.tolist() if texts.dtype.kind not in "iu" else ():
        beside = separator[1:] + text + separator[:-1]  # of "::" a colon at the end of the text makes one too
        if separator in beside or any(mark in text for mark in '"\n\r'):
            raise InputError(
                f"`format={name}`: {what} {shown(text)} holds what separates columns or rows there, or a quote; "
                "accepted: a format that quotes text, such as csv or parquet"
            )
