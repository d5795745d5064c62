"""A generator on disk: an orbax checkpoint beside a manifest of its format and digests."""

import dataclasses
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ganrs_jax import __version__
from ganrs_jax.data.dataset import Generator
from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_folder
from ganrs_jax.recipes import RECIPES
from ganrs_jax.schema import paths

FORMAT_VERSION = 5  # 5: recipe profile prescribes how heavy the tails of the noise are
_MANIFEST = "manifest.json"
_ORBAX = "orbax"
_ROOM = 1 << 18  # bytes that a checkpoint takes beside its arrays, generously


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
        _check_room(folder / "room", arrays)
        try:
            _orbax().save_checkpointables(folder / _ORBAX, {"arrays": arrays, "metadata": {"json": json.dumps(facts)}})
        except ValueError as error:  # orbax's word for a full disk too
            raise InputError(f"{path}: cannot be written: {str(error).rpartition(': ')[2].splitlines()[0]}") from error
        manifest = {"format_version": FORMAT_VERSION, "ganrs_jax": __version__, "sha256": _digests(folder)}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))


def load_generator(path: str | Path) -> Generator:
    """Reads a generator; needs nothing but the folder.

    Raises:
      InputError: if it is absent, not a generator, of another format version, cut short or altered.
    """
    folder = Path(path).absolute()
    _check_manifest(folder)
    try:
        held = _orbax().load_checkpointables(folder / _ORBAX)
        facts = json.loads(held["metadata"]["json"])
        config = _restored(RECIPES[facts["recipe"]].config, facts["config"])
        generator = Generator(facts["recipe"], config, held["arrays"], facts["source"], facts["training"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: altered by hand, or made by another version; train it again") from error
    wanted = RECIPES[generator.recipe].arrays
    if lacking := sorted(set(wanted) - set(paths(generator.arrays, wanted))):
        raise InputError(f"{folder}: without {lacking[0]}, made by another version; train it again")
    return generator


def generator_digest(path: str | Path) -> str:
    """sha256 of what a generator's manifest says of its files."""
    manifest = json.loads((Path(path).absolute() / _MANIFEST).read_text())
    return hashlib.sha256(json.dumps(manifest["sha256"], sort_keys=True).encode()).hexdigest()


def _check_room(probe: Path, arrays: Any) -> None:
    """Raises OSError where the disk is too full: orbax's threads would tell of it in tracebacks of their own."""
    size = sum(array.nbytes for array in jax.tree.leaves(arrays))
    probe.write_bytes(bytes(2 * size + _ROOM))
    probe.unlink()


def _check_manifest(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; accepted: a generator that train_generator wrote")
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        version, digests = manifest["format_version"], dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not a generator, or cut short: no readable {_MANIFEST} in it") from error
    if version != FORMAT_VERSION:
        raise InputError(f"{folder}: format version {version}; accepted: {FORMAT_VERSION} (train it again)")
    found = _digests(folder)
    for name, digest in digests.items():
        if found.get(name) != digest:
            state = "altered or cut short" if name in found else "missing"
            raise InputError(f"{folder}: {name} is {state}; copy the generator again, or train it again")
    unlisted = [name for name in found if name not in digests and not Path(name).name.startswith(".")]
    if unlisted:
        raise InputError(
            f"{folder}: {unlisted[0]} is not in its {_MANIFEST}; copy the generator again, or train it again"
        )


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _restored(config: type, values: dict[str, Any]) -> Any:
    return config(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _as_numpy(tree: Any) -> Any:
    return {k: _as_numpy(v) if isinstance(v, dict) else np.asarray(v) for k, v in tree.items()}


def _orbax() -> Any:
    """Imported on use: it costs a third of a second. Its remarks are of no use to a user: what fails is raised too."""
    from orbax.checkpoint import v1

    logging.getLogger("absl").addFilter(_not_from_orbax)
    logging.getLogger("asyncio").addFilter(_not_of_a_task)
    return v1


def _not_from_orbax(record: logging.LogRecord) -> bool:
    return "/orbax/checkpoint/" not in record.pathname


def _not_of_a_task(record: logging.LogRecord) -> bool:
    return "exception was never retrieved" not in record.getMessage()
