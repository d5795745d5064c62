"""Files that appear whole or not at all."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ganrs_jax.errors import InputError


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`; on success it becomes `path`, on failure it goes.

    Raises:
      InputError: if the folder cannot be written, or the disk is full.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; accepted: a file name")
    partial = _beside(path, "partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


@contextlib.contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a new folder beside `path`; on success it becomes `path`, on failure it goes.

    Raises:
      InputError: if `path` exists and is not to be overwritten, is a file, or cannot be written.
    """
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; accepted: a new place, or --overwrite")
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; accepted: a folder, or a new place")
    partial = _beside(path, "partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        _replace_folder(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Makes the folder of a file to be and tries to write there, so that long work does not end in vain.

    Raises:
      InputError: if the file could not be written, or is a folder.
    """
    with contextlib.suppress(_TriedError), whole_file(path) as partial:
        partial.write_bytes(b"")
        raise _TriedError


class _TriedError(Exception):
    """Ends a `whole_file` before it replaces anything."""


def _replace_folder(new: Path, path: Path) -> None:
    """Puts a folder in the place of another, or, if that fails, leaves the other where it was."""
    if not path.exists():
        os.replace(new, path)
        return
    old = _beside(path, "old")
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path, purpose: str) -> Path:
    return path.parent / f".{path.name[:50]}.{uuid.uuid4().hex}.{purpose}"


def _unwritable(path: Path, error: OSError) -> InputError:
    file = next((p for p in path.parents if os.path.exists(p) and not os.path.isdir(p)), None)
    reason = f"{file} is a file, not a folder" if file else error.strerror or error
    return InputError(f"{path}: cannot be written: {reason}")
