"""Many deadlines, one sleeping task, and a clock that is an argument."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from anymedia.scheduling import Scheduler
from anymedia.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Time that moves when told to."""
    return ManualClock()


@pytest.fixture
async def scheduler(clock: ManualClock) -> AsyncIterator[Scheduler]:
    """A scheduler on that clock."""
    scheduler = Scheduler(clock)
    yield scheduler
    await scheduler.aclose()


async def test_nothing_is_called_before_its_time(clock: ManualClock, scheduler: Scheduler) -> None:
    """A deadline is kept to the second, and only once."""
    called: list[float] = []
    scheduler.after(5, lambda: called.append(clock.now()))
    await clock.advance(4.9)
    assert called == []
    await clock.advance(100)
    assert called == [5]


async def test_deadlines_are_kept_in_their_own_order(clock: ManualClock, scheduler: Scheduler) -> None:
    """What is due first is called first, however late it was set; what is due together, in the order it was set."""
    called: list[str] = []
    for name, seconds in (("third", 9), ("second", 5), ("second too", 5)):
        scheduler.after(seconds, lambda name=name: called.append(name))
    await clock.advance(1)
    scheduler.after(1, lambda: called.append("first"))
    await clock.advance(9)
    assert called == ["first", "second", "second too", "third"]


async def test_a_canceled_deadline_passes_in_silence(clock: ManualClock, scheduler: Scheduler) -> None:
    """Canceling one alarm leaves the others alone."""
    called: list[str] = []
    alarm = scheduler.after(1, lambda: called.append("canceled"))
    scheduler.after(2, lambda: called.append("kept"))
    alarm.cancel()
    await clock.advance(3)
    assert called == ["kept"]


async def test_a_deadline_may_set_the_next(clock: ManualClock, scheduler: Scheduler) -> None:
    """A callback may ask to be called again."""
    called: list[float] = []

    def tick() -> None:
        called.append(clock.now())
        if len(called) < 3:
            scheduler.after(2, tick)

    scheduler.after(2, tick)
    await clock.advance(10)
    assert called == [2, 4, 6]


async def test_a_thousand_deadlines_need_one_sleeper(clock: ManualClock, scheduler: Scheduler) -> None:
    """The work of waiting does not grow with the number of tasks waited for."""
    called: list[int] = []
    for number in range(1000):
        scheduler.after(10 + number, lambda number=number: called.append(number))
    await clock.advance(1)
    assert clock.sleepers == 1
    await clock.advance(2000)
    assert called == list(range(1000))


async def test_closing_forgets_everything(clock: ManualClock) -> None:
    """After `aclose` no task is left and no deadline is kept."""
    before = asyncio.all_tasks()
    scheduler = Scheduler(clock)
    called: list[str] = []
    scheduler.after(1, lambda: called.append("late"))
    await clock.advance(0.5)
    await scheduler.aclose()
    await clock.advance(5)
    assert called == []
    assert asyncio.all_tasks() == before
