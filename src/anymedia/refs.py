"""Where a task can be found again, the states it passes through, and how an attempt to start it ended."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote, urlencode

from typing_extensions import override

__all__ = ["Outcome", "TaskRef", "TaskState"]

_VERSION = 1
_FORM = re.compile(r"anymedia\+(?P<provider>[a-z][a-z0-9_-]*)://(?P<id>[^/?#\s]+)(?:\?(?P<query>[^#\s]*))?")
_KNOWN = ("v", "op", "model", "n", "t")


class TaskState(StrEnum):
    """The states of a task, in the order it may pass through them."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the task."""
        return self in (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELED)


class Outcome(StrEnum):
    """How one attempt to start a task ended; every attempt ends in exactly one."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class TaskRef:
    """The durable address of a task: a plain string in a file, a queue or a database.

    It holds no key and no host. `count` is how many outputs were asked for; `created` is in UTC, to the second;
    `extra` keeps what a later version wrote, so that a string survives the way there and back.
    """

    provider: str
    id: str
    operation: str
    model: str
    count: int = 1
    created: datetime | None = None
    extra: tuple[tuple[str, str], ...] = ()

    @override
    def __str__(self) -> str:
        query = [("v", str(_VERSION)), ("op", self.operation), ("model", self.model), ("n", str(self.count))]
        if self.created is not None:
            query.append(("t", self.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
        return f"anymedia+{self.provider}://{quote(self.id, safe='')}?{urlencode([*query, *self.extra], safe=':@')}"

    @classmethod
    def parse(cls, text: str) -> "TaskRef":
        """Read a reference back from its string.

        Raises:
            ValueError: `text` is not a task reference.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text[:80]!r} is not a task reference; one looks like anymedia+runway://<id>?v=1&op=...")
        query = dict(parse_qsl(match["query"] or "", keep_blank_values=True))
        _require(query, ("op", "model"))
        return cls(
            provider=match["provider"],
            id=unquote(match["id"]),
            operation=query["op"],
            model=query["model"],
            count=_count(query.get("n", "1")),
            created=_moment(query.get("t")),
            extra=tuple((key, value) for key, value in query.items() if key not in _KNOWN),
        )


def _require(query: dict[str, str], keys: Iterable[str]) -> None:
    missing = [key for key in keys if not query.get(key)]
    if missing:
        raise ValueError(f"the task reference lacks {', '.join(missing)}")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(f"n={text!r} in the task reference is not a count")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise ValueError(f"t={text!r} in the task reference is not a UTC time") from None
