"""The emulators' server: real HTTP and WebSocket on loopback, and a prompt end."""

import asyncio
import socket
import threading

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from anymedia.testing.server import Server


class App:
    """Answers at once, never, or by echo, and says when a slow request began and ended."""

    def __init__(self) -> None:
        self.slow_began = asyncio.Event()
        self.slow_ended = asyncio.Event()
        self.asgi = Starlette(
            routes=[Route("/quick", self.quick), Route("/slow", self.slow), WebSocketRoute("/echo", self.echo)]
        )

    async def quick(self, request: Request) -> PlainTextResponse:
        """Greet."""
        return PlainTextResponse(f"hello {request.query_params.get('name', '')}")

    async def slow(self, _: Request) -> PlainTextResponse:
        """Never answer."""
        self.slow_began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.slow_ended.set()
        return PlainTextResponse("never")

    async def echo(self, link: WebSocket) -> None:
        """Say back what was heard."""
        await link.accept()
        async for text in link.iter_text():
            await link.send_text(text)


async def test_answers_http_on_the_port_it_names() -> None:
    """start() returns once the server takes requests, with its port."""
    server = Server(App().asgi)
    port = await server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/quick", params={"name": "fox"})).text == "hello fox"
    await server.aclose()


async def test_small_answers_are_sent_at_once() -> None:
    """Connections do not wait to fill a packet (Nagle), which would cost 40 ms an answer."""
    server = Server(App().asgi)
    port = await server.start()
    async with websockets.connect(f"ws://127.0.0.1:{port}/echo") as link:
        await link.send("here")
        assert await link.recv() == "here"
        [connection] = server._state.connections
        assert connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await server.aclose()


async def test_takes_frames_far_above_one_mebibyte() -> None:
    """WebSocket messages up to max_frame pass in both directions."""
    server = Server(App().asgi)
    port = await server.start()
    text = "x" * (5 * 2**20)
    async with websockets.connect(f"ws://127.0.0.1:{port}/echo", max_size=None) as link:
        await link.send(text)
        assert await link.recv() == text
    await server.aclose()


async def test_refuses_frames_above_its_limit() -> None:
    """A message above max_frame ends the connection with code 1009."""
    server = Server(App().asgi, max_frame=1000)
    port = await server.start()
    async with websockets.connect(f"ws://127.0.0.1:{port}/echo") as link:
        await link.send("x" * 1001)
        with pytest.raises(websockets.ConnectionClosedError) as caught:
            await link.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009
    await server.aclose()


async def test_closing_ends_open_websockets_with_service_restart() -> None:
    """aclose() tells a connected client 1012 instead of leaving it waiting."""
    server = Server(App().asgi)
    port = await server.start()
    async with websockets.connect(f"ws://127.0.0.1:{port}/echo") as link:
        await link.send("here")
        assert await link.recv() == "here"
        async with asyncio.timeout(5):
            await server.aclose()
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await link.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012


async def test_closing_cuts_slow_requests_short_and_quietly(caplog: pytest.LogCaptureFixture) -> None:
    """aclose() cancels a request that would never end, logs no error, and leaves no task, socket or thread."""
    app = App()
    server = Server(app.asgi)
    port = await server.start()
    threads = threading.active_count()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        before = asyncio.all_tasks()
        request = asyncio.create_task(client.get("/slow"))
        async with asyncio.timeout(5):
            await app.slow_began.wait()
            await server.aclose()
        assert app.slow_ended.is_set()
        with pytest.raises(httpx.RemoteProtocolError):
            await request
        assert asyncio.all_tasks() == before
    assert threading.active_count() == threads
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


async def test_closing_ends_idle_kept_alive_connections() -> None:
    """aclose() does not wait for clients that keep their connection open."""
    server = Server(App().asgi)
    port = await server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await client.get("/quick")
        async with asyncio.timeout(5):
            await server.aclose()
        with pytest.raises(httpx.TransportError):
            await client.get("/quick")


async def test_closing_twice_or_before_the_start_is_fine() -> None:
    """aclose() is idempotent."""
    server = Server(App().asgi)
    await server.aclose()
    await server.start()
    await server.aclose()
    await server.aclose()


async def test_a_taken_port_is_an_os_error() -> None:
    """Two servers cannot share a port; the second says so."""
    first = Server(App().asgi)
    port = await first.start()
    with pytest.raises(OSError, match="in use"):
        await Server(App().asgi, port=port).start()
    await first.aclose()


async def test_a_port_can_be_used_again_after_closing() -> None:
    """A server may restart at once on the same port, as after a crash in a test."""
    first = Server(App().asgi)
    port = await first.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await client.get("/quick")
        await first.aclose()
        second = Server(App().asgi, port=port)
        assert await second.start() == port
        assert (await client.get("/quick")).status_code == 200
        await second.aclose()


def test_runs_on_the_loop_of_any_thread() -> None:
    """No signal handler is installed, so a loop outside the main thread will do."""
    answers: list[str] = []

    async def serve() -> None:
        server = Server(App().asgi)
        port = await server.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            answers.append((await client.get("/quick")).text)
        await server.aclose()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    thread.join(10)
    assert answers == ["hello "]
