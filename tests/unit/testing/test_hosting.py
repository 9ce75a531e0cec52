"""Emulators for synchronous code: shared by a process, or hosted for one `with` block."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from typing_extensions import override

from anymedia.testing.emulator import Emulator, Endpoint
from anymedia.testing.hosting import Hosted, shared  # noqa: F401 - new processes find it here
from anymedia.testing.server import Server


class Counter(Emulator):
    """Counts its requests."""

    name: ClassVar[str] = "counter"
    fault_kinds: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.server = Server(Starlette(routes=[Route("/", self.count)]), port=self.port)

    @classmethod
    @override
    def default_api_key(cls) -> str:
        return "not-a-key"

    @override
    async def start(self) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{await self.server.start()}", self.api_key)

    @override
    async def aclose(self) -> None:
        await self.server.aclose()

    async def count(self, _: Request) -> PlainTextResponse:
        """Say how often this was asked, and on which thread."""
        self.ledger.saw("GET /")
        return PlainTextResponse(f"{len(self.ledger.requests)} on {threading.current_thread().name}")


class Drawing(Counter):
    """Uses a worker thread."""

    @override
    async def start(self) -> Endpoint:
        await asyncio.to_thread(str)
        return await super().start()


class Broken(Counter):
    """Cannot start."""

    @override
    async def start(self) -> Endpoint:
        raise OSError("no port for you")


def test_hosted_serves_inside_the_block_only() -> None:
    """`with Hosted(emulator)` gives a live endpoint, and ends it and its thread afterwards."""
    threads = set(threading.enumerate())
    emulator = Counter()
    with Hosted(emulator) as endpoint:
        assert httpx.get(endpoint.base_url).text == "1 on anymedia-loop"
        assert endpoint.api_key == "not-a-key"
    assert emulator.ledger.requests == ["GET /"]
    assert set(threading.enumerate()) == threads
    with pytest.raises(httpx.ConnectError):
        httpx.get(endpoint.base_url)


def test_hosted_ends_worker_threads_too() -> None:
    """Threads that the emulator drew on are gone after the block."""
    threads = set(threading.enumerate())
    with Hosted(Drawing()):
        assert len(threading.enumerate()) > len(threads) + 1
    assert set(threading.enumerate()) == threads


def test_hosted_leaves_nothing_behind_when_the_start_fails() -> None:
    """A failing start() reaches the caller, and the thread is gone."""
    threads = set(threading.enumerate())
    with pytest.raises(OSError, match="no port for you"), Hosted(Broken()):
        pass
    assert set(threading.enumerate()) == threads


def in_new_process(code: str) -> str:
    """Run `code` after this module's names, as a process of its own; warnings are errors there, too."""
    preamble = f"import runpy\nglobals().update(runpy.run_path({__file__!r}))\n"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", preamble + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_shared_is_one_emulator_per_class_and_process() -> None:
    """Later calls, and Emulator.shared(), find the emulator that the first call started; another class has its own."""
    said = in_new_process(
        """
        class Other(Counter): pass
        first, again, other = shared(Counter, speed=50), Counter.shared(), shared(Other)
        print(first == again, first == other)
        print(httpx.get(first.base_url).text)
        print(httpx.get(again.base_url).text)
        print(httpx.get(other.base_url).text)
        print(sum(thread.name == "anymedia-loop" for thread in threading.enumerate()))
        """
    )
    assert said.splitlines() == [
        "True False",
        "1 on anymedia-loop",
        "2 on anymedia-loop",
        "1 on anymedia-loop",
        "1",
    ]


def test_shared_passes_the_speed_on() -> None:
    """The first call decides how fast the shared emulator runs."""
    said = in_new_process(
        """
        from anymedia.testing import ScaledClock
        made = []
        class Seen(Counter):
            def __init__(self, **arguments):
                super().__init__(**arguments)
                made.append(self.clock.speed)
        shared(Seen, speed=50)
        shared(Seen, speed=7)
        print(made)
        """
    )
    assert said == "[50]\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_starts_its_own() -> None:
    """After fork the child gets a working emulator of its own, and the parent's goes on."""
    said = in_new_process(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        ours = shared(Counter)
        print(httpx.get(ours.base_url).text, flush=True)
        child = os.fork()
        if child == 0:
            theirs = shared(Counter)
            print(theirs == ours, httpx.get(theirs.base_url).text, flush=True)
            os._exit(0)
        print(os.waitpid(child, 0)[1], httpx.get(ours.base_url).text)
        """
    )
    assert said.splitlines() == [
        "1 on anymedia-loop",
        "False 1 on anymedia-loop",
        "0 2 on anymedia-loop",
    ]


def test_shared_after_a_failed_start_tries_again() -> None:
    """A start that failed is not remembered as a running emulator."""
    said = in_new_process(
        """
        for _ in range(2):
            try:
                shared(Broken)
            except OSError as error:
                print(error)
        """
    )
    assert said == "no port for you\nno port for you\n"
