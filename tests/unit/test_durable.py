"""The durable journal keeps its word across processes, crashes and full disks."""

import asyncio
import gc
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from anymedia import durable
from anymedia.durable import KEPT, SqliteJournal
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


def anything(_: Entry) -> bool:
    """What a client wants that can follow every task."""
    return True


async def test_what_is_recorded_is_read_back_whole(journal: Journal) -> None:
    """Every field survives, refs included, and the newest state of an attempt counts."""
    assert (await journal.open(ENTRY)).entry is None
    await journal.record(FULL)
    await journal.record(replace(ENTRY, request="r2", idempotency_key=None, state=AttemptState.REFUSED))
    assert (await journal.latest())[0] == FULL
    assert [entry.request for entry in await journal.adopt(anything)] == ["r1"]
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
    assert await second.adopt(anything) == ()
    await first.aclose()
    assert await second.adopt(anything) == (FULL,)
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


async def test_a_refusal_and_its_repetition_are_one_step(journal: Journal) -> None:
    """Whoever comes with the same key between two attempts of another client finds the second one under way."""
    other = journal.share()
    await journal.open(ENTRY)
    following = replace(ENTRY, attempt=2)
    await journal.record(replace(ENTRY, state=AttemptState.REFUSED), following)
    opened = await other.open(replace(ENTRY, request="other"))
    assert (opened.entry, opened.live, opened.ours) == (following, True, False)
    await other.aclose()


async def test_only_one_goes_on_after_an_attempt(journal: Journal) -> None:
    """Of two clients that have seen the same last attempt and choose to make another, the second one is too late."""
    other = journal.share()
    await journal.open(ENTRY)
    await journal.record(replace(FULL, state=AttemptState.UNKNOWN))
    ahead = await other.open(replace(ENTRY, request="other"), after=1)
    assert (ahead.entry, ahead.request, ahead.attempt) == (None, "r1", 2)
    late = await journal.open(replace(ENTRY, request="late"), after=1)
    assert late.entry is not None
    assert (late.entry.state, late.attempt, late.live, late.ours) == ("intent", 2, True, False)
    with pytest.raises(JournalError, match="taken"):
        await journal.record(replace(ENTRY, attempt=2, state=AttemptState.SENDING))
    await other.aclose()


async def test_one_client_leaves_and_the_other_stays(journal: Journal) -> None:
    """Clients that share a journal have attempts of their own; those of one that closes are free, and its intents void."""
    leaving, staying = journal.share(), journal.share()
    await leaving.open(replace(ENTRY, request="void", idempotency_key=None))
    for client, request in ((leaving, "left"), (staying, "kept")):
        await client.open(replace(ENTRY, request=request, idempotency_key=None))
        await client.record(replace(FULL, request=request, idempotency_key=None))
    assert await journal.adopt(anything) == ()
    await leaving.aclose()
    assert [entry.request for entry in await journal.adopt(anything)] == ["left"]
    assert {entry.request: entry.state for entry in await journal.latest()}["void"] == "not_sent"
    await staying.record(replace(FULL, request="kept", idempotency_key=None, state=AttemptState.FINISHED))
    await staying.aclose()


async def test_what_is_not_wanted_is_listed_and_left(journal: Journal) -> None:
    """A client that cannot follow a task sees it, and does not keep it from one that can."""
    stranger, heir = journal.share(), journal.share()
    await journal.open(ENTRY)
    await journal.record(FULL)
    await journal.aclose()
    assert await stranger.adopt(lambda _: False) == (FULL,)
    assert await heir.adopt(anything, REF) == (FULL,)
    assert await stranger.adopt(anything) == ()
    await stranger.aclose()
    await heir.aclose()


async def test_a_task_is_found_by_its_address(journal: Journal) -> None:
    """Every attempt of one task, or every unfinished one; an id that begins alike is another task."""
    for number, id in enumerate(("7", "7", "77", "7?", "7@")):
        ref = replace(REF, id=id, created=None)
        state = AttemptState.ACCEPTED if number % 2 else AttemptState.FINISHED
        await journal.record(replace(FULL, request=str(number), idempotency_key=None, ref=ref, state=state))
    assert [entry.request for entry in await journal.latest(REF)] == ["0", "1"]
    assert [entry.request for entry in await journal.latest(unfinished=True)] == ["1", "3"]
    assert [entry.request for entry in await journal.latest(REF, unfinished=True)] == ["1"]


