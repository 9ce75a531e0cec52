"""The emulators' clocks: one faster than life, one moved by hand."""

import asyncio
import time

import pytest

from anymedia.testing import ManualClock, ScaledClock


async def test_scaled_time_runs_faster_than_life() -> None:
    """A thousand scaled seconds pass within one real one."""
    clock = ScaledClock(speed=100_000)
    began, real = clock.now(), time.monotonic()
    await clock.sleep(1000)
    assert clock.now() - began > 999
    assert time.monotonic() - real < 5


async def test_a_negative_sleep_returns_at_once() -> None:
    """A deadline in the past is no reason to wait."""
    async with asyncio.timeout(5):
        await ScaledClock(speed=0.0001).sleep(-1)
        await ManualClock().sleep(-1)


@pytest.mark.parametrize("speed", [0, -1])
def test_a_speed_that_is_not_positive_is_refused(speed: float) -> None:
    """Time that stands still or runs backwards is a mistake."""
    with pytest.raises(ValueError, match="speed must be above 0"):
        ScaledClock(speed)


async def test_manual_time_stands_still_until_advanced() -> None:
    """Nobody wakes before advance(), and each at the deadline it asked for, in order."""
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for name, seconds in (("late", 3.0), ("early", 1.0), ("next", 1.0)):
            tasks.create_task(sleeper(name, seconds))
        await clock.advance(0.5)
        assert (woken, clock.sleepers, clock.now()) == ([], 3, 0.5)
        await clock.advance(1)
        assert woken == [("early", 1.0), ("next", 1.0)]
        await clock.advance(10)
    assert woken[2:] == [("late", 3.0)]
    assert (clock.sleepers, clock.now()) == (0, 11.5)


async def test_a_sleeper_that_sleeps_again_wakes_within_the_same_advance() -> None:
    """advance() reaches every deadline on its way, also those set while it goes on."""
    clock = ManualClock()
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(2)
            beats.append(clock.now())

    task = asyncio.create_task(beat())
    await clock.advance(7)
    assert beats == [2, 4, 6]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.sleepers == 0
    await clock.advance(10)
    assert beats == [2, 4, 6]
