"""Runs tasks as the vendor does: queued per model, then running, then succeeded or failed."""

import asyncio
import math
import uuid
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.bills import Bill
from anymedia_runway.emulator.drawing import Drawing, output_formats
from anymedia_runway.emulator.errors import not_found
from anymedia_runway.emulator.jobs import Job
from anymedia_runway.emulator.outputs import Outputs
from anymedia_runway.emulator.web import stamp

__all__ = ["Fate", "Order", "Task", "Tasks"]

# Emulated seconds.
QUEUE_SECONDS = 3.0
RUN_SECONDS = {"image": 8.0, "video": 30.0, "audio": 5.0}
# Source: runwayml 5.24.0, resources/tasks.py `retrieve`: no updates more often than every five seconds; 2026-11
_PROGRESS_STEP = 5.0
_FIRST_PROGRESS = 0.02

_WAITING = ("PENDING", "THROTTLED")
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass(frozen=True)
class Fate:
    """What a fault has in store for a task: an end in failure, or none at all."""

    failure_code: str | None = None
    failure: str = ""
    cost: int | None = None
    sticks: bool = False


@dataclass(frozen=True)
class Order:
    """What a client asked for and what it will cost."""

    endpoint: str
    model: str
    body: Mapping[str, Any]
    job: Job
    drawing: Drawing
    estimate: float
    price: float
    fate: Fate | None = None

    @property
    def outputs(self) -> Outputs:
        """What it makes."""
        return Outputs(output_formats(self.job), self.drawing.output)

    @property
    def estimated_cost(self) -> dict[str, Any]:
        """The most it may cost, as the API shows it."""
        whole = self.estimate.is_integer()
        return {"estimatedCost": {"credits": int(self.estimate) if whole else self.estimate}}


@dataclass
class Task:
    """One task from acceptance to deletion."""

    id: str
    created: datetime
    order: Order
    bill: Bill
    status: str = "PENDING"
    started: float = 0.0
    running: "asyncio.Task[None] | None" = None

    @property
    def run_seconds(self) -> float:
        """How long the work takes, in emulated seconds."""
        return RUN_SECONDS[self.order.job.medium]

    def describe(self, now: float) -> dict[str, Any]:
        """The task as a GET shows it, but for its outputs."""
        shown: dict[str, Any] = {"id": self.id, "createdAt": stamp(self.created), "status": self.status}
        if self.status == "RUNNING":
            shown["progress"] = self._progress(now)
        if self.status == "FAILED" and self.order.fate:
            shown["failure"] = self.order.fate.failure
            shown |= {"failureCode": self.order.fate.failure_code} if self.order.fate.failure_code else {}
        if self.status in _ENDED:
            return shown | {"cost": {"credits": self.bill.charged}}
        return shown | self.order.estimated_cost

    def _progress(self, now: float) -> float:
        seen = math.floor((now - self.started) / _PROGRESS_STEP) * _PROGRESS_STEP
        return round(min(0.99, max(_FIRST_PROGRESS, seen / self.run_seconds)), 2)


class Tasks:
    """All tasks of the account."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._clock = backend.clock
        self._account = backend.account
        self._ledger = backend.ledger
        self._tasks: dict[str, Task] = {}
        self._cancelled: dict[str, Task] = {}
        self._active: defaultdict[str, int] = defaultdict(int)
        self._queues: defaultdict[str, deque[Task]] = defaultdict(deque)

    def create(self, order: Order, created: datetime) -> Task:
        """Accept, charge and queue a task.

        Raises:
            ApiError: Credits or the daily limit do not allow it.
        """
        taken, task_id = math.ceil(order.estimate), str(uuid.uuid4())
        self._account.admit(order.model, taken)
        self._ledger.accept(task_id, order.endpoint, order.body)
        task = Task(task_id, created, order, Bill(self._account, self._ledger, task_id, order.model))
        task.bill.take(taken)
        self._tasks[task_id] = task
        self._backend.shelf.put(task_id, order.outputs)
        self._enqueue(task)
        return task

    def get(self, task_id: str) -> Task:
        """A task that still exists.

        Raises:
            ApiError: It does not.
        """
        if task_id not in self._tasks:
            raise not_found("Task")
        return self._tasks[task_id]

    def delete(self, task_id: str) -> None:
        """Cancel a task, or forget a finished one.

        Raises:
            ApiError: There is no such task.
        """
        task = self.get(task_id)
        del self._tasks[task_id]
        self._backend.shelf.remove(task_id)
        if task.status not in _ENDED:
            self._cancel(task)
            self._cancelled[task_id] = task

    def canceled_by_vendor(self, task_id: str) -> Task:
        """The task, cancelled by the vendor if it was still open; a client's own cancel is seen again.

        Raises:
            ApiError: There is no such task.
        """
        task = self._cancelled.get(task_id) or self.get(task_id)
        if task.status not in _ENDED:
            self._cancel(task)
        return task

    def is_full(self, model: str) -> bool:
        """Whether a new task of the model would have to wait."""
        return self._active[self._account.limits.counter(model)] >= self._account.limits.concurrent(model)

    def _line(self, task: Task) -> str:
        """Where a task queues up: with those that share its model's limits."""
        return self._account.limits.counter(task.order.model)

    def _enqueue(self, task: Task) -> None:
        self._queues[self._line(task)].append(task)
        self._start_next(self._line(task))
        if task.running is None:
            task.status = "THROTTLED"

    def _start_next(self, line: str) -> None:
        queue = self._queues[line]
        while queue and not self.is_full(line):
            task = queue.popleft()
            task.status = "PENDING"
            self._active[line] += 1
            task.running = self._backend.background.start(self._run(task))

    async def _run(self, task: Task) -> None:
        await self._clock.sleep(QUEUE_SECONDS)
        task.status, task.started = "RUNNING", self._clock.now()
        if task.order.fate and task.order.fate.sticks:
            return
        await self._clock.sleep(task.run_seconds)
        self._finish(task)

    def _finish(self, task: Task) -> None:
        fate = task.order.fate
        task.status = "FAILED" if fate else "SUCCEEDED"
        task.bill.settle(_cost_of_failure(fate, task.bill.charged) if fate else math.ceil(task.order.price))
        self._release(task)
        self._ledger.finish(task.id, task.status.lower())

    def _cancel(self, task: Task) -> None:
        refunded = task.status in _WAITING
        task.status = "CANCELLED"
        if task.running:
            task.running.cancel()
            self._release(task)
        else:
            self._queues[self._line(task)].remove(task)
        if refunded:
            task.bill.settle(0)
        self._ledger.finish(task.id, "canceled")

    def _release(self, task: Task) -> None:
        task.running = None
        self._active[self._line(task)] -= 1
        self._start_next(self._line(task))


def _cost_of_failure(fate: Fate, charged: int) -> int:
    """Refused inputs are billed, all other failures given back.

    Source: docs.dev.runwayml.com, page Task failures; 2026-11
    """
    if fate.cost is not None:
        return fate.cost
    return charged if (fate.failure_code or "").startswith("SAFETY.INPUT") else 0
