"""A dataset repository of the Hugging Face hub: card, data/train.parquet, and a description in Croissant."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.export.croissant import croissant
from ganrs_jax.export.lines import METADATA, write_metadata
from ganrs_jax.export.single_file import as_table
from ganrs_jax.files import whole_files

_DATA = "data/train.parquet"
_NAME = "synthetic-ratings"
_SIZES = (10**3, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9)  # rows, between the hub's categories of size
_SIZE_NAMES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B")


def write(folder: Path, dataset: Dataset) -> None:
    """README.md (the card), croissant.json, and the rows with their demographic columns."""
    with whole_files(folder, _DATA, "croissant.json", "README.md", METADATA) as (data, description, card, metadata):
        write_metadata(metadata, dataset)
        rows = as_table(dataset)
        pyarrow.parquet.write_table(rows, data)
        told = croissant(_NAME, _summary(dataset), data, _DATA, rows.schema)
        description.write_text(json.dumps(told, indent=1) + "\n")
        card.write_text(_card(dataset, rows))


def _summary(dataset: Dataset) -> str:
    """What the dataset is, in two sentences."""
    users, items = (len(np.unique(ids)) for ids in (dataset.user, dataset.item))
    source = f" with a model of {dataset.metadata['source']}" if "source" in dataset.metadata else ""
    return (
        f"Synthetic ratings for testing recommender systems, made by ganrs_jax{source}. "
        f"{users:,} users, {items:,} items, {len(dataset.rating):,} ratings, {dataset.scale}."
    )


def _card(dataset: Dataset, rows: pa.Table) -> str:
    """The dataset card: a header in YAML, which the hub reads, then text."""
    kinds = {"float": "float32", "double": "float64"}  # the hub's names, where arrow has others
    features = "".join(
        f"  - name: {json.dumps(c.name)}\n    dtype: {kinds.get(str(c.type), c.type)}\n" for c in rows.schema
    )
    place = int(np.searchsorted(_SIZES, len(dataset.rating), side="right"))
    low = f"{_SIZE_NAMES[place - 1]}<" if place else ""
    size = f"{low}n<{_SIZE_NAMES[place]}" if place < len(_SIZES) else f"n>{_SIZE_NAMES[-1]}"
    metadata = json.dumps(dataset.metadata, sort_keys=True, indent=1)
    return f"""---
pretty_name: Synthetic ratings
tags:
- recommendation
- collaborative-filtering
- synthetic
size_categories:
- {size}
configs:
- config_name: default
  data_files:
  - split: train
    path: {_DATA}
dataset_info:
  features:
{features}  splits:
  - name: train
    num_bytes: {rows.nbytes}
    num_examples: {len(rows)}
---

# Synthetic ratings

{_summary(dataset)}

Rows ascend by user and item, and no pair repeats. No row is a rating that a person gave. The source has a licence of
its own, which may bear on how this dataset is shared: before publishing it, add a `license` to the header above.

## How it was made

```json
{metadata}
```
"""
