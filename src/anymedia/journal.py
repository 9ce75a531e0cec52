"""The record of attempts: written before a task can start, so that what was paid for is never lost from sight."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from anymedia.errors import IdempotencyConflictError
from anymedia.json import JSON
from anymedia.refs import TaskRef
from anymedia.results import Cost

__all__ = [
    "AttemptState",
    "Entry",
    "Journal",
    "MemoryJournal",
    "Opened",
    "SavedFile",
    "is_about",
    "may_go_ahead",
    "refuse_conflict",
]


_KEPT = 10_000


class AttemptState(StrEnum):
    """Where an attempt stands. `SENDING` and `UNKNOWN` are the ones somebody may have been charged for unseen."""

    INTENT = "intent"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"
    CANCEL_REQUESTED = "cancel_requested"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether a task may exist whose end is not recorded."""
        return self in _OPEN


_OPEN = frozenset({AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.CANCEL_REQUESTED, AttemptState.UNKNOWN})


@dataclass(frozen=True, kw_only=True)
class SavedFile:
    """One output on disk.

    Attributes:
        path: Where it is.
        sha256: The hex digest of its bytes.
        size: Bytes.
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One attempt as it stands. No keys; prompts and bodies only where the caller asked for them.

    Attributes:
        request: The id of the logical request; its attempts share it.
        attempt: 1 for the first.
        state: What was reached.
        time: When, in UTC.
        provider: Who was asked.
        operation: What for.
        model: With what.
        endpoint: Where the provider was, so that a task is never looked for at the wrong place.
        fingerprint: A digest of what was asked, to tell whether an idempotency key stands for the same request.
        ref: The task, once its id is known.
        inputs: SHA-256 of each local input.
        cost: What it costs, as far as known.
        error: The code of what went wrong.
        idempotency_key: The caller's own.
        metadata: The caller's own notes.
        autosave: The folder its outputs are to be saved in before it counts as finished.
        saved: Its outputs on disk.
        body: What was sent, only with `journal_requests=True`.
    """

    request: str
    attempt: int
    state: AttemptState
    time: datetime
    provider: str
    operation: str
    model: str
    endpoint: str = ""
    fingerprint: str = ""
    ref: TaskRef | None = None
    inputs: tuple[str, ...] = ()
    cost: Cost | None = None
    error: str | None = None
    idempotency_key: str | None = None
    metadata: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    autosave: str | None = None
    saved: tuple[SavedFile, ...] = ()
    body: JSON = None


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a journal says to a request that is about to be made.

    Attributes:
        entry: What is already known under its idempotency key, or None when it may go ahead.
        live: Whether a living process is at work on `entry`.
        ours: Whether that is this process, or this one has taken it over; else nothing may be recorded about it here.
        request: The id to go ahead under.
        attempt: The number of the first attempt to be made.
    """

    request: str
    attempt: int = 1
    entry: Entry | None = None
    live: bool = False
    ours: bool = True


class Journal(Protocol):
    """Where attempts are recorded; several processes may share one.

    Every method returns once what it did is as durable as the journal can make it, and raises `JournalError` when it
    could not be done; then nothing must be sent.
    """

    async def open(self, entry: Entry) -> Opened:
        """Record the intent to make a request, unless its idempotency key already stands for one.

        Raises:
            IdempotencyConflictError: The key stands for a different request.
        """
        ...

    async def record(self, entry: Entry) -> None:
        """Record how an attempt now stands.

        Raises:
            JournalError: It cannot be written, or another process has taken the request over.
        """
        ...

    async def latest(self) -> tuple[Entry, ...]:
        """Every attempt as it stands, oldest first."""
        ...

    async def adopt(self, ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """Take over the open attempts of processes that have died; returns every open attempt that is now ours.

        Args:
            ref: Look at this task's attempt only.
        """
        ...

    async def forget(self, request: str) -> None:
        """Remove a request; its task, if any, goes on."""
        ...

    async def aclose(self) -> None:
        """Flush and close."""
        ...


def is_about(entry: Entry, ref: TaskRef | None) -> bool:
    """Whether an entry is about this task; None stands for any."""
    if ref is None:
        return True
    return entry.ref is not None and (entry.ref.provider, entry.ref.id) == (ref.provider, ref.id)


def may_go_ahead(entry: Entry) -> bool:
    """Whether an earlier request under the same key surely started nothing."""
    return entry.state in (AttemptState.NOT_SENT, AttemptState.REFUSED)


class MemoryJournal:
    """A journal that lives as long as its process; `kill -9` is not covered."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], Entry] = {}

    async def open(self, entry: Entry) -> Opened:
        """See `Journal.open`."""
        known = self._known(entry)
        if known is None:
            self._latest[entry.request, entry.attempt] = entry
            return Opened(request=entry.request)
        if not may_go_ahead(known):
            return Opened(request=known.request, entry=known, live=True)
        following = replace(entry, request=known.request, attempt=known.attempt + 1)
        self._latest[following.request, following.attempt] = following
        return Opened(request=following.request, attempt=following.attempt)

    async def record(self, entry: Entry) -> None:
        """See `Journal.record`. Closed attempts of long ago are forgotten."""
        self._latest[entry.request, entry.attempt] = entry
        if len(self._latest) > _KEPT:
            self._forget_one()

    async def latest(self) -> tuple[Entry, ...]:
        """See `Journal.latest`."""
        return tuple(self._latest.values())

    async def adopt(self, ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """See `Journal.adopt`. There is no other process."""
        return tuple(entry for entry in self._latest.values() if entry.state.is_open and is_about(entry, ref))

    async def forget(self, request: str) -> None:
        """See `Journal.forget`."""
        self._latest = {key: entry for key, entry in self._latest.items() if entry.request != request}

    async def aclose(self) -> None:
        """Nothing to flush."""

    def _known(self, entry: Entry) -> Entry | None:
        if entry.idempotency_key is None:
            return None
        same = [one for one in self._latest.values() if one.idempotency_key == entry.idempotency_key]
        if same:
            refuse_conflict(same[-1], entry)
        return same[-1] if same else None

    def _forget_one(self) -> None:
        closed = next((key for key, entry in self._latest.items() if not entry.state.is_open), None)
        if closed is not None:
            del self._latest[closed]


def refuse_conflict(known: Entry, entry: Entry) -> None:
    """Raise unless both ask for the same thing.

    Raises:
        IdempotencyConflictError: They do not.
    """
    if known.fingerprint != entry.fingerprint:
        raise IdempotencyConflictError(
            f"idempotency key {entry.idempotency_key!r} already stands for another {known.operation}; "
            "use a new key for a different request",
            ref=known.ref,
        )
