"""HTTP failures tell whether anything was sent."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

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


@pytest.mark.parametrize("answer", [hang_up, garbage, silence])
async def test_what_may_have_arrived_counts_as_sent(
    http: HttpTransport, peer: Callable[[Answer], Awaitable[str]], answer: Answer
) -> None:
    """A reset, garbage or silence after the request leaves it open what happened."""
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
