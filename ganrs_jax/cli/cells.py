"""The finished cells of a grid, on disk."""

import json
from pathlib import Path

from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_file
from ganrs_jax.published.settings import RawSamplesRequest

_KEY = ("source", "samples", "sigma", "users", "items")
COLUMNS = (*_KEY, "rows", "rows_by_published_rule", "published_rows")


class Cells:
    """Finished cells, kept in the workdir so that a run that was stopped goes on where it was."""

    def __init__(self, workdir: Path, settings: dict[str, object]) -> None:
        self._path = workdir / "cells.json"
        self._settings = json.loads(json.dumps(settings))
        self.rows: list[dict[str, object]] = []
        if not self._path.exists():
            self._write()  # the settings of the generators to be
            return
        try:
            held = json.loads(self._path.read_text())
            self.rows = list(held["rows"])
            whole = "settings" in held and all({*COLUMNS} <= row.keys() for row in self.rows)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise InputError(f"{self._path}: not what published_grid wrote; accepted: another --workdir")
        if held["settings"] != self._settings:
            raise InputError(f"{self._path} holds cells of other settings; accepted: the same, or another --workdir")

    def add(self, source: str, cell: dict[str, object]) -> None:
        """Adds a cell and writes all of them, whole or not at all."""
        self.rows.append({"source": source, **cell})
        self._write()

    def has(self, source: str, request: RawSamplesRequest) -> bool:
        """Whether the cell of this request is finished."""
        key = (source, request.num_samples, request.sigma, request.num_users, request.num_items)
        return any(key == tuple(r[k] for k in _KEY) for r in self.rows)

    def _write(self) -> None:
        with whole_file(self._path) as partial:
            partial.write_text(json.dumps({"settings": self._settings, "rows": self.rows}, indent=1))
