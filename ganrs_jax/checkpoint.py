"""A trained model on disk: an orbax checkpoint beside a manifest of its format and digests."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from ganrs_jax import __version__
from ganrs_jax.errors import InputError
from ganrs_jax.files import whole_folder
from ganrs_jax.recipes import RECIPES, Model
from ganrs_jax.trees import Tree, as_tree, from_tree

FORMAT_VERSION = 11  # 11: K-means is fitted on a part; 10: groups of users
_MANIFEST = "manifest.json"
_ORBAX = "orbax"
_EMPTY = "empty array"  # stands for one in json, with its type and shape
_ROOM = 1 << 18  # bytes that a checkpoint takes beside its arrays, generously
_AGAIN = "train it again with `train_generator`"


def save_generator(path: str | Path, model: Model, *, overwrite: bool = False) -> None:
    """Writes a model as a folder that appears whole or not at all.

    Raises:
      InputError: if the folder exists (unless `overwrite`) or cannot be written.
    """
    arrays, facts = _parted(as_tree(model))
    with whole_folder(Path(path).absolute(), overwrite=overwrite) as folder:
        # A disk too full is found here: orbax's threads would tell of it in tracebacks of their own.
        size = sum(array.nbytes for array in jax.tree.leaves(arrays))
        probe = folder / "room"
        probe.write_bytes(bytes(2 * size + _ROOM))
        probe.unlink()
        try:
            _orbax().save_checkpointables(folder / _ORBAX, {"arrays": arrays, "metadata": {"json": json.dumps(facts)}})
        except ValueError as error:  # orbax's word for a full disk too
            raise InputError(f"{path}: cannot be written: {str(error).rpartition(': ')[2].splitlines()[0]}") from error
        manifest = {"format_version": FORMAT_VERSION, "ganrs_jax": __version__, "sha256": _digests(folder)}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))


def load_generator(path: str | Path) -> Model:
    """Reads a model; needs nothing but the folder.

    Raises:
      InputError: if it is absent, not a model, of another format version, cut short or altered.
    """
    folder = Path(path).absolute()
    _check_manifest(folder)
    try:
        held = _orbax().load_checkpointables(folder / _ORBAX)
        facts = json.loads(held["metadata"]["json"])
        recipe, tree = RECIPES[facts["recipe"]], _joined(held["arrays"], _with_empty(facts))
        tree["config"] = from_tree(recipe.config, tree["config"])  # may be of a class derived from the model's
        return from_tree(recipe.model, tree)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"{folder}: altered by hand, or made by another version; {_AGAIN}") from error


def generator_digest(path: str | Path) -> str:
    """sha256 of what a model's manifest says of its files."""
    manifest = json.loads((Path(path).absolute() / _MANIFEST).read_text())
    return hashlib.sha256(json.dumps(manifest["sha256"], sort_keys=True).encode()).hexdigest()


def _check_manifest(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; accepted: a generator that was saved")
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        version, digests = manifest["format_version"], dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not a generator, or cut short: no readable {_MANIFEST} in it") from error
    if version != FORMAT_VERSION:
        raise InputError(f"{folder}: format version {version}, this version reads {FORMAT_VERSION}; {_AGAIN}")
    found = _digests(folder)
    for name, digest in digests.items():
        if found.get(name) != digest:
            state = "altered or cut short" if name in found else "missing"
            raise InputError(f"{folder}: {name} is {state}; copy the generator again, or {_AGAIN}")
    unlisted = [name for name in found if name not in digests and not Path(name).name.startswith(".")]
    if unlisted:
        raise InputError(f"{folder}: {unlisted[0]} is not in its {_MANIFEST}; copy the generator again, or {_AGAIN}")


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _parted(tree: Mapping[str, Tree]) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """The arrays of a tree, for orbax, which takes none that is empty, and all else, for json."""
    arrays: dict[str, Tree] = {}
    facts: dict[str, Tree] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            inner_arrays, inner_facts = _parted(value)
            if inner_arrays:
                arrays[name] = inner_arrays
            if inner_facts or not inner_arrays:
                facts[name] = inner_facts
        elif isinstance(value, np.ndarray) and not value.size:
            facts[name] = {_EMPTY: [str(value.dtype), *value.shape]}
        elif isinstance(value, (np.ndarray, np.generic)):
            arrays[name] = np.asarray(value)
        else:
            facts[name] = value
    return arrays, facts


def _with_empty(tree: Any) -> Any:
    """What json held of a tree, with its empty arrays."""
    if not isinstance(tree, Mapping):
        return tree
    if _EMPTY in tree:
        dtype, *shape = tree[_EMPTY]
        return np.zeros(shape, dtype)
    return {name: _with_empty(value) for name, value in tree.items()}


def _joined(arrays: Mapping[str, Tree], facts: Mapping[str, Tree]) -> dict[str, Tree]:
    """The tree that was parted."""
    joined = {**facts, **arrays}
    for name, value in arrays.items():
        other = facts.get(name)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            joined[name] = _joined(value, other)
    return joined


def _orbax() -> ModuleType:
    """Imported on use: it costs a third of a second. Its remarks are of no use to a user: what fails is raised too."""
    from orbax.checkpoint import v1

    logging.getLogger("absl").addFilter(lambda record: "/orbax/checkpoint/" not in record.pathname)
    logging.getLogger("asyncio").addFilter(lambda record: "exception was never retrieved" not in record.getMessage())
    return v1
