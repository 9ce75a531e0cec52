"""Signed, expiring URLs of outputs, and their download."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from anymedia_runway.emulator.account import Calendar
from anymedia_runway.emulator.errors import ApiError
from anymedia_runway.emulator.formats import FORMATS
from anymedia_runway.emulator.outputs import Outputs, Shelf

__all__ = ["Media", "file_response"]

# Source: docs.dev.runwayml.com, page Outputs: valid for 24 to 48 hours; 2026-11
_LIFETIME = timedelta(hours=24)
_PATH = re.compile(r"/media/([0-9a-f-]{36})/(\d+)\.\w+")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Media:
    """The files on the shelf, by URL."""

    def __init__(self, shelf: Shelf, calendar: Calendar) -> None:
        self._shelf = shelf
        self._calendar = calendar
        self._secret = secrets.token_bytes(32)

    def urls(self, owner: str, base: str) -> list[str]:
        """Freshly signed URLs of an owner's files."""
        formats = self._shelf.get(owner).formats
        paths = [f"/media/{owner}/{index}.{FORMATS[name].suffix}" for index, name in enumerate(formats)]
        return [f"{base}{path}?_jwt={self._sign(path)}" for path in paths]

    def find(self, url: str) -> tuple[Outputs, int]:
        """The files to which a URL belongs, and which one of them it is.

        Raises:
            ApiError: There is none, or the URL is unsigned or has expired.
        """
        parts = urlsplit(url)
        match = _PATH.fullmatch(parts.path)
        if match is None:
            raise ApiError(404, {"error": "Not found"})
        if not self._is_valid(parts.path, parse_qs(parts.query).get("_jwt", [""])[0]):
            raise ApiError(403, {"error": "Access denied"})
        return self._shelf.get(match[1]), int(match[2])

    def reader(self, url: str) -> Callable[[], bytes] | None:
        """How to read the file behind a URL of this emulator; None when the URL leads elsewhere or nowhere."""
        try:
            outputs, index = self.find(url)
        except ApiError:
            return None
        return lambda: outputs.read(index)

    def _sign(self, path: str) -> str:
        expires = self._calendar.now() + _LIFETIME
        claims = {"exp": int(expires.timestamp()), "jti": secrets.token_hex(4), "path": path}
        payload = _packed(json.dumps(claims).encode())
        return f"{_HEADER}.{payload}.{self._seal(payload)}"

    def _seal(self, payload: str) -> str:
        return _packed(hmac.digest(self._secret, f"{_HEADER}.{payload}".encode(), hashlib.sha256))

    def _is_valid(self, path: str, token: str) -> bool:
        _, _, rest = token.partition(".")
        payload, _, seal = rest.partition(".")
        if not hmac.compare_digest(self._seal(payload), seal):
            return False
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return bool(claims["path"] == path and claims["exp"] > self._calendar.now().timestamp())


def file_response(request: Request, data: bytes, media_type: str) -> Response:
    """A file, or the part of it that a Range header asks for."""
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'}
    part = _range(request.headers.get("range", ""), len(data))
    if part is None:
        return Response(data, media_type=media_type, headers=headers)
    first, last = part
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], status_code=206, media_type=media_type, headers=headers)


def _range(header: str, size: int) -> tuple[int, int] | None:
    """The first and last byte wanted; None for the whole file, first after last for none that exists."""
    match = _RANGE.fullmatch(header)
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last or size), size - 1)


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_HEADER = _packed(b'{"alg":"HS256","typ":"JWT"}')
