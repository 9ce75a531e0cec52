"""Carries out accepted tasks: acknowledges, waits, pushes results and closes the account."""

from dataclasses import replace
from functools import partial

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.faults import Quirks
from anymedia_runware.emulator.frames import Frame, Outlet
from anymedia_runware.emulator.makers import MAKERS, is_slow
from anymedia_runware.emulator.prices import CURRENCY
from anymedia_runware.emulator.tasks import Result, Task
from anymedia_runware.emulator.work import Order, Work

__all__ = ["Runner"]

# Results take this much of their usual time, so that they finish in any order.
_SPREAD = (0.8, 1.2)
_SLOW_SECONDS = 60.0
_FAILURE = "inferenceError"


class Runner:
    """Takes orders on and sees them through.

    Args:
        backend: The service it works for.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def accept(self, order: Order, quirks: Quirks, outlet: Outlet) -> None:
        """Start a task that was found valid; from here on it is paid for."""
        backend, work, now = self._backend, _counted(MAKERS[order.task_type](order), quirks), self._backend.clock.now()
        delivery = _delivery(order)
        task = Task(order, work, now, delivery, quirks, None if delivery == "async" else outlet)
        backend.tasks[task.uuid] = task
        backend.ledger.accept(task.uuid, task.task_type, task.request)
        backend.ledger.charge(task.uuid, work.price * work.count, CURRENCY)
        for index in range(work.count):
            self._schedule(task, index)
        if delivery == "sync":
            backend.later(backend.behaviour.sync_budget, partial(self._give_up, task))
        self._acknowledge(task, outlet)

    def _schedule(self, task: Task, index: int) -> None:
        extra = task.quirks["slow"].get("seconds", _SLOW_SECONDS) if "slow" in task.quirks else 0.0
        stages = index + 1 if task.work.staged else 1
        seconds = task.work.seconds * (self._backend.rng.uniform(*_SPREAD) + stages - 1) + extra
        task.results.append(Result(task.work.produce(index), task.created + seconds))
        if "stick" not in task.quirks:
            self._backend.later(seconds, partial(self._ready, task, index))

    def _acknowledge(self, task: Task, outlet: Outlet) -> None:
        if "error_after" in task.quirks:
            self._backend.put(_false_error(task), outlet)
        elif task.delivery != "async":
            self._backend.closes(task.quirks, "after_accept", outlet)
        else:
            ack = Frame([task.name()], subject=task.task_type)
            ack.data = [] if "empty_ack" in task.quirks else ack.data
            ack.fate = "lost" if "lose_ack" in task.quirks else ""
            if not self._backend.closes(task.quirks, "after_accept", outlet, ack):
                self._backend.put(ack, outlet)

    def _ready(self, task: Task, index: int) -> None:
        task.results[index].problem = _failure(task, index)
        task.results[index].done = True
        artefact = task.results[index].product.artefact
        if artefact is not None and task.results[index].problem is None:
            self._backend.host.publish(artefact)
        if task.results[index].problem is None:
            task.work.done(index)
        if task.finished:
            self._settle(task)
        self._backend.send_out(task, index)
        if task.outlet is not None:
            self._push(task, index, task.outlet)

    def _push(self, task: Task, index: int, outlet: Outlet) -> None:
        problem = task.results[index].problem
        frame = Frame(subject=task.task_type, finals=int(task.finished))
        if problem is None:
            frame.data, frame.delivers = [task.item(index)], [(task.uuid, index)]
        else:
            frame.errors = [problem.item(task.request)]
        first = sum(result.done for result in task.results) == 1
        if first and "lose_result" in task.quirks:
            frame.fate = "lost"
        if not first or not self._backend.closes(task.quirks, "before_result", outlet, frame):
            self._backend.put(frame, outlet)

    def _settle(self, task: Task) -> None:
        """Close the account: what failed is not charged for. Source: integrators' reports; 2026-10."""
        ledger, failed = self._backend.ledger, len(task.failures)
        if failed:
            ledger.refund(task.uuid)
        if 0 < failed < task.work.count:
            ledger.charge(task.uuid, task.work.price * (task.work.count - failed), CURRENCY)
        ledger.finish(task.uuid, "failed" if failed == task.work.count or task.work.fails else "succeeded")

    def _give_up(self, task: Task) -> None:
        """A synchronous answer may not take longer; the task itself goes on."""
        if task.outlet is None or task.finished:
            return
        outlet, task.outlet = task.outlet, None
        text = "The task takes longer than a synchronous answer may; it goes on."
        self._backend.refuse([Problem("timeout", text)], task.request, outlet)


def _delivery(order: Order) -> str:
    asked = order.task.get("deliveryMethod")
    if asked is not None:
        return str(asked).lower()
    return "async" if is_slow(order) or order.get("webhookURL") else "sync"


def _counted(work: Work, quirks: Quirks) -> Work:
    """The work, with more or fewer results than asked if a fault says so."""
    if "miscount" not in quirks:
        return work
    return replace(work, count=max(1, work.count + int(quirks["miscount"].get("by", 1))))


def _false_error(task: Task) -> Frame:
    task.outlet = None
    code = task.quirks["error_after"].get("code", "internalServerError")
    item = Problem(code, "Something went wrong.").item(task.request)
    return Frame(None, [item], subject=task.task_type, fate="gateway")


def _failure(task: Task, index: int) -> Problem | None:
    for kind, strikes in (("fail_task", True), ("fail_one", index == task.work.count - 1)):
        if kind in task.quirks and strikes:
            return Problem(task.quirks[kind].get("code", _FAILURE), "The task could not be carried out.")
    return None
