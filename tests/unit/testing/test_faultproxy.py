"""The fault proxy: honest by default, and each fault at exactly its moment."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from typing_extensions import override

from anymedia.testing import Emulator, Endpoint, FaultProxy
from anymedia.testing.faultproxy import Direction, WireFault
from anymedia.testing.hosting import Hosted
from anymedia.testing.server import Server


class Lines(Emulator):
    """Answers each line `x` with `got x`, after entering it into the ledger."""

    name: ClassVar[str] = "lines"
    fault_kinds: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.ends: asyncio.Queue[str] = asyncio.Queue()
        self.received = b""
        self.handlers: set[asyncio.Task[None]] = set()
        self.count = itertools.count()

    @classmethod
    @override
    def default_api_key(cls) -> str:
        return "not-a-key"

    @override
    async def start(self) -> Endpoint:
        self.listener = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        port = self.listener.sockets[0].getsockname()[1]
        return Endpoint(f"http://127.0.0.1:{port}/v1?x=1", self.api_key)

    @override
    async def aclose(self) -> None:
        self.listener.close()
        await asyncio.gather(*self.handlers)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's lines, and note how it ended."""
        task = asyncio.current_task()
        assert task is not None
        self.handlers.add(task)
        try:
            while line := await reader.readline():
                self.received += line
                self.ledger.accept(str(next(self.count)), "line", {})
                writer.write(b"got " + line)
                await writer.drain()
            self.ends.put_nowait("eof")
        except ConnectionError:
            self.ends.put_nowait("reset")
        writer.close()
        self.handlers.discard(task)


class Client:
    """A plain TCP client of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, line: bytes) -> bytes:
        """Send one line and read one."""
        self.writer.write(line + b"\n")
        return await self.reader.readline()

    async def end(self) -> str:
        """How the connection ends from here, with the last bytes that come in."""
        try:
            return f"eof {(await self.reader.read()).decode()!r}"
        except ConnectionResetError:
            return "reset"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A client that has connected to `url`."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def proxied(emulator: Emulator) -> AsyncIterator[tuple[FaultProxy, str]]:
    """A proxy in front of a started emulator, and its URL, for at most ten seconds."""
    proxy = FaultProxy(emulator.endpoint.base_url, emulator.ledger)
    async with asyncio.timeout(10):
        try:
            yield proxy, await proxy.start()
        finally:
            await proxy.aclose()


async def test_passes_everything_on_when_no_fault_is_set() -> None:
    """Without a fault the proxy changes no byte, passes the end of a stream on, and keeps scheme and path."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url):
        assert urlsplit(url)._replace(netloc="") == urlsplit(emulator.endpoint.base_url)._replace(netloc="")
        assert url != emulator.endpoint.base_url
        async with connected(url) as client:
            assert await client.ask(b"x" * 50_000) == b"got " + b"x" * 50_000 + b"\n"
            client.writer.write_eof()
            assert await client.end() == "eof ''"
        assert await emulator.ends.get() == "eof"
        async with connected(url) as client:
            assert await client.ask(b"again") == b"got again\n"
        assert proxy.connections == 2


@pytest.mark.parametrize(("fault", "seen"), [("cut", "eof"), ("reset", "reset")])
async def test_ends_open_connections_at_once(fault: str, seen: str) -> None:
    """cut() is a clean end and reset() an RST, on both sides, while later connections work."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url):
        async with connected(url) as client:
            assert await client.ask(b"one") == b"got one\n"
            getattr(proxy, fault)()
            assert (await client.end()).startswith(seen)
            assert await emulator.ends.get() == seen
        async with connected(url) as client:
            assert await client.ask(b"two") == b"got two\n"


async def test_stalls_open_connections_until_released() -> None:
    """stall() holds bytes back on open connections, which stay open; release() delivers them."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        assert await client.ask(b"one") == b"got one\n"
        proxy.stall()
        answer = asyncio.create_task(client.ask(b"held"))
        async with connected(url) as other:
            for number in range(20):
                assert await other.ask(b"%d" % number) == b"got %d\n" % number
        assert b"held" not in emulator.received
        assert not answer.done()
        proxy.release()
        assert await answer == b"got held\n"


