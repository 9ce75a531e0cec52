"""Things that clients create, change, list and delete."""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anymedia_runway.emulator.account import Calendar
from anymedia_runway.emulator.errors import not_found
from anymedia_runway.emulator.web import stamp

__all__ = ["Record", "Records"]

_serials = itertools.count()


@dataclass
class Record:
    """One thing; `fields` is what its creator and those who changed it said."""

    id: str
    created: datetime
    updated: datetime
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    serial: int = field(default_factory=lambda: next(_serials))

    def key(self, moment: datetime | None = None) -> str:
        """What lists are sorted by: a moment, by default that of creation; between equal ones, what came first."""
        return f"{stamp(moment or self.created)} {self.serial:012}"


class Records:
    """All things of one kind.

    Args:
        what: What they are called in a 404.
        calendar: Tells when they are created and changed.
    """

    def __init__(self, what: str, calendar: Calendar) -> None:
        self._what = what
        self._calendar = calendar
        self._kept: dict[str, Record] = {}

    def create(self, fields: Mapping[str, Any], record_id: str | None = None) -> Record:
        """Add one."""
        now = self._calendar.now()
        record = Record(record_id or str(uuid.uuid4()), now, now, dict(fields))
        self._kept[record.id] = record
        return record

    def find(self, record_id: str) -> Record | None:
        """One, or None."""
        return self._kept.get(record_id)

    def get(self, record_id: str) -> Record:
        """One that exists.

        Raises:
            ApiError: It does not.
        """
        if record_id not in self._kept:
            raise not_found(self._what)
        return self._kept[record_id]

    def update(self, record: Record, fields: Mapping[str, Any]) -> Record:
        """Lay new values over the old; None takes one away."""
        merged = {**record.fields, **fields}
        record.fields = {name: value for name, value in merged.items() if value is not None}
        record.updated = self._calendar.now()
        return record

    def delete(self, record_id: str) -> Record:
        """Take one away.

        Raises:
            ApiError: It does not exist.
        """
        record = self.get(record_id)
        del self._kept[record_id]
        return record

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._kept.values()))
