"""A TCP proxy in front of an emulator that breaks connections at a chosen moment."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from anymedia.testing.emulator import LEDGER_EVENTS, Ledger, LedgerEvent

__all__ = ["Direction", "FaultProxy", "WireFault"]

WireFault = Literal["cut", "reset", "stall", "truncate"]
Direction = Literal["up", "down", "both"]

_MOMENTS = ("connect", "request", "requested", "response")
_CHUNK = 64 * 1024
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class _Fault:
    kind: WireFault
    on: str = ""
    times: int | None = 1
    direction: Direction = "both"
    after_bytes: int = 0

    def touches(self, direction: Direction) -> bool:
        return self.direction in (direction, "both")


class _Link:
    """One client connection, and the connection to the emulator that serves it."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.writers = [client]
        self._loop = asyncio.get_running_loop()
        self._due: _Fault | None = None
        self._passed = 0
        self._ended = False
        self._stalled: Direction | None = None
        self._moved = asyncio.Event()

    def strike(self, fault: _Fault) -> None:
        """Break this connection, from any thread: whatever is forwarded after this call suffers already."""
        self._passed = 0
        self._due = fault
        self._loop.call_soon_threadsafe(self._act)

    def release(self) -> None:
        """Let a stalled connection flow again, from any thread."""
        self._loop.call_soon_threadsafe(self._resume)

    def reset(self) -> None:
        """End both connections with an RST."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            writer.transport.abort()
        self._end()

    async def usable(self, direction: Direction) -> bool:
        """Let a fault that is due act, wait while stalled, and say whether bytes may still pass."""
        self._act()
        while self._stalled in (direction, "both"):
            self._moved.clear()
            await self._moved.wait()
        return not self._ended

    async def forward(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Pass on `data` as far as a fault allows, and drop the rest."""
        while data and await self.usable(direction):
            room = self._room(direction, len(data))
            writer.write(data[:room])
            data = data[room:]
            await writer.drain()
        await self.usable(direction)

    def _room(self, direction: Direction, wanted: int) -> int:
        if self._due is None or not self._due.touches(direction):
            return wanted
        room = min(wanted, self._due.after_bytes - self._passed)
        self._passed += room
        return room

    def _act(self) -> None:
        fault = self._due
        if fault is None or self._ended or self._passed < fault.after_bytes:
            return
        self._due = None
        if fault.kind == "stall":
            self._stalled = fault.direction
        elif fault.kind == "reset":
            self.reset()
        else:
            self._cut()

    def _cut(self) -> None:
        # FIN only: what the peers still send is read and dropped, for a close with unread bytes would send an RST.
        for writer in self.writers:
            if not writer.is_closing():
                writer.write_eof()
        self._end()

    def _end(self) -> None:
        self._ended = True
        self._resume()

    def _resume(self) -> None:
        self._stalled = None
        self._moved.set()


class FaultProxy:
    """Stands between a client and an emulator, and breaks the wire when told to.

    Args:
        endpoint_url: The emulator's URL; the proxy's own has the same scheme and path.
        ledger: The emulator's ledger, whose events can trigger faults.
    """

    def __init__(self, endpoint_url: str, ledger: Ledger | None = None) -> None:
        self._url = urlsplit(endpoint_url)
        self._armed: list[_Fault] = []
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections: int = 0
        self._moments: tuple[str, ...] = _MOMENTS
        if ledger is not None:
            self._moments += LEDGER_EVENTS
            ledger.subscribe(self._on_ledger)

    async def start(self) -> str:
        """Listen on loopback, and return the URL to give to the client."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)
        port = self._server.sockets[0].getsockname()[1]
        return self._url._replace(netloc=f"127.0.0.1:{port}").geturl()

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is None:
            return
        self._server.close()
        for link in tuple(self._links):
            link.reset()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    def arm(
        self,
        kind: WireFault,
        *,
        on: str = "connect",
        times: int | None = 1,
        direction: Direction = "both",
        after_bytes: int = 0,
    ) -> None:
        """Break the wire the next `times` times (None: always) that `on` happens.

        Args:
            kind: `cut` ends both connections cleanly (FIN), `reset` abruptly (RST), `stall` stops forwarding while the
                sockets stay open, `truncate` is a cut in the middle, after `after_bytes`.
            on: `connect` a client connects; `request` the client's next bytes arrive; `requested` they have been
                forwarded; `response` the emulator's next bytes arrive. These break the one connection they happen on.
                Or the name of a ledger event, such as `accepted`, which breaks all open connections before the
                emulator can answer.
            times: How many times, or None for always.
            direction: What `stall` stops and `after_bytes` counts: `up` to the emulator, `down` to the client.
            after_bytes: How many more bytes pass before the fault acts.

        Raises:
            ValueError: There is no such fault or moment.
        """
        if kind not in get_args(WireFault):
            raise ValueError(f"no wire fault {kind!r}; use one of {', '.join(get_args(WireFault))}")
        if on not in self._moments:
            raise ValueError(f"no moment {on!r}; use one of {', '.join(self._moments)}")
        with self._lock:
            self._armed.append(_Fault(kind, on, times, direction, after_bytes))

    def cut(self) -> None:
        """End all open connections cleanly (FIN)."""
        self._strike_all(_Fault("cut"))

    def reset(self) -> None:
        """End all open connections abruptly (RST)."""
        self._strike_all(_Fault("reset"))

    def stall(self) -> None:
        """Stop forwarding on all open connections, until `release()`."""
        self._strike_all(_Fault("stall"))

    def release(self) -> None:
        """Let stalled connections flow again."""
        for link in tuple(self._links):
            link.release()

    def clear(self) -> None:
        """Disarm every fault, and let stalled connections flow again."""
        with self._lock:
            self._armed.clear()
        self.release()

    def _on_ledger(self, event: LedgerEvent) -> None:
        fault = self._take(event.name)
        if fault is not None:
            self._strike_all(fault)

    def _strike_all(self, fault: _Fault) -> None:
        for link in tuple(self._links):
            link.strike(fault)

    def _strike(self, link: _Link, moment: str) -> None:
        fault = self._take(moment)
        if fault is not None:
            link.strike(fault)

    def _take(self, moment: str) -> _Fault | None:
        with self._lock:
            fault = next((fault for fault in self._armed if fault.on == moment), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._armed.remove(fault)
            return fault

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = _Link(writer)
        self._tasks.add(task)
        self._links.add(link)
        self.connections += 1
        try:
            await self._relay(link, reader, writer)
        except* OSError:
            link.reset()
        finally:
            self._links.discard(link)
            await _closed(link.writers)
            self._tasks.discard(task)

    async def _relay(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():
            link.reset()
        self._strike(link, "connect")
        if not await link.usable("up"):
            await _drained(reader)
            return
        emulator, to_emulator = await asyncio.open_connection(self._url.hostname, self._url.port, limit=_CHUNK)
        link.writers.append(to_emulator)
        async with asyncio.TaskGroup() as pumps:
            pumps.create_task(self._up(link, reader, to_emulator))
            pumps.create_task(self._down(link, emulator, writer))

    async def _up(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self._strike(link, "request")
            await link.forward("up", data, writer)
            self._strike(link, "requested")
        await _finish(link, "up", writer)

    async def _down(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self._strike(link, "response")
            await link.forward("down", data, writer)
        await _finish(link, "down", writer)


async def _finish(link: _Link, direction: Direction, writer: asyncio.StreamWriter) -> None:
    if await link.usable(direction) and not writer.is_closing():
        writer.write_eof()


async def _drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK):
        pass


async def _closed(writers: Iterable[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
