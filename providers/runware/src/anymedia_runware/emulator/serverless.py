"""Serverless apps: functions of one's own behind the platform's queue; a product with a wire of its own."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, TypeGuard
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.faults import Quirks, quirks
from anymedia_runware.emulator.shapes import object_of

__all__ = ["ECHO", "App", "Serverless"]

# Payload to output; what it raises is the task's error. It may block.
App = Callable[[Any], Any]

# The app that is there without being asked for, so that there is something to call: it gives back what it is given.
ECHO: Mapping[str, App] = {"emulated-app/echo": lambda payload: payload}

# Source: runware-sdk 1.8.0, serverless.py; 2026-10. How long an app takes is our choice.
_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PRODUCTION = "production"
_ERROR_PAGES = "https://docs.runware.ai/serverless/errors#"
_PAUSED = "environment-paused"
_SECONDS = 3.0
_SLOW_SECONDS = 60.0
_SUBJECT = "serverless"


@dataclass
class _Call:
    """One invocation; without an output or an error it is pending."""

    id: str
    app_id: str
    endpoint: str
    created: str
    output: Any = None
    error: str | None = None
    completed: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def status(self) -> str:
        if not self.ended.is_set():
            return "pending"
        return "completed" if self.error is None else "failed"

    def wire(self) -> dict[str, Any]:
        """The task as all routes tell it."""
        return {
            "id": self.id,
            "status": self.status,
            "appId": self.app_id,
            "endpointPath": self.endpoint,
            "output": self.output,
            "error": self.error,
            "createdAt": self.created,
            "completedAt": self.completed,
        }


class Serverless:
    """The platform's door for apps.

    Args:
        backend: The service, for its clock, faults and ledger.
        api_key: The only key taken.
        apps: What there is to call, by app id and endpoint path such as `my-app/generate`.
    """

    def __init__(self, backend: Backend, api_key: str, apps: Mapping[str, App]) -> None:
        self._backend = backend
        self._api_key = api_key
        self._apps = apps
        self._calls: dict[tuple[str, str, str], _Call] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def invoke(self, request: Request) -> Response:
        """Start a call, or find the one that has its id; the synchronous route waits for its end."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        path, body = request.path_params, await _json(request)
        environment, task_id = _environment(request), body.get("taskId")
        if environment is None or not _is_id(task_id):
            wrong = "/environment" if environment is None else "/taskId"
            return _problem(422, "The request is not valid.", errors=[{"pointer": wrong, "detail": "It is malformed."}])
        if f"{path['app']}/{path['endpoint']}" not in self._apps:
            return _problem(404, "There is no such app or endpoint.", endpointPath=path["endpoint"])
        call = self._calls.get((environment, path["app"], task_id))
        if call is None and task_id in self._backend.ledger.entries:
            return _problem(409, "The task id was used for something else.")
        call = call or self._start(environment, path, body)
        if path["way"] == "sync":
            await self._end_or_window(call)
        return JSONResponse(call.wire(), 200 if call.ended.is_set() else 202)

    async def look(self, request: Request) -> Response:
        """One task by its id."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        path = request.path_params
        call = self._calls.get((_environment(request) or "", path["app"], path["task"]))
        if call is None or self._backend.faults.take("task_not_found", _SUBJECT) is not None:
            return _problem(404, "There is no such task.")
        if call.status == "completed":
            self._backend.ledger.deliver(call.id, 1)
        return JSONResponse(call.wire())

    async def aclose(self) -> None:
        """Stop what is still at work."""
        for working in tuple(self._working):
            working.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _refused(self, request: Request) -> Response | None:
        self._backend.ledger.saw(f"{request.method} {request.url.path}")
        if request.headers.get("authorization") != f"Bearer {self._api_key}":
            return _problem(401, "The API key is missing or not valid.")
        faults = self._backend.faults
        if (sick := faults.take("http_status_before", _SUBJECT)) is not None:
            return _problem(int(sick.get("status", 503)), "Please stand by.", sick.get("retry_after"))
        if (full := faults.take("throttle", _SUBJECT)) is not None:
            return _problem(429, "There are too many calls.", full.get("retry_after"))
        if faults.take("daily_quota", _SUBJECT) is not None:
            return _problem(429, "The environment is paused at its budget.", type=_ERROR_PAGES + _PAUSED)
        return None

    def _start(self, environment: str, path: Mapping[str, str], body: Mapping[str, Any]) -> _Call:
        found = quirks(self._backend.faults, _SUBJECT, ["fail_task", "slow", "stick"])
        call = _Call(body["taskId"], path["app"], path["endpoint"], _now())
        self._calls[environment, path["app"], call.id] = call
        self._backend.ledger.accept(call.id, _SUBJECT, body)
        extra = float(found["slow"].get("seconds", _SLOW_SECONDS)) if "slow" in found else 0.0
        if "stick" not in found:
            self._backend.later(_SECONDS + extra, partial(self._set_to_work, call, body.get("payload"), found))
        return call

    def _set_to_work(self, call: _Call, payload: Any, found: Quirks) -> None:
        working = asyncio.create_task(self._work(call, payload, found))
        self._working.add(working)
        working.add_done_callback(self._working.discard)

    async def _work(self, call: _Call, payload: Any, found: Quirks) -> None:
        if "fail_task" in found:
            call.error = str(found["fail_task"].get("code", "inferenceError"))
        else:
            await self._run(call, payload)
        call.completed = _now()
        call.ended.set()
        self._backend.ledger.finish(call.id, "succeeded" if call.error is None else "failed")

    async def _run(self, call: _Call, payload: Any) -> None:
        try:
            call.output = await asyncio.to_thread(self._apps[f"{call.app_id}/{call.endpoint}"], payload)
        except Exception as error:  # noqa: BLE001 - whatever an app raises is the outcome of its task
            call.error = str(error) or type(error).__name__

    async def _end_or_window(self, call: _Call) -> None:
        """Wait for a call's end, but no longer than a synchronous answer may take."""
        window = asyncio.Event()
        self._backend.later(self._backend.behaviour.sync_budget, window.set)
        waits = [asyncio.create_task(call.ended.wait()), asyncio.create_task(window.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if call.status == "completed":
            self._backend.ledger.deliver(call.id, 1)


def _problem(status: int, detail: str, retry_after: float | None = None, **facts: Any) -> Response:
    """An error as this product tells it: an RFC 9457 document."""
    phrase = HTTPStatus(status).phrase
    body = {"type": _ERROR_PAGES + phrase.lower().replace(" ", "-"), "title": phrase, "status": status}
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    told = {**body, "detail": detail, "requestId": str(uuid4()), **facts}
    return JSONResponse(told, status, headers, media_type="application/problem+json")


async def _json(request: Request) -> Mapping[str, Any]:
    try:
        return object_of(await request.json())
    except ValueError:
        return {}


def _environment(request: Request) -> str | None:
    name = request.query_params.get("environment", _PRODUCTION)
    return name if _ENVIRONMENT.fullmatch(name) else None


def _is_id(value: object) -> TypeGuard[str]:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