async def test_what_ended_long_ago_is_dropped(tmp_path: Path) -> None:
    """A file that is opened loses requests that ended more than thirty days ago, and no other."""
    now = datetime.now(UTC)
    ends = {"old": KEPT + timedelta(days=2), "young": KEPT - timedelta(days=2), "new": timedelta()}
    first = SqliteJournal(tmp_path / "j")
    for name, age in ends.items():
        done = replace(FULL, request=name, idempotency_key=name, state=AttemptState.FINISHED, time=now - age)
        await first.record(done)
    await first.record(replace(FULL, request="open", idempotency_key="o", time=now - timedelta(days=900)))
    await first.record(replace(FULL, request="mixed", idempotency_key="m", state=AttemptState.UNKNOWN))
    await first.aclose()
    second = SqliteJournal(tmp_path / "j")
    assert [entry.request for entry in await second.latest()] == ["young", "new", "open", "mixed"]
    await second.aclose()


async def test_a_clock_that_was_wrong_for_a_while_drops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock years behind as a task ends, or years ahead as the file is opened, costs no idempotency key."""
    now = datetime.now(UTC)
    first = SqliteJournal(tmp_path / "j")
    for number, jump in enumerate((0, -4000, 0)):
        done = replace(FULL, request=str(number), idempotency_key=str(number), time=now + timedelta(days=jump))
        await first.record(replace(done, state=AttemptState.FINISHED))
    await first.aclose()
    for ahead in (0, 4000 * 86400):
        monkeypatch.setattr("anymedia.durable.time.time", lambda ahead=ahead: now.timestamp() + ahead)
        later = SqliteJournal(tmp_path / "j")
        assert [entry.request for entry in await later.latest()] == ["0", "1", "2"]
        await later.aclose()


async def test_a_file_of_the_first_version_is_brought_forward(tmp_path: Path) -> None:
    """What an earlier anymedia wrote is read, found and kept, whatever its age."""
    with sqlite3.connect(tmp_path / "j") as db:
        db.executescript(durable._MIGRATIONS[0] + "PRAGMA user_version = 1;")
        text = TypeAdapter(Entry).dump_json(replace(FULL, ref=None, state=AttemptState.FINISHED)).decode()
        row = ("r1", 1, "finished", "k", "somebody", str(REF), text)
        db.execute("INSERT INTO attempts (request, attempt, state, key, owner, ref, entry) VALUES (?,?,?,?,?,?,?)", row)
    db.close()
    journal = SqliteJournal(tmp_path / "j")
    assert await journal.latest(REF) == (replace(FULL, state=AttemptState.FINISHED),)
    await journal.aclose()
    journal = SqliteJournal(tmp_path / "j")
    assert len(await journal.latest()) == 1
    await journal.aclose()


async def test_a_journal_that_nobody_refers_to_ends_its_thread(tmp_path: Path) -> None:
    """Without a word of goodbye too, its open attempts are free at once, and no thread stays."""
    forgotten = [SqliteJournal(tmp_path / "j")]
    await forgotten[0].record(FULL)
    thread = forgotten[0]._writer._thread
    assert thread is not None
    forgotten.clear()
    gc.collect()
    await asyncio.to_thread(thread.join, 20)
    assert not thread.is_alive()
    heir = SqliteJournal(tmp_path / "j")
    assert await heir.adopt(anything) == (FULL,)
    await heir.aclose()


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
    assert await journal.adopt(anything) == (FULL,)
    await journal.aclose()


async def test_a_damaged_file_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """A file that is no journal is an error that says what to do, again and again, and stays as it is."""
    (tmp_path / "j").write_bytes(b"this is not a database, and long enough to be none" * 20)
    journal = SqliteJournal(tmp_path / "j")
    for _ in range(2):
        with pytest.raises(JournalError, match="move it away"):
            await journal.open(ENTRY)
    await journal.aclose()


async def test_a_row_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """Whoever asks for it gets an error and does not wait for ever; other requests go on."""
    journal = SqliteJournal(tmp_path / "j")
    await journal.record(FULL)
    await journal._do(lambda db: db.execute("UPDATE attempts SET entry = 'rubbish'"))
    with pytest.raises(JournalError, match="no anymedia has written"):
        await journal.latest()
    with pytest.raises(ZeroDivisionError):
        await journal._do(lambda _: 1 / 0)
    assert (await journal.open(replace(ENTRY, request="r2", idempotency_key="other"))).entry is None
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


async def test_a_machine_without_threads_to_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot start its writer says so, and starts it the next time: nobody waits for ever."""

    def exhausted(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    journal = SqliteJournal(tmp_path / "j")
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", exhausted)
        with pytest.raises(JournalError, match="can't start new thread"):
            await journal.open(ENTRY)
    async with asyncio.timeout(5):
        assert (await journal.open(ENTRY)).entry is None
    await journal.aclose()


async def test_a_writer_that_breaks_in_an_unforeseen_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect on the writer's thread is everybody's error, and the next one starts anew."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    journal = SqliteJournal(tmp_path / "j")
    with monkeypatch.context() as file:
        file.setattr(durable, "_prune", broken)
        async with asyncio.timeout(5):
            with pytest.raises(JournalError, match="ZeroDivisionError"):
                await journal.open(ENTRY)
    assert (await journal.open(ENTRY)).entry is None
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
