"""The routes of the API, of its storage and of its media host."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia.clock import Clock
from anymedia.testing.emulator import Faults, Ledger
from anymedia_runway.emulator import issues
from anymedia_runway.emulator.account import Account, Calendar
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.assets import Assets
from anymedia_runway.emulator.errors import (
    ApiError,
    daily_quota_reached,
    invalid_body,
    not_enough_credits,
    task_not_found,
)
from anymedia_runway.emulator.formats import FORMATS
from anymedia_runway.emulator.media import Media, file_response
from anymedia_runway.emulator.models import load
from anymedia_runway.emulator.orders import Orders
from anymedia_runway.emulator.tasks import Fate, Tasks
from anymedia_runway.emulator.uploads import Uploads

__all__ = ["TASK_FAULTS", "Api"]

TASK_FAULTS: Mapping[str, str] = {
    "no_credits": "answers 400 to a create, as if the balance were too low",
    "daily_quota": "answers 429 to a create, as if the model's daily limit were reached",
    "fail_task": "lets the task created end as FAILED with failure_code='INTERNAL' (None: absent), failure= and cost=",
    "stick": "leaves the task created RUNNING for ever",
    "hide_task": "answers 404 to a GET of a task, as may happen right after its creation",
    "odd_status": "shows status='REVIEWING' in a GET of a task",
    "canceled_spelling": "cancels the task, if it is open, and shows it with spelling='CANCELED' instead of a 404",
    "extra_fields": "adds keys that nobody knows to the answer about a task",
    "missing_cost": "leaves cost and estimatedCost out of the answer about a task",
}


class Api:
    """Answers the requests that have passed the gate.

    Args:
        clock: Times tasks and expiry.
        faults: Misbehaviour on demand.
        ledger: Takes the account of every task.
        calendar: Tells the date.
        account: Credits and limits.
        strict: Whether unknown keys are refused even by models that tolerate them.
    """

    def __init__(
        self, clock: Clock, faults: Faults, ledger: Ledger, calendar: Calendar, account: Account, *, strict: bool
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._ledger = ledger
        self._calendar = calendar
        self._account = account
        self._models = load()
        self.tasks = Tasks(clock, account, ledger)
        self._uploads = Uploads(calendar)
        self._media = Media(self.tasks, calendar)
        self._orders = Orders(self._models, Assets(self._stored), self.tasks, strict=strict)

    def application(self) -> Starlette:
        """The ASGI application."""
        creates = [
            Route(f"/v1/{endpoint}", partial(self._create, endpoint), methods=["POST"])
            for endpoint in self._models.endpoints
        ]
        routes = [
            *creates,
            Route("/v1/tasks/{task}", self._get_task, methods=["GET"]),
            Route("/v1/tasks/{task}", self._delete_task, methods=["DELETE"]),
            Route("/v1/uploads", self._open_upload, methods=["POST"]),
            Route("/v1/organization", self._organization, methods=["GET"]),
            Route("/v1/organization/usage", self._usage, methods=["POST"]),
            Route("/storage", self._store, methods=["POST"]),
            Route("/media/{path:path}", self._download, methods=["GET"]),
        ]
        handlers = {ApiError: _api_error, HTTPException: _http_error}
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    async def _create(self, endpoint: str, request: Request) -> Response:
        body = await _json(request)
        order = await self._orders.read(endpoint, body)
        if self._fault("no_credits", request) is not None:
            raise not_enough_credits()
        if self._fault("daily_quota", request) is not None:
            raise daily_quota_reached()
        task = self.tasks.create(replace(order, fate=self._fate(request)), self._calendar.now())
        return answer(self._altered({"id": task.id, **order.estimated_cost}, request))

    def _fate(self, request: Request) -> Fate | None:
        if self._fault("stick", request) is not None:
            return Fate(sticks=True)
        fault = self._fault("fail_task", request)
        if fault is None:
            return None
        failure = fault.get("failure", "An unexpected error occurred.")
        return Fate(fault.get("failure_code", "INTERNAL"), failure, fault.get("cost"))

    async def _get_task(self, request: Request) -> Response:
        if self._fault("hide_task", request) is not None:
            raise task_not_found()
        task_id = request.path_params["task"]
        if (fault := self._fault("canceled_spelling", request)) is not None:
            task = self.tasks.canceled_by_vendor(task_id)
            return answer(task.describe(self._clock.now()) | {"status": fault.get("spelling", "CANCELED")})
        task = self.tasks.get(task_id)
        shown = task.describe(self._clock.now())
        if task.status == "SUCCEEDED":
            shown["output"] = self._media.urls(task, _base(request))
            self._ledger.deliver(task.id, len(shown["output"]))
        if (fault := self._fault("odd_status", request)) is not None:
            shown["status"] = fault.get("status", "REVIEWING")
        return answer(self._altered(shown, request))

    def _altered(self, shown: dict[str, Any], request: Request) -> dict[str, Any]:
        if self._fault("extra_fields", request) is not None:
            shown |= {"priority": 3, "lineage": {"parent": None, "children": []}}
        if self._fault("missing_cost", request) is not None:
            shown = {key: value for key, value in shown.items() if key not in ("cost", "estimatedCost")}
        return shown

    async def _delete_task(self, request: Request) -> Response:
        self.tasks.delete(request.path_params["task"])
        return Response(status_code=204)

    async def _open_upload(self, request: Request) -> Response:
        return answer(self._uploads.open(await _json(request), f"{_base(request)}/storage"))

    async def _store(self, request: Request) -> Response:
        await self._uploads.store(request)
        return Response(status_code=204)

    async def _organization(self, request: Request) -> Response:
        return answer(self._account.describe(self._models.names))

    async def _usage(self, request: Request) -> Response:
        return answer(self._account.usage(await _json(request)))

    async def _download(self, request: Request) -> Response:
        task, index = self._media.find(str(request.url))
        data = await asyncio.to_thread(task.output, index)
        return file_response(request, data, FORMATS[task.formats[index]].media_type)

    def _stored(self, uri: str) -> Callable[[], bytes] | None:
        upload = self._uploads.read(uri)
        return (lambda: upload) if upload is not None else self._media.reader(uri)

    def _fault(self, kind: str, request: Request) -> Mapping[str, Any] | None:
        return self._faults.take(kind, f"{request.method} {request.url.path}")


def _base(request: Request) -> str:
    """Scheme and host as the client sees them, so that what stands between the two stays there."""
    return str(request.base_url).rstrip("/")


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ApiError(400, {"error": "The request body is not valid JSON."}) from error
    if not isinstance(body, dict):
        raise invalid_body([issues.invalid_type("object", body, [])])
    return cast("dict[str, Any]", body)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer(error.body, error.status, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"error": str(error.detail)}, error.status_code, error.headers)
