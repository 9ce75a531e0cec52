"""HTTP calls behind a gate, with failures that tell whether anything was sent."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final, cast

import httpx
from typing_extensions import override

from anymedia.config import Network, is_loopback
from anymedia.errors import ConfigurationError, ProtocolError, TransportError
from anymedia.json import JSON, dumps, loads
from anymedia.logs import logger, shorten_url
from anymedia.transports.tls import tls_context

__all__ = ["HttpDownload", "HttpResponse", "HttpTransport"]

_CALLS_IN_FLIGHT: Final = 20
_TIMEOUT: Final = 60.0
_CONNECT_TIMEOUT: Final = 15.0
_REDIRECTS: Final = 10
_THIS_MACHINE: Final = ("all://localhost", "all://127.0.0.1", "all://[::1]")
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


class _OffLoop(httpx.AsyncByteStream):
    """A body whose pieces are read in a thread: a disk may be slow, and others share the loop."""

    def __init__(self, body: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        self._pieces = iter(cast("httpx.SyncByteStream", body))

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await asyncio.to_thread(next, self._pieces, None)) is not None:
            yield piece


class HttpTransport:
    """A connection pool that never has more than a few dozen calls waiting on it.

    Args:
        calls: How many calls may be in flight at once, and how many downloads from one host; the others wait in front
            of the pool, so that a host that is slow to give its files holds up neither calls nor other hosts.
        network: The way to the hosts.

    Raises:
        ConfigurationError: The network's proxy or certificates cannot be used.
    """

    def __init__(self, *, calls: int = _CALLS_IN_FLIGHT, network: Network | None = None) -> None:
        self._gate = asyncio.Semaphore(calls)
        self._hosts = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(calls))
        self._client = _client(network or Network(), calls)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: JSON = None,
        form: Mapping[str, str] | None = None,
        file: tuple[str, bytes | BinaryIO, str] | None = None,
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
            file: Name, content and media type of the multipart body's last part, `file`; an open file is read
                from its start and sent piece by piece, off the loop.
            timeout: Seconds from the end of the request to the answer's head, and from there to its last byte, before
                it counts as lost.
            connect_timeout: Seconds to get a connection.

        Raises:
            TransportError: No answer; `sent` says whether the request may have arrived.
        """
        content = dumps(json).encode() if json is not None else None
        extra = {"content-type": "application/json"} if content is not None else {}
        async with self._gate:
            try:
                request = self._client.build_request(
                    method,
                    url,
                    headers={**(headers or {}), **extra},
                    content=content,
                    data=form,
                    files={"file": file} if file is not None else None,
                    timeout=httpx.Timeout(timeout, connect=connect_timeout, pool=None),
                )
                if file is not None:
                    request.stream = _OffLoop(request.stream)
                answer = await self._read_whole(request, timeout)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
                raise _failure(method, url, error) from error
        _log.debug("%s %s: %s", method, shorten_url(url), answer.status_code)
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: JSON = None,
        timeout: float = _TIMEOUT,
        connect_timeout: float = _CONNECT_TIMEOUT,
    ) -> AsyncGenerator[HttpDownload]:
        """Make one call and read the answer piece by piece, as it arrives.

        Args:
            method: Such as `POST`.
            url: Absolute.
            headers: Extra headers.
            json: A JSON body.
            timeout: Seconds to the answer's head, and between two pieces, before it counts as lost.
            connect_timeout: Seconds to get a connection.

        Raises:
            TransportError: The connection failed, at the start or in the middle; `sent` says whether the request may
                have arrived.
        """
        try:
            request = self._client.build_request(
                method,
                url,
                headers={**(headers or {}), "content-type": "application/json"},
                content=dumps(json).encode(),
                timeout=httpx.Timeout(timeout, connect=connect_timeout, pool=None),
            )
            async with self._gate:
                answer = await self._send(request, timeout)
            try:
                yield HttpDownload(answer.status_code, dict(answer.headers), answer.aiter_bytes())
            finally:
                await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failure(method, url, error) from error

    @asynccontextmanager
    async def download(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = _TIMEOUT
    ) -> AsyncGenerator[HttpDownload]:
        """Fetch a URL piece by piece, following redirects over https or within this machine; no key is ever sent.

        Args:
            url: Absolute.
            headers: Extra headers.
            timeout: Seconds without a byte before the connection counts as lost.

        Raises:
            TransportError: The connection failed, at the start or in the middle, or leads where it must not.
        """
        limits = httpx.Timeout(timeout, connect=_CONNECT_TIMEOUT, pool=None)
        try:
            request = self._client.build_request("GET", url, headers=headers, timeout=limits)
            async with self._hosts[str(request.url.netloc)]:
                answer = await self._follow(request)
                try:
                    yield HttpDownload(answer.status_code, dict(answer.headers), answer.aiter_bytes())
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failure("GET", url, error) from error

    async def _send(self, request: httpx.Request, timeout: float) -> httpx.Response:
        """Send, and wait for the answer's head: not for ever, also where `102 Processing` follows on another."""

        async def note(event: str, _: object) -> None:
            if event.endswith(".send_request_body.complete"):
                scope.reschedule(asyncio.get_running_loop().time() + timeout)

        request.extensions["trace"] = note
        scope = asyncio.timeout(None)
        try:
            async with scope:
                return await self._client.send(request, stream=True)
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no answer within {timeout:g} s", request=request) from error

    async def _read_whole(self, request: httpx.Request, timeout: float) -> httpx.Response:
        answer = await self._send(request, timeout)
        try:
            async with asyncio.timeout(timeout):  # a body that comes byte by byte would else take for ever
                await answer.aread()
        finally:
            await answer.aclose()
        return answer

    async def _follow(self, request: httpx.Request) -> httpx.Response:
        for _ in range(_REDIRECTS + 1):
            answer = await self._client.send(request, stream=True)
            if answer.next_request is None:
                return answer
            await answer.aclose()
            request = _redirected(request.url, answer.next_request)
        message = f"GET {shorten_url(str(request.url))}: more than {_REDIRECTS} redirects"
        raise TransportError(message, retryable=False)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _client(network: Network, calls: int) -> httpx.AsyncClient:
    context = tls_context(network.ca_file) if network.ca_file is not None else None
    inside_tls = context if (network.proxy or "").startswith("https:") else None
    proxy = httpx.Proxy(network.proxy, ssl_context=inside_tls) if network.proxy else None
    try:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=calls),
            follow_redirects=False,
            verify=context or True,
            proxy=proxy,
            mounts=None if proxy else dict.fromkeys(_THIS_MACHINE),
        )
    except (ImportError, ValueError) as error:  # a proxy of the environment that httpx cannot use
        raise ConfigurationError(f"the proxy named in the environment cannot be used: {error}") from error


def _redirected(origin: httpx.URL, request: httpx.Request) -> httpx.Request:
    target = str(request.url)
    within = request.url.scheme == "http" and is_loopback(target) and is_loopback(str(origin))
    if request.url.scheme == "https" or within:
        return request
    message = f"GET {shorten_url(str(origin))}: leads to {shorten_url(target)}, which is not followed; https would be"
    raise TransportError(message, retryable=False)


def _failure(method: str, url: str, error: Exception) -> TransportError:
    message = f"{method} {shorten_url(url)}: {str(error) or type(error).__name__}"
    hopeless = isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol))
    return TransportError(message, sent=not isinstance(error, _NOTHING_SENT), retryable=not hopeless)
