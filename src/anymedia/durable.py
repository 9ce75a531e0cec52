"""The durable journal: every attempt in one SQLite file, leased to the client that makes it."""

import errno
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, TypeVar
from uuid import uuid4
from weakref import finalize

from pydantic import TypeAdapter

from anymedia.errors import JournalError
from anymedia.journal import (
    AttemptState,
    Entry,
    Journal,
    MemoryJournal,
    Opened,
    goes_ahead,
    never_sent,
    refuse_conflict,
    taken_over,
)
from anymedia.logs import logger
from anymedia.refs import TaskRef
from anymedia.sqlite import Writer

__all__ = ["KEPT", "SqliteJournal", "default_journal"]

T = TypeVar("T")

KEPT: Final = timedelta(days=30)
"""How long an attempt that has ended is remembered, and with it its idempotency key."""

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
    """
    ALTER TABLE attempts ADD COLUMN ended REAL;
    UPDATE attempts SET ended = strftime('%s', 'now')
        WHERE state NOT IN ('intent', 'sending', 'accepted', 'cancel_requested', 'unknown');
    CREATE INDEX attempts_by_end ON attempts (ended);
    CREATE INDEX attempts_by_ref ON attempts (ref) WHERE ref IS NOT NULL;
    """,
)
"""Each brings a file from the version that is its index to the next."""

_LEASE: Final = 15.0
"""Seconds without a heartbeat after which a client counts as dead."""

_BEATS: Final = 5
"""Heartbeats in one lease, so that a few may be late."""

_FASTEST: Final = 0.05
_log = logger("journal")
_OPEN: Final = tuple(state.value for state in AttemptState if state.is_open)
_LEASED: Final = (*_OPEN, AttemptState.INTENT.value)
_entries: Final[TypeAdapter[Entry]] = TypeAdapter(Entry)


class _Lease:
    """One client in one process, and its signs of life in a file.

    Args:
        path: The file.
        seconds: Without a sign after which a client counts as dead.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.pid = os.getpid()
        self.owner = str(uuid4())
        self._path = path
        self._seconds = seconds

    @property
    def pause(self) -> float:
        return max(self._seconds / _BEATS, _FASTEST)

    def arrive(self, db: sqlite3.Connection) -> None:
        _migrate(db, self._path)
        _prune(db)

    def beat(self, db: sqlite3.Connection) -> None:
        beat = (self.owner, self.pid, time.monotonic())
        db.execute("INSERT OR REPLACE INTO owners (id, pid, beat) VALUES (?, ?, ?)", beat)

    def is_busy(self, db: sqlite3.Connection) -> bool:
        query = f"SELECT 1 FROM attempts WHERE owner = ? AND {_among('state', _LEASED)} LIMIT 1"  # noqa: S608 - made of constants
        return db.execute(query, (self.owner,)).fetchone() is not None

    def leave(self, db: sqlite3.Connection) -> None:
        """A client that says goodbye leaves nothing to be waited for."""
        db.execute("DELETE FROM owners WHERE id = ?", (self.owner,))

    def is_live(self, db: sqlite3.Connection, owner: str) -> bool:
        """Whether a client has been heard of lately. The clock is the machine's, and starts anew when it boots."""
        row = db.execute("SELECT beat FROM owners WHERE id = ?", (owner,)).fetchone()
        return row is not None and 0 <= time.monotonic() - row[0] < self._seconds


