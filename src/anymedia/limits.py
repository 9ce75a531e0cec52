"""Who may send now: how many at once and how fast at one provider, fair between callers."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from typing import TypeAlias

from anymedia.clock import Clock
from anymedia.errors import ClientClosedError
from anymedia.scheduling import Alarm, Scheduler

__all__ = ["Limiter"]

_Turn: TypeAlias = asyncio.Future[None]


class Limiter:
    """Places at one provider, given to waiting callers in turn.

    Each caller has a line of its own; the lines are served round-robin, one place each, so a caller with one request
    waits for at most one request of every other caller. Within a line the first to come is the first to go.

    A provider that asks for patience gets it from everybody: `slow_down` stops all starts for a while and halves the
    number of places, `speed_up` gives back one. Who is inside already is left alone.

    Args:
        clock: What pauses and spacing are measured on.
        at_once: Places there are when nothing has slowed down.
        per_second: Starts per second at most, evenly spaced; None does not space them.
    """

    def __init__(self, clock: Clock, *, at_once: int, per_second: float | None = None) -> None:
        self._clock = clock
        self._scheduler = Scheduler(clock)
        self._at_once = at_once
        self._spacing = 1 / per_second if per_second is not None else 0.0
        self._places = at_once
        self._inside = 0
        self._lines: OrderedDict[Hashable, OrderedDict[_Turn, None]] = OrderedDict()
        self._gate: Alarm | None = None
        self._paused_until = clock.now()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(len(line) for line in self._lines.values())

    @asynccontextmanager
    async def place(self, caller: Hashable) -> AsyncGenerator[None, None]:
        """Wait for a place and hold it for the length of the block.

        Args:
            caller: Whose turn this uses.

        Raises:
            ClientClosedError: The limiter was closed first; nothing was started.
        """
        await self._enter(caller)
        try:
            yield
        finally:
            self._leave()

    def slow_down(self, seconds: float) -> None:
        """Let nobody in for `seconds` from now; a pause is extended, never shortened.

        The number of places is halved, down to one, once per pause: a burst of refusals is one piece of news.
        """
        now = self._clock.now()
        if self._closed:
            return
        if now >= self._paused_until:
            self._places = max(1, self._places // 2)
        self._paused_until = max(self._paused_until, now + seconds)
        self._shut_until(self._paused_until)

    def speed_up(self) -> None:
        """Give back one place that `slow_down` took; to be called after each success."""
        self._places = min(self._at_once, self._places + 1)
        self._admit()

    async def aclose(self) -> None:
        """Send everybody away who waits."""
        self._closed = True
        lines, self._lines = self._lines, OrderedDict()
        for turn in (turn for line in lines.values() for turn in line if not turn.done()):
            turn.set_exception(_closed())
        await self._scheduler.aclose()

    async def _enter(self, caller: Hashable) -> None:
        if self._closed:
            raise _closed()
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(caller, OrderedDict())[turn] = None
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            self._withdraw(caller, turn)
            raise

    def _withdraw(self, caller: Hashable, turn: _Turn) -> None:
        line = self._lines.get(caller)
        if line is not None and turn in line:
            del line[turn]
            if not line:
                del self._lines[caller]
        elif not turn.cancelled() and turn.exception() is None:  # the place came together with the cancellation
            self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._gate is None and self._inside < self._places:
            turn = self._next()
            if turn is None:
                return
            turn.set_result(None)
            self._inside += 1
            if self._spacing:
                self._shut_until(self._clock.now() + self._spacing)

    def _next(self) -> _Turn | None:
        while self._lines:
            caller, line = self._lines.popitem(last=False)
            while line:
                turn, _ = line.popitem(last=False)
                if turn.done():  # canceled a moment ago
                    continue
                if line:
                    self._lines[caller] = line
                return turn
        return None

    def _shut_until(self, moment: float) -> None:
        if self._gate is not None:
            if self._gate.due >= moment:
                return
            self._gate.cancel()
        self._gate = self._scheduler.at(moment, self._open)

    def _open(self) -> None:
        self._gate = None
        self._admit()


def _closed() -> ClientClosedError:
    return ClientClosedError("the client was closed before this was sent")
