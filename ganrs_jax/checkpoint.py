"""A generator on disk: an orbax checkpoint beside a manifest of its format and digests."""

import dataclasses
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from ganrs_jax import __version__
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import RECIPES
from ganrs_jax.recipes.interface import Generator
from ganrs_jax.whole_files import whole_folder

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"
_ORBAX = "orbax"


def save_generator(path: str | Path, generator: Generator, *, overwrite: bool = False) -> None:
    """Writes a generator as a folder that appears whole or not at all.

    Raises:
      InputError: if the folder exists (unless `overwrite`) or cannot be written.
    """
    facts = {
        "recipe": generator.recipe,
        "config": dataclasses.asdict(generator.config),
        "source": generator.source,
        "training": generator.training,
    }
    arrays = _as_numpy(generator.arrays)
    with whole_folder(Path(path).absolute(), overwrite=overwrite) as folder:
        _orbax().save_checkpointables(folder / _ORBAX, {"arrays": arrays, "metadata": {"json": json.dumps(facts)}})
        manifest = {"format_version": FORMAT_VERSION, "ganrs_jax": __version__, "sha256": _digests(folder)}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))


def load_generator(path: str | Path) -> Generator:
    """Reads a generator; needs nothing but the folder.

    Raises:
      InputError: if it is absent, not a generator, of another format version, cut short or altered.
    """
    folder = Path(path).absolute()
    _check_manifest(folder)
    held = _orbax().load_checkpointables(folder / _ORBAX)
    facts = json.loads(held["metadata"]["json"])
    config = _restored(RECIPES[facts["recipe"]].config, facts["config"])
    return Generator(facts["recipe"], config, held["arrays"], facts["source"], facts["training"])


def _check_manifest(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; accepted: a generator that train_generator wrote")
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        version, digests = manifest["format_version"], manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not a generator, or cut short: no readable {_MANIFEST} in it") from error
    if version != FORMAT_VERSION:
        raise InputError(f"{folder}: format version {version}; accepted: {FORMAT_VERSION} (train it again)")
    found = _digests(folder)
    for name, digest in digests.items():
        if found.get(name) != digest:
            state = "altered or cut short" if name in found else "missing"
            raise InputError(f"{folder}: {name} is {state}; copy the generator again, or train it again")


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _restored(config: type, values: dict[str, Any]) -> Any:
    return config(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _as_numpy(tree: Any) -> Any:
    return {k: _as_numpy(v) if isinstance(v, dict) else np.asarray(v) for k, v in tree.items()}


def _orbax() -> Any:
    """Imported on use: it costs a third of a second. Its remarks on merging files are of no use to a user."""
    from orbax.checkpoint import v1

    logging.getLogger("absl").addFilter(_not_from_orbax)
    return v1


def _not_from_orbax(record: logging.LogRecord) -> bool:
    return "orbax" not in record.pathname or record.levelno >= logging.ERROR
