"""Inputs: what a caller may hand in as an image, video or sound, read once and checked before anything is sent."""

import asyncio
import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, cast, runtime_checkable
from urllib.parse import unquote_to_bytes

from typing_extensions import override

from anymedia.errors import MediaInputError
from anymedia.logs import shorten_url

__all__ = ["MAX_BYTES", "SUFFIXES", "Media", "MediaInput", "MediaSource", "kind_of", "load", "sniff"]

MAX_BYTES = 200 * 10**6
"""The largest local input read, in bytes; no provider known takes more."""

SUFFIXES: Mapping[str, str] = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/svg+xml": ".svg",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-msvideo": ".avi",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "model/gltf-binary": ".glb",
    "application/zip": ".zip",
    "application/json": ".json",
    "text/plain": ".txt",
}
"""File suffix by media type."""

_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_VENDOR_REF = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"PK\x03\x04", "application/zip"),
)


@dataclass(frozen=True)
class Media:
    """One input. Exactly one of `url`, `path`, `file`, `data` and `ref` says where its bytes are.

    Attributes:
        url: An http or https URL that the provider fetches itself.
        path: A local file.
        file: An open binary file, read from where it stood when it was handed in.
        data: The bytes themselves; `load()` fills this in for files.
        ref: A vendor's own reference, such as `runway://...` or the UUID of an earlier output.
        media_type: Such as `image/png`, where it is known.
        name: A file name to upload under.
    """

    url: str | None = None
    path: Path | None = None
    file: BinaryIO | None = field(default=None, repr=False, compare=False)
    data: bytes | None = field(default=None, repr=False)
    ref: str | None = None
    media_type: str | None = None
    name: str | None = None
    start: int = field(default=0, repr=False, compare=False)

    @cached_property
    def sha256(self) -> str | None:
        """The hex digest of the bytes, or None while they are not here."""
        return hashlib.sha256(self.data).hexdigest() if self.data is not None else None

    @property
    def size(self) -> int | None:
        """Bytes, or None while they are not here."""
        return len(self.data) if self.data is not None else None

    @property
    def kind(self) -> str | None:
        """`image`, `video`, `audio` or `archive`, where the type is known."""
        return kind_of(self.media_type) if self.media_type else None

    @property
    def base64(self) -> str:
        """The loaded bytes in base64."""
        if self.data is None:
            raise ValueError(f"{self} is not loaded")
        return base64.b64encode(self.data).decode()

    @property
    def data_uri(self) -> str:
        """The loaded bytes as a data URI."""
        return f"data:{self.media_type or 'application/octet-stream'};base64,{self.base64}"

    def as_media(self) -> "Media":
        """Itself: a `Media` is its own source."""
        return self

    @override
    def __str__(self) -> str:
        if self.url is not None:
            return shorten_url(self.url)
        return str(self.path or self.ref or self.name or f"{self.size or 0} bytes")

    @classmethod
    def of(cls, value: object) -> "Media":
        """Make an input from whatever the caller handed in. Nothing is read yet.

        Raises:
            MediaInputError: `value` is no kind of input.
        """
        if isinstance(value, MediaSource):
            return value.as_media()
        if isinstance(value, Path):
            return cls(path=value, name=value.name)
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(cast("bytes", value))
            return cls(data=data, media_type=sniff(data[:256]))
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, Mapping):
            return _from_mapping(cast("Mapping[object, object]", value))
        if hasattr(value, "read"):
            return _from_file(value)
        raise MediaInputError(
            f"{type(value).__name__} is not an input; give a Path, bytes, an open file, a URL or an output"
        )


@runtime_checkable
class MediaSource(Protocol):
    """Anything that can stand where an input is wanted: a `Media`, or an `Output` of an earlier result."""

    def as_media(self) -> Media:
        """The input it stands for."""
        ...


MediaInput: TypeAlias = Path | bytes | BinaryIO | str | Media | MediaSource
"""What a request takes as an input. A `str` must be a URL, a data URI or a vendor's reference, never a file name."""


def sniff(head: bytes) -> str | None:
    """The media type told by the first bytes, or None for nothing known."""
    if head[:1] == b"<" and b"<svg" in head:
        return "image/svg+xml"
    return next((kind for offset, magic, kind in _MAGIC if head[offset : offset + len(magic)] == magic), None)


