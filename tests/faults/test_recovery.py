"""What `recover()` makes of each kind of leftover."""

import asyncio
import signal
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fault_children import child, entries_of, sent
from fault_clients import CREATES, REQUEST, client_of, later, states

from anymedia import (
    TaskCanceledError,
    TaskFailedError,
    TaskNotFoundError,
    TaskRef,
    TextToImage,
)
from anymedia.durable import SqliteJournal
from anymedia.journal import AttemptState, Entry
from anymedia.testing import ManualClock, ScaledClock
from anymedia.testing.emulator import Emulator
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_SPEED = 1000


async def start(emulator: Emulator, journal: Path, request: TextToImage = REQUEST, **options: Any) -> str:
    """Start a task, and close the client without waiting for it."""
    async with client_of(emulator, journal) as client:
        return str((await client.with_options(**options).submit(request)).ref)


# What recover() makes of it.


async def test_a_task_that_failed_is_recorded_as_failed(still: Emulator, tmp_path: Path) -> None:
    """The end of a task that failed while nobody looked is told and recorded, and it is not taken up again."""
    still.faults.add("fail_task", match=CREATES[still.name])
    await start(still, tmp_path / "j")
    await later(still)
    async with client_of(still, tmp_path / "j") as client:
        (task,) = (await client.recover()).tasks
        with pytest.raises(TaskFailedError):
            await task.result()
        assert (await client.recover()).tasks == ()
    assert await states(tmp_path / "j") == ["failed"]
    assert (still.ledger.accepted, still.ledger.charged) == (1, 0)


async def test_a_task_that_is_gone_stays_until_it_is_forgotten(still: Emulator, tmp_path: Path) -> None:
    """What the provider does not know (any more) is never struck from the journal but by the user."""
    await start(still, tmp_path / "j")
    await still.aclose()
    async with (
        type(still)(port=still.port) as amnesiac,
        client_of(amnesiac, tmp_path / "j", clock=ScaledClock(50)) as client,
    ):
        (task,) = (await client.recover()).tasks
        with pytest.raises(TaskNotFoundError):
            await task.result()
        (entry,) = await client.unfinished()
        assert entry.ref == task.ref
        await client.forget(task.ref)
        assert await client.unfinished() == ()
        assert sent(amnesiac) == 0


async def test_a_task_that_was_hidden_for_long_is_looked_for_again(tmp_path: Path) -> None:
    """Not to be found is no end: whoever asks again, by the same handle or the same key, may get the result."""
    async with (
        RunwayEmulator(speed=_SPEED) as emulator,
        client_of(emulator, tmp_path / "j", clock=ScaledClock(50)) as client,
    ):
        emulator.faults.add("hide_task", times=None)
        task = await client.submit(REQUEST)
        with pytest.raises(TaskNotFoundError):
            await task.result()
        emulator.faults.clear()
        assert (await task.result()).ref.id == (await client.run(REQUEST)).ref.id
        assert emulator.ledger.accepted == 1
    assert await states(tmp_path / "j") == ["finished"]


async def test_a_cancellation_that_was_carried_out_is_recorded(tmp_path: Path) -> None:
    """A process that died between a cancellation and its answer leaves a task that is found canceled, not lost."""
    async with RunwayEmulator(clock=ManualClock()) as emulator:
        async with child("start", emulator, tmp_path / "j", cancels=True) as victim:
            emulator.ledger.subscribe(lambda event: victim.kill() if event.name == "canceled" else None)
            assert await victim.end() == -signal.SIGKILL
        assert await states(tmp_path / "j") == ["cancel_requested"]
        async with client_of(emulator, SqliteJournal(tmp_path / "j", lease=0)) as client:
            (task,) = (await client.recover()).tasks
            with pytest.raises(TaskCanceledError):
                await task.result()
        assert await states(tmp_path / "j") == ["canceled"]
        assert (emulator.ledger.accepted, emulator.ledger.charged) == (1, 0)


