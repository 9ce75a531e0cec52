"""Outputs on disk: names that cannot escape, part files, and one step to the final name."""

import hashlib
import os
import re
from contextlib import ExitStack, suppress
from itertools import count
from os import PathLike
from pathlib import Path
from typing import Final
from uuid import uuid4

from anymedia.logs import logger
from anymedia.media import SUFFIXES, sniff
from anymedia.results import Result

__all__ = ["PartFile", "names_for"]

_HEAD: Final = 512
_LONGEST_PART: Final = 36
_log = logger("downloads")


class PartFile:
    """A file in the making, in the folder it is meant for; whole and on disk before it gets its name.

    Everything here waits for the disk, so call it on a thread.

    Args:
        folder: Where; made when the file is opened.

    Attributes:
        path: Its hidden name, which ends in `.part`.
        size: Bytes written so far.
        head: The first few hundred of them.
    """

    def __init__(self, folder: Path) -> None:
        self.path: Path = folder / f".anymedia-{uuid4().hex}.part"
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
        _make_folder(self.path.parent)
        self._leftovers.callback(self.path.unlink, missing_ok=True)
        self._file = self._leftovers.enter_context(self.path.open("xb"))

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

    def place(self, name: Path, media_type: str | None, *, overwrite: bool = False) -> Path:
        """Give the finished file its name; once this returns, it survives a power cut.

        Args:
            name: What it is to be called; the suffix becomes the true one, and a name that is taken gets a number.
            media_type: What it is, where its first bytes do not tell.
            overwrite: Replace what has the name instead.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        name = _truthful(name, sniff(self.head) or media_type)
        path = self.path.replace(name) if overwrite else _link(self.path, name)
        _sync_folder(path.parent)
        return path

    def discard(self) -> None:
        """Close it and remove what was not placed."""
        with suppress(OSError):  # a full disk may refuse even to close a file that nobody wants
            self._leftovers.close()


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
