"""Everything that ends in a task: the generation endpoints and recipes, and the tasks themselves."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.errors import ApiError, daily_quota_reached, not_enough_credits, not_found
from anymedia_runway.emulator.orders import Orders
from anymedia_runway.emulator.tasks import Fate, Order, Task, Tasks
from anymedia_runway.emulator.web import json_body

__all__ = ["TASK_FAULTS", "Generations"]

TASK_FAULTS: Mapping[str, str] = {
    "no_credits": "answers 400 to a create, as if the balance were too low",
    "daily_quota": "answers 429 to a create, as if the model's daily limit were reached",
    "no_access": "answers 403 to a create, as if the model were not enabled for the account",
    "partner_account": "answers 400 to a create that does not say on whose behalf it is",
    "fail_task": "lets the task created end as FAILED with failure_code='INTERNAL' (None: absent), failure= and cost=",
    "stick": "leaves the task created RUNNING for ever",
    "hide_task": "answers 404 to a GET of a task, as may happen right after its creation",
    "odd_status": "shows status='REVIEWING' in a GET of a task",
    "canceled_spelling": "cancels the task, if it is open, and shows it with spelling='CANCELED' instead of a 404",
    "extra_fields": "adds keys that nobody knows to the answer about a task",
    "missing_cost": "leaves cost and estimatedCost out of the answer about a task",
    "no_output": "shows a task that has SUCCEEDED without its outputs; key=False leaves the key out",
}

# Source: runwayml 5.24.0, types/avatar_video_create_response.py: nothing but the id; 2026-11
_WITHOUT_ESTIMATE = ("avatar_videos",)


class Generations:
    """Starts, shows and ends tasks."""

    def __init__(self, backend: Backend, orders: Orders, tasks: Tasks) -> None:
        self._backend = backend
        self._orders = orders
        self._tasks = tasks

    def routes(self) -> list[Route]:
        """Where it is reached."""
        creates = [
            Route(f"/v1/{endpoint}", partial(self._create, endpoint), methods=["POST"])
            for endpoint in self._backend.models.endpoints
        ]
        return [
            *creates,
            Route("/v1/tasks/{task}", self._get, methods=["GET"]),
            Route("/v1/tasks/{task}", self._delete, methods=["DELETE"]),
        ]

    def place(self, order: Order, request: Request) -> Task:
        """Start the task of an order.

        Raises:
            ApiError: Credits, limits or a fault are against it.
        """
        fault = self._backend.fault
        if fault("partner_account", request) is not None and "x-runway-on-behalf-of" not in request.headers:
            raise _behalf_missing()
        if fault("no_access", request) is not None:
            raise ApiError(403, {"error": "Model variant is not available"})
        if fault("no_credits", request) is not None:
            raise not_enough_credits()
        if fault("daily_quota", request) is not None:
            raise daily_quota_reached()
        return self._tasks.create(replace(order, fate=self._fate(request)), self._backend.calendar.now())

    async def _create(self, endpoint: str, request: Request) -> Response:
        order = await self._orders.read(endpoint, await json_body(request))
        task = self.place(order, request)
        estimate = {} if endpoint in _WITHOUT_ESTIMATE else order.estimated_cost
        return answer(self._altered({"id": task.id, **estimate}, request))

    def _fate(self, request: Request) -> Fate | None:
        if self._backend.fault("stick", request) is not None:
            return Fate(sticks=True)
        fault = self._backend.fault("fail_task", request)
        if fault is None:
            return None
        failure = fault.get("failure", "An unexpected error occurred.")
        return Fate(fault.get("failure_code", "INTERNAL"), failure, fault.get("cost"))

    async def _get(self, request: Request) -> Response:
        fault, task_id = self._backend.fault, request.path_params["task"]
        if fault("hide_task", request) is not None:
            raise not_found("Task")
        if (options := fault("canceled_spelling", request)) is not None:
            task = self._tasks.canceled_by_vendor(task_id)
            shown = task.describe(self._backend.clock.now()) | {"status": options.get("spelling", "CANCELED")}
            return answer(shown)
        task = self._tasks.get(task_id)
        shown = task.describe(self._backend.clock.now())
        if task.status == "SUCCEEDED":
            shown |= self._outputs(task, request)
        if (options := fault("odd_status", request)) is not None:
            shown["status"] = options.get("status", "REVIEWING")
        return answer(self._altered(shown, request))

    def _outputs(self, task: Task, request: Request) -> dict[str, Any]:
        if (options := self._backend.fault("no_output", request)) is not None:
            return {"output": []} if options.get("key", True) else {}
        urls = self._backend.urls(task.id, request)
        self._backend.ledger.deliver(task.id, len(urls))
        return {"output": urls}

    def _altered(self, shown: dict[str, Any], request: Request) -> dict[str, Any]:
        if self._backend.fault("extra_fields", request) is not None:
            shown |= {"priority": 3, "lineage": {"parent": None, "children": []}}
        if self._backend.fault("missing_cost", request) is not None:
            shown = {key: value for key, value in shown.items() if key not in ("cost", "estimatedCost")}
        return shown

    async def _delete(self, request: Request) -> Response:
        self._tasks.delete(request.path_params["task"])
        return Response(status_code=204)


def _behalf_missing() -> ApiError:
    name = "X-Runway-On-Behalf-Of"
    return ApiError(400, {"error": f"{name} request header was not specified for task creation"})
