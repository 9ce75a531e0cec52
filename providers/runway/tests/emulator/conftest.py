"""The emulator of these tests: on a clock moved by hand, with a client that has its key."""

from collections.abc import AsyncIterator

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """Room for two tasks of a model at once, 1000 credits."""
    async with RunwayEmulator(clock=clock, credits=1000, max_concurrent=2, max_daily=5) as running:
        yield running


@pytest.fixture
async def api(emulator: RunwayEmulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the emulator that sends the key and the version."""
    headers = {"Authorization": f"Bearer {emulator.api_key}", "X-Runway-Version": "2024-11-06"}
    async with httpx.AsyncClient(base_url=emulator.endpoint.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    """A client without key, for media and storage."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client