class SqliteJournal:
    """A journal that survives `kill -9`, shared by every process that names the same file.

    Opens the file at first use. Each client that uses it sends a heartbeat; the open attempts of one that has died are
    taken over by whoever calls `adopt`, or comes with the same idempotency key. One that is no longer referred to, or
    closed, gives its attempts away at once.

    Args:
        path: The file; its folder is made.
        lease: Seconds without a heartbeat after which a client counts as dead; the same for all who share the file.
    """

    def __init__(self, path: Path, *, lease: float = _LEASE) -> None:
        self.path = path
        self._seconds = lease
        self._begin()

    def share(self) -> Self:
        """See `Journal.share`."""
        return type(self)(self.path, lease=self._seconds)

    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        """See `Journal.open`."""
        return await self._do(lambda db: self._open(db, entry, after))

    async def record(self, *entries: Entry) -> None:
        """See `Journal.record`."""
        await self._do(lambda db: self._record(db, entries))

    async def latest(self, ref: TaskRef | None = None, *, unfinished: bool = False) -> tuple[Entry, ...]:
        """See `Journal.latest`."""
        rows = await self._do(lambda db: _rows(db, ref, _OPEN if unfinished else ()))
        return tuple(entry for _, entry in rows)

    async def adopt(self, wanted: Callable[[Entry], bool], ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """See `Journal.adopt`."""
        return await self._do(lambda db: self._adopt(db, wanted, ref))

    async def forget(self, request: str) -> None:
        """See `Journal.forget`."""
        await self._do(lambda db: db.execute("DELETE FROM attempts WHERE request = ?", (request,)))

    async def aclose(self) -> None:
        """See `Journal.aclose`."""
        if self._lease.pid == os.getpid():
            await self._writer.aclose()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._lease.pid != os.getpid():  # a forked child has no writer, and is a client of its own
            self._begin()
        return await self._writer.do(work)

    def _begin(self) -> None:
        self._lease = _Lease(self.path, self._seconds)
        self._writer = Writer(self.path, self._lease)
        finalize(self, self._writer.stop).atexit = False

    # On the writer's thread.

    def _open(self, db: sqlite3.Connection, entry: Entry, after: int | None) -> Opened:
        query = "SELECT ref, entry, owner FROM attempts WHERE key = ? ORDER BY place DESC LIMIT 1"
        row = db.execute(query, (entry.idempotency_key,)).fetchone()
        if row is None:
            self._write(db, entry)
            return Opened(request=entry.request)
        last, owner = _entry(row[0], row[1]), row[2]
        refuse_conflict(last, entry)
        live = self._lease.is_live(db, owner)
        if goes_ahead(last, live=live, after=after):
            following = replace(entry, request=last.request, attempt=last.attempt + 1)
            self._write(db, following)
            return Opened(request=last.request, attempt=following.attempt)
        if not live:
            self._take(db, last.request)
        ours = not live or owner == self._lease.owner
        return Opened(request=last.request, attempt=last.attempt, entry=last, live=live, ours=ours)

    def _record(self, db: sqlite3.Connection, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            query = "SELECT owner FROM attempts WHERE request = ? ORDER BY attempt DESC LIMIT 1"
            row = db.execute(query, (entry.request,)).fetchone()
            if row is not None and row[0] != self._lease.owner:
                raise taken_over(entry)
            self._write(db, entry)

    def _write(self, db: sqlite3.Connection, entry: Entry) -> None:
        ref = str(entry.ref) if entry.ref is not None else None
        text = _entries.dump_json(replace(entry, ref=None)).decode()
        ended = None if entry.state.value in _LEASED else entry.time.timestamp()
        db.execute(
            "INSERT INTO attempts (request, attempt, state, key, owner, ref, entry, ended) "
            # a clock that was set back makes nothing old
            "VALUES (?, ?, ?, ?, ?, ?, ?, ? + max(0, coalesce((SELECT max(ended) FROM attempts), 0) - ?)) "
            "ON CONFLICT (request, attempt) DO UPDATE SET state = excluded.state, ref = excluded.ref, "
            "entry = excluded.entry, owner = excluded.owner, ended = excluded.ended",
            (
                *(entry.request, entry.attempt, entry.state.value, entry.idempotency_key),
                *(self._lease.owner, ref, text, ended, ended),
            ),
        )

    def _adopt(self, db: sqlite3.Connection, wanted: Callable[[Entry], bool], ref: TaskRef | None) -> tuple[Entry, ...]:
        found: list[Entry] = []
        for owner, entry in _rows(db, ref, _LEASED):
            is_ours = owner == self._lease.owner
            if not is_ours and self._lease.is_live(db, owner):
                continue
            if entry.state is not AttemptState.INTENT:
                found.append(entry)
                if wanted(entry) and not is_ours:
                    self._take(db, entry.request)
            elif not is_ours:
                self._write(db, never_sent(entry))
        return tuple(found)

    def _take(self, db: sqlite3.Connection, request: str) -> None:
        db.execute("UPDATE attempts SET owner = ? WHERE request = ?", (self._lease.owner, request))


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


def _rows(db: sqlite3.Connection, ref: TaskRef | None, states: tuple[str, ...]) -> list[tuple[str, Entry]]:
    """Attempts with their owners, oldest first: of one task or of all, in some states or in any."""
    wheres = [_among("state", states)] if states else []
    limits: tuple[str, ...] = ()
    if ref is not None:
        address = str(ref).partition("?")[0]
        wheres.append("ref >= ? AND ref < ?")
        limits = (f"{address}?", f"{address}@")  # the character after a question mark
    where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
    query = f"SELECT owner, ref, entry FROM attempts {where} ORDER BY place"  # noqa: S608 - made of constants
    return [(owner, _entry(address, text)) for owner, address, text in db.execute(query, limits)]


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def _entry(ref: str | None, text: str) -> Entry:
    try:
        return replace(_entries.validate_json(text), ref=TaskRef.parse(ref) if ref else None)
    except ValueError as error:
        raise JournalError(f"the journal holds what no anymedia has written ({error})") from error


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise JournalError(f"{path} was written by a later anymedia (version {version}); upgrade, or name another file")
    for script in _MIGRATIONS[version:]:
        for statement in filter(str.strip, script.split(";")):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _prune(db: sqlite3.Connection) -> None:
    """Drop requests that ended long ago, by the clock and by what the file itself has seen: a clock may be wrong."""
    (newest,) = db.execute("SELECT max(ended) FROM attempts").fetchone()
    horizon = min(time.time(), newest or 0.0) - KEPT.total_seconds()
    db.execute(
        "DELETE FROM attempts WHERE ended < ? AND NOT EXISTS "
        "(SELECT 1 FROM attempts AS other WHERE other.request = attempts.request AND other.ended IS NULL)",
        (horizon,),
    )
