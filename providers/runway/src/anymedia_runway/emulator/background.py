"""Work that goes on between requests, ended with the emulator."""

import asyncio
from collections.abc import Coroutine

__all__ = ["Background"]


class Background:
    """Holds running work, so that it is neither lost nor left behind."""

    def __init__(self) -> None:
        self._working: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Begin some work; cancel what is returned to end it early."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def aclose(self) -> None:
        """Stop all work."""
        working = tuple(self._working)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
