"""Outputs on disk: names that cannot escape, part files, and one step to the final name."""

import errno
import hashlib
import os
import re
import sys
from contextlib import ExitStack, suppress
from itertools import count
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final

from anymedia.logs import logger
from anymedia.media import SUFFIXES, sniff
from anymedia.results import Result

if sys.platform != "win32":
    import fcntl

__all__ = ["PartFile", "names_for"]

_HEAD: Final = 512
_LONGEST_PART: Final = 36
_log = logger("downloads")


class PartFile:
    """A file in the making, in the folder it is meant for; whole and on disk before it gets its name.

    Everything here waits for the disk, so call it on a thread.

    Args:
        name: What it is to be called. Its folder is made when the file is opened; what a process that was killed has
            left of the same file is removed.

    Attributes:
        name: The same.
        size: Bytes written so far.
        head: The first few hundred of them.
    """

    def __init__(self, name: Path) -> None:
        self.name = name
        self.size: int = 0
        self.head: bytes = b""
        self._digest = hashlib.sha256()
        self._leftovers = ExitStack()

    @property
    def sha256(self) -> str:
        """The hex digest of what was written so far."""
        return self._digest.hexdigest()

    def open(self) -> None:
        """Make the folder and the file."""
        _make_folder(self.name.parent)
        self._file, self._path = _claim(self.name)
        self._leftovers.enter_context(self._file)
        self._leftovers.callback(self._unlink)

    def write(self, data: bytes) -> None:
        """Add to the end."""
        self._file.write(data)
        self._digest.update(data)
        self.head += data[: _HEAD - len(self.head)]
        self.size += len(data)

    def restart(self) -> None:
        """Throw away what was written."""
        self._file.seek(0)
        self._file.truncate()
        self._digest, self.size, self.head = hashlib.sha256(), 0, b""

    def place(self, media_type: str | None, *, overwrite: bool = False) -> Path:
        """Give the finished file its name; once this returns, it survives a power cut.

        Args:
            media_type: What it is, where its first bytes do not tell; the suffix becomes the true one.
            overwrite: Replace what has the name; else a name that is taken gets a number.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        if sys.platform == "win32":  # where an open file cannot be moved
            self._file.close()
        name = _truthful(self.name, sniff(self.head) or media_type)
        path = self._path.replace(name) if overwrite else _link(self._path, name)
        _sync_folder(path.parent)
        return path

    def discard(self) -> None:
        """Remove what was not placed, and close it. A full disk may refuse even that; then it is left."""
        with suppress(OSError):
            self._leftovers.close()

    def _unlink(self) -> None:
        if sys.platform == "win32":
            self._file.close()
            self._path.unlink(missing_ok=True)
        elif _is_at(self._file, self._path):
            self._path.unlink()


def names_for(path: str | PathLike[str], result: Result) -> list[Path]:
    """One name per output.

    `path` is a folder if there is one, if it ends in a slash or if it has no suffix; then operation and task make the
    name, reduced to what no file system can follow anywhere.
    """
    target = Path(path)
    total = len(result.outputs)
    numbers = [f"-{number}" for number in range(1, total + 1)] if total > 1 else [""] * total
    if os.fspath(path).endswith(("/", os.sep)) or not target.suffix or target.is_dir():
        stem = f"{_plain(result.ref.operation)}-{_plain(result.ref.id)}"
        return [target / f"{stem}{number}" for number in numbers]
    return [target.with_name(f"{target.stem}{number}{target.suffix}") for number in numbers]


def _claim(name: Path) -> tuple[BinaryIO, Path]:
    """A new part file that this writer has to itself."""
    label = hashlib.sha256(os.fsencode(name.name)).hexdigest()[:16]
    for number in count():
        path = name.parent / f".anymedia-{label}-{number}.part"
        _sweep(path)
        with suppress(FileExistsError, BlockingIOError):
            return _made(path), path
    raise AssertionError  # pragma: no cover - numbers do not end


def _made(path: Path) -> BinaryIO:
    file = path.open("xb")
    try:
        _lock(file, path)
    except BlockingIOError:
        file.close()
        raise
    except OSError:  # without locks nothing is ever swept
        pass
    return file


def _sweep(path: Path) -> None:
    """Remove a part file whose writer is gone; a living one holds its lock."""
    with suppress(OSError), path.open("rb") as file:
        _lock(file, path)
        path.unlink()


def _lock(file: BinaryIO, path: Path) -> None:
    """Take a file for oneself, as long as it is open.

    Raises:
        BlockingIOError: Another has it, or its name has gone to another file.
        OSError: This system has no such locks.
    """
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if not _is_at(file, path):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether a name still stands for an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "-", text)[:_LONGEST_PART]


def _truthful(name: Path, media_type: str | None) -> Path:
    true_suffix = SUFFIXES.get(media_type or "", name.suffix)
    if {".jpeg": ".jpg"}.get(name.suffix.lower(), name.suffix.lower()) == true_suffix.lower():
        return name
    if name.suffix:
        _log.warning("%s holds %s, so it is saved as %s", name, media_type, true_suffix)
    return name.with_suffix(true_suffix)


def _link(part: Path, name: Path) -> Path:
    """Give the file its name, or the next free one, in a step that fails where another file has it."""
    for number in count(1):
        candidate = name if number == 1 else name.with_name(f"{name.stem} ({number}){name.suffix}")
        with suppress(FileExistsError):
            _take_name(part, candidate)
            return candidate
    raise AssertionError  # pragma: no cover - numbers do not end


def _take_name(part: Path, name: Path) -> None:
    try:
        os.link(part, name)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: an empty file holds the name while ours moves over it
        name.touch(exist_ok=False)
        part.replace(name)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to disk; where folders cannot be opened, as on Windows, the system does it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
