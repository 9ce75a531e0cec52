"""The fault matrix, fifth part: a journal that cannot be written, a full disk, and a clock that is set."""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from itertools import cycle
from pathlib import Path
from typing import Self

import pytest
from fault_children import entries_of, sent
from fault_clients import REQUEST, client_of, later
from fault_matrix import Ending, Lane
from fault_processes import lane_of, per_request
from typing_extensions import override

from anymedia import (
    AsyncMediaClient,
    DownloadError,
    JournalError,
    TextToImage,
)
from anymedia.durable import SqliteJournal
from anymedia.journal import AttemptState, Entry, MemoryJournal
from anymedia.testing.emulator import Emulator

Note = Callable[[str, Lane, Ending], None]


# A journal in trouble.


class Failing(SqliteJournal):
    """A journal whose disk fails when a state is to be written, once."""

    fails_at: AttemptState | None = None

    @override
    def share(self) -> Self:
        return self

    @override
    async def record(self, *entries: Entry) -> None:
        if self.fails_at in {entry.state for entry in entries}:
            self.fails_at = None
            await self._do(lambda db: db.execute("PRAGMA query_only = ON"))
        await super().record(*entries)


async def test_a_full_disk_stops_a_submission_before_it_is_sent(emulator: Emulator, tmp_path: Path, note: Note) -> None:
    """Without room for the attempt nothing leaves; with room again, the same client goes on."""
    journal = Failing(tmp_path / "j")
    async with client_of(emulator, journal) as client:
        await client.unfinished()
        await journal._do(lambda db: db.execute("PRAGMA max_page_count = 1"))
        with pytest.raises(JournalError, match="free some space"):
            await client.run(REQUEST.model_copy(update={"metadata": {"note": "x" * 100_000}}))
        assert sent(emulator) == 0
        note("disk full before the request is sent", lane_of(emulator), per_request(emulator, "JournalError", "-"))
        assert (await client.run(REQUEST)).url
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


async def test_a_disk_that_fails_before_sending_leaves_the_key_free(emulator: Emulator, tmp_path: Path) -> None:
    """When it cannot be written down that a request is about to leave, it does not; its key can be used again."""
    journal = Failing(tmp_path / "j")
    async with client_of(emulator, journal) as client:
        journal.fails_at = AttemptState.SENDING
        with pytest.raises(JournalError, match="nothing was sent"):
            await client.run(REQUEST)
        assert (emulator.ledger.accepted, sent(emulator)) == (0, 0)
        assert (await client.run(REQUEST)).url
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


async def test_a_disk_that_fails_after_sending_loses_no_task(emulator: Emulator, tmp_path: Path, note: Note) -> None:
    """The error has the reference that the journal could not take; once it can, the key leads to the task again."""
    journal = Failing(tmp_path / "j")
    async with client_of(emulator, journal) as client:
        journal.fails_at = AttemptState.ACCEPTED
        with pytest.raises(JournalError) as caught:
            await client.run(REQUEST)
        assert caught.value.ref is not None
        assert (await client.attach(caught.value.ref).result()).url
        assert (await client.run(REQUEST)).ref.id == caught.value.ref.id
        assert await client.unfinished() == ()
    assert sent(emulator) == 1
    ending = per_request(emulator, "JournalError", "by its reference")
    note("disk full as the acceptance is recorded", lane_of(emulator), ending)


async def test_a_disk_that_fails_after_sending_leaves_nobody_waiting(emulator: Emulator, tmp_path: Path) -> None:
    """Whoever waits under the same key gets the task once the disk works again, though its client does nothing more."""
    journal = Failing(tmp_path / "j")
    async with client_of(emulator, journal) as idle, client_of(emulator, tmp_path / "j") as other:
        journal.fails_at = AttemptState.ACCEPTED
        with pytest.raises(JournalError) as caught:
            await idle.run(REQUEST)
        async with asyncio.timeout(10):
            assert (await other.submit(REQUEST)).ref.id == caught.value.ref.id  # type: ignore[union-attr]
    assert sent(emulator) == 1


async def test_a_full_disk_keeps_a_task_unfinished(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: Note
) -> None:
    """Without room for its outputs a task is not finished; with room again they are saved, and nothing is paid twice."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with client_of(emulator, tmp_path / "j") as client:
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            task = await client.with_options(autosave=tmp_path / "out").submit(REQUEST)
            with pytest.raises(DownloadError, match="No space left on device") as caught:
                await task.result()
        assert str(tmp_path / "out") in caught.value.message
        assert list((tmp_path / "out").iterdir()) == []
        assert [entry.state for entry in await client.unfinished()] == [AttemptState.ACCEPTED]
        assert (await task.result()).saved[0].exists()
        assert await client.unfinished() == ()
    ending = per_request(emulator, "DownloadError", "at the next try")
    note("disk full while the outputs are saved", lane_of(emulator), ending)


async def test_a_damaged_journal_stops_a_submission_and_is_not_touched(emulator: Emulator, tmp_path: Path) -> None:
    """A file that cannot be read as a journal is reported, with what to do, and nothing is sent."""
    damaged = b"SQLite format 3\0" + bytes(range(256)) * 40
    (tmp_path / "j").write_bytes(damaged)
    async with client_of(emulator, tmp_path / "j") as client:
        for step in (client.run, client.submit):
            with pytest.raises(JournalError, match="move it away"):
                await step(REQUEST)
    assert (tmp_path / "j").read_bytes() == damaged
    assert (emulator.ledger.accepted, sent(emulator)) == (0, 0)


async def test_without_a_state_folder_the_journal_is_in_memory(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine without a home still works, after one warning that says what is lost."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    endpoint = emulator.endpoint
    with caplog.at_level(logging.WARNING):
        async with AsyncMediaClient(emulator.name, base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
            assert isinstance(client._engine.journal, MemoryJournal)
            ref = (await client.submit(REQUEST)).ref
            assert [entry.ref for entry in await client.unfinished()] == [ref]
    (warning,) = caplog.messages
    assert "kill -9" in warning
    assert emulator.ledger.accepted == 1


# A clock that is set.


class Jumpy(datetime):
    """A wall clock that is set forth and back by years at each look."""

    _steps = cycle([timedelta(days=days) for days in (0, 4000, -4000)])

    @override
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + next(cls._steps)


async def test_a_clock_that_is_set_changes_only_labels(
    still: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: Note
) -> None:
    """Order, leases and keys do not go by the time of day: nothing is lost, stolen or paid twice when it jumps."""
    monkeypatch.setattr("anymedia.engine.datetime", Jumpy)
    requests = [replace_key(f"order-{number}") for number in range(4)]
    async with client_of(still, tmp_path / "j") as first:
        refs = [(await first.submit(request)).ref for request in requests]
        async with client_of(still, tmp_path / "j") as second:
            assert (await second.recover()).tasks == ()
    await later(still)
    times = [entry.time for entry in await entries_of(tmp_path / "j")]
    assert times != sorted(times)
    async with client_of(still, tmp_path / "j") as third:
        tasks = (await third.recover()).tasks
        assert [task.ref.id for task in tasks] == [ref.id for ref in refs]
        assert [(await task.result()).ref.id for task in tasks] == [ref.id for ref in refs]
        assert [(await third.run(request)).ref.id for request in requests] == [ref.id for ref in refs]
    assert (still.ledger.accepted, sent(still)) == (4, 4)
    ending = per_request(still, "result", "by `recover()`", requests=4)
    note("the clock is set by years, to and fro", lane_of(still), ending)


def replace_key(key: str) -> TextToImage:
    """The request under another key."""
    return REQUEST.model_copy(update={"idempotency_key": key})
