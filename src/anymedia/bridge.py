"""One background event loop per process, on which synchronous callers have coroutines run."""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from anymedia.errors import ConfigurationError

__all__ = ["Bridge", "bridge"]

T = TypeVar("T")
_BUFFERED: Final = 16
"""Items a pump may be ahead of its reader."""


class Bridge:
    """A daemon thread with an event loop of its own."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="anymedia-loop", daemon=True)
        self._thread.start()

    @property
    def is_usable(self) -> bool:
        """Whether this is still the process that started the thread, and the thread lives."""
        return self._pid == os.getpid() and self._thread.is_alive()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the loop and wait for it; an exception here (Ctrl-C) cancels it there.

        Raises:
            ConfigurationError: Called on the loop's own thread, where waiting would never end.
        """
        if threading.current_thread() is self._thread:
            raise ConfigurationError("a MediaClient was called inside anymedia's own loop; use AsyncMediaClient there")
        future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, source: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
        """Step an async iterator from one task on the loop; leaving early ends it there."""
        items: asyncio.Queue[_Item[T]] = asyncio.Queue(_BUFFERED)
        pump = self.run(lambda: _start(_pump(source(), items)))
        try:
            while True:
                item = self.run(items.get)
                if item.error is not None:
                    raise item.error
                if item.is_last:
                    return
                yield item.value[0]
        finally:
            self.run(lambda: _end(pump))

    def close(self) -> None:
        """Stop the loop; for the end of the process."""
        if self.is_usable:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=2)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(_end_leftovers())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: tuple[T, ...] = ()
    error: Exception | None = None
    is_last: bool = False


async def _pump(source: AsyncGenerator[T, None], items: "asyncio.Queue[_Item[T]]") -> None:
    try:
        async with aclosing(source) as iterator:
            async for value in iterator:
                await items.put(_Item((value,)))
    except Exception as error:  # noqa: BLE001 - whatever broke is raised again where it is read
        await items.put(_Item(error=error))
    else:
        await items.put(_Item(is_last=True))


async def _start(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(work)


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _end_leftovers() -> None:
    await _end(*asyncio.all_tasks() - {asyncio.current_task()})


_lock = threading.Lock()
_current: list[Bridge] = []


def bridge() -> Bridge:
    """This process's bridge, started on first use and again after a fork."""
    with _lock:
        if not _current or not _current[0].is_usable:
            _current[:] = [Bridge()]
        return _current[0]


@atexit.register
def _close() -> None:
    if _current:
        _current[0].close()
