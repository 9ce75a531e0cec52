"""The media host: artefacts that are rendered when first read, and what their addresses look like."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

__all__ = ["MEDIA_TYPES", "Artefact", "MediaHost", "made_uuid"]

MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
    "glb": "model/gltf-binary",
    "zip": "application/zip",
    "pdf": "application/pdf",
    "bin": "application/octet-stream",
}

# Source: addresses in runware.ai/docs samples; 2026-10. Those of models and files are our choice.
_FOLDERS = {
    "image": "image/ws/2/ii",
    "video": "video/ws/2/vi",
    "audio": "audio/ws/0.5/ai",
    "model": "model/ws/2/mi",
    "file": "file/ws/2/fi",
}


@dataclass
class Artefact:
    """One medium the service holds: made by a task, or uploaded.

    Args:
        uuid: Its id.
        kind: `image`, `video`, `audio`, `model` or `file`.
        format: The file's extension.
        subject: The task type it came from, which faults match on.
        render: Makes the bytes; called once, in any thread.
        lifetime: Seconds its address works once it is published.
        about: What it shows, if the service made it itself.
    """

    uuid: str
    kind: str
    format: str
    subject: str
    render: Callable[[], bytes] = field(repr=False)
    lifetime: float
    about: str = ""
    expires_at: float | None = None
    _bytes: bytes | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def path(self) -> str:
        """Where the media host serves it."""
        return f"/{_FOLDERS[self.kind]}/{self.uuid}.{self.format}"

    @property
    def media_type(self) -> str:
        """Its MIME type."""
        return MEDIA_TYPES[self.format]

    def read(self) -> bytes:
        """The bytes, rendered at the first call. Blocks while rendering."""
        with self._lock:
            if self._bytes is None:
                self._bytes = self.render()
            return self._bytes


class MediaHost:
    """Everything that was made or uploaded, by id and by address.

    Args:
        now: Gives the current time.
        rng: Where ids come from.
        pace: How many times faster than the client's own time `now` runs; lifetimes are the client's.
    """

    def __init__(self, now: Callable[[], float], rng: random.Random, pace: float = 1.0) -> None:
        self.base_url = "http://media.invalid"
        self._now = now
        self._rng = rng
        self._pace = pace
        self._artefacts: dict[str, Artefact] = {}

    def add(
        self, kind: str, format: str, subject: str, render: Callable[[], bytes], lifetime: float, *, about: str = ""
    ) -> Artefact:
        """Take in a medium that nobody can see before it is published; `lifetime` is in seconds."""
        made = Artefact(made_uuid(self._rng), kind, format, subject, render, lifetime, about=about)
        self._artefacts[made.uuid] = made
        return made

    def publish(self, artefact: Artefact) -> None:
        """Let its id and its address work from now on, the address for its lifetime."""
        artefact.expires_at = self._now() + artefact.lifetime * self._pace

    def find(self, uuid: str) -> Artefact | None:
        """The published artefact with this id, its address expired or not."""
        found = self._artefacts.get(uuid.lower())
        return None if found is None or found.expires_at is None else found

    def at(self, path: str) -> Artefact | None:
        """The artefact served under a path, unless its address has expired."""
        found = self.find(path.rsplit("/", 1)[-1].partition(".")[0])
        if found is None or found.path != path or self._expired(found):
            return None
        return found

    def url(self, artefact: Artefact) -> str:
        """The public address of an artefact."""
        return self.base_url + artefact.path

    def owns(self, url: str) -> bool:
        """Whether a URL points to this host."""
        mine, theirs = urlsplit(self.base_url), urlsplit(url)
        names = {mine.hostname, "localhost"} if mine.hostname == "127.0.0.1" else {mine.hostname}
        return mine.port == theirs.port and theirs.hostname in names

    def expire(self, artefact: Artefact) -> None:
        """Let its address stop working now."""
        artefact.expires_at = self._now()

    def delete(self, uuid: str) -> bool:
        """Remove an artefact; False when there is none."""
        return self._artefacts.pop(uuid.lower(), None) is not None

    def _expired(self, artefact: Artefact) -> bool:
        return artefact.expires_at is not None and artefact.expires_at <= self._now()


def made_uuid(rng: random.Random) -> str:
    """A random UUID of version 4 that repeats with the generator's seed."""
    return str(UUID(int=rng.getrandbits(128), version=4))
