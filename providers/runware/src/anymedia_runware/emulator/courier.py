"""Carries parcels to their addresses, again and again until they are taken."""

import asyncio
import random
from collections.abc import Callable
from urllib.parse import urlsplit

from anymedia.clock import Clock
from anymedia_runware.emulator.behaviour import Behaviour
from anymedia_runware.emulator.parcels import Parcel

__all__ = ["Courier"]

# Source: runware.ai/docs, "Webhooks"; 2026-10. How much the pauses vary is our choice.
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
_JITTER = (0.8, 1.0)


class Courier:
    """Sends webhooks and outputs. Pauses between attempts are emulated time, a receiver's patience is real time.

    Args:
        clock: What the pauses are timed by.
        behaviour: How often, and how long an attempt may take.
        rng: How much the pauses vary.
        taken: Told of every parcel that was taken.
    """

    def __init__(self, clock: Clock, behaviour: Behaviour, rng: random.Random, taken: Callable[[Parcel], None]) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._rng = rng
        self._taken = taken
        self._underway: set[asyncio.Task[None]] = set()

    def take(self, parcel: Parcel) -> None:
        """Start to carry a parcel; needs a running loop."""
        carrying = asyncio.create_task(self._carry(parcel))
        self._underway.add(carrying)
        carrying.add_done_callback(self._underway.discard)

    async def aclose(self) -> None:
        """Drop what is under way."""
        for carrying in tuple(self._underway):
            carrying.cancel()
        await asyncio.gather(*self._underway, return_exceptions=True)

    async def _carry(self, parcel: Parcel) -> None:
        body = await asyncio.to_thread(parcel.read)
        for attempt in range(self._behaviour.webhook_attempts):
            if await self._arrives(parcel, body):
                self._taken(parcel)
                return
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
            await self._clock.sleep(pause * self._rng.uniform(*_JITTER))

    async def _arrives(self, parcel: Parcel, body: bytes) -> bool:
        try:
            async with asyncio.timeout(self._behaviour.webhook_timeout):
                return 200 <= await _call(parcel, body) < 300
        except (OSError, ValueError):  # a timeout is an OSError
            return False


async def _call(parcel: Parcel, body: bytes) -> int:
    """Make one HTTP call and return its status."""
    address = urlsplit(parcel.url)
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    head = (
        f"{parcel.method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {parcel.media_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(address.hostname, address.port or 80)
    try:
        writer.write(head.encode() + body)
        await writer.drain()
        answer = await reader.read()
        return int(answer.split(maxsplit=2)[1]) if answer.startswith(b"HTTP/1.") else 0
    finally:
        writer.close()
