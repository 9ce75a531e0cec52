"""What the service says: frames, and the outlets they leave by."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["Frame", "Gathering", "Outlet", "dumps"]

_Layout = Literal["plain", "array", "object", "single_error"]
_Spoil = Literal["", "malformed", "truncated", "binary", "rubbish"]


@dataclass
class Frame:
    """One message to a client. Values that are functions are worked out when it is sent.

    Args:
        data: Items for the `data` array.
        errors: Items for the `errors` array.
        subject: The task type that faults match on.
        delivers: The results it hands out, as task id and index.
        finals: How many tasks of the request are answered for good by it.
        layout: `plain`, or one of the odd layouts that occur in the wild.
        spoil: What happens to its text on the way: `malformed` and `truncated` is no JSON any more, `binary` is the
            same text as bytes, `rubbish` is bytes that are no text.
        fate: `lost` is never sent; `gateway` becomes a bare 502 over HTTP.
        close: Close the socket with this code instead of sending; the frame stays undelivered.
    """

    data: list[dict[str, Any]] | None = None
    errors: list[dict[str, Any]] | None = None
    subject: str = ""
    delivers: Sequence[tuple[str, int]] = ()
    finals: int = 1
    layout: _Layout = "plain"
    spoil: _Spoil = ""
    fate: Literal["", "lost", "gateway"] = ""
    close: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def body(self) -> Any:
        """The JSON document, still with its functions."""
        if self.layout == "array":
            return [*(self.data or ()), *(self.errors or ())]
        body = dict(self.extra)
        if self.data is not None:
            body["data"] = self.data[0] if self.layout == "object" and len(self.data) == 1 else self.data
        if self.errors and self.layout == "single_error":
            body["error"] = self.errors[0]
        elif self.errors:
            body["errors"] = self.errors
        return body

    @property
    def heavy(self) -> bool:
        """Whether writing it out means rendering media."""
        return _holds_work(self.data)

    def text(self) -> str:
        """The message as JSON."""
        return dumps(self.body())

    def wire(self) -> str | bytes:
        """The message as it goes over the wire."""
        text = self.text()
        match self.spoil:
            case "malformed":
                return text.replace(":", "=", 1)
            case "truncated":
                return text[: len(text) // 2]
            case "binary":
                return text.encode()
            case "rubbish":
                return b"\xff\xfe" + text.encode()
            case _:
                return text


def _holds_work(value: Any) -> bool:
    return callable(value) or any(map(_holds_work, [*object_of(value).values(), *array_of(value)]))


def dumps(body: Any) -> str:
    """JSON text of a body whose functions are called as they are met."""
    return json.dumps(body, default=_called)


def _called(value: Callable[[], Any]) -> Any:
    return value()


class Outlet(Protocol):
    """Where the frames for one client go."""

    def put(self, frame: Frame) -> None:
        """Hand over one frame."""
        ...


class Gathering:
    """Collects the frames that answer one HTTP request.

    Args:
        tasks: How many tasks the request holds.
        complete: Called once each of them has been answered.
    """

    def __init__(self, tasks: int, complete: Callable[[], None]) -> None:
        self.frames: list[Frame] = []
        self._open = tasks
        self._complete = complete

    def put(self, frame: Frame) -> None:
        """Keep a frame; the last one completes the answer, and one that breaks it off ends the waiting."""
        self.frames.append(frame)
        self._open -= frame.finals
        if self._open <= 0 or self.broken:
            self._complete()

    @property
    def broken(self) -> bool:
        """Whether the answer never reaches the client in one piece."""
        return any(frame.fate or frame.close is not None for frame in self.frames)

    def merged(self) -> Frame:
        """One frame with everything that was said, as odd as its oddest part."""
        layouts: list[_Layout] = [frame.layout for frame in self.frames if frame.layout != "plain"]
        spoilt: list[_Spoil] = [frame.spoil for frame in self.frames if frame.spoil]
        return Frame(
            data=[item for frame in self.frames for item in frame.data or ()],
            errors=[item for frame in self.frames for item in frame.errors or ()],
            delivers=[result for frame in self.frames for result in frame.delivers],
            layout=layouts[-1] if layouts else "plain",
            spoil=spoilt[-1] if spoilt else "",
            extra={name: value for frame in self.frames for name, value in frame.extra.items()},
        )
