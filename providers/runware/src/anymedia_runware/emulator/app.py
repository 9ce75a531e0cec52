"""The emulator as a running server: routes, the watch on the clock, start and end."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from typing import ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from typing_extensions import override

from anymedia.clock import Clock
from anymedia.testing.clock import ScaledClock
from anymedia.testing.emulator import Emulator, Endpoint
from anymedia.testing.server import Server
from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.behaviour import Behaviour
from anymedia_runware.emulator.conversation import Conversation
from anymedia_runware.emulator.courier import Courier
from anymedia_runware.emulator.engine import Engine
from anymedia_runware.emulator.faults import FAULT_KINDS
from anymedia_runware.emulator.links import converse
from anymedia_runware.emulator.media import MediaHost
from anymedia_runware.emulator.models import catalogue
from anymedia_runware.emulator.rest import answer_post
from anymedia_runware.emulator.serverless import ECHO, App, Serverless
from anymedia_runware.emulator.sessions import Sessions
from anymedia_runware.emulator.timetable import keep_time
from anymedia_runware.emulator.web import serve_media, serve_registry, serve_schema

__all__ = ["RunwareEmulator"]


class RunwareEmulator(Emulator):
    """Runware's API on loopback: the WebSocket, the REST door, the media host and the model schemas.

    Renders take emulated time; media are real and made when first downloaded. Without sockets, `connect()` gives a
    conversation that is driven by hand together with `backend.timetable`.

    Args:
        clock: What renders and expiry are timed by; by default the machine's clock times `speed`.
        speed: How many times faster than life the default clock runs.
        api_key: The only key this emulator accepts.
        port: The port to listen on; 0 picks a free one.
        behaviour: The service's choices where its documentation is silent.
        seed: Decides ids, unasked-for seeds and which result finishes first.
        apps: One's own serverless apps, by app id and endpoint path (`my-app/generate`): functions from payload to
            output. Without any there is `emulated-app/echo`.
    """

    name = "runware"
    fault_kinds: ClassVar = FAULT_KINDS

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
        port: int = 0,
        behaviour: Behaviour | None = None,
        seed: int = 0,
        apps: Mapping[str, App] = ECHO,
    ) -> None:
        super().__init__(clock=clock, speed=speed, api_key=api_key, port=port)
        pace = self.clock.speed if isinstance(self.clock, ScaledClock) else 1.0
        rng = random.Random(seed)
        self.backend = Backend(
            clock=self.clock,
            ledger=self.ledger,
            faults=self.faults,
            host=MediaHost(self.clock.now, rng, pace),
            catalogue=catalogue(),
            behaviour=(behaviour or Behaviour()).stretched(pace),
            rng=rng,
        )
        self._engine = Engine(self.backend)
        self._courier = Courier(self.clock, self.backend.behaviour, self.backend.rng, self.backend.delivered)
        self._serverless = Serverless(self.backend, self.api_key, apps)
        self._sessions = Sessions(self.clock.now, self.backend.behaviour.session_kept)
        self._server = Server(self._app(), port=port, max_frame=self.backend.behaviour.max_frame)
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    @override
    def default_api_key(cls) -> str:
        """A key that is plainly not real."""
        return "emulated-runware-key-0000000000"

    @override
    async def start(self) -> Endpoint:
        """Listen on loopback; the endpoint is the WebSocket's, REST has the same address under http."""
        self.port = await self._server.start()
        self.backend.host.base_url = f"http://127.0.0.1:{self.port}"
        self.backend.post = self._courier.take
        self._watch = asyncio.create_task(keep_time(self.backend.timetable, self.clock))
        return Endpoint(f"ws://127.0.0.1:{self.port}/v1", self.api_key)

    @override
    async def aclose(self) -> None:
        """Close every link and stop."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self._courier.aclose()
        await self._serverless.aclose()
        await self._server.aclose()

    def connect(self) -> Conversation:
        """A new link, without a socket."""
        return Conversation(self._engine, self._sessions, self.api_key)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._post, methods=["POST"]),
                Route("/v1", self._post, methods=["POST"]),
                Route("/v1/apps/{app}/invoke-{way}/{endpoint:path}", self._serverless.invoke, methods=["POST"]),
                Route("/v1/apps/{app}/tasks/{task}", self._serverless.look),
                Route("/registry.json", self._registry),
                Route("/resolve/{air:path}", self._schema),
                Route("/{kind}/{rest:path}", self._media),
                WebSocketRoute("/{path:path}", self._socket),
            ]
        )

    async def _post(self, request: Request) -> Response:
        return await answer_post(request, self._engine, self.api_key)

    async def _socket(self, socket: WebSocket) -> None:
        refused = self.faults.take("refuse_handshake")
        if refused is None:
            await converse(socket, self.connect())
        else:
            await socket.send_denial_response(PlainTextResponse("Please stand by", refused.get("status", 503)))

    async def _media(self, request: Request) -> Response:
        return await serve_media(request, self.backend)

    async def _registry(self, request: Request) -> Response:
        return serve_registry(request, self.backend.catalogue)

    async def _schema(self, request: Request) -> Response:
        return serve_schema(request.path_params["air"], self.backend.catalogue)