async def test_a_wish_that_could_not_be_granted_leaves_a_task_like_any_other(tmp_path: Path) -> None:
    """Runware cannot cancel; the wish is on record only while its answer is open, and the task is brought to its end."""
    async with RunwareEmulator(clock=ManualClock()) as emulator:
        async with client_of(emulator, tmp_path / "j") as client:
            task = await client.submit(REQUEST)
            assert not (await task.cancel()).stopped
        assert await states(tmp_path / "j") == ["accepted"]
        await later(emulator)
        async with client_of(emulator, tmp_path / "j") as client:
            (task,) = (await client.recover()).tasks
            assert (await task.result()).url
    assert await states(tmp_path / "j") == ["finished"]


async def test_what_was_started_elsewhere_is_listed_and_left_alone(still: Emulator, tmp_path: Path) -> None:
    """A task is looked for where it was made, and nowhere else; whoever talks to that place gets it."""
    ref = await start(still, tmp_path / "j")
    async with type(still)() as other, client_of(other, tmp_path / "j") as client:
        found = await client.recover()
        assert (found.tasks, found.unknown) == ((), ())
        assert [str(entry.ref) for entry in found.elsewhere] == [ref]
        assert other.ledger.requests == []
    await later(still)
    async with client_of(still, tmp_path / "j") as client:
        (task,) = (await client.recover()).tasks
        assert str((await task.result()).ref) == ref


async def test_autosave_is_kept_as_a_promise(still: Emulator, tmp_path: Path) -> None:
    """A task whose outputs were to be saved is saved by whoever recovers it, and then counts as finished."""
    await start(still, tmp_path / "j", autosave=tmp_path / "out")
    await later(still)
    async with client_of(still, tmp_path / "j") as client:
        (task,) = (await client.recover()).tasks
        (path,) = (await task.result()).saved
    assert list((tmp_path / "out").iterdir()) == [path]
    (entry,) = await entries_of(tmp_path / "j")
    (file,) = entry.saved
    assert (file.path, file.size) == (str(path), path.stat().st_size)
    assert file.sha256 == sha256(path.read_bytes()).hexdigest()
    assert entry.state is AttemptState.FINISHED


async def test_what_is_being_sent_is_not_recovered(emulator: Emulator, tmp_path: Path) -> None:
    """A program may call `recover()` at any time: what it is sending, or has sent itself, is not called lost."""
    started: list[Any] = []
    async with client_of(emulator, tmp_path / "j") as client:
        asked = asyncio.ensure_future(client.submit(REQUEST))
        asked.add_done_callback(started.append)
        while not started:
            found = await client.recover()
            assert (found.unknown, found.elsewhere) == ((), ())
        task = await asked
        assert (await task.result()).url
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


async def test_many_that_nobody_knows_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Each is looked for as long as it takes to be sure, all at the same time."""
    async with RunwareEmulator(speed=_SPEED) as emulator:
        store = SqliteJournal(tmp_path / "j")
        for number in range(20):
            await store.record(attempt(emulator, number))
        await store.aclose()
        clock = ScaledClock(20)
        async with client_of(emulator, tmp_path / "j", clock=clock) as client:
            found = await client.recover()
            assert clock.now() < 60
            assert len(found.unknown) == 20
            assert {entry.state for entry in await client.unfinished()} == {AttemptState.UNKNOWN}
        assert sent(emulator) == 0


def attempt(emulator: Emulator, number: int) -> Entry:
    """An attempt that died before its first byte."""
    ref = TaskRef(provider="runware", id=str(uuid4()), operation="text_to_image", model="runware:101@1")
    return Entry(
        request=f"r{number}",
        attempt=1,
        state=AttemptState.SENDING,
        time=datetime(2026, 11, 20, tzinfo=UTC),
        provider="runware",
        operation="text_to_image",
        model="runware:101@1",
        endpoint=emulator.endpoint.base_url,
        ref=ref,
    )


# One key in one process.


async def test_one_key_while_a_refusal_is_being_repeated(emulator: Emulator, tmp_path: Path) -> None:
    """Nobody slips in between two attempts under one key: three callers at once get one task."""
    emulator.faults.add("throttle", match=CREATES[emulator.name])
    async with client_of(emulator, tmp_path / "j") as client:
        results = await asyncio.gather(*(client.run(REQUEST) for _ in range(3)))
    assert len({result.ref.id for result in results}) == 1
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 2)
