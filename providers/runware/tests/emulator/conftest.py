"""A bare client for the emulator's tests: raw frames over a real WebSocket, raw HTTP."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from anymedia.testing import ManualClock, render
from anymedia_runware.emulator import RunwareEmulator

Json = dict[str, Any]


class Link:
    """One WebSocket and nothing else: no reconnects, no routing."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, *tasks: Json) -> None:
        await self.socket.send(json.dumps(list(tasks)))

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            return json.loads(await self.socket.recv())

    async def ask(self, *tasks: Json) -> Any:
        await self.send(*tasks)
        return await self.next()

    async def closed(self) -> int | None:
        async with asyncio.timeout(20):
            await self.socket.wait_closed()
        return self.socket.close_code


class Wire:
    """A client of one emulator."""

    def __init__(self, emulator: RunwareEmulator, stack: AsyncExitStack) -> None:
        self.emulator = emulator
        self.key = {"taskType": "authentication", "apiKey": emulator.api_key}
        self.http_url = emulator.endpoint.base_url.replace("ws:", "http:")
        self._stack = stack
        self.http = httpx.AsyncClient(timeout=30)
        stack.push_async_callback(self.http.aclose)

    async def open(self, suffix: str = "") -> Link:
        """A link on which nothing was said yet."""
        socket = await self._stack.enter_async_context(
            connect(self.emulator.endpoint.base_url + suffix, max_size=None, close_timeout=1)
        )
        return Link(socket)

    async def link(self, session: str | None = None) -> Link:
        """A link with a good key, whose reply has been read."""
        link = await self.open()
        resume = {} if session is None else {"connectionSessionUUID": session}
        await link.ask({**self.key, **resume})
        return link

    async def post(self, *tasks: Json, key: str | None = None) -> httpx.Response:
        """Tasks by REST."""
        headers = {"Authorization": f"Bearer {key or self.emulator.api_key}"}
        return await self.http.post(self.http_url, json=list(tasks), headers=headers)

    async def result(self, **task: Any) -> Json:
        """The only item of a task, synchronously by REST."""
        answer = await self.post({"taskUUID": str(uuid4()), "deliveryMethod": "sync", **task})
        assert answer.status_code == 200, answer.text
        (item,) = answer.json()["data"]
        return item

    async def download(self, url: str) -> bytes:
        answer = await self.http.get(url)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def facts(self, url: str) -> render.Facts:
        """What the medium at a URL is."""
        return await asyncio.to_thread(render.probe, await self.download(url))

    async def finished(self, task: Json) -> None:
        """Return once the ledger has seen the end of a task."""
        ledger, ended = self.emulator.ledger, asyncio.Event()
        ledger.subscribe(
            lambda event: ended.set() if (event.name, event.task) == ("finished", task["taskUUID"]) else None
        )
        known = ledger.entries.get(task["taskUUID"])
        if known is None or known.state == "accepted":
            async with asyncio.timeout(20):
                await ended.wait()


async def _wire(emulator: RunwareEmulator) -> AsyncIterator[Wire]:
    async with emulator, AsyncExitStack() as stack:
        yield Wire(emulator, stack)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A client of an emulator that runs a thousand times faster than life."""
    async for each in _wire(RunwareEmulator(speed=1000)):
        yield each


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
async def slow_wire(clock: ManualClock) -> AsyncIterator[Wire]:
    """A client of an emulator whose time is `clock`."""
    async for each in _wire(RunwareEmulator(clock=clock)):
        yield each


@pytest.fixture
async def make_wire() -> AsyncIterator[Callable[..., Any]]:
    """Makes a client of an emulator with settings of its own."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> Wire:
            emulator = await stack.enter_async_context(RunwareEmulator(**{"speed": 1000, **settings}))
            return Wire(emulator, await stack.enter_async_context(AsyncExitStack()))

        yield make


@pytest.fixture
def image_task() -> Callable[..., Json]:
    """A small valid image request, with changes."""

    def make(**changes: Any) -> Json:
        task = {
            "taskType": "imageInference",
            "taskUUID": str(uuid4()),
            "model": "runware:101@1",
            "positivePrompt": "a lighthouse at dusk",
            "width": 128,
            "height": 128,
        }
        return {name: value for name, value in {**task, **changes}.items() if value is not None}

    return make


@pytest.fixture
def video_task() -> Callable[..., Json]:
    """A short valid video request, with changes."""

    def make(**changes: Any) -> Json:
        task = {
            "taskType": "videoInference",
            "taskUUID": str(uuid4()),
            "model": "lightricks:ltx@2.3",
            "positivePrompt": "waves on rocks",
            "duration": 1,
            "width": 128,
            "height": 64,
        }
        return {name: value for name, value in {**task, **changes}.items() if value is not None}

    return make


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A PNG of 80 x 60 pixels."""
    return render.image("a red barn", seed=1, width=80, height=60)


@pytest.fixture(scope="session")
def film() -> bytes:
    """An MP4 of half a second, 96 x 64 pixels."""
    return render.video("a red barn", seed=1, width=96, height=64, duration=0.5)


@pytest.fixture(scope="session")
def data_uri() -> Callable[[bytes, str], str]:
    """Bytes as a data URI."""
    return lambda data, media_type: f"data:{media_type};base64,{base64.b64encode(data).decode()}"
