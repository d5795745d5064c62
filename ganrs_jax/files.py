"""Files that appear whole or not at all.

What is not whole yet has a temporary name and is locked. So what a killed process left can be told from what another
process is writing, and is removed by the next one that writes the same.
"""

import contextlib
import fcntl
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ganrs_jax.errors import InputError


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """As `whole_file`, but never in the place of another: of several processes that make it, one does.

    Raises:
      FileExistsError: if there is one, or another process was first.
      InputError: as `whole_file` does.
    """
    taken = False
    with contextlib.suppress(_TriedError), whole_file(path) as partial:
        yield partial
        taken = not _put_if_new(partial, path)
        raise _TriedError
    if taken:
        raise FileExistsError(path)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a temporary file beside `path`; on success it becomes `path`, on failure it goes.

    Raises:
      InputError: if the folder cannot be written, or the disk is full.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; accepted: a file name")
    partial = _beside(path, "partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_left(path)
        with _locked(partial):
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
        raise InputError(f"{path} exists already; accepted: a new place, or `overwrite`")
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; accepted: a folder, or a new place")
    partial = _beside(path, "partial")
    try:
        clear_left(path)
        partial.mkdir(parents=True)
        with _locked(partial):
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


def clear_left(path: Path) -> bool:
    """Removes what processes that were killed have left of `path`, half written.

    Returns:
      Whether there is something that another process is still writing.
    """
    busy = False
    for left in path.parent.glob(f".{glob.escape(path.name[:50])}.*.partial"):
        with contextlib.suppress(OSError), _opened(left) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy = True
                continue
            _remove(left)
    return busy


class _TriedError(Exception):
    """Ends a `whole_file` before it replaces anything."""


def _put_if_new(partial: Path, path: Path) -> bool:
    try:
        os.link(partial, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        os.replace(partial, path)
    return True


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


@contextlib.contextmanager
def _locked(partial: Path) -> Iterator[None]:
    """Holds a temporary file, made if need be, or folder as one that is being written."""
    while True:
        with _opened(partial, os.O_CREAT) as file:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if partial.exists():  # else another process took it for left before the lock was there
                yield
                return


@contextlib.contextmanager
def _opened(path: Path, flags: int = 0) -> Iterator[int]:
    """A file or folder as what can be locked."""
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | flags, 0o666)
    try:
        yield number
    finally:
        os.close(number)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


def _beside(path: Path, purpose: str) -> Path:
    return path.parent / f".{path.name[:50]}.{uuid.uuid4().hex}.{purpose}"


def _unwritable(path: Path, error: OSError) -> InputError:
    file = next((p for p in path.parents if os.path.exists(p) and not os.path.isdir(p)), None)
    reason = f"{file} is a file, not a folder" if file else error.strerror or error
    return InputError(f"{path}: cannot be written: {reason}")
