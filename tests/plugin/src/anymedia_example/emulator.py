"""The made-up vendor itself, on loopback: what the conformance kit and `emulate = true` talk to."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from anymedia.testing import Emulator, Endpoint
from anymedia.testing.render import image
from anymedia.testing.server import Server

__all__ = ["ExampleEmulator"]

_WAITING, _WORKING = 1.0, 5.0
"""Emulated seconds until a job is worked on, and until it is done."""
_PRICE = Decimal("0.01")
_REFUSALS = {"no_money": 402, "not_allowed": 403, "too_fast": 429}


@dataclass
class _Job:
    order: dict[str, Any]
    began: float
    failure: str | None
    status: str = "waiting"


class ExampleEmulator(Emulator):
    """A job's state follows from its age, so nothing runs in the background."""

    name = "example"
    fault_kinds: ClassVar = {
        "refuse": "a job is refused with code=too_fast, no_money or not_allowed",
        "lose_answer": "a job is started, but the answer is status=502",
        "fail": "the job started fails with code=broken",
        "odd_status": "a job is shown with status='sharpening'",
        "extra_fields": "a job is shown with fields that nobody knows",
    }

    @classmethod
    @override
    def default_api_key(cls) -> str:
        """A key that is plainly not real."""
        return "example-key-0000000000000000"

    @override
    async def start(self) -> Endpoint:
        """Listen on loopback and say where."""
        routes = [
            Route("/jobs", self._create, methods=["POST"]),
            Route("/jobs/{id}", self._show, methods=["GET"]),
            Route("/jobs/{id}", self._stop, methods=["DELETE"]),
            Route("/media/{id}.png", self._download),
        ]
        self._jobs: dict[str, _Job] = {}
        self._server = Server(Starlette(routes=routes), port=self.port)
        self.port = await self._server.start()
        return Endpoint(f"http://127.0.0.1:{self.port}", self.api_key)

    @override
    async def aclose(self) -> None:
        """Stop listening."""
        await self._server.aclose()

    async def _create(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        order: dict[str, Any] = json.loads(await request.body())
        if not {"model", "prompt", "width", "height"} <= order.keys():
            return _error(400, "bad_request")
        failure = self.faults.take("fail")
        task = str(uuid.uuid4())
        self._jobs[task] = _Job(order, self.clock.now(), failure.get("code", "broken") if failure is not None else None)
        self.ledger.accept(task, "job", order)
        self.ledger.charge(task, _PRICE, "USD")
        if (fault := self.faults.take("lose_answer")) is not None:
            return Response(status_code=fault.get("status", 502))
        return JSONResponse(self._shown(task, request), 202)

    async def _show(self, request: Request) -> Response:
        task = request.path_params["id"]
        if (refusal := self._refusal(request)) is not None:
            return refusal
        return JSONResponse(self._shown(task, request)) if task in self._jobs else _error(404, "no_such_job")

    async def _stop(self, request: Request) -> Response:
        task = request.path_params["id"]
        if task in self._jobs and self._settled(task) in ("waiting", "working"):
            self._end(task, "stopped", "canceled")
        return await self._show(request)

    async def _download(self, request: Request) -> Response:
        order = self._jobs[request.path_params["id"]].order
        size = {"width": order["width"], "height": order["height"]}
        data = await asyncio.to_thread(image, order["prompt"], seed=order.get("seed", 0), **size)
        return Response(data, media_type="image/png")

    def _refusal(self, request: Request) -> Response | None:
        self.ledger.saw(f"{request.method} {request.url.path}")
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, "bad_key")
        if request.method == "POST" and (fault := self.faults.take("refuse")) is not None:
            return _error(_REFUSALS[fault["code"]], fault["code"])
        return None

    def _settled(self, task: str) -> str:
        job = self._jobs[task]
        age = self.clock.now() - job.began
        if job.status == "waiting" and age >= _WAITING:
            job.status = "working"
        if job.status == "working" and age >= _WORKING:
            self._end(task, "failed" if job.failure else "done", "failed" if job.failure else "succeeded")
        return job.status

    def _end(self, task: str, status: str, state: str) -> None:
        self._jobs[task].status = status
        if status != "done":
            self.ledger.refund(task)
        self.ledger.finish(task, state)

    def _shown(self, task: str, request: Request) -> dict[str, Any]:
        status, job = self._settled(task), self._jobs[task]
        shown: dict[str, Any] = {"id": task, "status": status, "price": str(self.ledger.entries[task].charged)}
        if status == "working":
            shown["progress"] = round((self.clock.now() - job.began) / _WORKING, 2)
        if status == "failed":
            shown |= {"code": job.failure, "message": "The sketch went wrong."}
        if status == "done":
            shown |= {"url": f"{request.base_url}media/{task}.png", "seed": job.order.get("seed")}
            self.ledger.deliver(task, 1)
        if status in ("waiting", "working") and self.faults.take("odd_status") is not None:
            shown["status"] = "sharpening"
        return shown | ({"mood": {"today": "good"}} if self.faults.take("extra_fields") is not None else {})


def _error(status: int, code: str) -> Response:
    return JSONResponse({"code": code, "message": f"This is about {code}."}, status)
