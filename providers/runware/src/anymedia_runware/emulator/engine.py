"""The service's front desk, without sockets: each task goes to whoever answers it, or is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.faults import TASK_FAULTS, Quirks, quirks
from anymedia_runware.emulator.frames import Frame, Outlet
from anymedia_runware.emulator.inputs import Inputs
from anymedia_runware.emulator.lookups import add_poll, details, empty_polls
from anymedia_runware.emulator.reading import TaskIn
from anymedia_runware.emulator.runner import PAID_TASK_TYPES, Runner
from anymedia_runware.emulator.search import search_models
from anymedia_runware.emulator.utilities import Answer, account, media_storage, upload_image
from anymedia_runware.emulator.validation import check_model, check_parameters, check_task_uuid
from anymedia_runware.emulator.work import Order

__all__ = ["Engine"]

# Source: runware.ai/docs task references, 2025 names on the left; 2026-10.
_LEGACY = {"imageUpscale": "upscale", "imageBackgroundRemoval": "removeBackground", "imageCaption": "caption"}
_UPLOADS = {"imageUpload", "mediaStorage"}
_FREE = {"getTaskDetails", "modelSearch", "accountManagement", *_UPLOADS}

# The 2025 dialect could leave a tool's model to the service.
_DEFAULT_MODELS = {
    "upscale": "runware:504@1",
    "removeBackground": "runware:109@1",
    "caption": "runware:150@2",
    "promptEnhance": "runware:llama-3-1-8b@prompt-enhancer",
}
_REFUSALS = {
    "throttle": "rateLimitExceeded",
    "server_error": "internalServerError",
    "no_credits": "insufficientCredits",
    "daily_quota": "quotaExceeded",
}


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
            self.backend.ledger.saw(str(each.task.get("taskType")))
            if each.task.get("taskType") == "getResponse":
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
        task_type = _LEGACY.get(name, name)
        nameless = _unknown_type(name, task_type) or check_task_uuid(each.task)
        if nameless is not None:
            self.backend.refuse([nameless], {"taskType": name}, outlet)
            return
        found = quirks(self.backend.faults, name, TASK_FAULTS if task_type in PAID_TASK_TYPES else ["close"])
        if self.backend.closes(found, "before_accept", outlet):
            return
        refusal = self._refused_by_fault(name) or self._conflict(each.task)
        if refusal is not None:
            self.backend.refuse([refusal], each.task, outlet)
        elif task_type in PAID_TASK_TYPES:
            self._order(each, task_type, found, outlet)
        else:
            self._answer_free(each, found, outlet)

    def _refused_by_fault(self, name: str) -> Problem | None:
        for kind, code in _REFUSALS.items():
            if self.backend.faults.take(kind, name) is not None:
                return Problem(code, f"The request was refused: {code}.")
        return None

    def _conflict(self, task: Mapping[str, Any]) -> Problem | None:
        uuid, known = task["taskUUID"], self.backend.tasks.get(task["taskUUID"])
        if task["taskType"] == "getTaskDetails" or (known is None and uuid not in self.backend.uploads):
            return None
        context = {"taskUUID": uuid, "taskType": known.task_type if known else task["taskType"]}
        if known is not None:
            context["deliveryMethod"] = known.delivery
        return Problem("conflictTaskUUID", f"The task UUID {uuid} was used before.", "taskUUID", {"context": context})

    def _order(self, each: TaskIn, task_type: str, found: Quirks, outlet: Outlet) -> None:
        backend, task = self.backend, each.task
        air = task.get("model") or _DEFAULT_MODELS.get(task_type)
        wrong = check_model(air, task_type, backend.catalogue)
        if wrong is not None:
            backend.refuse([wrong], task, outlet)
            return
        model, strict = backend.catalogue.find(str(air)), backend.behaviour.strict
        problems = check_parameters(task, task_type, model, each.inputs, backend.catalogue, strict=strict)
        if problems:
            backend.refuse(problems, task, outlet)
            return
        limits = backend.catalogue.limits(task_type, model)
        order = Order(task, task_type, model, limits, each.inputs, backend.host, backend.behaviour, backend.rng)
        self._runner.accept(order, found, outlet)

    def _answer_free(self, each: TaskIn, found: Quirks, outlet: Outlet) -> None:
        task = each.task
        fields = self._free(task, each.inputs)
        if isinstance(fields, Problem):
            self.backend.refuse([fields], task, outlet)
            return
        item = {"taskType": task["taskType"], "taskUUID": task["taskUUID"], **fields}
        if task["taskType"] in _UPLOADS:
            self.backend.uploads[task["taskUUID"]] = (task, item)
        shown = self.backend.tasks.get(task["taskUUID"])
        frame = Frame([item], subject=str(task["taskType"]), delivers=shown.ready() if shown else ())
        if not self.backend.closes(found, "after_accept", outlet, frame):
            self.backend.put(frame, outlet)

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
                return account(task, backend.ledger.charged, len(backend.tasks), backend.behaviour)


def _unknown_type(name: str, task_type: str) -> Problem | None:
    if task_type in PAID_TASK_TYPES or task_type in _FREE:
        return None
    return Problem("unsupportedTaskType", f"There is no task type {name!r}.", "taskType")
