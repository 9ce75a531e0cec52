"""One accepted task: its results as they become ready, and what the wire says about them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.faults import Quirks
from anymedia_runware.emulator.frames import Frame, Outlet
from anymedia_runware.emulator.media import Artefact
from anymedia_runware.emulator.shapes import array_of
from anymedia_runware.emulator.work import Order, Product, Work

__all__ = ["Result", "Task"]

_LARGE = 2_000_000


@dataclass
class Result:
    """One of a task's results: not ready, ready or failed."""

    product: Product
    ready_at: float
    done: bool = False
    problem: Problem | None = None


@dataclass
class Task:
    """A task from acceptance on.

    Args:
        order: What was asked.
        work: What that means.
        created: When it was accepted.
        delivery: `sync`, `async` or `stream`.
        quirks: The faults that strike it.
        outlet: Where results are pushed, or None once nobody is told.
    """

    order: Order
    work: Work
    created: float
    delivery: str
    quirks: Quirks
    outlet: Outlet | None
    results: list[Result] = field(default_factory=list[Result])
    delivered: set[int] = field(default_factory=set[int])

    @property
    def uuid(self) -> str:
        """The id the client made."""
        return str(self.order.task["taskUUID"])

    @property
    def request(self) -> Mapping[str, Any]:
        """The request as sent."""
        return self.order.task

    @property
    def task_type(self) -> str:
        """The task type as sent, legacy names included."""
        return str(self.request["taskType"])

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return all(result.done for result in self.results)

    @property
    def failures(self) -> list[Problem]:
        """Why results failed."""
        return [result.problem for result in self.results if result.problem is not None]

    def name(self) -> dict[str, Any]:
        """The fields that say which task an item belongs to."""
        return {"taskType": self.task_type, "taskUUID": self.uuid}

    def poll(self, now: float, form: str, running: str) -> Frame:
        """Everything known now, as getResponse tells it.

        Args:
            now: The time.
            form: Where failures go: `errors`, or an `item`.
            running: The status of results that are not ready.
        """
        told: dict[str, list[dict[str, Any]]] = {"data": [], "errors": []}
        for index, result in enumerate(self.results):
            if self.work.staged and not result.done and index:
                continue
            if result.done:
                place, item = self.outcome(index, form)
                told[place].append(item)
            else:
                told["data"].append({**self._progress(result, now), "status": running})
        return Frame(told["data"], told["errors"], delivers=self.ready())

    def outcome(self, index: int, form: str) -> tuple[Literal["data", "errors"], dict[str, Any]]:
        """Where one result is told that is done, and what is said of it; `form` as in `poll()`."""
        problem = self.results[index].problem
        if problem is None:
            return "data", {"status": "success", **self.item(index)}
        if form == "errors":
            return "errors", {**problem.item(self.request), "status": "error"}
        return "data", {**self.name(), "status": "error", "error": problem.item()}

    def details(self) -> dict[str, Any]:
        """The `response` of getTaskDetails."""
        items = [self.item(index) for index, one in enumerate(self.results) if one.done and not one.problem]
        errors = [problem.item(self.request) for problem in self.failures]
        return {"data": items, "errors": errors} if errors else {"data": items}

    def ready(self) -> list[tuple[str, int]]:
        """The results that can be handed out."""
        return [(self.uuid, index) for index, one in enumerate(self.results) if one.done and not one.problem]

    def item(self, index: int) -> dict[str, Any]:
        """The wire form of one finished result."""
        product = self.results[index].product
        item = {**self.name(), **product.fields}
        if product.artefact is not None and product.prefix:
            item[f"{product.prefix}UUID"] = product.artefact.uuid
            item.update(self._medium(product.artefact, product.prefix))
        if self.request.get("includeCost"):
            item["cost"] = float(self.work.price)
        if self.order.behaviour.result_index:
            item["resultIndex"] = index
        if "large_result" in self.quirks:
            item["metadata"] = "x" * int(self.quirks["large_result"].get("bytes", _LARGE))
        return item

    def _progress(self, result: Result, now: float) -> dict[str, Any]:
        part = (now - self.created) / max(result.ready_at - self.created, 1e-9)
        item = {**self.name(), "progress": min(99, int(100 * part))}
        if "early_uuid" in self.quirks and result.product.artefact is not None:
            item[f"{result.product.prefix}UUID"] = result.product.artefact.uuid
        return item

    def _medium(self, artefact: Artefact, prefix: str) -> dict[str, Any]:
        asked = self.request.get("outputType", "URL")
        kind = str(next(iter(array_of(asked)), asked)).lower()
        if kind == "base64data":
            return {f"{prefix}Base64Data": lambda: _base64(artefact)}
        if kind == "datauri":
            return {f"{prefix}DataURI": lambda: f"data:{artefact.media_type};base64,{_base64(artefact)}"}
        return {f"{prefix}URL": self.order.host.url(artefact)}


def _base64(artefact: Artefact) -> str:
    return base64.b64encode(artefact.read()).decode()
