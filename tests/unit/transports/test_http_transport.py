"""HTTP failures tell whether anything was sent."""

import asyncio
import io
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from typing_extensions import override

from anymedia.errors import ProtocolError, TransportError
from anymedia.transports.http import HttpTransport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def http() -> AsyncIterator[HttpTransport]:
    """A transport with a narrow gate."""
    transport = HttpTransport(calls=2)
    yield transport
    await transport.aclose()


@pytest.fixture
async def peer() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Starts raw TCP peers that answer as told."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answer) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
            finally:
                writer.close()

        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/x"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"!!!\r\n\r\n")


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await asyncio.sleep(0.02)


async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://[::1/", "gopher://127.0.0.1/"])
async def test_what_never_left_is_not_sent(http: HttpTransport, url: str) -> None:
    """A refused connection or a broken URL surely sent nothing."""
    with pytest.raises(TransportError) as caught:
        await http.request("POST", url.format(port=closed_port()), json={"a": 1})
    assert caught.value.sent is False


@pytest.mark.parametrize("answer", [hang_up, garbage, silence, busy])
async def test_what_may_have_arrived_counts_as_sent(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]], answer: Answer
) -> None:
    """A reset, garbage, silence or endless promises after the request leave it open what happened."""
    with pytest.raises(TransportError) as caught:
        await http.request("POST", await peer(answer) + "?token=hunter2", json={"a": 1}, timeout=0.2)
    assert caught.value.sent is True
    assert "hunter2" not in str(caught.value)


async def test_a_page_in_place_of_json_is_a_protocol_error(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]]
) -> None:
    """An answer of the wrong kind says what it is."""
    answer = await http.request("GET", await peer(page))
    assert (answer.status, answer.body) == (200, b"<html>")
    with pytest.raises(ProtocolError, match="text/html"):
        answer.json()


async def test_no_more_calls_in_flight_than_the_gate_allows(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]]
) -> None:
    """Twenty calls pass a gate of two, two at a time."""
    under_way = 0
    most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        await reader.readuntil(b"\r\n\r\n")
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

    url = await peer(count)
    answers = await asyncio.gather(*(http.request("GET", url) for _ in range(20)))
    assert {answer.status for answer in answers} == {204}
    assert most <= 2


async def pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    assert (await reader.readexactly(length)) == b'["x"]'
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"
    )
    await writer.drain()


async def one_piece_then_silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await pieces(reader, writer)
    await reader.read()


async def read(http: HttpTransport, url: str, timeout: float, seen: list[bytes]) -> None:
    async with http.stream("POST", url, json=["x"], timeout=timeout) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
        async for chunk in answer.chunks:
            seen.append(chunk)  # noqa: PERF401 - a comprehension would lose what came before the error


@pytest.mark.parametrize(("answer", "timeout"), [(pieces, 5), (one_piece_then_silence, 0.05)])
async def test_a_stream_is_read_as_it_comes(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]], answer: Answer, timeout: float
) -> None:
    """What came before the cut, or before the silence, is handed over; the failure may have been carried out."""
    seen: list[bytes] = []
    with pytest.raises(TransportError) as caught:
        await read(http, await peer(answer), timeout, seen)
    assert caught.value.sent
    assert seen == [b"one"]


async def test_a_stream_to_nowhere(http: HttpTransport) -> None:
    """Without a connection nothing was sent."""
    with pytest.raises(TransportError) as caught:
        await read(http, "http://127.0.0.1:1/x", 5, [])
    assert caught.value.sent is False


class Disk(io.BytesIO):
    """An open file whose first byte waits until somebody lets it go; keeps how much was asked for at a time."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked: list[int | None] = []
        self.reading = threading.Event()
        self.ready = threading.Event()

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.append(size)
        self.reading.set()
        assert self.ready.wait(10), "whoever could let it go was kept from running"
        return super().read(size)


@pytest.fixture
async def storage(peer: Callable[[Answer], Awaitable[str]]) -> tuple[str, "asyncio.Future[bytes]"]:
    """Where a file can be put, and the body that came."""
    body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        body.set_result(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

    return await peer(take), body


@pytest.mark.parametrize("opened", [True, False], ids=["open file", "bytes"])
async def test_a_file_goes_out_whole_after_the_form(
    http: HttpTransport, storage: tuple[str, "asyncio.Future[bytes]"], opened: bool
) -> None:
    """Fields come before the file, as storage services want it; an open file is sent from its start."""
    url, body = storage
    content = bytes(range(256)) * 1024
    file = io.BytesIO(content)
    file.seek(99)
    answer = await http.request(
        "POST", url, form={"key": "k1", "policy": "p1"}, file=("a.png", file if opened else content, "image/png")
    )
    assert answer.status == 204
    boundary, _, rest = (await body).partition(b"\r\n")
    key, policy, last, end = rest.split(boundary)
    assert (key.endswith(b"k1\r\n"), policy.endswith(b"p1\r\n"), end) == (True, True, b"--\r\n")
    head, _, sent = last.partition(b"\r\n\r\n")
    assert b'name="file"; filename="a.png"' in head
    assert b"Content-Type: image/png" in head
    assert sent == content + b"\r\n"


async def test_a_slow_disk_holds_up_nobody(http: HttpTransport, storage: tuple[str, "asyncio.Future[bytes]"]) -> None:
    """While a file is read, everything else on the loop goes on; it is read piece by piece."""
    url, body = storage
    disk = Disk(bytes(300_000))
    sending = asyncio.create_task(http.request("POST", url, form={"key": "k"}, file=("a.mp4", disk, "video/mp4")))
    assert await asyncio.to_thread(disk.reading.wait, 10)
    disk.ready.set()  # the loop is free to say so
    assert (await sending).status == 204
    assert bytes(300_000) in await body
    assert max(size or 0 for size in disk.asked) < 100_000
    assert min(size or 0 for size in disk.asked) > 0


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Headers at once, then a byte at a time for as long as anybody listens."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    with suppress(ConnectionError):
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.01)


async def test_a_body_that_never_ends_is_lost_in_time(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]]
) -> None:
    """A body must be there within the time limit, however steadily its bytes come; what was asked may have been done."""
    async with asyncio.timeout(5):
        with pytest.raises(TransportError) as caught:
            await http.request("POST", await peer(drip), json={"a": 1}, timeout=0.2)
    assert caught.value.sent is True
