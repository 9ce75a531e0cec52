"""The record of attempts: written before a task can start, so that what was paid for is never lost from sight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from anymedia.json import JSON
from anymedia.refs import TaskRef
from anymedia.results import Cost

__all__ = ["AttemptState", "Entry", "Journal", "MemoryJournal"]


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
class Entry:
    """One line of the journal. No prompts, no bodies, no keys.

    Attributes:
        request: The id of the logical request; its attempts share it.
        attempt: 1 for the first.
        state: What was reached.
        time: When, in UTC.
        provider: Who was asked.
        operation: What for.
        model: With what.
        ref: The task, once its id is known.
        inputs: SHA-256 of each local input.
        cost: What it costs, as far as known.
        error: The code of what went wrong.
        idempotency_key: The caller's own.
        metadata: The caller's own notes.
    """

    request: str
    attempt: int
    state: AttemptState
    time: datetime
    provider: str
    operation: str
    model: str
    ref: TaskRef | None = None
    inputs: tuple[str, ...] = ()
    cost: Cost | None = None
    error: str | None = None
    idempotency_key: str | None = None
    metadata: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


class Journal(Protocol):
    """Where attempts are recorded. `record` returns once the entry is as durable as the journal can make it."""

    async def record(self, entry: Entry) -> None:
        """Append an entry.

        Raises:
            JournalError: It could not be kept; nothing must be sent.
        """
        ...

    async def latest(self) -> tuple[Entry, ...]:
        """The last entry of every attempt, oldest attempt first."""
        ...

    async def aclose(self) -> None:
        """Flush and close."""
        ...


class MemoryJournal:
    """A journal that lives as long as its process; `kill -9` is not covered."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], Entry] = {}

    async def record(self, entry: Entry) -> None:
        """Keep the newest entry of each attempt; closed ones of long ago are forgotten."""
        key = (entry.request, entry.attempt)
        self._latest[key] = entry
        if len(self._latest) > _KEPT:
            self._forget_one()

    async def latest(self) -> tuple[Entry, ...]:
        """The last entry of every attempt, oldest attempt first."""
        return tuple(self._latest.values())

    async def aclose(self) -> None:
        """Nothing to flush."""

    def _forget_one(self) -> None:
        closed = next((key for key, entry in self._latest.items() if not entry.state.is_open), None)
        if closed is not None:
            del self._latest[closed]
