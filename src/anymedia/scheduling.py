"""Many deadlines, one sleeping task: calls back when the time comes."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from anymedia.clock import Clock

__all__ = ["Alarm", "Scheduler"]


@dataclass(order=True)
class Alarm:
    """One deadline; `cancel()` makes it harmless."""

    due: float
    order: int
    call: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Do not call back."""
        self.call = None


class Scheduler:
    """Calls back at times of an injected clock, from one task of the running loop.

    Args:
        clock: What deadlines are measured on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alarms: list[Alarm] = []
        self._order = itertools.count()
        self._earlier = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Call `call` once, `seconds` from now. It must not block or raise."""
        return self.at(self._clock.now() + seconds, call)

    def at(self, moment: float, call: Callable[[], None]) -> Alarm:
        """Call `call` once, when the clock shows `moment`. It must not block or raise."""
        alarm = Alarm(moment, next(self._order), call)
        heapq.heappush(self._alarms, alarm)
        if self._alarms[0] is alarm:
            self._earlier.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="anymedia-scheduler")
        return alarm

    async def aclose(self) -> None:
        """Forget every deadline."""
        self._alarms.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            self._call_due()
            self._earlier.clear()
            await self._sleep()

    def _call_due(self) -> None:
        while self._alarms and (self._alarms[0].call is None or self._alarms[0].due <= self._clock.now()):
            call = heapq.heappop(self._alarms).call
            if call is not None:
                call()

    async def _sleep(self) -> None:
        waits = [asyncio.ensure_future(self._wait_for_earlier())]
        if self._alarms:
            waits.append(asyncio.ensure_future(self._clock.sleep(self._alarms[0].due - self._clock.now())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _wait_for_earlier(self) -> None:
        await self._earlier.wait()
