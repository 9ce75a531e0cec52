"""The media a task is given, made readable: ids, addresses, data URIs and bare base64."""

import base64
import binascii
import io
import re
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from anymedia.testing import render
from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.media import MEDIA_TYPES, Artefact, MediaHost
from anymedia_runware.emulator.references import Reference, expected_kind, references_in

__all__ = ["TOOLS", "Input", "Inputs", "Source", "read_inputs", "read_media"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_FETCH_SECONDS = 30
_EXTENSIONS = {media_type: format for format, media_type in MEDIA_TYPES.items()}
_STAND_IN_FORMATS = {"image": "png", "video": "mp4", "audio": "wav", "model": "glb", "file": "zip"}
_SIGNATURES = {b"PK\x03\x04": "zip", b"%PDF": "pdf"}


# What each tool works on.
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("imageMasking", "controlNetPreprocess"), ("image",)),
    **dict.fromkeys(("upscale", "removeBackground"), ("image", "video")),
    **dict.fromkeys(("caption", "tools"), ("image", "video", "audio")),
}
TOOLS = frozenset(_SUBJECTS)


@dataclass(frozen=True)
class Source:
    """A medium that can be read; reading blocks. `about` is what it shows, if the service made it itself."""

    kind: str
    format: str
    read: Callable[[], bytes] = field(repr=False)
    uuid: str | None = None
    about: str = ""


@dataclass(frozen=True)
class Input:
    """One medium of a task: the field it came in, its place among frames, and what it is or why it is unusable."""

    name: str
    path: str
    found: Source | Problem
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

    def subject(self, task_type: str) -> Source | None:
        """The first medium of a kind that a tool works on, if there is one."""
        kinds = _SUBJECTS.get(task_type, ())
        return next(
            (one.found for one in self.given if isinstance(one.found, Source) and one.found.kind in kinds), None
        )

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
    return Inputs([_input(reference, host, strict=strict) for reference in references_in(task)])


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
    return _decoded(text, parameter, kind)


def _input(reference: Reference, host: MediaHost, *, strict: bool) -> Input:
    name, path, text, frame = reference
    kind = expected_kind(path)
    found = read_media(text, host, path, kind or "image", strict=strict)
    if isinstance(found, Source) and kind is not None and found.kind != kind:
        found = Problem(f"invalid{pascal(name)}", f"'{path}' must be of kind {kind}, not {found.kind}.", path)
    return Input(name, path, found, frame)


def _addressed(url: str, host: MediaHost, parameter: str, kind: str) -> Source | Problem:
    if host.owns(url):
        artefact = host.at(urlsplit(url).path)
        if artefact is None:
            return Problem("downloadFailed", f"Nothing could be downloaded from {url}.", parameter)
        return _of(artefact)
    if urlsplit(url).hostname in _LOOPBACK:
        return _fetched(url, parameter, kind)
    return _stand_in(url, kind)


def _of(artefact: Artefact) -> Source:
    kind = "drawing" if artefact.format == "svg" else artefact.kind
    return Source(kind, artefact.format, artefact.read, artefact.uuid, artefact.about)


def _fetched(url: str, parameter: str, kind: str) -> Source | Problem:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_FETCH_SECONDS) as answer:
            return _sniffed(answer.read(), parameter, kind)
    except (OSError, ValueError) as error:
        return Problem("downloadFailed", f"Nothing could be downloaded from {url}: {error}.", parameter)


def _decoded(text: str, parameter: str, kind: str) -> Source | Problem:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Problem(
            f"invalid{pascal(parameter)}", f"'{parameter}' is no UUID, URL, data URI or base64 data.", parameter
        )
    return _sniffed(data, parameter, kind)


def _sniffed(data: bytes, parameter: str, kind: str) -> Source | Problem:
    signature = _SIGNATURES.get(data[:4])
    if kind == "file" or signature is not None:
        return Source("file", signature or "bin", lambda: data)
    try:
        media_type = "model/gltf-binary" if data.startswith(b"glTF") and render.read_model(data) else None
        media_type = media_type or render.probe(data).media_type
    except ValueError as error:
        return Problem(f"invalid{pascal(parameter)}", f"'{parameter}' cannot be decoded: {error}.", parameter)
    found = media_type.partition("/")[0]
    return Source(found, _EXTENSIONS.get(media_type, _STAND_IN_FORMATS[found]), lambda: data)


def _stand_in(text: str, kind: str) -> Source:
    """A medium drawn from the words of a reference that cannot be followed without a network."""
    seed = zlib.crc32(text.encode())
    makers: dict[str, Callable[[], bytes]] = {
        "image": lambda: render.image(text, seed=seed, width=1024, height=768),
        "video": lambda: render.video(text, seed=seed, width=640, height=360, duration=3),
        "audio": lambda: render.audio(text, seed=seed, duration=3),
        "model": lambda: render.model(text, seed=seed),
        "file": lambda: _album(text, seed),
    }
    return Source(kind, _STAND_IN_FORMATS[kind], cache(makers[kind]), about=text)


def _album(text: str, seed: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as album:
        for n in range(3):
            album.writestr(f"{n}.png", render.image(text, seed=seed + n, width=64, height=64))
    return file.getvalue()
