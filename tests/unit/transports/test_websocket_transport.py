"""WebSocket failures tell whether anything was sent."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from anymedia.errors import ConnectionLostError, TransportError
from anymedia.transports.websocket import connect


async def behave(peer: ServerConnection) -> None:
    async for frame in peer:
        if frame == "bye":
            await peer.close(1001, "going away")
        elif frame == "cut":
            peer.transport.abort()
        elif frame == "big":
            await peer.send("x" * (3 * 2**20))
        elif frame == "bytes":
            await peer.send("é".encode())
        elif frame.startswith("head of "):
            peer.transport.write(b"\x81\x7f" + int(frame.removeprefix("head of ")).to_bytes(8, "big") + b"x")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A peer that does as it is told."""
    async with serve(behave, "127.0.0.1", 0) as server:
        yield server


def url_of(server: Server) -> str:
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1?key=hunter2"


async def test_frames_of_any_size_and_kind_arrive(server: Server) -> None:
    """A 3 MiB result and a binary frame are read."""
    connection = await connect(url_of(server), timeout=2)
    await connection.send("big")
    assert len(await connection.receive()) == 3 * 2**20
    await connection.send("bytes")
    assert await connection.receive() == "é"
    await connection.aclose()


async def test_the_largest_frame(server: Server) -> None:
    """A frame of 256 MiB is read for as long as it comes; one that says it is larger ends the connection at once."""
    connection = await connect(url_of(server), timeout=2)
    await connection.send(f"head of {256 * 2**20}")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connection.receive()
    connection.abort()
    connection = await connect(url_of(server), timeout=2)
    await connection.send(f"head of {256 * 2**20 + 1}")
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionLostError):
            await connection.receive()
    await connection.aclose()


@pytest.mark.parametrize("order", ["bye", "cut"])
async def test_a_lost_connection_is_told(server: Server, order: str) -> None:
    """A goodbye and a cut both end waiting; writing afterwards surely sends nothing."""
    connection = await connect(url_of(server), timeout=2)
    await connection.send(order)
    with pytest.raises(ConnectionLostError) as caught:
        await connection.receive()
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConnectionLostError) as again:
        await connection.send("more")
    assert again.value.sent is False


async def test_a_dead_peer_is_dropped_at_once(server: Server) -> None:
    """Aborting needs no goodbye."""
    connection = await connect(url_of(server), timeout=2)
    connection.abort()
    with pytest.raises(ConnectionLostError):
        await connection.receive()


async def test_what_cannot_be_opened_sent_nothing() -> None:
    """No listener, no WebSocket there, or a broken URL: nothing was sent."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        for url in (f"ws://127.0.0.1:{port}/", "http://127.0.0.1/", "ws://127.0.0.1:1/"):
            with pytest.raises(TransportError, match="cannot connect") as caught:
                await connect(url, timeout=0.2)
            assert caught.value.sent is False


async def test_a_host_that_cannot_be_one() -> None:
    """A name that no system can look up is a failure to connect, like any other."""
    with pytest.raises(TransportError) as caught:
        await connect(f"wss://{'a' * 70}.example/v1", timeout=2)
    assert not caught.value.sent
