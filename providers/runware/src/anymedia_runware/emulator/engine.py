"""The service's front desk, without sockets: each task goes to whoever answers it, or is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from anymedia_runware.emulator.account import account
from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.faults import TASK_FAULTS, Quirks, quirks, refusal
from anymedia_runware.emulator.frames import Frame, Outlet
from anymedia_runware.emulator.inputs import Inputs
from anymedia_runware.emulator.lookups import add_poll, details, empty_polls
from anymedia_runware.emulator.makers import LEGACY_NAMES, PAID_TASK_TYPES
from anymedia_runware.emulator.ordering import ordered
from anymedia_runware.emulator.reading import TaskIn
from anymedia_runware.emulator.runner import Runner
from anymedia_runware.emulator.search import search_models
from anymedia_runware.emulator.utilities import Answer, media_storage, upload_image
from anymedia_runware.emulator.validation import check_free, check_task_uuid

__all__ = ["Engine"]

_UPLOADS = {"imageUpload", "mediaStorage"}
_FREE = {"getTaskDetails", "modelSearch", "accountManagement", *_UPLOADS}


class Engine:
    """Answers tasks from any link.

    Args:
        backend: The books it works on.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._runner = Runner(backend)

    def answer(self, tasks: Sequence[TaskIn], outlet: Outlet) -> None:
        """Take in the tasks of one message. Sooner or later, each of them is counted in a frame's `finals`."""
        polls = empty_polls()
        for each in tasks:
            name = str(each.task.get("taskType"))
            self.backend.ledger.saw(name)
            if self.backend.faults.take("ignore", name) is not None:
                continue
            if name == "getResponse":
                self._answer_poll(each.task, polls, outlet)
            else:
                self._answer_one(each, outlet)
        if polls.finals:
            self.backend.put(polls, outlet)

    def _answer_poll(self, task: Mapping[str, Any], polls: Frame, outlet: Outlet) -> None:
        if not self.backend.closes(quirks(self.backend.faults, "getResponse", ["close"]), "before_accept", outlet):
            add_poll(task, polls, self.backend)

    def _answer_one(self, each: TaskIn, outlet: Outlet) -> None:
        name = str(each.task.get("taskType"))
        task_type = LEGACY_NAMES.get(name, name)
        nameless = _unknown_type(name, task_type) or check_task_uuid(each.task)
        if nameless is not None:
            self.backend.refuse([nameless], {"taskType": name}, outlet)
            return
        found = quirks(self.backend.faults, name, TASK_FAULTS if task_type in PAID_TASK_TYPES else ["close"])
        if self.backend.closes(found, "before_accept", outlet):
            return
        refused = refusal(self.backend.faults, name) or self._conflict(each.task)
        if refused is not None:
            self.backend.refuse([refused], each.task, outlet)
        elif task_type in PAID_TASK_TYPES:
            self._order(each, task_type, found, outlet)
        else:
            self._answer_free(each, found, outlet)

    def _conflict(self, task: Mapping[str, Any]) -> Problem | None:
        """An id may be used once; reading again is no harm."""
        uuid, known = task["taskUUID"], self.backend.tasks.get(task["taskUUID"])
        name = str(task["taskType"])
        if name in _FREE - _UPLOADS or (known is None and uuid not in self.backend.answers):
            return None
        context = {"taskUUID": uuid, "taskType": known.task_type if known else name}
        if known is not None:
            context["deliveryMethod"] = known.delivery
        return Problem("conflictTaskUUID", f"The task UUID {uuid} was used before.", "taskUUID", {"context": context})

    def _order(self, each: TaskIn, task_type: str, found: Quirks, outlet: Outlet) -> None:
        made = ordered(each, task_type, self.backend)
        if isinstance(made, list):
            self.backend.refuse(made, each.task, outlet)
        else:
            self._runner.accept(made, found, outlet)

    def _answer_free(self, each: TaskIn, found: Quirks, outlet: Outlet) -> None:
        backend, task = self.backend, each.task
        problems = check_free(task, each.inputs, backend.catalogue, strict=backend.behaviour.strict)
        fields = problems or self._free(task, each.inputs)
        if isinstance(fields, list | Problem):
            backend.refuse(fields if isinstance(fields, list) else [fields], task, outlet)
            return
        item = {"taskType": task["taskType"], "taskUUID": task["taskUUID"], **fields}
        shown = backend.tasks.get(task["taskUUID"])
        if task["taskType"] != "getTaskDetails" and shown is None:
            backend.answers[task["taskUUID"]] = (task, item)
        frame = Frame([item], subject=str(task["taskType"]), delivers=shown.ready() if shown else ())
        if not backend.closes(found, "after_accept", outlet, frame):
            backend.put(frame, outlet)

    def _free(self, task: Mapping[str, Any], inputs: Inputs) -> Answer:
        backend = self.backend
        match task["taskType"]:
            case "getTaskDetails":
                return details(task, backend)
            case "imageUpload":
                return upload_image(inputs, backend.host)
            case "mediaStorage":
                return media_storage(task, inputs, backend.host)
            case "modelSearch":
                return search_models(task, backend.catalogue)
            case _:
                return account(task, backend)


def _unknown_type(name: str, task_type: str) -> Problem | None:
    if task_type in PAID_TASK_TYPES or task_type in _FREE:
        return None
    return Problem("unsupportedTaskType", f"There is no task type {name!r}.", "taskType")
