"""The durable journal: one SQLite file, one writer thread, one commit for all that waits."""

import asyncio
import errno
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar
from uuid import uuid4

from pydantic import TypeAdapter

from anymedia.errors import JournalError, MediaError
from anymedia.journal import (
    AttemptState,
    Entry,
    Journal,
    MemoryJournal,
    Opened,
    is_about,
    may_go_ahead,
    refuse_conflict,
)
from anymedia.logs import logger
from anymedia.refs import TaskRef

__all__ = ["SqliteJournal", "default_journal"]

T = TypeVar("T")

_MIGRATIONS: Final = (
    """
    CREATE TABLE owners (id TEXT PRIMARY KEY, pid INTEGER NOT NULL, beat REAL NOT NULL);
    CREATE TABLE attempts (
        place INTEGER PRIMARY KEY,
        request TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,
        key TEXT,
        owner TEXT NOT NULL,
        ref TEXT,
        entry TEXT NOT NULL,
        UNIQUE (request, attempt)
    );
    CREATE INDEX attempts_by_key ON attempts (key) WHERE key IS NOT NULL;
    CREATE INDEX attempts_by_state ON attempts (state);
    """,
)
"""Each brings a file from the version that is its index to the next."""

_LEASE: Final = 15.0
"""Seconds without a heartbeat after which a process counts as dead."""

_BEATS: Final = 5
"""Heartbeats in one lease, so that a few may be late."""

_FASTEST: Final = 0.05
_BUSY: Final = 10.0
_log = logger("journal")
_OPEN: Final = tuple(state.value for state in AttemptState if state.is_open)
_MARKS: Final = ", ".join("?" * len(_OPEN))
_entries: Final[TypeAdapter[Entry]] = TypeAdapter(Entry)


@dataclass(frozen=True)
class _Job:
    work: Callable[[sqlite3.Connection], object]
    done: "Future[Any]"


