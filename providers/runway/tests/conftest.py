"""The provider alone, against the emulator, as the core would call it."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest
from PIL import Image
from pydantic import SecretStr

from anymedia.clock import SystemClock
from anymedia.config import Config, ProviderSettings
from anymedia.planning import PlanPolicy, make_plan
from anymedia.provider import Context, Plan
from anymedia.refs import Outcome
from anymedia.requests import Request
from anymedia.results import Result
from anymedia.tasks import Snapshot
from anymedia.testing.emulator import LedgerEvent
from anymedia.testing.render.videos import video
from anymedia.transports.http import HttpTransport
from anymedia.transports.websocket import connect
from anymedia_runway import RunwayProvider
from anymedia_runway.emulator import RunwayEmulator

OpenRunway = Callable[..., RunwayProvider]
MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
RunToEnd = Callable[[Request[Result]], Awaitable[Snapshot]]


def _png(width: int = 640, height: int = 480) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (20, 90, 200)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def png() -> bytes:
    """A small picture."""
    return _png()


@pytest.fixture(scope="session")
def film() -> bytes:
    """Three seconds of film."""
    return video("a harbour", seed=1, width=320, height=240, duration=3, fps=12, format="mp4")


@pytest.fixture
async def http() -> AsyncIterator[HttpTransport]:
    """A transport, closed afterwards."""
    transport = HttpTransport()
    yield transport
    await transport.aclose()


@pytest.fixture
def open_runway(http: HttpTransport) -> OpenRunway:
    """Opens the provider at an address."""

    def open_at(base_url: str, api_key: str = "key_0", **settings: object) -> RunwayProvider:
        chosen = {"poll_interval": 0.02, "retry_delay": 0.001, **settings}
        made = ProviderSettings.model_validate(
            {"name": "runway", "base_url": base_url, "api_key": SecretStr(api_key), **chosen}
        )
        context = Context(clock=SystemClock(), rng=Random(1), http=http, connect=connect, emit=lambda _: None)
        return RunwayProvider(made, context)

    return open_at


@pytest.fixture
def runway(runway_emulator: RunwayEmulator, open_runway: OpenRunway) -> RunwayProvider:
    """The provider, at its emulator."""
    return open_runway(runway_emulator.endpoint.base_url, runway_emulator.api_key)


@pytest.fixture
def nowhere(open_runway: OpenRunway) -> RunwayProvider:
    """The provider with an address where nobody listens, for what needs no network."""
    return open_runway("http://127.0.0.1:1")


@pytest.fixture
def planned(nowhere: RunwayProvider) -> MakePlan:
    """Plans a request as the core does, without network."""

    async def plan(request: Request[Result]) -> Plan:
        return await make_plan(request, nowhere, Config(), PlanPolicy())

    return plan


@pytest.fixture
def run(runway: RunwayProvider, runway_emulator: RunwayEmulator) -> RunToEnd:
    """Plans, prepares, submits, and looks again once the emulator says that the task has ended."""

    async def run_to_end(request: Request[Result]) -> Snapshot:
        ended = asyncio.Event()
        runway_emulator.ledger.subscribe(lambda event: _set_at_end(ended, event))
        plan = await runway.prepare(await make_plan(request, runway, Config(), PlanPolicy()))
        submission = await runway.submit(plan, None)
        assert submission.outcome is Outcome.ACCEPTED, submission.error
        assert submission.ref is not None
        async with asyncio.timeout(60):
            await ended.wait()
        (snapshot,) = await runway.fetch([submission.ref])
        return snapshot

    return run_to_end


def _set_at_end(ended: asyncio.Event, event: LedgerEvent) -> None:
    if event.name in ("finished", "canceled"):
        ended.set()
