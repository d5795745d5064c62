"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import contextlib
import glob
import os
import shutil
import socket
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
        try:
            os.link(partial, path)
        except FileExistsError:
            taken = True
        except OSError:  # a file system without links
            taken = path.exists()
            if not taken:
                os.replace(partial, path)
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
    partial = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_left(path)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


@contextlib.contextmanager
def whole_files(folder: Path, *names: str) -> Iterator[list[Path]]:
    """As `whole_file`, of several in a folder: on failure none of them appears; the first appears last.

    Raises:
      InputError: as `whole_file` does.
    """
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(whole_file(folder / name)) for name in names]


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
    partial = _beside(path)
    old = partial.with_suffix(".old")
    try:
        partial.mkdir(parents=True)
        _clear_left(path)
        yield partial
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(partial, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
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


def _beside(path: Path) -> Path:
    """A temporary name that tells whose it is, by host and process."""
    return path.parent / f".{path.name[:50]}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex}.partial"


def _clear_left(path: Path) -> None:
    """Removes what killed processes of this host have left of `path`, half written."""
    for left in path.parent.glob(f".{glob.escape(f'{path.name[:50]}.{socket.gethostname()}')}.*.partial"):
        try:
            os.kill(int(left.name.split(".")[-3]), 0)  # asks whether the process is there, and sends nothing
        except ProcessLookupError:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        except (PermissionError, ValueError):  # somebody else's
            continue


def _unwritable(path: Path, error: OSError) -> InputError:
    file = next((p for p in path.parents if os.path.exists(p) and not os.path.isdir(p)), None)
    reason = f"{file} is a file, not a folder" if file else error.strerror or error
    return InputError(f"{path}: cannot be written: {reason}")
