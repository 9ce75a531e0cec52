"""The provider alone, against the emulator, as the core would call it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve

from anymedia import AsyncMediaClient
from anymedia.clock import Clock, SystemClock
from anymedia.config import Config, ProviderSettings
from anymedia.errors import MediaError
from anymedia.planning import PlanPolicy, make_plan
from anymedia.provider import Connect, Context, Gap, Plan, Submission
from anymedia.refs import Outcome, TaskRef
from anymedia.requests import Request
from anymedia.results import Result
from anymedia.tasks import Snapshot, advance
from anymedia.testing import FaultProxy, render
from anymedia.transports.http import HttpTransport
from anymedia.transports.websocket import connect
from anymedia_runware import RunwareProvider
from anymedia_runware.emulator import RunwareEmulator

PATIENCE = 30.0


@dataclass
class Desk:
    """One opened provider and everything it has emitted, with the few steps the core would take."""

    provider: RunwareProvider
    emitted: list[Snapshot | Gap] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, news: Snapshot | Gap) -> None:
        if isinstance(news, Gap):
            self.gaps.append(news)
        self.emitted.append(news)
        self.news.set()

    async def plan(self, request: Request[Result], *, push: bool | None = None) -> Plan:
        """Plan and prepare; `push` None takes what the provider thinks."""
        made = await make_plan(request, self.provider, Config(), PlanPolicy())
        return await self.provider.prepare(replace(made, push=made.quick if push is None else push))

    async def submit(self, request: Request[Result], *, push: bool | None = None) -> Submission:
        """One attempt."""
        plan = await self.plan(request, push=push)
        async with asyncio.timeout(PATIENCE):
            return await self.provider.submit(plan, self.provider.new_ref(plan))

    async def start(self, request: Request[Result], *, push: bool | None = None) -> TaskRef:
        """One attempt that must be accepted, if need be after a reconciliation."""
        submission = await self.submit(request, push=push)
        if submission.outcome is Outcome.UNKNOWN and submission.ref is not None:
            submission = await self.provider.reconcile(submission.ref)
        assert submission.outcome is Outcome.ACCEPTED, submission.error
        assert submission.ref is not None
        if submission.snapshot is not None:
            self.emit(submission.snapshot)
        return submission.ref

    async def end(self, ref: TaskRef) -> Snapshot:
        """Follow a task as the core does, by news, gaps and looks, until it is over."""
        known: Snapshot | None = None
        async with asyncio.timeout(PATIENCE):
            while True:
                self.news.clear()
                for snapshot in (one for one in self.emitted if isinstance(one, Snapshot) and one.ref.id == ref.id):
                    known = advance(known, snapshot)
                if known is not None and known.state.is_final:
                    return known
                await self._wait_or_look(ref, known)

    async def run(self, request: Request[Result], *, push: bool | None = None) -> Snapshot:
        """From a request to its end."""
        return await self.end(await self.start(request, push=push))

    async def _wait_or_look(self, ref: TaskRef, known: Snapshot | None) -> None:
        gap = any(isinstance(one, Gap) and ref in one.refs for one in self.emitted)
        wait = 0.0 if gap else self.provider.next_look(ref, known, 0.0, 0)
        try:
            async with asyncio.timeout(wait):
                await self.news.wait()
        except TimeoutError:
            self.emitted = [one for one in self.emitted if not isinstance(one, Gap)]
            await self._look(ref)

    async def _look(self, ref: TaskRef) -> None:
        try:
            snapshots = await self.provider.fetch([ref])
        except MediaError as error:
            if not error.retryable:
                raise
        else:
            for snapshot in snapshots:
                self.emit(snapshot)


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk() -> AsyncIterator[OpenDesk]:
    """Opens a provider at an address, each with ids of its own; closed afterwards."""
    seeds = itertools.count(1)
    async with AsyncExitStack() as stack:

        async def open_at(
            base_url: str,
            api_key: str,
            *,
            clock: Clock | None = None,
            connect_with: Connect = connect,
            **settings: object,
        ) -> Desk:
            http = HttpTransport()
            stack.push_async_callback(http.aclose)
            chosen = {"poll_interval": 0.02, "retry_delay": 0.01, **settings}
            made = ProviderSettings.model_validate(
                {"name": "runware", "base_url": base_url, "api_key": SecretStr(api_key), **chosen}
            )
            emit = _Later()
            context = Context(
                clock=clock or SystemClock(),
                rng=Random(next(seeds)),
                http=http,
                connect=connect_with,
                emit=emit.pass_on,
            )
            emit.desk = Desk(RunwareProvider(made, context))
            stack.push_async_callback(emit.desk.provider.aclose)
            return emit.desk

        yield open_at


class _Later:
    desk: Desk

    def pass_on(self, news: Snapshot | Gap) -> None:
        self.desk.emit(news)


@pytest.fixture
async def desk(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> Desk:
    """The provider, at its emulator."""
    return await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key)


@pytest.fixture
async def nowhere(open_desk: OpenDesk) -> Desk:
    """The provider with an address where nobody listens, for what needs no network."""
    return await open_desk("ws://127.0.0.1:1", "key_0")


@pytest.fixture
async def proxy(runware_emulator: RunwareEmulator) -> Any:
    """A proxy in front of the emulator; its address is `url`."""
    proxy = FaultProxy(runware_emulator.endpoint.base_url, runware_emulator.ledger)
    proxy.url = await proxy.start()
    yield proxy
    await proxy.aclose()


@pytest.fixture
async def shaky(proxy: Any, runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> Desk:
    """The provider, behind the proxy."""
    return await open_desk(proxy.url, runware_emulator.api_key)


@pytest.fixture(scope="session")
def png() -> bytes:
    """A small picture."""
    return render.image("a harbour", seed=1, width=256, height=256, format="png")


@pytest.fixture(scope="session")
def film() -> bytes:
    """A short film."""
    return render.video("a harbour", seed=1, width=320, height=240, duration=1, fps=12, format="mp4")


class Link:
    """One socket of a server that does exactly what a test says.

    Attributes:
        auth: The authentication it was opened with.
        frames: Every message received after that, pings left out.
    """

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.auth: Any = None
        self.frames: list[Any] = []

    async def greet(self, *, session: str = "s") -> None:
        """Take the key and accept it."""
        (self.auth,) = json.loads(await self.socket.recv())
        await self.send({"data": [{"taskType": "authentication", "connectionSessionUUID": session}]})

    async def frame(self) -> Any:
        """The next message that is not a ping, which is answered."""
        while True:
            message = json.loads(await self.socket.recv())
            if message[0]["taskType"] != "ping":
                self.frames.append(message)
                return message
            await self.send({"data": [{"taskType": "ping", "pong": True}]})

    async def task(self) -> Any:
        """The only task in the next message."""
        (task,) = await self.frame()
        return task

    async def send(self, document: Any) -> None:
        """Say something."""
        await self.socket.send(json.dumps(document))

    async def answer(self, task: Any, *items: Any, errors: Any = ()) -> None:
        """Say something about a task; without items, acknowledge it."""
        about = {"taskType": task["taskType"], "taskUUID": task["taskUUID"]}
        data = [{**about, **item} for item in items or ([] if errors else [{}])]
        await self.send({"data": data, **({"errors": [{**about, **error} for error in errors]} if errors else {})})

    async def listen(self) -> None:
        """Do nothing more until the client goes."""
        await self.socket.wait_closed()


@pytest.fixture
async def vendor() -> AsyncIterator[Callable[[Callable[[Link], Awaitable[None]]], Awaitable[str]]]:
    """Serves WebSockets with a handler, and says where."""
    async with AsyncExitStack() as stack:

        async def at(handler: Callable[[Link], Awaitable[None]]) -> str:
            server = await stack.enter_async_context(
                serve(lambda socket: handler(Link(socket)), "127.0.0.1", 0, compression=None)
            )
            return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield at


@pytest.fixture
async def open_client() -> AsyncIterator[Callable[..., Awaitable[AsyncMediaClient]]]:
    """Opens a whole client at an address; closed afterwards."""
    async with AsyncExitStack() as stack:

        async def open_at(base_url: str, api_key: str = "key_0", **settings: Any) -> AsyncMediaClient:
            chosen = {"poll_interval": 0.02, "retry_delay": 0.01, "journal": None, **settings}
            client = AsyncMediaClient("runware", api_key=api_key, base_url=base_url, **chosen)
            return await stack.enter_async_context(client)

        yield open_at


@pytest.fixture
async def client(
    runware_emulator: RunwareEmulator, open_client: Callable[..., Awaitable[AsyncMediaClient]]
) -> AsyncMediaClient:
    """A whole client, at the emulator."""
    return await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key)
