"""One WebSocket, with failures that tell whether anything was sent."""

import asyncio
import logging
from typing import Any, Final

from typing_extensions import override
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidURI

from anymedia.config import Network, is_loopback
from anymedia.errors import ConfigurationError, ConnectionLostError, TransportError
from anymedia.logs import logger, shorten_url
from anymedia.transports.tls import tls_context

__all__ = ["MAX_FRAME", "WebSocketConnection", "connect"]

MAX_FRAME: Final = 256 * 2**20
"""The largest frame read, in bytes; inline results easily pass the library's own 1 MiB."""

_log = logger("websocket")
_log.setLevel(logging.INFO)  # at DEBUG the library logs the frames themselves, and one of them holds the key


class _Connection(ClientConnection):
    """Counts what arrives, so that a large frame on its way is told from a dead peer."""

    received: int = 0

    @override
    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)


class WebSocketConnection:
    """An open WebSocket that carries text frames."""

    def __init__(self, connection: _Connection, url: str) -> None:
        self._connection = connection
        self._url = shorten_url(url)

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes received, and bytes still to be sent: it changes as long as anything moves on the wire."""
        return self._connection.received, self._connection.transport.get_write_buffer_size()

    async def send(self, text: str) -> None:
        """Write one frame.

        Raises:
            ConnectionLostError: The socket is closed; `sent` is False when it was so before the first byte.
        """
        open_before = self._connection.close_code is None
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise ConnectionLostError(f"{self._url}: {_reason(error)}", sent=open_before) from error

    async def receive(self) -> str:
        """Wait for one frame; a binary frame is read as UTF-8.

        Raises:
            ConnectionLostError: The socket was closed.
        """
        try:
            frame = await self._connection.recv()
        except ConnectionClosed as error:
            raise ConnectionLostError(f"{self._url}: {_reason(error)}") from error
        return frame if isinstance(frame, str) else frame.decode(errors="replace")

    async def aclose(self) -> None:
        """Say goodbye and close; a peer that does not answer is cut off."""
        await self._connection.close()

    def abort(self) -> None:
        """Drop the socket at once; for a peer that is dead."""
        self._connection.transport.abort()


async def connect(
    url: str, *, timeout: float, close_timeout: float = 1.0, network: Network | None = None
) -> WebSocketConnection:
    """Open a WebSocket.

    Args:
        url: Such as `wss://host/path`.
        timeout: Seconds for TCP, the proxy, TLS and the handshake together.
        close_timeout: Seconds a peer has to answer a goodbye.
        network: The way to the host.

    Raises:
        TransportError: It could not be opened; nothing was sent.
        ConfigurationError: The network's proxy or certificates cannot be used.
    """
    network = network or Network()
    tls = await asyncio.to_thread(_tls, url, network)
    try:
        connection = await open_connection(
            url,
            open_timeout=timeout,
            close_timeout=close_timeout,
            ping_interval=None,
            max_size=MAX_FRAME,
            compression=None,
            create_connection=_Connection,
            logger=_log,
            proxy=network.proxy or (None if is_loopback(url) else True),
            **tls,
        )
    except (ImportError, InvalidProxy) as error:  # a proxy of the environment that websockets cannot use
        raise ConfigurationError(f"the proxy named in the environment cannot be used: {error}") from error
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError, UnicodeError) as error:  # the last: a host's name
        reason = str(error) or type(error).__name__
        raise TransportError(f"cannot connect to {shorten_url(url)}: {reason}", sent=False) from error
    assert isinstance(connection, _Connection)
    return WebSocketConnection(connection, url)


def _tls(url: str, network: Network) -> dict[str, Any]:
    if network.ca_file is None:
        return {}
    context = tls_context(network.ca_file)
    proxied = {"proxy_ssl": context} if (network.proxy or "").startswith("https:") else {}
    return {**proxied, **({"ssl": context} if url.startswith("wss:") else {})}


def _reason(error: ConnectionClosed) -> str:
    return f"connection closed ({error.rcvd.code} {error.rcvd.reason})" if error.rcvd else "connection lost"
