"""Bends frames on their way out, by the faults that are armed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from anymedia.testing.emulator import Faults
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.frames import Frame, Outlet

__all__ = ["deliver"]

_LATE_SECONDS = 5.0
_STRANGE = {"newField": "x", "anotherNewField": {"nested": [1, 2.5, None]}}


def deliver(frame: Frame, outlet: Outlet, faults: Faults, later: Callable[[float, Callable[[], None]], None]) -> None:
    """Hand a frame to an outlet, bent by the faults that apply to it.

    Args:
        frame: The frame.
        outlet: Where it goes.
        faults: What is armed.
        later: Runs an action after so many seconds.
    """
    for stray in _strays(frame.subject, faults):
        outlet.put(stray)
    frame = _spoilt(_bent(frame, faults), faults)
    late = faults.take("reorder", frame.subject)
    if late is not None:
        later(late.get("seconds", _LATE_SECONDS), lambda: outlet.put(frame))
        return
    outlet.put(frame)
    if faults.take("duplicate", frame.subject) is not None:
        outlet.put(replace(frame, finals=0))


def _strays(subject: str, faults: Faults) -> list[Frame]:
    strays: list[Frame] = []
    if (foreign := faults.take("foreign", subject)) is not None:
        strays += [_foreign(subject) for _ in range(foreign.get("frames", 1))]
    if (abandoned := faults.take("foreign_error", subject)) is not None:
        task = {"taskType": subject, "taskUUID": str(uuid4())}
        strays.append(_error(abandoned.get("code", "inferenceError"), task))
    if (orphan := faults.take("orphan_error", subject)) is not None:
        strays.append(_error(orphan.get("code", "internalServerError")))
    return strays


def _foreign(subject: str) -> Frame:
    uuid = str(uuid4())
    item = {"taskType": subject, "taskUUID": uuid, "imageUUID": uuid, "imageURL": f"http://127.0.0.1:9/{uuid}"}
    return Frame([item], finals=0)


def _error(code: str, task: Mapping[str, Any] | None = None) -> Frame:
    return Frame(None, [Problem(code, "Something went wrong.").item(task)], finals=0)


def _bent(frame: Frame, faults: Faults) -> Frame:
    if faults.take("mixed_frame", frame.subject) is not None:
        alien = Problem("inferenceError", "Another task failed.").item({"taskUUID": str(uuid4())})
        frame = replace(frame, errors=[*(frame.errors or ()), alien])
    if faults.take("array_frame", frame.subject) is not None:
        frame = replace(frame, layout="array")
    if faults.take("data_object", frame.subject) is not None:
        frame = replace(frame, layout="object")
    if frame.errors and faults.take("single_error", frame.subject) is not None:
        frame = replace(frame, layout="single_error")
    if not frame.errors and faults.take("empty_errors", frame.subject) is not None:
        frame = replace(frame, extra={"errors": []})
    if faults.take("extra_fields", frame.subject) is not None:
        data = [{**item, **_STRANGE} for item in frame.data or ()]
        frame = replace(frame, data=data, extra={**frame.extra, **_STRANGE})
    return frame


def _spoilt(frame: Frame, faults: Faults) -> Frame:
    """A frame that nobody can read delivers nothing."""
    spoilt = faults.take("unreadable", frame.subject)
    if spoilt is None:
        return frame
    how = spoilt.get("how", "malformed")
    return replace(frame, spoil=how, delivers=frame.delivers if how == "binary" else ())
