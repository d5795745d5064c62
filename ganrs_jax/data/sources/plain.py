"""Files as people have them, compressed, zipped, piped or in another encoding, as plain files that readers can open."""

import bz2
import codecs
import contextlib
import gzip
import lzma
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.errors import InputError

STANDARD_INPUT = "-"
_SUFFIXES = {".gz": "gzip", ".gzip": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zst", ".zip": "zip"}
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"} | {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # the longer ones first: that of UTF-32 begins with that of UTF-16
_CHUNK = 1 << 22  # bytes
# Tables of ratings take a fifth to a twentieth of their size; what unpacks to far more is no table.
_FREELY = 1 << 28  # bytes that anything may unpack to
_MOST_TIMES = 300  # of its packed size, beyond that
_MOST_MEMBERS = 50_000  # the Netflix Prize has 17,770
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException, ValueError)


class Plain:
    """Makes plain files of others, in a temporary folder that is gone when the context ends.

    Readers name the plain file in messages; those that leave the context name what was given.
    """

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        self._given: dict[str, str] = {}  # plain path -> what was given
        self._files: dict[Path, Path] = {}  # what was given, and each plain file -> the plain file
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Plain":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._stack.close()
        if isinstance(error, InputError):
            told = self.told(str(error))
            if told != str(error):
                raise InputError(told) from None

    def told(self, message: str) -> str:
        """A message that names what was given, not its plain copy."""
        for plain, given in reversed(self._given.items()):
            message = message.replace(plain, given)
        return message

    def file(self, path: Path) -> Path:
        """A plain file of what may be a pipe or compressed, itself where it is neither; a folder of a zip file.

        Raises:
          InputError: nothing there, not readable, damaged, or one that unpacks to absurdly much.
        """
        if path not in self._files:
            plain = self._unpacked(path, self._options.compression)
            if plain != path and plain.is_file():  # a packed file within a zip file
                plain = self._unpacked(plain, "")
            self._files[path] = self._files[plain] = plain
        return self._files[path]

    def _unpacked(self, path: Path, kind: str) -> Path:
        path = self._seekable(path)
        kind = kind or _compression(path)
        if kind in ("", "none"):
            return path
        if kind == "zip":
            return self._unzipped(path)
        plain = self.copy_of(path, path.stem if path.suffix.lower() in _SUFFIXES else path.name)
        try:
            with open(path, "rb") as packed, _unpacking(packed, kind) as unpacked, open(plain, "wb") as file:
                _copy(unpacked, file, path, _allowed(path.stat().st_size))
        except _BROKEN as error:
            raise _damaged(path, kind, error) from None
        return plain

    def text(self, path: Path) -> Path:
        """The same text in UTF-8, itself where no option and no mark at its start says that it is not."""
        with open(path, "rb") as file:
            head = file.read(4)
        encoding = self._options.encoding or next((e for mark, e in _MARKS.items() if head.startswith(mark)), "")
        if not encoding or codecs.lookup(encoding).name in ("utf-8", "ascii"):
            return path
        return self.recoded(path, encoding)

    def without_mark(self, path: Path) -> Path:
        """The same text in UTF-8, without the mark that may stand at its start."""
        with open(path, "rb") as file:
            marked = file.read(3) == codecs.BOM_UTF8
        return self.recoded(path, "utf-8-sig") if marked else path

    def recoded(self, path: Path, encoding: str) -> Path:
        """The text of a file in UTF-8, all its lines ended alike.

        Raises:
          InputError: if it is not of this encoding.
        """
        plain = self.copy_of(path)
        try:
            with (
                open(path, encoding=encoding, newline=None) as text,
                open(plain, "w", encoding="utf-8", newline="\n") as file,
            ):
                while chunk := text.read(_CHUNK):
                    file.write(chunk)
        except UnicodeError as error:
            raise InputError(f"{path}: is not text in {encoding} ({error}); accepted: another `encoding`") from None
        return plain

    def copy_of(self, path: Path | str, name: str = "") -> Path:
        """Where a plain copy of a path is to be, of its own name by default."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ganrs_jax-")))
        plain = folder / (name or Path(path).name)
        self._given[str(plain)] = str(path)
        return plain

    def _seekable(self, path: Path) -> Path:
        """A copy of what can be read once only."""
        if str(path) == STANDARD_INPUT:
            plain = self.copy_of("standard input", "standard_input")
            with open(plain, "wb") as file:
                _copy(sys.stdin.buffer, file, Path(STANDARD_INPUT), None)
            return plain
        try:
            with open(path, "rb") as stream:
                if stat.S_ISREG(path.stat().st_mode):
                    return path
                plain = self.copy_of(path)
                with open(plain, "wb") as file:
                    _copy(stream, file, path, None)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except IsADirectoryError:
            raise InputError(f"{path}: a folder; a file is needed") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        return plain

    def _unzipped(self, path: Path) -> Path:
        """The files of a zip file, in a folder; the one file where it holds one."""
        folder = self.copy_of(path, path.stem)
        self._given[f"{folder}/"] = f"{path}: "
        left = _allowed(path.stat().st_size)
        try:
            with zipfile.ZipFile(path) as held:
                members = [m for m in held.infolist() if _is_data(m.filename)]
                if any(member.filename == "xl/workbook.xml" for member in members):
                    raise InputError(f"{path}: an Excel workbook; accepted: the table saved as csv")
                if not 0 < len(members) <= _MOST_MEMBERS:
                    raise InputError(f"{path}: {len(members)} files in it; accepted: 1 to {_MOST_MEMBERS}")
                for member in members:
                    within = PurePosixPath(member.filename)
                    if within.is_absolute() or ".." in within.parts or "\\" in member.filename:
                        raise InputError(
                            f"{path}: {member.filename!r} in it points out of it; accepted: names within it"
                        )
                    file = folder.joinpath(*within.parts)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    with held.open(member) as packed, open(file, "wb") as unpacked:
                        left -= _copy(packed, unpacked, path, left)
        except (*_BROKEN, RuntimeError, NotImplementedError) as error:  # a password; a method that Python lacks
            if isinstance(error, InputError):
                raise
            raise _damaged(path, "zip", error) from None
        while len(inner := list(folder.iterdir())) == 1 and inner[0].is_dir():
            folder = inner[0]  # as GroupLens packs: one folder, of the release's name
        return inner[0] if len(inner) == 1 else folder


def plain_suffix(path: Path) -> str:
    """The suffix of a file's name, in lower case, without that of its compression: .csv of ratings.csv.gz."""
    name = path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path
    return name.suffix.lower()


