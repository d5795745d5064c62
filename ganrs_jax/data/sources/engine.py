"""DuckDB, which reads and converts every table."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

LONGEST = 1 << 24  # bytes of a line, or of a JSON object


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """The one database of this process: in memory, and empty; it fetches no extensions."""
    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        }
    )


def connect(view: pa.Table | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with temporary tables of its own, in which SQL calls a table in memory "given"."""
    connection = _database().cursor()
    connection.execute("SET enable_progress_bar = false")
    if view is not None:
        connection.register("given", view)
    return connection


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def paths_sql(files: Sequence[Path]) -> str:
    """A list of files as SQL has it, no name of which is a pattern or tells of a column (`hive_partitioning`)."""
    names = (re.sub(r"([\[*?])", r"[\1]", str(file.resolve())) for file in files)
    return f"[{', '.join(map(quoted, names))}], hive_partitioning = false"
