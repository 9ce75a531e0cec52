"""A client at an emulator, for the traps that the vendor's own SDKs step into."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from anymedia import AsyncMediaClient
from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

OpenClient = Callable[..., AsyncMediaClient]
FAST = {"poll_interval": 0.02, "retry_delay": 0.001, "journal": None}


@pytest.fixture
async def open_client() -> AsyncIterator[OpenClient]:
    """Opens clients at an address, closed afterwards."""
    async with AsyncExitStack() as stack:

        def open_at(base_url: str, api_key: str = "key_0", **options: object) -> AsyncMediaClient:
            client = AsyncMediaClient("runway", base_url=base_url, api_key=api_key, **{**FAST, **options})  # type: ignore[arg-type]
            stack.push_async_callback(client.aclose)
            return client

        yield open_at


@pytest.fixture
def client(runway_emulator: RunwayEmulator, open_client: OpenClient) -> AsyncMediaClient:
    """A client at an emulator that is a thousand times faster than life."""
    return open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key)


@pytest.fixture
async def still() -> AsyncIterator[RunwayEmulator]:
    """An emulator on whose side no time passes until its clock is moved."""
    async with RunwayEmulator(clock=ManualClock()) as emulator:
        yield emulator


@pytest.fixture
def patient(still: RunwayEmulator, open_client: OpenClient) -> AsyncMediaClient:
    """A client at the emulator whose time stands still."""
    return open_client(still.endpoint.base_url, still.api_key)


@pytest.fixture
async def brisk() -> AsyncIterator[RunwayEmulator]:
    """An emulator a hundred times faster than life: slow enough for what must be done before something expires."""
    async with RunwayEmulator(speed=100) as emulator:
        yield emulator
