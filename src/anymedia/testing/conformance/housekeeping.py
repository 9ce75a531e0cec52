"""What is left behind, what is let out, and whether both worlds see the same."""

import asyncio
import gc
import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest

from anymedia.bridge import bridge
from anymedia.client import AsyncMediaClient
from anymedia.errors import AuthenticationError, MediaError
from anymedia.media import SUFFIXES, kind_of, sniff
from anymedia.results import Result
from anymedia.sync import MediaClient
from anymedia.testing.clock import ScaledClock
from anymedia.testing.conformance.subject import SETTINGS, SPEED, Bench, Subject
from anymedia.testing.emulator import Endpoint
from anymedia.testing.hosting import Hosted

__all__ = ["Housekeeping"]


class Housekeeping(Subject):
    """The tests about everything around a task."""

    async def test_each_operation_makes_what_it_says(self, operation: str, tmp_path: Path) -> None:
        """One task, charged as the result says, and files of the kind the outputs name."""
        async with self.running() as bench:
            result = await bench.client().run(self.request(operation))
            account = bench.account(result.ref)
            assert bench.emulator.ledger.accepted == 1
            assert account.delivered == len(result.outputs)
            assert result.cost is None or not result.cost.final or result.cost.amount == account.charged
            saved = await result.asave(tmp_path)
            assert [_kind(path) for path in saved] == [one.kind for one in result.outputs if one.is_downloadable]

    async def test_sync_and_async_give_the_same(self, tmp_path: Path) -> None:
        """The same request comes to the same result and the same files through either client."""
        async with self.running() as bench:
            result = await bench.client().run(self.sample("a lighthouse", 1))
            saved = await result.asave(tmp_path / "async")
            twin, its_saved = await asyncio.to_thread(self._synchronously, bench, tmp_path / "sync")
            same = {"provider", "model", "cost", "notices", "errors"}
            assert twin.model_dump(include=same) == result.model_dump(include=same)
            assert [path.read_bytes() for path in its_saved] == [path.read_bytes() for path in saved]
            assert [path.suffix for path in its_saved] == [path.suffix for path in saved]

    async def test_closing_leaves_nothing(self) -> None:
        """After `aclose` no task, no thread and no socket of the client is left, even with work unfinished."""
        with Hosted(self.emulator(clock=ScaledClock(SPEED))) as endpoint:
            tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
            async with asyncio.timeout(30), self._client(endpoint) as client:
                await client.run(self.sample("a lighthouse", 1))
                await client.submit(self.sample("another", 2))
            await _settled()
            assert asyncio.all_tasks() == tasks
            assert not list(_sockets_to(endpoint))
            assert _strange(set(threading.enumerate()) - threads) == set()

    async def test_closing_the_sync_client_leaves_the_shared_loop_only(self) -> None:
        """After `close` no socket is left, and no thread but the one that all clients share."""
        with Hosted(self.emulator(clock=ScaledClock(SPEED))) as endpoint:
            threads = set(threading.enumerate())
            with MediaClient(self.provider, **_access(endpoint)) as client:
                client.run(self.sample("a lighthouse", 1))
                client.submit(self.sample("another", 2))
            bridge().run(_settled)
            assert not list(_sockets_to(endpoint))
            assert _strange(set(threading.enumerate()) - threads) <= {"anymedia-loop"}

    async def test_no_secret_leaks(self, caplog: pytest.LogCaptureFixture) -> None:
        """Neither a right nor a wrong key appears, whole or in part, in a log, repr, pickle, ref or traceback."""
        caplog.set_level(logging.DEBUG)
        secret, other = token_hex(8), token_hex(8)
        stem = self.emulator.default_api_key()[: -len(secret)]
        emulator, wrong = self.emulator(clock=ScaledClock(SPEED), api_key=stem + secret), stem + other
        with Hosted(emulator) as endpoint:
            async with asyncio.timeout(30), self._client(endpoint) as client, self._client(endpoint, wrong) as stranger:
                task = await client.submit(self.sample("a lighthouse", 1))
                result = await task.result()
                self.failure.arm(emulator.faults)
                with pytest.raises(MediaError) as failed:
                    await client.run(self.sample("a lighthouse", 2))
                with pytest.raises(AuthenticationError) as rejected:
                    await stranger.run(self.sample("a lighthouse", 3))
                shown = [repr(client), repr(vars(client)), repr(task), str(task.ref), repr(result), str(vars(result))]
                shown += [repr(await client.plan(self.sample("a lighthouse", 1)))]
        for error in (failed.value, rejected.value):
            shown += [str(error), repr(vars(error)), *traceback.format_exception(error)]
        pickled = pickle.dumps([result, failed.value, rejected.value])
        shown += [pickled.decode("latin-1"), *_logged_by_the_client(caplog)]
        for tail in (secret[-8:], other[-8:]):
            assert [text for text in shown if tail in text] == []

    def _client(self, endpoint: Endpoint, api_key: str | None = None) -> AsyncMediaClient:
        return AsyncMediaClient(self.provider, **_access(endpoint, api_key))

    def _synchronously(self, bench: Bench, folder: Path) -> tuple[Result, list[Path]]:
        with MediaClient(self.provider, **_access(bench.emulator.endpoint)) as client:
            result = client.run(self.sample("a lighthouse", 1))
            return result, result.save(folder)


async def _settled() -> None:
    """A transport closes its socket a few steps after it was told to."""
    for _ in range(10):
        await asyncio.sleep(0)


def _access(endpoint: Endpoint, api_key: str | None = None) -> dict[str, Any]:
    return {"base_url": endpoint.base_url, "api_key": api_key or endpoint.api_key, **SETTINGS}


def _kind(path: Path) -> str:
    suffixes = {suffix: media_type for media_type, suffix in SUFFIXES.items()}
    found = sniff(path.read_bytes()[:256]) or suffixes.get(path.suffix)
    return kind_of(found) if found else "unknown"


def _sockets_to(endpoint: Endpoint) -> Iterator[socket.socket]:
    port = urlsplit(endpoint.base_url).port
    for thing in gc.get_objects():
        if issubclass(type(thing), socket.socket) and thing.fileno() != -1:  # a dead weak reference has no class
            try:
                peer = thing.getpeername()
            except OSError:
                continue
            if peer[1:2] == (port,):
                yield thing


def _strange(threads: set[threading.Thread]) -> set[str]:
    """The names of those that are no worker of an event loop's own pool."""
    return {thread.name for thread in threads if not thread.name.startswith("asyncio_")}


def _logged_by_the_client(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged outside the thread that the emulator has to itself."""
    return [logging.Formatter().format(record) for record in caplog.records if record.threadName != "anymedia-loop"]
