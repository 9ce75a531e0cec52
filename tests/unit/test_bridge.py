"""One background loop for all synchronous callers: results, errors, interrupts and iteration cross it unchanged."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from contextvars import ContextVar

import pytest

from anymedia.bridge import Bridge, bridge
from anymedia.errors import ConfigurationError


@pytest.fixture
def own() -> Iterator[Bridge]:
    """A bridge of this test's own."""
    bridge = Bridge()
    yield bridge
    bridge.close()


async def numbers(ended: threading.Event, amount: int = 3) -> AsyncGenerator[int, None]:
    """Counts, and tells when it is over or was left."""
    try:
        for number in range(amount):
            yield number
    finally:
        ended.set()


def test_results_and_errors_cross(own: Bridge) -> None:
    """What a coroutine returns or raises on the loop comes back to the caller as it is."""
    error = ValueError("unchanged")

    async def work(*, fail: bool) -> str:
        if fail:
            raise error
        return threading.current_thread().name

    assert own.run(lambda: work(fail=False)) == "anymedia-loop"
    with pytest.raises(ValueError, match="unchanged") as caught:
        own.run(lambda: work(fail=True))
    assert caught.value is error


def test_context_variables_cross(own: Bridge) -> None:
    """A value set by the caller is seen on the loop."""
    tenant: ContextVar[str] = ContextVar("tenant")
    tenant.set("acme")

    async def work() -> str:
        return tenant.get()

    assert own.run(work) == "acme"


def test_many_threads_share_one_loop(own: Bridge) -> None:
    """Callers in several threads wait side by side; the loop serves them all at once."""
    together = threading.Barrier(5)
    meeting: list[str] = []

    async def work() -> None:
        await asyncio.to_thread(together.wait, 10)
        meeting.append(threading.current_thread().name)

    callers = [threading.Thread(target=own.run, args=(work,)) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert meeting == ["anymedia-loop"] * 5


def test_a_call_from_the_loop_itself_is_refused(own: Bridge) -> None:
    """Waiting there would never end, so it is an error that names the other client."""

    async def nothing() -> None:
        """Is never awaited."""

    async def work() -> None:
        own.run(nothing)

    with pytest.raises(ConfigurationError, match="use AsyncMediaClient"):
        own.run(work)


def test_an_interrupt_cancels_the_wait_and_passes(own: Bridge) -> None:
    """Ctrl-C reaches the caller as `KeyboardInterrupt`, and ends the coroutine on the loop."""
    canceled = threading.Event()
    caller = threading.get_ident()

    async def work() -> None:
        try:
            while sys._current_frames()[caller].f_code.co_name != "wait":  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0)
            signal.pthread_kill(caller, signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            canceled.set()

    with pytest.raises(KeyboardInterrupt):
        own.run(work)
    assert canceled.wait(10)


def test_iteration_crosses(own: Bridge) -> None:
    """Each item comes in order, and the end ends the generator."""
    ended = threading.Event()
    assert list(own.iterate(lambda: numbers(ended, 100))) == list(range(100))
    assert ended.is_set()


def test_an_error_ends_the_iteration(own: Bridge) -> None:
    """What an async generator raises comes after the items before it."""

    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("in the middle")

    items = own.iterate(broken)
    assert next(items) == 1
    with pytest.raises(ValueError, match="in the middle"):
        next(items)


def test_leaving_early_closes_the_generator(own: Bridge) -> None:
    """A `break` in the caller's loop runs the generator's own clean-up before the next line."""
    ended = threading.Event()
    items = own.iterate(lambda: numbers(ended, 1000))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert ended.is_set()


def test_a_slow_reader_holds_the_generator_back(own: Bridge) -> None:
    """The loop runs ahead of the reader by a handful of items, not by all of them."""
    made: list[int] = []

    async def many() -> AsyncGenerator[int, None]:
        for number in range(1000):
            made.append(number)
            yield number

    items = own.iterate(many)
    next(items)
    for _ in range(100):
        own.run(lambda: asyncio.sleep(0))
    assert len(made) < 50
    items.close()  # type: ignore[attr-defined]


def test_one_process_has_one_bridge() -> None:
    """Every client of a process shares the thread."""
    assert bridge() is bridge()
    assert bridge().is_usable


def test_a_closed_bridge_is_replaced(own: Bridge) -> None:
    """Once its thread has ended, a bridge says so."""
    own.close()
    assert not own.is_usable


_FORK = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here
from anymedia.bridge import bridge

async def work():
    return os.getpid()

assert bridge().run(work) == os.getpid()
child = os.fork()
if child == 0:
    os._exit(0 if bridge().run(work) == os.getpid() else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

_FORGETFUL = """
import asyncio
from anymedia.bridge import bridge

async def work():
    try:
        await asyncio.Event().wait()
    finally:
        print("ended")

async def leave():
    bridge.kept = asyncio.get_running_loop().create_task(work())
    await asyncio.sleep(0)

bridge().run(leave)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_gets_a_loop_of_its_own() -> None:
    """Threads do not survive a fork, so the child starts its own and never waits for its parent's."""
    ended = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_process_that_forgets_to_close_ends_in_silence() -> None:
    """Work left on the loop is ended at exit, without a word on standard error."""
    ended = subprocess.run([sys.executable, "-c", _FORGETFUL], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")
