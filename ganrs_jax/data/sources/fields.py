"""Ids and ratings as tables have them: numbers, text, and what is missing."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.errors import InputError

MISSING = (
    "",
    "NULL",
    "null",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "None",
    "none",
    "<NA>",
    "NaT",
    "\\N",
    "Null",
    "NAN",
    "(null)",
    "<null>",
)
MISSING_SQL = ", ".join(f"'{token}'" for token in MISSING)
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_DECIMAL_COMMA = r"^\s*-?\d+,\d+\s*$"


def rating_sql(column: str, kind: str, decimal_comma: bool) -> str:
    """A rating as a float: NULL or NaN where it is missing, infinite where it is no number."""
    if not _is_text(kind):
        return f"CAST({column} AS FLOAT)"
    text = f"CAST({column} AS VARCHAR)"
    number = f"replace({text}, ',', '.')" if decimal_comma else text
    # the engine would read 1_000 as a number too
    return (
        f"coalesce(TRY_CAST({number} AS FLOAT) + CASE WHEN contains({text}, '_') THEN 'inf'::FLOAT ELSE 0 END, "
        f"CASE WHEN trim({text}) IN ({MISSING_SQL}) OR {text} IS NULL THEN NULL ELSE 'inf'::FLOAT END)"
    )


def has_decimal_commas(values: Sequence[str]) -> bool:
    """Whether any of the first values of a column is a number with a comma in it."""
    return bool(pc.any(pc.match_substring_regex(pa.array(values, pa.string()), _DECIMAL_COMMA)).as_py())


def check_rating_kind(kind: str, where: str, name: str) -> None:
    """Raises InputError for a type that is no number and no text."""
    if not (
        _is_text(kind) or kind.startswith((*_WHOLE, "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN"))
    ):
        raise InputError(f"{where}: {name} is of type {kind[:40]}; accepted: numbers such as 3.5")


def _is_text(kind: str) -> bool:
    return kind == "VARCHAR" or kind.startswith("ENUM")


def number_sql(column: str, kind: str) -> str:
    """An id as a number from 0; NULL unless it is written the shortest way."""
    if kind in _WHOLE:
        return f"CASE WHEN {column} >= 0 THEN CAST({column} AS BIGINT) END"
    if kind in ("FLOAT", "DOUBLE"):  # whole numbers with holes, as pandas has them
        whole = f"{column} = trunc({column}) AND {column} BETWEEN 0 AND 1e15"
        return f"CASE WHEN {whole} THEN TRY_CAST({column} AS BIGINT) END"
    text = f"CAST({column} AS VARCHAR)"
    number = f"TRY_CAST({text} AS BIGINT)"
    return f"CASE WHEN CAST({number} AS VARCHAR) = {text} AND {number} >= 0 THEN {number} END"


def text_sql(column: str, kind: str) -> str:
    """An id as text; NULL where it is missing."""
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{column} = trunc({column}) AND abs({column}) < 1e15"
        return (
            f"CASE WHEN {whole} THEN CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
        )
    if kind == "BLOB":  # text in UTF-8, or bytes
        return f"coalesce(TRY(decode({column})), CAST({column} AS VARCHAR))"
    return f"CAST({column} AS VARCHAR)"


def ids_of(batches: Sequence[pa.Array], options: ReadOptions) -> tuple[np.ndarray | pa.DictionaryArray, np.ndarray]:
    """Ids [N], whole numbers or a dictionary of text, and which of them are missing, bool [N] or [0]."""
    if not pa.types.is_dictionary(batches[0].type):
        return np.concatenate([batch.to_numpy() for batch in batches]), np.zeros(0, bool)
    whole = pa.chunked_array(batches).unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    labels = whole.dictionary.to_pylist()
    tokens = ("",) if options.missing == "keep" else MISSING
    empty = np.array([label.strip() in tokens for label in labels] + [True])
    codes = whole.indices.fill_null(len(labels)).to_numpy().astype(np.int32)
    missing = empty[codes]
    if options.ids != "text" and all(_is_plain(label) for label, gone in zip(labels, empty, strict=False) if not gone):
        values = np.array(
            [0 if gone else int(label) for label, gone in zip([*labels, ""], empty, strict=True)], np.int64
        )
        return values[codes], missing
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([*labels, ""], pa.string())), missing


def _is_plain(label: str) -> bool:
    """Whether text is a whole number from 0 written the shortest way, of 64 bits."""
    return label.isascii() and label.isdigit() and len(label) < 20 and str(int(label)) == label and int(label) < 2**63
