"""Uvicorn's protocols on the running loop, without its signal handlers, ticks and slow goodbye."""

import asyncio
import contextlib

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

__all__ = ["Server"]

_KEEP_ALIVE = 120


class Server:
    """Serves one ASGI application, WebSocket included, on 127.0.0.1.

    Args:
        app: A Starlette or other ASGI application; its lifespan is not run.
        port: The port to listen on; 0 picks a free one.
        max_frame: The largest WebSocket message taken, in bytes.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0, max_frame: int = 256 * 2**20) -> None:
        self.port: int = port
        self._app = app
        self._state = ServerState()
        self._listener: asyncio.Server | None = None
        self._config = Config(
            self._answer,
            interface="asgi3",
            http="h11",
            ws="websockets-sansio",
            ws_max_size=max_frame,
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            OSError: The port is taken.
        """
        self._config.load()
        loop = asyncio.get_running_loop()
        # Not a socket of our own making: only on those it bound itself does asyncio set TCP_NODELAY.
        self._listener = await loop.create_server(self._protocol, "127.0.0.1", self.port, backlog=self._config.backlog)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self.port

    async def aclose(self) -> None:
        """Say goodbye to open connections, then end them and the requests still being answered."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.close()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        await self._drop_connections()
        tasks = tuple(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Uvicorn would log a request cancelled by `aclose` as the application's error.
        with contextlib.suppress(asyncio.CancelledError):
            await self._app(scope, receive, send)

    async def _drop_connections(self) -> None:
        await asyncio.sleep(0)
        while self._state.connections:
            for connection in tuple(self._state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)

    def _protocol(self) -> H11Protocol:
        return H11Protocol(config=self._config, server_state=self._state, app_state={})
