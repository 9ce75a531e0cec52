"""HTTP calls behind a gate, with failures that tell whether anything was sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from anymedia.errors import ProtocolError, TransportError
from anymedia.json import JSON, dumps, loads
from anymedia.logs import logger, shorten_url

__all__ = ["HttpDownload", "HttpResponse", "HttpTransport"]

_CALLS_IN_FLIGHT: Final = 20
_TIMEOUT: Final = 60.0
_CONNECT_TIMEOUT: Final = 15.0
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.ProxyError,
)
_log = logger("http")


@dataclass(frozen=True)
class HttpResponse:
    """An answer, read whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> JSON:
        """The body as JSON.

        Raises:
            ProtocolError: It is something else.
        """
        try:
            return loads(self.body)
        except ValueError as error:
            kind = self.headers.get("content-type", "no content type")
            raise ProtocolError(f"HTTP {self.status} with a body that is not JSON ({kind})") from error


@dataclass(frozen=True)
class HttpDownload:
    """An answer whose body arrives in pieces."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)


class HttpTransport:
    """A connection pool that never has more than a few dozen calls waiting on it.

    Args:
        calls: How many calls may be in flight at once; the others wait in front of the pool.
    """

    def __init__(self, *, calls: int = _CALLS_IN_FLIGHT) -> None:
        self._gate = asyncio.Semaphore(calls)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT, pool=None),
            limits=httpx.Limits(max_connections=calls, max_keepalive_connections=calls),
            follow_redirects=False,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: JSON = None,
        form: Mapping[str, str] | None = None,
        file: tuple[str, bytes, str] | None = None,
        timeout: float = _TIMEOUT,
        connect_timeout: float = _CONNECT_TIMEOUT,
    ) -> HttpResponse:
        """Make one call and read the answer, whatever its status.

        Args:
            method: Such as `POST`.
            url: Absolute.
            headers: Extra headers.
            json: A JSON body.
            form: Fields of a multipart body, sent before the file.
            file: Name, bytes and media type of the multipart body's last part, `file`.
            timeout: Seconds without a byte before the answer counts as lost.
            connect_timeout: Seconds to get a connection.

        Raises:
            TransportError: No answer; `sent` says whether the request may have arrived.
        """
        content = dumps(json).encode() if json is not None else None
        extra = {"content-type": "application/json"} if content is not None else {}
        async with self._gate:
            try:
                answer = await self._client.request(
                    method,
                    url,
                    headers={**(headers or {}), **extra},
                    content=content,
                    data=form,
                    files={"file": file} if file is not None else None,
                    timeout=httpx.Timeout(timeout, connect=connect_timeout, pool=None),
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failure(method, url, error) from error
        _log.debug("%s %s: %s", method, shorten_url(url), answer.status_code)
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)

    @asynccontextmanager
    async def download(self, url: str, *, headers: Mapping[str, str] | None = None) -> AsyncGenerator[HttpDownload]:
        """Fetch a URL piece by piece, following redirects; no key is ever sent.

        Raises:
            TransportError: The connection failed, at the start or in the middle.
        """
        async with self._gate:
            try:
                async with self._client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
                    yield HttpDownload(answer.status_code, dict(answer.headers), answer.aiter_bytes())
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failure("GET", url, error) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _failure(method: str, url: str, error: Exception) -> TransportError:
    reason = str(error) or type(error).__name__
    return TransportError(f"{method} {shorten_url(url)}: {reason}", sent=not isinstance(error, _NOTHING_SENT))
