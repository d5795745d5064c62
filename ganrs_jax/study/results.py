"""The finished cells of the study, a file each: what a model showed on a dataset."""

import json
from collections.abc import Sequence
from pathlib import Path

from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_file

_OF_MODEL = ("cutoffs", "at", "metrics", "intervals", "beyond_accuracy", "mae", "rmse")


class StudyCells:
    """Cells kept in a folder, so that a study that was stopped, or is asked for more, goes on where it was."""

    def __init__(self, folder: Path, settings: dict[str, object], needed: Sequence[str] = _OF_MODEL) -> None:
        """Opens the folder; `begin` binds it, so that a study which is refused leaves nothing behind.

        Args:
          needed: what a model's cell must hold.

        Raises:
          InputError: if it holds cells of other settings, or something else.
        """
        self._folder, self._needed = folder, needed
        self._settings = json.loads(json.dumps(settings))
        sources = folder / "sources.json"
        self._sources = _read(sources) if sources.exists() else {}
        path = folder / "settings.json"
        held = _read(path) if path.exists() else self._settings
        other = [
            f"generators of format {held.get(name)}" if name == "generator_format" else f"`{name}={held.get(name)}`"
            for name, value in self._settings.items()
            if held.get(name) != value
        ]
        if other:
            raise InputError(f"{folder} holds a study of {', '.join(other)}; accepted: the same, or another `workdir`")

    def begin(self) -> None:
        """Binds the folder to the settings, before anything is made in it."""
        if not (self._folder / "settings.json").exists():
            _write(self._folder / "settings.json", self._settings)
        _write(self._folder / "sources.json", self._sources)

    def check_source(self, source: str, digest: str) -> None:
        """Raises InputError if the folder's figures of a source are of other ratings than have this digest."""
        if self._sources.setdefault(source, digest) != digest:
            raise InputError(
                f"{self._folder} holds a study of other ratings of {source}; accepted: the same, or another `workdir`"
            )

    def get(self, dataset: str, model: str) -> dict[str, object] | None:
        """The cell, or None if it is not finished."""
        path = self._place(dataset, model)
        return _read(path, *([] if model == "dataset" else self._needed)) if path.exists() else None

    def put(self, dataset: str, model: str, cell: dict[str, object]) -> None:
        """Writes a cell, whole or not at all."""
        _write(self._place(dataset, model), cell)

    def _place(self, dataset: str, model: str) -> Path:
        return self._folder / "cells" / dataset / f"{model}.json"


def _read(path: Path, *needed: str) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except ValueError:
        content = None
    if not isinstance(content, dict) or not set(needed) <= set(content):
        raise InputError(f"{path}: not a cell of this study; accepted: another `workdir`, or the file deleted")
    return content


def _write(path: Path, content: dict[str, object]) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content))
