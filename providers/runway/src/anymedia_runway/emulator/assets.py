"""Fetches and checks the media that a request names, as the API does while it answers a create call."""

import asyncio
import base64
import binascii
import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from anymedia.testing.render import Facts, probe
from anymedia_runway.emulator import issues
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.uris import is_loopback
from anymedia_runway.emulator.validation import Findings, MediaField

__all__ = ["Asset", "Assets"]

# Source: docs.dev.runwayml.com, page Inputs; 2026-11
_MAX_BYTES = {"image": 16 * 2**20, "video": 32 * 2**20, "audio": 32 * 2**20}
_PICTURES = ("image/jpeg", "image/png", "image/webp")
_FETCH_SECONDS = 30
_UNSEEN_SIZE = {"image": (1024, 1024), "video": (1280, 720), "audio": (0, 0)}
_UNSEEN_SECONDS = 5.0
_UNSEEN_FPS = 24.0


@dataclass(frozen=True)
class Asset:
    """One medium of a request; `data` is None when it lies on a host that the emulator does not ask."""

    kind: str
    uri: str
    path: tuple[str | int, ...]
    data: bytes | None = None
    facts: Facts | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = _UNSEEN_SIZE[self.kind]
        return (self.facts.width or width, self.facts.height or height) if self.facts else (width, height)

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.size[0] / self.size[1]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.facts.duration or 0.0 if self.facts else _UNSEEN_SECONDS

    @property
    def fps(self) -> float:
        """Frames per second of a film."""
        if self.facts and self.facts.frames and self.facts.duration:
            return round(self.facts.frames / self.facts.duration, 2)
        return _UNSEEN_FPS

    @property
    def has_sound(self) -> bool:
        """Whether it can be heard."""
        return bool(self.facts and self.facts.audio)


class _RefusedError(Exception):
    """An asset cannot be had; the message is for the caller."""


class Assets:
    """Gets the bytes behind media URIs.

    Args:
        stored: Finds how to read what lies behind an upload's URI or one of the emulator's own media URLs, if anything.
    """

    def __init__(self, stored: Callable[[str], Callable[[], bytes] | None]) -> None:
        self._stored = stored

    async def load(self, findings: Findings) -> tuple[list[Asset], list[Issue]]:
        """The media of a request, and all that is wrong with them."""
        loaded = await asyncio.gather(*(self._load(field) for field in findings.media))
        assets = [each for each in loaded if isinstance(each, Asset)]
        wrong = [issue for each in loaded if isinstance(each, list) for issue in each]
        return assets, wrong or list(_overruns(assets, findings.budgets))

    async def _load(self, field: MediaField) -> Asset | list[Issue]:
        try:
            data = await asyncio.to_thread(self._read, field)
            asset = Asset(field.kind, field.uri, field.path, data, await asyncio.to_thread(_probed, field.kind, data))
        except _RefusedError as refused:
            return [issues.custom(field.path, str(refused))]
        return list(_broken_bounds(asset, field.rules)) or asset

    def _read(self, field: MediaField) -> bytes | None:
        if field.uri.startswith("data:"):
            return _from_data_uri(field.uri)
        stored = self._stored(field.uri)
        if stored is not None:
            return stored()
        if field.uri.startswith("runway:"):
            raise _RefusedError("Failed to fetch asset. The upload does not exist or has expired.")
        return _fetched(field) if is_loopback(field.uri) else None


def _from_data_uri(uri: str) -> bytes:
    head, comma, payload = uri.partition(",")
    if not comma or not head.endswith(";base64"):
        raise _RefusedError("Invalid data URI: expected a media type and base64 data")
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise _RefusedError("Invalid data URI: the data is not base64") from error


def _fetched(field: MediaField) -> bytes:
    parts = urlsplit(field.uri)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(connect(parts.netloc, timeout=_FETCH_SECONDS)) as connection:
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            _check_head(field.kind, _asked(connection, "HEAD", path))
            return _asked(connection, "GET", path).read(_MAX_BYTES[field.kind] + 1)
    except (OSError, http.client.HTTPException) as error:
        raise _RefusedError("Failed to fetch asset. The host did not answer.") from error


def _asked(connection: http.client.HTTPConnection, method: str, path: str) -> http.client.HTTPResponse:
    connection.request(method, path, headers={"User-Agent": "RunwayML API/1.0"})
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise _RefusedError(f'Failed to fetch asset. Received HTTP response code "{response.status}".')
    return response


def _check_head(kind: str, head: http.client.HTTPResponse) -> None:
    """What the host says of a file before it is fetched.

    Source: docs.dev.runwayml.com, page Inputs, "URLs"; 2026-11
    """
    head.read()
    media_type = head.headers.get_content_type() if "Content-Type" in head.headers else "none"
    if not media_type.startswith(f"{kind}/"):
        raise _RefusedError(f"Unsupported Content-Type {media_type}: expected {kind} data")
    size = head.headers.get("Content-Length", "")
    if not size.isdigit():
        raise _RefusedError("Failed to fetch asset. The host sent no Content-Length.")
    if int(size) > _MAX_BYTES[kind]:
        raise _RefusedError(f"Asset size must be at most {_MAX_BYTES[kind]} bytes")


def _probed(kind: str, data: bytes | None) -> Facts | None:
    if data is None:
        return None
    try:
        facts = probe(data)
    except ValueError as error:
        raise _RefusedError(f"Failed to decode asset: expected {kind} data") from error
    if facts.media_type not in _PICTURES if kind == "image" else not facts.media_type.startswith(f"{kind}/"):
        raise _RefusedError(f"Unsupported asset type {facts.media_type}: expected {kind} data")
    return facts


def _broken_bounds(asset: Asset, rules: Mapping[str, Sequence[float | None]]) -> Iterator[Issue]:
    if asset.facts is None:
        return
    width, height = asset.size
    if "aspect" in rules and asset.kind != "audio":
        yield from _outside("aspect ratio", asset.aspect, rules["aspect"], asset.path)
    if "side" in rules and asset.kind == "image":
        yield from _outside("width", width, rules["side"], asset.path, " pixels")
        yield from _outside("height", height, rules["side"], asset.path, " pixels")
    if asset.kind == "video":
        if "lines" in rules:
            yield from _outside("resolution", min(width, height), rules["lines"], asset.path, " lines")
        if "fps" in rules:
            yield from _outside("frame rate", asset.fps, rules["fps"], asset.path, " frames per second")
    if "seconds" in rules and asset.kind != "image":
        yield from _outside("duration", asset.seconds, rules["seconds"], asset.path, " seconds")


def _outside(
    what: str, value: float, bounds: Sequence[float | None], path: Sequence[str | int], unit: str = ""
) -> Iterator[Issue]:
    least, most = bounds
    # Files last a frame longer or shorter than they claim, and the vendor measures as loosely.
    slack = 0.1 if unit in (" seconds", " frames per second") else 0.0
    if least is not None and value < least - slack:
        yield {"type": "number"} | issues.too_small(
            "number", least, path, f"Asset {what} must be at least {least}{unit}"
        )
    if most is not None and value > most + slack:
        yield {"type": "number"} | issues.too_big("number", most, path, f"Asset {what} must be at most {most}{unit}")


def _overruns(assets: Sequence[Asset], budgets: Mapping[tuple[str | int, ...], float]) -> Iterator[Issue]:
    for path, most in budgets.items():
        together = sum(asset.seconds for asset in assets if asset.facts and asset.path[: len(path)] == path)
        yield from _outside("duration in all", together, (None, most), path, " seconds")
