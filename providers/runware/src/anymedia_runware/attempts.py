"""What a session remembers of the tasks it has sent, and the events it reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from anymedia.errors import MediaError
from anymedia.refs import TaskRef
from anymedia_runware.codec import Reply, keyed
from anymedia_runware.wire import Item, Task

__all__ = [
    "Answered",
    "Attempt",
    "Died",
    "Event",
    "Failed",
    "Lapsed",
    "Pushed",
    "Question",
    "Ready",
    "Rejected",
    "Write",
]


class Question(Enum):
    """What is asked about a task, or for its own sake."""

    START = auto()
    STATE = auto()
    ARCHIVE = auto()
    CALL = auto()


@dataclass
class Attempt:
    """One task that was sent, until all its news is in.

    Attributes:
        ref: The task.
        task: What was sent; kept so that it can be sent again under the same id.
        push: Whether results come unasked.
        written: Whether it has left whole.
        known: Whether the vendor has it.
        followed: Whether it was reported as accepted, so that later news goes to whoever waits for it.
        results: The finished results so far, each once.
    """

    ref: TaskRef
    task: Task = field(repr=False)
    push: bool
    written: bool = False
    known: bool = False
    followed: bool = False
    results: dict[str, Item] = field(default_factory=dict[str, Item], repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether every result is here."""
        return len(self.results) >= self.ref.count

    @property
    def is_pending(self) -> bool:
        """Whether pushed news is still expected."""
        return self.push and self.followed and not self.is_complete

    def take(self, reply: Reply) -> bool:
        """Keep what is new in a reply; returns whether there was a new result."""
        before = len(self.results)
        for key, item in keyed(item for item in reply.data if item.get("taskType") != "getTaskDetails").items():
            self.results.setdefault(key, item)
        self.known = self.known or reply.is_accepted
        return len(self.results) > before


@dataclass(frozen=True)
class Ready:
    """The key was accepted."""


@dataclass(frozen=True)
class Rejected:
    """The key was not accepted; `resumed` says whether an old session was asked for with it."""

    error: MediaError
    resumed: bool


@dataclass(frozen=True)
class Write:
    """Something to send."""

    text: str


@dataclass(frozen=True)
class Died:
    """The link is of no more use."""

    reason: str


@dataclass(frozen=True)
class Answered:
    """The answer to a question; tasks that got none are missing from `replies`."""

    question: int
    replies: Mapping[str, Reply]


@dataclass(frozen=True)
class Failed:
    """There will be no answer to a question."""

    question: int
    error: MediaError


@dataclass(frozen=True)
class Pushed:
    """A result came in for a followed task."""

    attempt: Attempt


@dataclass(frozen=True)
class Lapsed:
    """News about these tasks may have been missed."""

    refs: tuple[TaskRef, ...]


Event: TypeAlias = Ready | Rejected | Write | Died | Answered | Failed | Pushed | Lapsed