async def test_stalls_one_direction_only() -> None:
    """A stall towards the client lets requests reach the emulator, as a half-dead network does."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        proxy.arm("stall", on="request", direction="down")
        accepted = asyncio.Event()
        emulator.ledger.subscribe(lambda _: accepted.set())
        answer = asyncio.create_task(client.ask(b"one"))
        await accepted.wait()
        async with connected(url) as other:
            assert await other.ask(b"two") == b"got two\n"
        assert not answer.done()
        proxy.release()
        assert await answer == b"got one\n"


async def test_a_stalled_connection_can_still_be_reset() -> None:
    """A stall does not outlive the connection."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        assert await client.ask(b"one") == b"got one\n"
        proxy.stall()
        client.writer.write(b"held\n")
        async with connected(url) as other:
            assert await other.ask(b"two") == b"got two\n"
        proxy.reset()
        assert await client.end() == "reset"
        assert emulator.received == b"one\ntwo\n"


@pytest.mark.parametrize("attempt", range(10))
@pytest.mark.parametrize(("fault", "seen"), [("cut", "eof ''"), ("reset", "reset")])
async def test_a_ledger_event_strikes_before_the_reply(fault: WireFault, seen: str, attempt: int) -> None:
    """Armed on `accepted`, the connection breaks after the task exists and before a byte of the reply gets out."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url):
        proxy.arm(fault, on="accepted")
        async with connected(url) as client:
            client.writer.write(b"one\n")
            assert await client.end() == seen
        assert emulator.ledger.accepted == 1
        async with connected(url) as client:
            assert await client.ask(b"two") == b"got two\n"


@pytest.mark.parametrize("attempt", range(10))
async def test_a_ledger_event_of_another_thread_strikes_before_the_reply(attempt: int) -> None:
    """The same holds when the emulator runs on a loop of its own."""
    emulator = Lines()
    with Hosted(emulator) as emulator.endpoint:
        async with proxied(emulator) as (proxy, url):
            proxy.arm("reset", on="accepted")
            async with connected(url) as client:
                client.writer.write(b"one\n")
                assert await client.end() == "reset"
            assert emulator.ledger.accepted == 1
            async with connected(url) as client:
                assert await client.ask(b"two") == b"got two\n"


async def test_strikes_at_the_connection() -> None:
    """Armed on `connect`, the client is refused before the emulator hears of it; twice if asked twice."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url):
        proxy.arm("reset", times=2)
        for _ in range(2):
            async with connected(url) as client:
                assert await client.end() == "reset"
        async with connected(url) as client:
            assert await client.ask(b"three") == b"got three\n"
        assert proxy.connections == 3
        assert emulator.received == b"three\n"
        assert emulator.ends.empty()


@pytest.mark.parametrize(("moment", "accepted"), [("request", 0), ("requested", 1), ("response", 1)])
@pytest.mark.parametrize(("fault", "seen"), [("cut", "eof ''"), ("reset", "reset")])
async def test_strikes_around_a_request(moment: str, accepted: int, fault: WireFault, seen: str) -> None:
    """A request is lost before the emulator sees it, after it was forwarded, or with its reply: never answered."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        if moment != "requested":
            assert await client.ask(b"zero") == b"got zero\n"
        before = emulator.ledger.accepted
        proxy.arm(fault, on=moment)
        client.writer.write(b"one\n")
        assert await client.end() == seen
        if fault == "cut":
            assert await emulator.ends.get() == "eof"
            assert emulator.ledger.accepted == before + accepted


async def test_a_response_can_be_truncated() -> None:
    """`truncate` lets exactly so many bytes of the reply pass, then ends the connection cleanly."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        proxy.arm("truncate", on="response", after_bytes=6)
        client.writer.write(b"one\n")
        assert await client.end() == "eof 'got on'"
        assert emulator.ledger.accepted == 1


