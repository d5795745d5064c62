"""What kind of ratings a file or folder holds."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganrs_jax.data.sources.files import first_line
from ganrs_jax.data.sources.layout import Found, Layout
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.data.sources.tables import PARQUET_SUFFIXES, TEXT_SUFFIXES, generic
from ganrs_jax.errors import InputError


def recognise(path: Path, layouts: Sequence[Layout], options: ReadOptions) -> Found:
    """The layout of a file or folder, and its files.

    A file is known by its name where that settles it, else by its first line, else it is a generic table. A folder is
    known by the first layout whose files it holds.

    Raises:
      InputError: nothing there, not readable, or a folder that holds nothing known.
    """
    if path.is_dir():
        return _in_folder(path, layouts, options)
    if options.names_a_table or path.suffix.lower() in PARQUET_SUFFIXES:
        return Found(generic(options), [path])
    return Found(layout_of(path, layouts) or generic(options), [path])


def layout_of(path: Path, layouts: Iterable[Layout]) -> Layout | None:
    """The published layout of a file, or None; a file of another name keeps no scale but the one found."""
    line = first_line(path)
    named = [layout for layout in layouts if fnmatch.fnmatch(path.name, layout.pattern)]
    like = [layout for layout in layouts if layout.first_line and re.match(layout.first_line, line)]
    sure = [layout for layout in named if layout.named or layout in like]
    return sure[0] if sure else like[0]._replace(scale=None) if like else None


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files that a glob finds, in the order of their names."""
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except OSError:
        return []


def _in_folder(folder: Path, layouts: Sequence[Layout], options: ReadOptions) -> Found:
    try:
        tables = sorted(path for path in folder.iterdir() if path.suffix.lower() in (*PARQUET_SUFFIXES, *TEXT_SUFFIXES))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from None
    for layout in layouts:
        files = matching(folder, layout.pattern)
        if len(files) == 1 and not layout.named:  # "ratings.csv" may be anybody's
            return recognise(files[0], layouts, options)
        if files:
            return Found(layout, files)
    if len(tables) == 1:
        return recognise(tables[0], layouts, options)
    known = ", ".join(dict.fromkeys(layout.pattern for layout in layouts))
    raise InputError(f"{folder}: holds nothing known; accepted: {known}, or a single csv, tsv, txt or parquet table")
