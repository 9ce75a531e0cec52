"""The media a task is given: ids, addresses, data URIs and bare base64, in both request dialects."""

import base64
import binascii
import re
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from anymedia.testing import render
from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.media import MEDIA_TYPES, Artefact, MediaHost
from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["Input", "Inputs", "Source", "read_inputs", "read_media"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_FETCH_SECONDS = 30
_EXTENSIONS = {media_type: format for format, media_type in MEDIA_TYPES.items()}
_STAND_IN_FORMATS = {"image": "png", "video": "mp4", "audio": "wav"}

# Source: runware-sdk 1.8.0 task types and runware 0.5.24 request classes; 2026-10.
_FLAT = (
    "seedImage",
    "maskImage",
    "inputImage",
    "inputImages",
    "inputMedia",
    "referenceImages",
    "referenceVideos",
    "frameImages",
    "inputAudios",
)
_WORDS = {"speech", "fonts", "draftId", "videoId", "elements", "dataset", "meshFile", "documents", "references"}
_INNER = ("image", "inputImage", "video", "audio", "source", "media", "images", "videos")


@dataclass(frozen=True)
class Source:
    """A medium that can be read; reading blocks."""

    kind: str
    format: str
    read: Callable[[], bytes] = field(repr=False)
    uuid: str | None = None


@dataclass(frozen=True)
class Input:
    """One medium of a task: the field it came in, its place among frames, and what it is or why it is unusable."""

    name: str
    path: str
    found: Source | Problem
    frame: str | int | None = None


class _Reference(NamedTuple):
    name: str
    path: str
    text: str
    frame: str | int | None = None


class Inputs:
    """All the media of one task."""

    def __init__(self, given: Sequence[Input] = ()) -> None:
        self.given = given

    def __bool__(self) -> bool:
        return bool(self.given)

    @property
    def problems(self) -> list[Problem]:
        """Why some of them cannot be used."""
        return [one.found for one in self.given if isinstance(one.found, Problem)]

    def named(self, *names: str) -> list[Input]:
        """Those that came in one of the fields, in order of the request."""
        return [one for one in self.given if one.name in names]

    def sources(self, *names: str) -> list[Source]:
        """The usable media that came in one of the fields."""
        return [one.found for one in self.named(*names) if isinstance(one.found, Source)]

    def of_kind(self, kind: str) -> list[Source]:
        """The usable media of one kind, wherever they came in."""
        return [one.found for one in self.given if isinstance(one.found, Source) and one.found.kind == kind]


def read_inputs(task: Mapping[str, Any], host: MediaHost, *, strict: bool) -> Inputs:
    """Find and check every medium of a task. Blocks: it decodes data and fetches addresses on loopback.

    Args:
        task: The request.
        host: Where ids and own addresses are looked up.
        strict: Whether an unknown id is a problem; otherwise a stand-in is drawn.
    """
    return Inputs([_input(reference, host, strict=strict) for reference in _references(task)])


def read_media(text: str, host: MediaHost, parameter: str, kind: str = "image", *, strict: bool) -> Source | Problem:
    """What one reference stands for. Blocks like `read_inputs`."""
    if _UUID.fullmatch(text):
        artefact = host.find(text)
        if artefact is not None:
            return _of(artefact)
        if strict:
            return Problem("mediaNotFound", f"There is no medium with the id {text}.", parameter)
        return _stand_in(text, kind)
    if text.startswith(("http://", "https://")):
        return _addressed(text, host, parameter, kind)
    if text.startswith("data:"):
        text = text.partition(",")[2]
    return _decoded(text, parameter)


def _references(task: Mapping[str, Any]) -> Iterator[_Reference]:
    for name in _FLAT:
        yield from _texts(name, name, task.get(name))
    for name, value in object_of(task.get("inputs")).items():
        if name not in _WORDS:
            yield from _texts(name, f"inputs.{name}", value)


def _texts(name: str, path: str, value: Any) -> Iterator[_Reference]:
    if isinstance(value, str):
        yield _Reference(name, path, value)
    for index, entry in enumerate(array_of(value)):
        yield from _texts(name, f"{path}[{index}]", entry)
    fields = object_of(value)
    for inner in _INNER:
        for reference in _texts(name, f"{path}.{inner}", fields.get(inner)) if inner in fields else ():
            yield reference._replace(frame=fields.get("frame"))


def _input(reference: _Reference, host: MediaHost, *, strict: bool) -> Input:
    name, path, text, frame = reference
    kind = _expected(path)
    found = read_media(text, host, path, kind or "image", strict=strict)
    if isinstance(found, Source) and kind is not None and found.kind != kind:
        found = Problem(f"invalid{pascal(name)}", f"'{path}' must be of kind {kind}, not {found.kind}.", path)
    return Input(name, path, found, frame)


def _expected(path: str) -> str | None:
    """The kind of medium a field takes, or None where it may be any."""
    last = path.lower()
    if "audio" in last or "voice" in last:
        return "audio"
    if "video" in last:
        return "video"
    return "image" if "image" in last or "mask" in last else None


def _addressed(url: str, host: MediaHost, parameter: str, kind: str) -> Source | Problem:
    if host.owns(url):
        artefact = host.at(urlsplit(url).path)
        if artefact is None:
            return Problem("downloadFailed", f"Nothing could be downloaded from {url}.", parameter)
        return _of(artefact)
    if urlsplit(url).hostname in _LOOPBACK:
        return _fetched(url, parameter)
    return _stand_in(url, kind)


def _of(artefact: Artefact) -> Source:
    return Source(artefact.kind, artefact.format, artefact.read, artefact.uuid)


def _fetched(url: str, parameter: str) -> Source | Problem:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_FETCH_SECONDS) as answer:
            return _sniffed(answer.read(), parameter)
    except (OSError, ValueError) as error:
        return Problem("downloadFailed", f"Nothing could be downloaded from {url}: {error}.", parameter)


def _decoded(text: str, parameter: str) -> Source | Problem:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Problem(
            f"invalid{pascal(parameter)}", f"'{parameter}' is no UUID, URL, data URI or base64 data.", parameter
        )
    return _sniffed(data, parameter)


def _sniffed(data: bytes, parameter: str) -> Source | Problem:
    try:
        media_type = render.probe(data).media_type
    except ValueError as error:
        return Problem(f"invalid{pascal(parameter)}", f"'{parameter}' cannot be decoded: {error}.", parameter)
    kind = media_type.partition("/")[0]
    return Source(kind, _EXTENSIONS.get(media_type, _STAND_IN_FORMATS[kind]), lambda: data)


def _stand_in(text: str, kind: str) -> Source:
    """A medium drawn from the words of a reference that cannot be followed without a network."""
    seed = zlib.crc32(text.encode())
    makers: dict[str, Callable[[], bytes]] = {
        "image": lambda: render.image(text, seed=seed, width=1024, height=768),
        "video": lambda: render.video(text, seed=seed, width=640, height=360, duration=3),
        "audio": lambda: render.audio(text, seed=seed, duration=3),
    }
    return Source(kind, _STAND_IN_FORMATS[kind], makers[kind])