def _compression(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(8)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


@contextlib.contextmanager
def _unpacking(file: IO[bytes], kind: str) -> Iterator[Any]:
    if kind == "zst":
        with pa.CompressedInputStream(pa.PythonFile(file), "zstd") as stream:
            yield stream
        return
    opened: Any = {"gzip": gzip, "bz2": bz2, "xz": lzma}[kind]
    with opened.open(file) as stream:
        yield stream


def _allowed(packed: int) -> int:
    return max(_FREELY, _MOST_TIMES * packed)


def _copy(source: Any, target: IO[bytes], path: Path, most: int | None) -> int:
    copied = 0
    while chunk := source.read(_CHUNK):
        copied += len(chunk)
        if most is not None and copied > most:
            raise InputError(
                f"{path}: unpacks to more than {_MOST_TIMES} times its size, as no table does; accepted: it unpacked"
            )
        target.write(chunk)
    return copied


def _is_data(name: str) -> bool:
    """A file, and none that operating systems add to archives."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and not name.endswith("/")
        and not any(part.startswith((".", "__MACOSX")) for part in parts if part != "..")
    )


def _damaged(path: Path, kind: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    reason = " ".join(str(error).split())[:100] or type(error).__name__
    return InputError(f"{path}: cannot be unpacked as {kind} ({reason}); accepted: a whole {kind} file")
