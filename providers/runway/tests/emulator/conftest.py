"""The emulator of these tests: on a clock moved by hand, with a client that has its key."""

import base64
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import audio, image, video
from anymedia_runway.emulator import RunwayEmulator

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside this file

Make = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


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


@pytest.fixture
def make(api: httpx.AsyncClient, clock: ManualClock) -> Make:
    """Creates a task, lets it end and returns it."""

    async def made(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
        created = await api.post(f"/v1/{endpoint}", json=body)
        assert created.status_code == 200, created.text
        await clock.advance(60)
        task: dict[str, Any] = (await api.get(f"/v1/tasks/{created.json()['id']}")).json()
        return task

    return made


@pytest.fixture(scope="session")
def inline() -> Mapping[str, str]:
    """A small picture, film and recordings of 3 and 6 seconds, as data URIs."""
    media = {
        "image": ("image/png", image("a face", seed=1, width=480, height=320)),
        "video": ("video/mp4", video("an act", seed=1, width=192, height=108, duration=3, audio=True)),
        "clip": ("audio/mpeg", audio("a word", seed=1, duration=3, format="mp3")),
        "speech": ("audio/mpeg", audio("a speech", seed=2, duration=6, format="mp3")),
    }
    return {name: f"data:{kind};base64,{base64.b64encode(data).decode()}" for name, (kind, data) in media.items()}