class SqliteJournal:
    """A journal that survives `kill -9`, shared by every process that names the same file.

    Opens the file at first use. Each process that uses it sends a heartbeat; the open attempts of one that has died are
    taken over by whoever calls `adopt`, or comes with the same idempotency key.

    Args:
        path: The file; its folder is made.
        lease: Seconds without a heartbeat after which a process counts as dead; the same for all who share the file.
    """

    def __init__(self, path: Path, *, lease: float = _LEASE) -> None:
        self.path = path
        self._lease = lease
        self._beat = max(lease / _BEATS, _FASTEST)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._owner = str(uuid4())

    async def open(self, entry: Entry) -> Opened:
        """See `Journal.open`."""
        return await self._do(lambda db: self._open(db, entry))

    async def record(self, entry: Entry) -> None:
        """See `Journal.record`."""
        await self._do(lambda db: self._record(db, entry))

    async def latest(self) -> tuple[Entry, ...]:
        """See `Journal.latest`."""
        return await self._do(lambda db: _read(db, "SELECT ref, entry FROM attempts ORDER BY place"))

    async def adopt(self, ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """See `Journal.adopt`."""
        return await self._do(lambda db: self._adopt(db, ref))

    async def forget(self, request: str) -> None:
        """See `Journal.forget`."""
        await self._do(lambda db: db.execute("DELETE FROM attempts WHERE request = ?", (request,)))

    async def aclose(self) -> None:
        """See `Journal.aclose`."""
        with self._lock:
            thread = self._thread if self._pid == os.getpid() else None
            self._jobs.put(None)
        if thread is not None:
            await asyncio.to_thread(thread.join)

    # On the caller's side.

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        done: Future[T] = Future()
        with self._lock:
            self._start()
            self._jobs.put(_Job(work, done))
        return await asyncio.wrap_future(done)

    def _start(self) -> None:
        if self._pid != os.getpid():  # a forked child has no writer, and is a process of its own
            self._pid, self._owner, self._thread = os.getpid(), str(uuid4()), None
        if self._thread is None:
            self._jobs = SimpleQueue()
            self._thread = threading.Thread(target=self._serve, name="anymedia-journal", daemon=True)
            self._thread.start()

    # On the writer thread.

    def _serve(self) -> None:
        jobs: list[_Job] = []
        failure: MediaError = JournalError(f"the journal {self.path} was closed; nothing is sent")
        try:
            with _explained(self.path), _opened(self.path) as db:
                last = False
                while not last:
                    jobs, last = self._gather(self._beat)
                    if jobs or self._has_open(db):
                        self._commit(db, jobs)
                self._leave(db)
            jobs = []
        except MediaError as error:
            failure = error
        with self._lock:
            self._thread = None
            waiting, _ = self._gather(patience=0)
        for job in (*jobs, *waiting):
            _settle(job, None, failure)

    def _gather(self, patience: float) -> tuple[list[_Job], bool]:
        """All that waits, and whether it is time to go."""
        jobs: list[_Job] = []
        with suppress(Empty):
            job = self._jobs.get(timeout=patience) if patience else self._jobs.get_nowait()
            while job is not None:
                jobs.append(job)
                job = self._jobs.get_nowait()
            return jobs, True
        return jobs, False

    def _commit(self, db: sqlite3.Connection, jobs: list[_Job]) -> None:
        """One transaction for all that waited; a job that fails undoes its own part only."""
        answers: list[tuple[_Job, object, MediaError | None]] = []
        db.execute("BEGIN IMMEDIATE")
        beat = (self._owner, self._pid, time.monotonic())
        db.execute("INSERT OR REPLACE INTO owners (id, pid, beat) VALUES (?, ?, ?)", beat)
        for job in jobs:
            db.execute("SAVEPOINT job")
            try:
                answers.append((job, job.work(db), None))
            except MediaError as problem:
                db.execute("ROLLBACK TO job")
                answers.append((job, None, problem))
            db.execute("RELEASE job")
        db.execute("COMMIT")
        for job, answer, error in answers:
            _settle(job, answer, error)

    def _has_open(self, db: sqlite3.Connection) -> bool:
        query = f"SELECT 1 FROM attempts WHERE owner = ? AND state IN ({_MARKS}, 'intent') LIMIT 1"  # noqa: S608
        return db.execute(query, (self._owner, *_OPEN)).fetchone() is not None

    def _leave(self, db: sqlite3.Connection) -> None:
        """A process that says goodbye leaves nothing to be waited for."""
        db.execute("UPDATE owners SET beat = -1 WHERE id = ?", (self._owner,))

    # The work itself.

    def _open(self, db: sqlite3.Connection, entry: Entry) -> Opened:
        known = self._known(db, entry)
        if known is None:
            self._write(db, entry)
            return Opened(request=entry.request)
        last, owner = known
        refuse_conflict(last, entry)
        live = self._is_live(db, owner)
        never_sent = last.state is AttemptState.INTENT and not live
        if may_go_ahead(last) or never_sent:
            following = replace(entry, request=last.request, attempt=last.attempt + 1)
            self._write(db, following)
            return Opened(request=last.request, attempt=following.attempt)
        if not live:
            self._take(db, last.request)
        ours = not live or owner == self._owner
        return Opened(request=last.request, attempt=last.attempt, entry=last, live=live, ours=ours)

    def _known(self, db: sqlite3.Connection, entry: Entry) -> tuple[Entry, str] | None:
        if entry.idempotency_key is None:
            return None
        query = "SELECT ref, entry, owner FROM attempts WHERE key = ? ORDER BY place DESC LIMIT 1"
        row = db.execute(query, (entry.idempotency_key,)).fetchone()
        return (_entry(row[0], row[1]), row[2]) if row else None

    def _record(self, db: sqlite3.Connection, entry: Entry) -> None:
        query = "SELECT owner FROM attempts WHERE request = ? ORDER BY attempt DESC LIMIT 1"
        row = db.execute(query, (entry.request,)).fetchone()
        if row is not None and row[0] != self._owner:
            raise JournalError(f"another process has taken request {entry.request} over", ref=entry.ref)
        self._write(db, entry)

    def _write(self, db: sqlite3.Connection, entry: Entry) -> None:
        ref = str(entry.ref) if entry.ref is not None else None
        text = _entries.dump_json(replace(entry, ref=None)).decode()
        db.execute(
            "INSERT INTO attempts (request, attempt, state, key, owner, ref, entry) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (request, attempt) DO UPDATE SET state = excluded.state, ref = excluded.ref, "
            "entry = excluded.entry, owner = excluded.owner",
            (entry.request, entry.attempt, entry.state.value, entry.idempotency_key, self._owner, ref, text),
        )

    def _adopt(self, db: sqlite3.Connection, ref: TaskRef | None) -> tuple[Entry, ...]:
        query = f"SELECT request, owner, ref, entry FROM attempts WHERE state IN ({_MARKS}) ORDER BY place"  # noqa: S608
        adopted: list[Entry] = []
        for request, owner, address, text in db.execute(query, _OPEN).fetchall():
            entry = _entry(address, text)
            if not is_about(entry, ref) or (owner != self._owner and self._is_live(db, owner)):
                continue
            self._take(db, request)
            adopted.append(entry)
        return tuple(adopted)

    def _take(self, db: sqlite3.Connection, request: str) -> None:
        db.execute("UPDATE attempts SET owner = ? WHERE request = ?", (self._owner, request))

    def _is_live(self, db: sqlite3.Connection, owner: str) -> bool:
        """Whether a process has been heard of lately. The clock is the machine's, and starts anew when it boots."""
        row = db.execute("SELECT beat FROM owners WHERE id = ?", (owner,)).fetchone()
        return row is not None and row[0] >= 0 and 0 <= time.monotonic() - row[0] < self._lease


def default_journal() -> Journal:
    """The journal in the user's state folder; in memory, with a warning, where that cannot be written."""
    folder = _state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        _log.warning(
            "%s cannot be written (%s): the journal is in memory, and kill -9 loses it", folder, error.strerror
        )
        return MemoryJournal()
    return SqliteJournal(folder / "journal.sqlite3")


def _state_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "anymedia"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "anymedia"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "anymedia"


def _settle(job: _Job, answer: object, error: MediaError | None) -> None:
    if job.done.cancelled() or not job.done.set_running_or_notify_cancel():
        return
    if error is None:
        job.done.set_result(answer)
    else:
        job.done.set_exception(error)


def _read(db: sqlite3.Connection, query: str, values: tuple[object, ...] = ()) -> tuple[Entry, ...]:
    return tuple(_entry(ref, text) for ref, text in db.execute(query, values))


def _entry(ref: str | None, text: str) -> Entry:
    return replace(_entries.validate_json(text), ref=TaskRef.parse(ref) if ref else None)


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _migrate(db, path)
        yield db
    finally:
        db.close()


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    db.execute("BEGIN IMMEDIATE")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise JournalError(f"{path} was written by a later anymedia (version {version}); upgrade, or name another file")
    for script in _MIGRATIONS[version:]:
        for statement in filter(str.strip, script.split(";")):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    db.execute("COMMIT")


_HINTS: Final = {"full": "free some space", "locked": "another process holds on to it; try again"}


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = str(error)
        hint = next((hint for word, hint in _HINTS.items() if word in reason), "move it away to start a new one")
        raise JournalError(f"the journal {path} cannot be written ({reason}); nothing is sent; {hint}") from error
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be opened ({error.strerror}); nothing is sent") from error
