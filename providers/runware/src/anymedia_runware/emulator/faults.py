"""The misbehaviour this emulator knows, and how it bends frames."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from anymedia.testing.emulator import Faults
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.frames import Frame, Outlet

__all__ = ["FAULT_KINDS", "TASK_FAULTS", "Quirks", "deliver", "quirks"]

Quirks = Mapping[str, Mapping[str, Any]]

FAULT_KINDS: Mapping[str, str] = {
    "no_auth_reply": "an authentication is never answered",
    "reject_key": "the right key is rejected, at the first connection or at a later one",
    "forget_session": "a resumed session is unknown: a new id, and nothing is replayed",
    "close": "the socket closes (code=1011, 1006 breaks it off): when='before_accept', 'after_accept', 'before_result'",
    "lose_ack": "the acknowledgement of an asynchronous task is never sent",
    "lose_result": "a result frame is never sent; only getResponse and getTaskDetails show the result",
    "duplicate": "a frame is sent twice",
    "reorder": "a frame comes seconds=5 late, so that later ones overtake it",
    "foreign": "a result for an unknown task comes before the frame",
    "orphan_error": "an error that names no task (code=) comes before the frame",
    "mixed_frame": "a frame also holds an error for an unknown task",
    "array_frame": "a frame is an array of items instead of an object",
    "data_object": "`data` is an object instead of an array",
    "single_error": "the first error stands alone under `error` instead of in an array",
    "empty_errors": "a good frame also has an empty `errors` array",
    "extra_fields": "items and frame carry fields nobody knows",
    "empty_ack": "an acknowledgement has no items",
    "large_result": "each result carries a text of bytes=2_000_000",
    "throttle": "the task is refused with rateLimitExceeded",
    "server_error": "the task is refused with internalServerError",
    "no_credits": "the task is refused with insufficientCredits",
    "daily_quota": "the task is refused with quotaExceeded",
    "error_after": "the task is accepted and charged, yet answered with an error (code=internalServerError), HTTP 502",
    "fail_task": "the task fails after it was accepted (code=inferenceError)",
    "fail_one": "one of the task's results fails (code=inferenceError)",
    "slow": "each result takes seconds=60 more",
    "stick": "the task stays in processing for ever",
    "early_uuid": "progress items already carry the id of the medium to come",
    "poll_error": "getResponse is answered with an error of its own (code=rateLimitExceeded)",
    "task_not_found": "getResponse does not know the task (empty=False; True answers with no data)",
    "form_b_errors": "getResponse reports failures as items with status 'error'",
    "odd_status": "getResponse reports a running task with another status (status='queued')",
    "http_status_before": "an HTTP request is answered with status=503 before anything is done",
    "http_status_after": "an HTTP request is carried out, then answered with status=502",
    "expire_url": "the address of an output stops working when it is asked for",
    "media_status": "a media download is answered with status=500",
    "html": "a media download is answered with an HTML page",
}

# Those that are decided when a task arrives and stay with it.
TASK_FAULTS = (
    "close",
    "lose_ack",
    "lose_result",
    "empty_ack",
    "large_result",
    "error_after",
    "fail_task",
    "fail_one",
    "slow",
    "stick",
    "early_uuid",
)

_LATE_SECONDS = 5.0
_STRANGE = {"newField": "x", "anotherNewField": {"nested": [1, 2.5, None]}}


def quirks(faults: Faults, task_type: str, kinds: Sequence[str] = TASK_FAULTS) -> Quirks:
    """The faults that strike one task, used up by it."""
    found = {kind: faults.take(kind, task_type) for kind in kinds}
    return {kind: options for kind, options in found.items() if options is not None}


def deliver(frame: Frame, outlet: Outlet, faults: Faults, later: Callable[[float, Callable[[], None]], None]) -> None:
    """Hand a frame to an outlet, bent by the faults that apply to it.

    Args:
        frame: The frame.
        outlet: Where it goes.
        faults: What is armed.
        later: Runs an action after so many seconds.
    """
    for stray in _strays(frame, faults):
        outlet.put(stray)
    frame = _bent(frame, faults)
    late = faults.take("reorder", frame.subject)
    if late is not None:
        later(late.get("seconds", _LATE_SECONDS), lambda: outlet.put(frame))
        return
    outlet.put(frame)
    if faults.take("duplicate", frame.subject) is not None:
        outlet.put(replace(frame, finals=0))


def _strays(frame: Frame, faults: Faults) -> list[Frame]:
    strays: list[Frame] = []
    if faults.take("foreign", frame.subject) is not None:
        uuid = str(uuid4())
        item = {
            "taskType": frame.subject,
            "taskUUID": uuid,
            "imageUUID": uuid,
            "imageURL": f"http://127.0.0.1:9/{uuid}",
        }
        strays.append(Frame([item], finals=0))
    orphan = faults.take("orphan_error", frame.subject)
    if orphan is not None:
        problem = Problem(orphan.get("code", "internalServerError"), "Something went wrong.")
        strays.append(Frame(None, [problem.item()], finals=0))
    return strays


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
