"""getResponse and getTaskDetails: what became of a task."""

from collections.abc import Mapping
from typing import Any

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.frames import Frame
from anymedia_runware.emulator.tasks import Task
from anymedia_runware.emulator.validation import check_task_uuid

__all__ = ["add_poll", "details", "empty_polls"]


def empty_polls() -> Frame:
    """A frame for the answers to all the getResponse tasks of a message."""
    return Frame([], [], subject="getResponse", delivers=[], finals=0)


def add_poll(request: Mapping[str, Any], polls: Frame, backend: Backend) -> None:
    """Add the answer to one getResponse."""
    answer = _poll(request, backend)
    polls.data = [*(polls.data or ()), *(answer.data or ())]
    polls.errors = [*(polls.errors or ()), *(answer.errors or ())]
    polls.delivers = [*polls.delivers, *answer.delivers]
    polls.finals += 1


def details(request: Mapping[str, Any], backend: Backend) -> dict[str, Any] | Problem:
    """The fields of a getTaskDetails answer: request and response as they were, for any task ever accepted."""
    task = backend.tasks.get(request["taskUUID"])
    if task is not None:
        return {"request": [task.request], "response": task.details()}
    if request["taskUUID"] in backend.answers:
        sent, item = backend.answers[request["taskUUID"]]
        return {"request": [sent], "response": {"data": [item]}}
    return _not_found(request)


def _poll(request: Mapping[str, Any], backend: Backend) -> Frame:
    strange = check_task_uuid(request)
    if strange is not None:
        return Frame(None, [strange.item({"taskType": "getResponse"})])
    task = backend.tasks.get(request["taskUUID"])
    subject = f"getResponse {task.task_type}" if task else "getResponse"
    sick = backend.faults.take("poll_error", subject)
    if sick is not None:
        code = sick.get("code", "rateLimitExceeded")
        return Frame(None, [Problem(code, "getResponse could not be answered.").item(request)])
    lost = backend.faults.take("task_not_found", subject)
    if lost is not None:
        return _unknown(request, empty=bool(lost.get("empty", False)))
    if task is None or backend.clock.now() - task.created > backend.behaviour.responses_kept:
        return _unknown(request, empty=backend.behaviour.unknown_task == "empty")
    return _known(task, subject, backend)


def _known(task: Task, subject: str, backend: Backend) -> Frame:
    form = backend.behaviour.failure_form
    if task.failures and backend.faults.take("form_b_errors", subject) is not None:
        form = "item"
    odd = None if task.finished else backend.faults.take("odd_status", subject)
    running = "processing" if odd is None else str(odd.get("status", "queued"))
    return task.poll(backend.clock.now(), form, running)


def _unknown(request: Mapping[str, Any], *, empty: bool) -> Frame:
    return Frame([]) if empty else Frame(None, [_not_found(request).item(request)])


def _not_found(request: Mapping[str, Any]) -> Problem:
    return Problem("taskNotFound", f"There is no task with the UUID {request['taskUUID']}.", "taskUUID")
