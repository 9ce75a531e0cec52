"""What happens later: actions by due time, and the watch on the clock that runs them."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

from anymedia.clock import Clock

__all__ = ["Timetable", "keep_time"]


class Timetable:
    """A queue of actions, earliest first. It never looks at a clock itself."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.changed: Callable[[], None] = lambda: None

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` once the time is `when`."""
        earliest = self.next_deadline
        heapq.heappush(self._queue, (when, next(self._order), action))
        if earliest is None or when < earliest:
            self.changed()

    @property
    def next_deadline(self) -> float | None:
        """When the next action is due, or None when nothing is planned."""
        return self._queue[0][0] if self._queue else None

    def run(self, now: float) -> None:
        """Run everything due by `now`, in order of due time."""
        while self._queue and self._queue[0][0] <= now:
            heapq.heappop(self._queue)[2]()


async def keep_time(timetable: Timetable, clock: Clock) -> None:
    """Run what is due, whenever it is due, until cancelled."""
    changed = asyncio.Event()
    timetable.changed = changed.set
    while True:
        changed.clear()
        timetable.run(clock.now())
        deadline = timetable.next_deadline
        waits: list[asyncio.Task[object]] = [asyncio.create_task(changed.wait())]
        if deadline is not None:
            waits.append(asyncio.create_task(clock.sleep(deadline - clock.now())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
