"""The durable journal keeps its word across processes, crashes and full disks."""

import asyncio
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from anymedia.durable import SqliteJournal
from anymedia.errors import IdempotencyConflictError, JournalError
from anymedia.journal import AttemptState, Entry, Journal, MemoryJournal, SavedFile
from anymedia.refs import TaskRef
from anymedia.results import Cost

REF = TaskRef(provider="x", id="7", operation="text_to_image", model="m", created=datetime(2026, 11, 20, tzinfo=UTC))
ENTRY = Entry(
    request="r1",
    attempt=1,
    state=AttemptState.INTENT,
    time=datetime(2026, 11, 20, tzinfo=UTC),
    provider="x",
    operation="text_to_image",
    model="m",
    fingerprint="f",
    idempotency_key="k",
    metadata={"user": 7},
)
FULL = replace(
    ENTRY,
    state=AttemptState.ACCEPTED,
    ref=REF,
    inputs=("abc",),
    cost=Cost(amount=Decimal("0.5"), unit="USD"),
    saved=(SavedFile(path="/a.png", sha256="x", size=3),),
    body={"prompt": "cat"},
)


@pytest.fixture(params=["memory", "sqlite"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def] # noqa: ANN201
    """Both stores keep the same promises."""
    journal: Journal = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "new" / "j.sqlite3")
    yield journal
    await journal.aclose()


async def test_what_is_recorded_is_read_back_whole(journal: Journal) -> None:
    """Every field survives, refs included, and the newest state of an attempt counts."""
    assert (await journal.open(ENTRY)).entry is None
    await journal.record(FULL)
    await journal.record(replace(ENTRY, request="r2", idempotency_key=None, state=AttemptState.REFUSED))
    assert (await journal.latest())[0] == FULL
    assert [entry.request for entry in await journal.adopt()] == ["r1"]
    await journal.forget("r1")
    assert [entry.request for entry in await journal.latest()] == ["r2"]


async def test_a_key_stands_for_one_request(journal: Journal) -> None:
    """The same key finds the same request; a different one under it is refused; a surely unsent one may go again."""
    await journal.open(ENTRY)
    await journal.record(FULL)
    again = await journal.open(replace(ENTRY, request="other"))
    assert (again.entry, again.live, again.request) == (FULL, True, "r1")
    with pytest.raises(IdempotencyConflictError, match="'k'"):
        await journal.open(replace(ENTRY, request="other", fingerprint="g"))
    await journal.record(replace(FULL, state=AttemptState.REFUSED, ref=None))
    retried = await journal.open(replace(ENTRY, request="other"))
    assert (retried.entry, retried.request, retried.attempt) == (None, "r1", 2)


async def test_the_next_process_finds_what_the_last_one_wrote(tmp_path: Path) -> None:
    """A journal that said goodbye leaves its open attempts to whoever comes next."""
    first, second = SqliteJournal(tmp_path / "j"), SqliteJournal(tmp_path / "j")
    await first.open(ENTRY)
    await first.record(FULL)
    assert await second.adopt() == ()
    await first.aclose()
    assert await second.adopt() == (FULL,)
    await second.aclose()


async def test_a_dead_process_is_taken_over_and_may_not_come_back(tmp_path: Path) -> None:
    """A living process keeps its attempts; one that stopped beating loses them, and learns it before it sends."""
    slow, quick = SqliteJournal(tmp_path / "j"), SqliteJournal(tmp_path / "j", lease=0)
    await slow.open(ENTRY)
    await slow.record(replace(ENTRY, state=AttemptState.SENDING))
    found = await quick.open(replace(ENTRY, request="other"))
    assert found.entry is not None
    assert (found.entry.state, found.live) == ("sending", False)
    with pytest.raises(JournalError, match="taken"):
        await slow.record(FULL)
    await quick.record(FULL)
    await slow.aclose()
    await quick.aclose()


async def test_many_writers_share_one_commit(tmp_path: Path) -> None:
    """A thousand entries at once are all there, in far fewer commits than entries."""
    journal = SqliteJournal(tmp_path / "j")
    entries = [replace(FULL, request=str(number), idempotency_key=None) for number in range(1000)]
    await asyncio.gather(*map(journal.record, entries))
    assert {entry.request for entry in await journal.latest()} == {entry.request for entry in entries}
    await journal.aclose()


KILLED = """
import asyncio, os, pickle, signal, sys
from pathlib import Path
from anymedia.durable import SqliteJournal

async def main(folder):
    journal = SqliteJournal(folder / "j")
    for entry in pickle.loads((folder / "entries").read_bytes()):
        await journal.record(entry)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_kill_9_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    """What `record` returned from is on disk, whatever happens to the process."""
    (tmp_path / "entries").write_bytes(pickle.dumps([ENTRY, FULL]))
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == -signal.SIGKILL
    journal = SqliteJournal(tmp_path / "j", lease=0)
    assert await journal.adopt() == (FULL,)
    await journal.aclose()


async def test_a_damaged_file_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """A file that is no journal is an error that says what to do, again and again, and stays as it is."""
    (tmp_path / "j").write_bytes(b"this is not a database, and long enough to be none" * 20)
    journal = SqliteJournal(tmp_path / "j")
    for _ in range(2):
        with pytest.raises(JournalError, match="move it away"):
            await journal.open(ENTRY)
    await journal.aclose()


async def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """When an entry does not fit, the error says so; what was there before is still readable."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.open(ENTRY)
    await journal._do(lambda db: db.execute("PRAGMA max_page_count = 8"))
    with pytest.raises(JournalError, match="free some space"):
        await journal.record(replace(FULL, body="x" * 100_000))
    assert [entry.state for entry in await journal.latest()] == ["intent"]
    await journal.aclose()


async def test_a_later_version_is_not_touched(tmp_path: Path) -> None:
    """A file of a later version is left alone, with a clear word."""
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    journal = SqliteJournal(tmp_path / "j")
    with pytest.raises(JournalError, match="later anymedia"):
        await journal.latest()
    await journal.aclose()


async def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A folder that is a file gives one clear error."""
    (tmp_path / "file").write_text("")
    journal = SqliteJournal(tmp_path / "file" / "j")
    with pytest.raises(JournalError, match="cannot be opened"):
        await journal.latest()
    await journal.aclose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_a_process_of_its_own(tmp_path: Path) -> None:
    """After a fork the child writes through a writer of its own, and the parent goes on."""
    journal = SqliteJournal(tmp_path / "j")
    asyncio.run(journal.record(FULL))
    child = os.fork()
    if child == 0:
        asyncio.run(journal.record(replace(FULL, request="child")))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    asyncio.run(journal.record(replace(FULL, request="parent")))
    assert [entry.request for entry in asyncio.run(journal.latest())] == ["r1", "child", "parent"]
    asyncio.run(journal.aclose())