def kind_of(media_type: str) -> str:
    """`image` for `image/png`, and so on; `archive` for a zip file."""
    return "archive" if media_type == "application/zip" else media_type.split("/", 1)[0]


async def load(media: Media, *, field: str = "", kinds: tuple[str, ...] = (), max_bytes: int = MAX_BYTES) -> Media:
    """Read a local input once, off the event loop, and check what it is.

    URLs and vendor references come back as they are: only the provider can see them.

    Args:
        media: What to read.
        field: The request field it came from, for the error.
        kinds: What is wanted there: `image`, `video`, `audio`, `archive`; empty takes anything known.
        max_bytes: The most that is read.

    Raises:
        MediaInputError: The input cannot be read, is a folder, is empty, is too large or is not of the wanted kind.
    """
    where = f"{field} ({media})" if field else str(media)
    if media.url is not None or media.ref is not None:
        return media
    data = media.data if media.data is not None else await asyncio.to_thread(_read, media, where, max_bytes)
    if not data:
        raise MediaInputError(f"{where} is empty")
    if len(data) > max_bytes:
        raise MediaInputError(f"{where} has {len(data):,} bytes; at most {max_bytes:,} are taken")
    found = sniff(data[:256]) or media.media_type
    if found is None or (kinds and kind_of(found) not in kinds):
        wanted = " or ".join(kinds) or "image, video or audio"
        raise MediaInputError(f"{where} is {found or 'of no known media type'}; give {_article(wanted)} {wanted} file")
    return replace(
        media, data=data, media_type=found, path=None, file=None, name=media.name or "input" + SUFFIXES[found]
    )


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _read(media: Media, where: str, max_bytes: int) -> bytes:
    try:
        if media.file is not None:
            if media.file.seekable():
                media.file.seek(media.start)
            return media.file.read(max_bytes + 1)
        path = media.path or Path()
        if path.is_dir():
            raise MediaInputError(f"{where} is a folder; give a file in it")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size or max_bytes  # a device or a pipe has none
            return file.read(min(size, max_bytes) + 1)  # memory is taken for as much as is asked for
    except OSError as error:
        reason = error.strerror or str(error)
        raise MediaInputError(f"{where} cannot be read: {reason}") from error


def _from_text(text: str) -> Media:
    if text[:5].lower() == "data:":
        return _from_data_uri(text)
    if _URL.fullmatch(text):
        return Media(url=text)
    if _VENDOR_REF.fullmatch(text):
        return Media(ref=text)
    raise MediaInputError(f"{text[:80]!r} is neither a URL nor a data URI; for a file give Path({text[:80]!r})")


def _from_data_uri(text: str) -> Media:
    head, comma, body = text[5:].partition(",")
    try:
        data = base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except binascii.Error as error:
        raise MediaInputError(f"the data URI {text[:40]!r}... is not valid base64") from error
    if not comma:
        raise MediaInputError(f"the data URI {text[:40]!r}... has no comma and so no data")
    return Media(data=data, media_type=sniff(data[:256]) or head.split(";", 1)[0] or None)


def _from_file(file: object) -> Media:
    binary: BinaryIO = file  # type: ignore[assignment]
    if "b" not in str(getattr(file, "mode", "b")):
        raise MediaInputError("the file is open in text mode; open it with mode 'rb'")
    name = str(getattr(file, "name", "")) or None
    return Media(file=binary, name=Path(name).name if name else None, start=binary.tell() if binary.seekable() else 0)


def _from_mapping(value: Mapping[object, object]) -> Media:
    match dict(value):
        case {"url": str(url), **rest} if not rest:
            return Media.of(url)
        case {"path": str(path), **rest} if not rest:
            return Media.of(Path(path))
        case {"base64": str(text), **rest} if set(rest) <= {"type"}:
            return _from_data_uri(f"data:{rest.get('type', '')};base64,{text}")
        case {"ref": str(ref), **rest} if not rest:
            return Media(ref=ref)
        case _:
            raise MediaInputError('an input in JSON is {"url"}, {"path"}, {"base64", "type"} or {"ref"}')
