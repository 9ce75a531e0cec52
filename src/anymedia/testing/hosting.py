"""Emulators on a background thread: one shared per class and process, or one for a `with` block."""

import asyncio
import atexit
import os
import threading
from types import TracebackType

from anymedia.bridge import Bridge
from anymedia.testing.emulator import Emulator, Endpoint

__all__ = ["Hosted", "shared"]


class Hosted:
    """Runs any emulator on a thread of its own, for code that is not async.

    Example:
        `with Hosted(RunwayEmulator(speed=50)) as endpoint: ...`
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def __enter__(self) -> Endpoint:
        self._bridge = Bridge()
        try:
            return self._bridge.run(self.emulator.start)
        except BaseException:
            self._bridge.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._bridge.run(self._end)
        finally:
            self._bridge.close()

    async def _end(self) -> None:
        await self.emulator.aclose()
        await asyncio.get_running_loop().shutdown_default_executor()


class _Shared:
    """The emulators that one process shares, all on one thread."""

    def __init__(self) -> None:
        self._bridge = Bridge()
        self._running: dict[type[Emulator], tuple[Emulator, Endpoint]] = {}
        atexit.register(self._close)

    def endpoint(self, emulator: type[Emulator], speed: float) -> Endpoint:
        if emulator not in self._running:
            made = emulator(speed=speed)
            self._running[emulator] = (made, self._bridge.run(made.start))
        return self._running[emulator][1]

    def _close(self) -> None:
        if self._bridge.is_usable:
            for emulator, _ in self._running.values():
                self._bridge.run(emulator.aclose)
            self._bridge.close()


_lock = threading.Lock()
# By process id: a forked child has no threads, and must not close the loop it inherited from its parent.
_shared: dict[int, _Shared] = {}


def shared(emulator: type[Emulator], *, speed: float = 1.0) -> Endpoint:
    """The endpoint of the process-wide emulator of this class, started at the first call.

    A task submitted by one client is found by a later one in the same process. Blocks while starting.

    Args:
        emulator: The emulator class.
        speed: How many times faster than life it runs; only the first call decides.
    """
    with _lock:
        process = os.getpid()
        if process not in _shared:
            _shared[process] = _Shared()
        return _shared[process].endpoint(emulator, speed)
