"""One file, by its suffix: columns user_id, item_id, rating, then the demographic ones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ganrs_jax.data.dataset import Dataset, written_ids
from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_file


def write_dataset(path: str | Path, dataset: Dataset) -> None:
    """Writes a dataset whole or not at all; the same dataset gives the same bytes.

    Metadata go into the parquet schema (key `ganrs_jax`, json), or into FILE.json beside a csv.

    Raises:
      InputError: for a suffix without a writer, or a place that cannot be written.
    """
    path = Path(path)
    check_suffix(path)
    WRITERS[path.suffix](path, as_table(dataset), json.dumps(dataset.metadata, sort_keys=True))


def check_suffix(path: str | Path) -> None:
    """Raises InputError unless a writer knows the suffix."""
    if Path(path).suffix not in WRITERS:
        raise InputError(f"`out={path}`: suffix {Path(path).suffix!r}; accepted: {', '.join(WRITERS)}")


def as_table(dataset: Dataset) -> pa.Table:
    """The dataset as an arrow table [M rows]; each demographic value is repeated on its user's rows."""
    item = written_ids(dataset.item, dataset.item_ids)
    columns = {"user_id": dataset.user, "item_id": item, "rating": dataset.rating}
    people = {name: np.asarray(values)[dataset.user] for name, values in dataset.groups.items()}
    return pa.table({**columns, **people})


def put_parquet(place: Path, table: pa.Table, metadata: str) -> None:
    """The rows, with the metadata in the schema."""
    pyarrow.parquet.write_table(table.replace_schema_metadata({"ganrs_jax": metadata}), place)


def put_csv(place: Path, table: pa.Table) -> None:
    """The rows and a header line, quoted where that is needed."""
    try:
        pyarrow.csv.write_csv(table, place, pyarrow.csv.WriteOptions(quoting_header="none", quoting_style="none"))
    except pa.ArrowInvalid:  # a text with a comma, quote or line break in it
        pyarrow.csv.write_csv(table, place, pyarrow.csv.WriteOptions(quoting_header="none"))


def _write_parquet(path: Path, table: pa.Table, metadata: str) -> None:
    with whole_file(path) as partial:
        put_parquet(partial, table, metadata)


def _write_csv(path: Path, table: pa.Table, metadata: str) -> None:
    with whole_file(path) as partial, whole_file(path.with_name(path.name + ".json")) as beside:
        beside.write_text(metadata)
        put_csv(partial, table)


WRITERS: dict[str, Callable[[Path, pa.Table, str], None]] = {".parquet": _write_parquet, ".csv": _write_csv}
