"""Atomic files of RecBole: NAME/NAME.inter, and NAME.user and NAME.item where there is anything to tell.

W. X. Zhao et al.: RecBole: Towards a Unified, Comprehensive and Efficient Framework. CIKM 2021.
RecBole takes a folder of datasets as `data_path` and the name of one of them as `dataset`.
"""

from pathlib import Path

import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.lines import METADATA, check_texts, write_lines, write_metadata, write_ratings
from ganrs_jax.files import whole_files

SEPARATOR = "\t"
NAME = "synthetic"  # of the dataset, in RecBole's words
_INTER, _USER, _ITEM = (f"{NAME}/{NAME}.{kind}" for kind in ("inter", "user", "item"))


def write(folder: Path, dataset: Dataset) -> None:
    """The ratings; users where they have demographic groups; items where they have ids of the source's."""
    more = [_USER] * bool(dataset.groups) + [_ITEM] * (dataset.item_ids is not None)
    with whole_files(folder, _INTER, METADATA, *more) as (ratings, metadata, *places):
        write_metadata(metadata, dataset)
        write_ratings(ratings, dataset, SEPARATOR, "user_id:token\titem_id:token\trating:float\n")
        for kind, place in zip(more, places, strict=True):
            (_write_users if kind == _USER else _write_items)(place, dataset)
        for other in {_USER, _ITEM} - set(more):  # of a dataset that was here before
            (folder / other).unlink(missing_ok=True)


def _write_users(place: Path, dataset: Dataset) -> None:
    names = ["user_id", *dataset.groups]
    values = [np.asarray(column, str) for column in dataset.groups.values()]
    for name, column in zip(dataset.groups, values, strict=True):
        check_texts(column, SEPARATOR, "recbole", name)
    with open(place, "wb") as file:
        file.write((SEPARATOR.join(f"{name}:token" for name in names) + "\n").encode())
        write_lines(file, [np.arange(len(values[0])), *values], SEPARATOR)


def _write_items(place: Path, dataset: Dataset) -> None:
    with open(place, "wb") as file:
        file.write(b"item_id:token\n")
        write_lines(file, [dataset.item_ids], SEPARATOR)