@pytest.mark.parametrize(("direction", "received"), [("up", b"one\ntwo\n"), ("down", b"one\ntwo\nthree\n")])
async def test_bytes_are_counted_in_the_direction_asked_for(direction: Direction, received: bytes) -> None:
    """`after_bytes` counts the bytes of its direction only, across requests."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url), connected(url) as client:
        proxy.arm("truncate", on="request", direction=direction, after_bytes=len("one\ntwo\nthr"))
        assert await client.ask(b"one") == b"got one\n"
        if direction == "up":
            client.writer.write(b"two\nthree\n")
            assert (await client.end()) in ("eof 'got two\\n'", "eof ''")
        else:
            client.writer.write(b"two\nthree\n")
            assert await client.end() == "eof 'got'"
        assert await emulator.ends.get() == "eof"
        assert emulator.received.startswith(received)


async def test_times_none_never_stops() -> None:
    """`times=None` strikes every time."""
    async with Lines() as emulator, proxied(emulator) as (proxy, url):
        proxy.arm("cut", on="request", times=None)
        for _ in range(5):
            async with connected(url) as client:
                client.writer.write(b"one\n")
                assert await client.end() == "eof ''"
        assert emulator.ledger.accepted == 0


async def test_an_unreachable_emulator_resets_the_client() -> None:
    """When the emulator is gone, the client is told at once."""
    async with Lines() as emulator, proxied(emulator) as (_, url):
        await emulator.aclose()
        async with connected(url) as client:
            assert await client.end() == "reset"


async def test_closing_drops_stalled_connections_and_leaves_no_task() -> None:
    """aclose() ends everything, a stalled connection included."""
    async with Lines() as emulator:
        before = asyncio.all_tasks()
        proxy = FaultProxy(emulator.endpoint.base_url, emulator.ledger)
        url = await proxy.start()
        async with asyncio.timeout(5), connected(url) as client:
            await client.ask(b"one")
            proxy.stall()
            client.writer.write(b"held\n")
            async with connected(url) as other:
                assert await other.ask(b"two") == b"got two\n"
            await proxy.aclose()
            assert await client.end() == "reset"
            assert await emulator.ends.get() == "reset"
        assert asyncio.all_tasks() == before


@pytest.mark.parametrize(("fault", "moment"), [("cutt", "connect"), ("cut", "acepted"), ("cut", "accepted")])
async def test_unknown_faults_and_moments_are_refused(fault: WireFault, moment: str) -> None:
    """A typo, or a ledger event without a ledger, is an error and not a fault that never happens."""
    with pytest.raises(ValueError, match="use one of"):
        FaultProxy("http://127.0.0.1:1").arm(fault, on=moment)


async def hello(_: Request) -> PlainTextResponse:
    """Greets."""
    return PlainTextResponse("hello")


async def echo(link: WebSocket) -> None:
    """Says back what it hears."""
    await link.accept()
    async for text in link.iter_text():
        await link.send_text(text)


async def test_real_clients_see_real_failures() -> None:
    """Both httpx and websockets work through the proxy, and see a reset as their own connection errors."""
    server = Server(Starlette(routes=[Route("/", hello), WebSocketRoute("/echo", echo)]))
    proxy = FaultProxy(f"http://127.0.0.1:{await server.start()}")
    url = await proxy.start()
    async with asyncio.timeout(10), httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/")).text == "hello"
        proxy.arm("reset", on="response")
        with pytest.raises(httpx.ReadError):
            await client.get("/")
        assert (await client.get("/")).text == "hello"
        async with websockets.connect(url.replace("http", "ws") + "/echo") as link:
            await link.send("one")
            assert await link.recv() == "one"
            proxy.cut()
            with pytest.raises(websockets.ConnectionClosedError):
                await link.recv()
    await proxy.aclose()
    await server.aclose()
