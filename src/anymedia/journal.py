"""The record of attempts: written before a task can start, so that what was paid for is never lost from sight."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self
from weakref import ReferenceType
from weakref import ref as weak

from anymedia.errors import IdempotencyConflictError, JournalError
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
    "TakenOverError",
    "goes_ahead",
    "is_about",
    "never_sent",
    "refuse_conflict",
    "taken_over",
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
        live: Whether a living client is at work on `entry`.
        ours: Whether that is this client, or this one has taken it over; else nothing may be recorded about it here.
        request: The id to go ahead under.
        attempt: The number of the attempt that may be made, or is known.
    """

    request: str
    attempt: int = 1
    entry: Entry | None = None
    live: bool = False
    ours: bool = True


class Journal(Protocol):
    """Where attempts are recorded; several clients and processes may share one.

    Each attempt belongs to the client that makes it, for as long as that client lives. Every method returns once what
    it did is as durable as the journal can make it, and raises `JournalError` when it could not be done; then nothing
    must be sent.
    """

    def share(self) -> "Journal":
        """The same journal for one more client, whose attempts are its own. Each is closed by itself."""
        ...

    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        """Record the intent to make a request, unless its idempotency key already stands for one.

        Args:
            entry: The intent.
            after: Go ahead all the same if the last attempt under the key is still the one of this number.

        Raises:
            IdempotencyConflictError: The key stands for a different request.
        """
        ...

    async def record(self, *entries: Entry) -> None:
        """Record how attempts of a request now stand, all in one step.

        Raises:
            JournalError: It cannot be written, or another client has taken the request over.
        """
        ...

    async def latest(self, ref: TaskRef | None = None, *, unfinished: bool = False) -> tuple[Entry, ...]:
        """Every attempt as it stands, oldest first.

        Args:
            ref: Those of this task only.
            unfinished: Those only that may have started a task whose end is not recorded.
        """
        ...

    async def adopt(self, wanted: Callable[[Entry], bool], ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """Take over what clients that have died, or said goodbye, have left open.

        Attempts of theirs that were never sent are closed as that.

        Args:
            wanted: Whether an open attempt is to be taken over; the others are left to whoever comes.
            ref: Look at this task only.

        Returns:
            Every open attempt that no other living client is at, whether it was taken over or not.
        """
        ...

    async def forget(self, request: str) -> None:
        """Remove a request; its task, if any, goes on."""
        ...

    async def aclose(self) -> None:
        """Flush, close, and leave what is open to others."""
        ...


def is_about(entry: Entry, ref: TaskRef | None) -> bool:
    """Whether an entry is about this task; None stands for any."""
    if ref is None:
        return True
    return entry.ref is not None and (entry.ref.provider, entry.ref.id) == (ref.provider, ref.id)


def goes_ahead(last: Entry, *, live: bool, after: int | None) -> bool:
    """Whether another attempt may be made after the last one under its key.

    Args:
        last: It surely started nothing, or the caller has chosen to go on after it.
        live: Whether a living client is at it.
        after: The number of the attempt that the caller has chosen to go on after.
    """
    started_nothing = last.state in (AttemptState.NOT_SENT, AttemptState.REFUSED)
    return started_nothing or last.attempt == after or (last.state is AttemptState.INTENT and not live)


def never_sent(entry: Entry) -> Entry:
    """How an intent ends whose client is gone: *sending* is recorded before the first byte leaves, and was not."""
    return replace(entry, state=AttemptState.NOT_SENT)


class _Life:
    """Lasts as long as a client uses its journal."""


class MemoryJournal:
    """A journal that lives as long as its process; `kill -9` is not covered."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], Entry] = {}
        self._owners: dict[str, ReferenceType[_Life]] = {}
        self._life = _Life()

    def share(self) -> Self:
        """See `Journal.share`."""
        other = copy(self)
        other._life = _Life()  # noqa: SLF001 - its own
        return other

    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        """See `Journal.open`."""
        last = self._last(entry)
        if last is None:
            self._write(entry)
            return Opened(request=entry.request)
        refuse_conflict(last, entry)
        live = self._is_live(last.request)
        if goes_ahead(last, live=live, after=after):
            following = replace(entry, request=last.request, attempt=last.attempt + 1)
            self._write(following)
            return Opened(request=following.request, attempt=following.attempt)
        if not live:
            self._take(last.request)
        return Opened(
            request=last.request, attempt=last.attempt, entry=last, live=live, ours=self._is_ours(last.request)
        )

    async def record(self, *entries: Entry) -> None:
        """See `Journal.record`. Closed attempts of long ago are forgotten."""
        for entry in entries:
            if entry.request in self._owners and not self._is_ours(entry.request):
                raise taken_over(entry)
        for entry in entries:
            self._write(entry)

    async def latest(self, ref: TaskRef | None = None, *, unfinished: bool = False) -> tuple[Entry, ...]:
        """See `Journal.latest`."""
        entries = tuple(self._latest.values())
        return tuple(one for one in entries if is_about(one, ref) and (one.state.is_open or not unfinished))

    async def adopt(self, wanted: Callable[[Entry], bool], ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """See `Journal.adopt`."""
        found: list[Entry] = []
        for key, entry in tuple(self._latest.items()):
            if not is_about(entry, ref) or (self._is_live(entry.request) and not self._is_ours(entry.request)):
                continue
            if entry.state is AttemptState.INTENT and not self._is_ours(entry.request):
                self._latest[key] = never_sent(entry)
            if entry.state.is_open:
                found.append(entry)
                if wanted(entry):
                    self._take(entry.request)
        return tuple(found)

    async def forget(self, request: str) -> None:
        """See `Journal.forget`."""
        for key in [key for key in self._latest if key[0] == request]:
            del self._latest[key]
        self._owners.pop(request, None)

    async def aclose(self) -> None:
        """See `Journal.aclose`. There is nothing to flush."""
        self._life = _Life()

    def _last(self, entry: Entry) -> Entry | None:
        if entry.idempotency_key is None:
            return None
        same = (one for one in reversed(self._latest.values()) if one.idempotency_key == entry.idempotency_key)
        return next(same, None)

    def _is_live(self, request: str) -> bool:
        return request in self._owners and self._owners[request]() is not None

    def _is_ours(self, request: str) -> bool:
        return request in self._owners and self._owners[request]() is self._life

    def _take(self, request: str) -> None:
        self._owners[request] = weak(self._life)

    def _write(self, entry: Entry) -> None:
        self._latest[entry.request, entry.attempt] = entry
        self._take(entry.request)
        if len(self._latest) > _KEPT:
            self._forget_one()

    def _forget_one(self) -> None:
        closed = next((key for key, entry in self._latest.items() if not entry.state.is_open), None)
        if closed is not None:
            del self._latest[closed]


class TakenOverError(JournalError):
    """A client's request is another's now, and so is what there is to record about it."""


def taken_over(entry: Entry) -> TakenOverError:
    """The error of a client whose request is another's now."""
    return TakenOverError(f"another client has taken request {entry.request} over", ref=entry.ref)


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
