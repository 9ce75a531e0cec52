"""Runs tasks as the vendor does: queued per model, then running, then succeeded or failed."""

import asyncio
import math
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from anymedia.clock import Clock
from anymedia.testing.emulator import Ledger
from anymedia_runway.emulator.account import Account
from anymedia_runway.emulator.drawing import Drawing, output_formats
from anymedia_runway.emulator.errors import task_not_found
from anymedia_runway.emulator.jobs import Job

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
    status: str = "PENDING"
    started: float = 0.0
    charged: int = 0
    running: "asyncio.Task[None] | None" = None
    outputs: dict[int, bytes] = field(default_factory=dict[int, bytes])
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def formats(self) -> list[str]:
        """The format of each output."""
        return output_formats(self.order.job)

    @property
    def run_seconds(self) -> float:
        """How long the work takes, in emulated seconds."""
        return RUN_SECONDS[self.order.job.medium]

    def output(self, index: int) -> bytes:
        """The bytes of one output, drawn at the first call; keeps a core busy."""
        with self.lock:
            if index not in self.outputs:
                self.outputs[index] = self.order.drawing.output(index)
            return self.outputs[index]

    def describe(self, now: float) -> dict[str, Any]:
        """The task as a GET shows it, but for its outputs."""
        stamp = self.created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown: dict[str, Any] = {"id": self.id, "createdAt": stamp, "status": self.status}
        if self.status == "RUNNING":
            shown["progress"] = self._progress(now)
        if self.status == "FAILED" and self.order.fate:
            shown["failure"] = self.order.fate.failure
            shown |= {"failureCode": self.order.fate.failure_code} if self.order.fate.failure_code else {}
        if self.status in _ENDED:
            return shown | {"cost": {"credits": self.charged}}
        return shown | self.order.estimated_cost

    def _progress(self, now: float) -> float:
        seen = math.floor((now - self.started) / _PROGRESS_STEP) * _PROGRESS_STEP
        return round(min(0.99, max(_FIRST_PROGRESS, seen / self.run_seconds)), 2)


class Tasks:
    """All tasks of the account."""

    def __init__(self, clock: Clock, account: Account, ledger: Ledger) -> None:
        self._clock = clock
        self._account = account
        self._ledger = ledger
        self._tasks: dict[str, Task] = {}
        self._cancelled: dict[str, Task] = {}
        self._active: defaultdict[str, int] = defaultdict(int)
        self._queues: defaultdict[str, deque[Task]] = defaultdict(deque)

    def create(self, order: Order, created: datetime) -> Task:
        """Accept, charge and queue a task.

        Raises:
            ApiError: Credits or the daily limit do not allow it.
        """
        taken = math.ceil(order.estimate)
        self._account.admit(order.model, taken)
        task = Task(str(uuid.uuid4()), created, order, charged=taken)
        self._tasks[task.id] = task
        self._ledger.accept(task.id, order.endpoint, order.body)
        self._ledger.charge(task.id, Decimal(taken), "credits")
        self._enqueue(task)
        return task

    def get(self, task_id: str) -> Task:
        """A task that still exists.

        Raises:
            ApiError: It does not.
        """
        if task_id not in self._tasks:
            raise task_not_found()
        return self._tasks[task_id]

    def delete(self, task_id: str) -> None:
        """Cancel a task, or forget a finished one.

        Raises:
            ApiError: There is no such task.
        """
        task = self.get(task_id)
        del self._tasks[task_id]
        task.outputs.clear()
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

    async def aclose(self) -> None:
        """Stop all work."""
        working = [task.running for task in self._tasks.values() if task.running]
        for work in working:
            work.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def _enqueue(self, task: Task) -> None:
        self._queues[task.order.model].append(task)
        self._start_next(task.order.model)
        if task.running is None:
            task.status = "THROTTLED"

    def _start_next(self, model: str) -> None:
        queue = self._queues[model]
        while queue and self._active[model] < self._account.max_concurrent:
            task = queue.popleft()
            task.status = "PENDING"
            self._active[model] += 1
            task.running = asyncio.create_task(self._run(task))

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
        self._settle(task, _cost_of_failure(fate, task.charged) if fate else math.ceil(task.order.price))
        self._release(task)
        self._ledger.finish(task.id, task.status.lower())

    def _cancel(self, task: Task) -> None:
        refunded = task.status in _WAITING
        task.status = "CANCELLED"
        if task.running:
            task.running.cancel()
            self._release(task)
        else:
            self._queues[task.order.model].remove(task)
        if refunded:
            self._settle(task, 0)
        self._ledger.finish(task.id, "canceled")

    def _release(self, task: Task) -> None:
        task.running = None
        self._active[task.order.model] -= 1
        self._start_next(task.order.model)

    def _settle(self, task: Task, cost: int) -> None:
        back = task.charged - cost
        if not back:
            return
        self._account.book(task.order.model, -back)
        task.charged = cost
        if cost:
            self._ledger.charge(task.id, Decimal(-back), "credits")
        else:
            self._ledger.refund(task.id)


def _cost_of_failure(fate: Fate, charged: int) -> int:
    """Refused inputs are billed, all other failures given back.

    Source: docs.dev.runwayml.com, page Task failures; 2026-11
    """
    if fate.cost is not None:
        return fate.cost
    return charged if (fate.failure_code or "").startswith("SAFETY.INPUT") else 0
