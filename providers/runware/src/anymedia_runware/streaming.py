"""A streamed text, without a socket: bytes of server-sent events in, the text so far and its end out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from anymedia.errors import ProtocolError
from anymedia.json import JSON
from anymedia.refs import TaskRef, TaskState
from anymedia.tasks import Snapshot
from anymedia_runware.codec import Reply, polled, pushed, task_of
from anymedia_runware.wire import Frame, Item, read_frame

__all__ = ["DONE", "EventReader", "StreamedText"]

DONE: Final = "[DONE]"
"""The last event's data. Source: runware.ai/docs, streaming; 2026-10."""

_LONGEST_EVENT: Final = 8 * 2**20
_LONGEST_TEXT: Final = 32 * 2**20


class EventReader:
    """Takes server-sent events apart, wherever the network has cut them.

    Lines are told apart as bytes and decoded whole, so no character is ever torn. Comments, names and ids of events
    are passed over. Source: WHATWG HTML, server-sent events; 2026-11.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of every event that is whole by now.

        Raises:
            ProtocolError: An event is larger than any text has reason to be.
        """
        *lines, self._rest = _normalised(self._rest + chunk).split(b"\n")
        for line in lines:
            if not line:
                yield from self._end_of_event()
            elif line.startswith(b"data:"):
                self._size += len(line)
                self._refuse_flood()
                self._lines.append(line[5:].removeprefix(b" ").decode(errors="replace"))
        self._refuse_flood()

    def _end_of_event(self) -> Iterator[str]:
        lines, self._lines, self._size = self._lines, [], 0
        if lines:
            yield "\n".join(lines)

    def _refuse_flood(self) -> None:
        if self._size + len(self._rest) > _LONGEST_EVENT:
            raise ProtocolError(f"an event of more than {_LONGEST_EVENT} bytes", provider="runware")


def _normalised(data: bytes) -> bytes:
    """With LF for every kind of line end; a CR at the very end may be half of one, and waits."""
    kept = data.endswith(b"\r")
    whole = data[:-1] if kept else data
    return whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + (b"\r" if kept else b"")


@dataclass
class StreamedText:
    """What a stream has said so far about one task.

    Attributes:
        ref: The task.
        text: The text so far.
        reasoning: What the model thought aloud, piece by piece.
        last: The event that tells how the text ended, once it is there.
        errors: Why there will be no text.
        is_accepted: Whether an event has proved that the vendor has the task.
        is_done: Whether the vendor has said that nothing more follows; of a text that never began, it proves nothing.
    """

    ref: TaskRef
    text: str = ""
    reasoning: str = ""
    last: Item | None = None
    errors: tuple[Item, ...] = ()
    is_accepted: bool = False
    is_done: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the stream has come to its proper end; one that merely breaks off has not."""
        return self.last is not None or bool(self.errors) or (self.is_done and self.is_accepted)

    def take(self, data: str) -> bool:
        """Take in one event; returns whether it said anything.

        Raises:
            ProtocolError: The text is longer than any has reason to be.
        """
        if data.strip() == DONE:
            self.is_done = True
            return True
        frame = read_frame(data)
        if frame is None:
            return False
        mine = [item for item in frame.data if task_of(item) == self.ref.id or (not task_of(item) and "delta" in item)]
        for item in mine:
            self._take_item(item)
        self.errors += self._mine(frame)
        return bool(mine or self.errors)

    def snapshot(self) -> Snapshot:
        """The task's state by what the stream has said."""
        if self.errors:
            ended = polled(self.ref, Reply(errors=self.errors))
            if ended is not None:
                return ended
        if not self.is_over or self.errors:
            return Snapshot(ref=self.ref, state=TaskState.RUNNING, text=self.text or None, raw=dict(self._item()))
        return replace(pushed(self.ref, [self._item()]), text=self.text)

    def _mine(self, frame: Frame) -> tuple[Item, ...]:
        return tuple(error for error in frame.errors if task_of(error) in (None, self.ref.id))

    def _take_item(self, item: Item) -> None:
        delta = item.get("delta")
        words: Item = delta if isinstance(delta, dict) else {}
        self.text += _word(words.get("text"))
        self.reasoning += _word(words.get("reasoningContent"))
        if len(self.text) + len(self.reasoning) > _LONGEST_TEXT:
            raise ProtocolError(f"a text of more than {_LONGEST_TEXT} characters", provider="runware", ref=self.ref)
        self.is_accepted = True
        if item.get("finishReason") is not None:
            self.last = item

    def _item(self) -> Item:
        """All of it as the result item that a task which is not streamed would have."""
        end = {key: value for key, value in (self.last or {}).items() if key not in ("delta", "taskUUID", "text")}
        thoughts: dict[str, JSON] = {"reasoningContent": [self.reasoning]} if self.reasoning else {}
        return {"taskType": "textInference", "taskUUID": self.ref.id, "text": self.text, **thoughts, **end}


def _word(value: JSON) -> str:
    return value if isinstance(value, str) else ""
