"""Waiting in the vendor's queue and waiting for the work are two patiences."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anymedia import AsyncMediaClient, TaskTimeoutError, TextToImage
from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

REQUEST = TextToImage(prompt="a lighthouse", size="720x720")


@pytest.fixture
async def narrow() -> AsyncIterator[RunwayEmulator]:
    """An emulator that works on one task at a time, and whose time stands still."""
    async with RunwayEmulator(clock=ManualClock(), max_concurrent=1) as emulator:
        yield emulator


def configured(folder: Path, emulator: RunwayEmulator, *lines: str) -> AsyncMediaClient:
    """A client as a file in `folder` describes it."""
    file = folder / "anymedia.toml"
    where = [f'base_url = "{emulator.endpoint.base_url}"', f'api_key = "{emulator.api_key}"', "poll_interval = 0.02"]
    file.write_text("\n".join(["[providers.runway]", *where, *lines]))
    return AsyncMediaClient.from_config(file, provider="runway", journal=None)


async def _out_of(client: AsyncMediaClient, ref: object, timeout: float | None) -> str:
    """Whose time is up."""
    async with asyncio.timeout(20):
        with pytest.raises(TaskTimeoutError) as caught:
            await client.attach(str(ref)).result(timeout=timeout)
    return caught.value.phase


async def test_being_throttled_uses_up_the_queues_patience_only(narrow: RunwayEmulator, tmp_path: Path) -> None:
    """A task held back behind another does not run out of running time; it runs out of queueing time."""
    async with configured(tmp_path, narrow, "run_timeout = 0.05") as client:
        await client.submit(REQUEST)
        held = (await client.submit(REQUEST)).ref
        assert (await client.attach(held).status()).provider_status == "THROTTLED"
        assert await _out_of(client, held, 0.3) == "overall"
    async with configured(tmp_path, narrow, "queue_timeout = 0.05") as client:
        assert await _out_of(client, held, None) == "queue"
    assert narrow.ledger.entries[held.id].state == "accepted"


async def test_running_uses_up_the_runs_patience_only(narrow: RunwayEmulator, tmp_path: Path) -> None:
    """A task that runs has left the queue and its patience behind."""
    async with configured(tmp_path, narrow, "queue_timeout = 0.3", "run_timeout = 0.1") as client:
        task = await client.submit(REQUEST)
        assert isinstance(narrow.clock, ManualClock)
        await narrow.clock.advance(5)
        assert (await task.status()).provider_status == "RUNNING"
        assert await _out_of(client, task.ref, None) == "run"
        await narrow.clock.advance(60)
        assert (await task.result()).url
