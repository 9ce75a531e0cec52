"""Plays the cases through the client against the emulator, and asks the ledger what came of them."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from page_cases import Case, listed_cases
from page_natives import native_cases

from anymedia import AsyncMediaClient
from anymedia.errors import MediaError
from anymedia.refs import TaskRef
from anymedia.requests import Native, Request
from anymedia.results import Result
from anymedia.testing.emulator import Endpoint, Ledger
from anymedia_runway import AsyncRunway, realtime_session
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.natives import Tool

__all__ = ["Ending", "play"]

_SPEED: Final = 1000
_SESSION_SPEED: Final = 50
_AT_ONCE: Final = 16
_TOOL: Final[Tool] = {"type": "client_event", "name": "wave", "description": "Wave at the visitor."}


class Ending(NamedTuple):
    """What came of one case.

    Attributes:
        ended: `finished`, or the class of the error.
        fields: How many fields were sent, the model's name left out.
        charged: Credits, by the ledger.
    """

    ended: str
    fields: int
    charged: int


async def play() -> Sequence[tuple[Case, Ending]]:
    """Create, follow and finish every case, several at once; a realtime session by itself, since it must be joined."""
    emulator = RunwayEmulator(speed=_SPEED, credits=10**6, max_concurrent=_AT_ONCE, max_daily=10**4)
    async with emulator, _client(emulator.endpoint) as client:
        runway = AsyncRunway(client)
        router = await runway.routers.create(slug="everything")
        family, *_ = await runway.workflows.list()
        cases = [*listed_cases(), *native_cases(router.slug or "", family.versions[0].id)]
        turn = asyncio.Semaphore(_AT_ONCE)
        endings = await asyncio.gather(*(_ending(client, emulator.ledger, case, turn) for case in cases))
    return [*zip(cases, endings, strict=True), *await _sessions()]


def _client(at: Endpoint) -> AsyncMediaClient:
    return AsyncMediaClient(
        "runway", emulate=False, base_url=at.base_url, api_key=at.api_key, journal=None, poll_interval=0.02
    )


async def _ending(client: AsyncMediaClient, ledger: Ledger, case: Case, turn: asyncio.Semaphore) -> Ending:
    async with turn:
        try:
            task = await client.submit(case.request)
            await task.result()
        except MediaError as error:
            return Ending(type(error).__name__, 0, 0)
    return _judged(ledger, task.ref, case.request)


def _judged(ledger: Ledger, ref: TaskRef, request: Request[Result]) -> Ending:
    entry = ledger.entries[ref.id]
    # The ledger of a routed call tells what the router asked for, not what we sent.
    sent = request.payload if isinstance(request, Native) else entry.request
    routed: Any = sent.get("input", {})
    fields = len(sent.keys() - {"model", "input"}) + len(routed)
    return Ending("finished" if entry.state == "succeeded" else entry.state, fields, int(entry.charged))


async def _sessions() -> Sequence[tuple[Case, Ending]]:
    smallest = realtime_session(avatar="influencer", max_duration=10)
    fullest = realtime_session(
        avatar="influencer", max_duration=10, personality="brief", start_script="Hello.", tools=[_TOOL]
    )
    emulator = RunwayEmulator(speed=_SESSION_SPEED)
    found: list[tuple[Case, Ending]] = []
    async with emulator, _client(emulator.endpoint) as client:
        sessions = AsyncRunway(client).realtime_sessions
        for extent, request in (("smallest", smallest), ("fullest", fullest)):
            task = await client.submit(request)
            await sessions.consume(await sessions.wait_ready(task.ref.id))
            await task.result()
            case = Case("realtime_sessions", "native", "gwm1_avatars", extent, request)
            found.append((case, _judged(emulator.ledger, task.ref, request)))
    return found
