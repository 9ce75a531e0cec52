"""Realtime sessions with an avatar: prepared, joined once, ended by time or by the client."""

import asyncio
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.avatars import Avatars
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.bills import Bill
from anymedia_runway.emulator.conversations import Conversations
from anymedia_runway.emulator.errors import ApiError, conflict, invalid_body
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.web import stamp

__all__ = ["SESSION_FAULTS", "Sessions"]

SESSION_FAULTS: Mapping[str, str] = {
    "fail_session": "lets the realtime session created end as FAILED with failure_code='INTERNAL' and failure=",
}

_MODEL = "gwm1_avatars"
_READY_SECONDS = 5.0
_JOIN_SECONDS = 300.0
_USUAL_SECONDS = 300
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass
class _Session:
    record: Record
    bill: Bill
    failure: Mapping[str, Any] | None
    status: str = "NOT_READY"
    queued: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    expires: datetime | None = None
    started: datetime | None = None
    duration: int = 0
    running: "asyncio.Task[None] | None" = None

    @property
    def longest(self) -> int:
        """How many seconds it may last."""
        seconds: int = self.record.fields.get("maxDuration", _USUAL_SECONDS)
        return seconds


class Sessions:
    """Keeps realtime sessions."""

    def __init__(self, backend: Backend, avatars: Avatars, conversations: Conversations) -> None:
        self._backend = backend
        self._avatars = avatars
        self._conversations = conversations
        self._records = Records("realtime session", backend.calendar)
        self._sessions: dict[str, _Session] = {}

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/realtime_sessions", self._create, methods=["POST"]),
            Route("/v1/realtime_sessions/{session}", self._get, methods=["GET"]),
            Route("/v1/realtime_sessions/{session}", self._delete, methods=["DELETE"]),
            Route("/v1/realtime_sessions/{session}/consume", self._consume, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        body, _ = await self._backend.body(request, "realtime_sessions.create")
        _, wrong = self._avatars.cast(body)
        if wrong:
            raise invalid_body(wrong)
        credits_ = self._price(body.get("maxDuration", _USUAL_SECONDS))
        backend = self._backend
        backend.account.admit(_MODEL, credits_)
        record = self._records.create(body)
        backend.ledger.accept(record.id, "realtime_sessions", body)
        bill = Bill(backend.account, backend.ledger, record.id, _MODEL)
        bill.take(credits_)
        session = _Session(record, bill, backend.fault("fail_session", request), queued=self._is_full())
        self._sessions[record.id] = session
        session.running = backend.background.start(self._prepare(session))
        return answer({"id": record.id})

    async def _get(self, request: Request) -> Response:
        return answer(_shown(self._session(request)))

    async def _delete(self, request: Request) -> Response:
        session = self._session(request)
        if session.status not in _ENDED:
            self._end(session, "COMPLETED" if session.status == "RUNNING" else "CANCELLED")
        return Response(status_code=204)

    async def _consume(self, request: Request) -> Response:
        session = self._session(request)
        if request.headers.get("authorization") != f"Bearer {session.key}":
            raise ApiError(401, {"error": "The session key is invalid."})
        if session.status != "READY":
            raise conflict("The session is not ready, or has been joined before.")
        if session.running:
            session.running.cancel()
        session.status, session.started = "RUNNING", self._backend.calendar.now()
        avatar = self._avatars.name(session.record.fields["avatar"])
        self._conversations.begin(session.record, avatar, self._avatars.cast(session.record.fields)[0])
        session.running = self._backend.background.start(self._last(session))
        room = f"session-{session.record.id}"
        return answer({"url": "wss://rooms.example.com", "token": secrets.token_urlsafe(48), "roomName": room})

    def _price(self, seconds: int) -> int:
        price = self._backend.models.prices[_MODEL]
        return math.ceil(seconds / int(price["every"])) * int(price["credits"])

    def _session(self, request: Request) -> _Session:
        return self._sessions[self._records.get(request.path_params["session"]).id]

    def _is_full(self) -> bool:
        open_ = sum(session.status not in _ENDED for session in self._sessions.values())
        return open_ >= self._backend.account.limits.concurrent(_MODEL)

    async def _prepare(self, session: _Session) -> None:
        """Until it can be joined; it is not kept open for ever."""
        await self._backend.clock.sleep(_READY_SECONDS)
        if session.failure is not None:
            self._end(session, "FAILED")
        elif not session.queued:
            await self._offer(session)

    async def _offer(self, session: _Session) -> None:
        session.status = "READY"
        session.expires = self._backend.calendar.now() + timedelta(seconds=_JOIN_SECONDS)
        await self._backend.clock.sleep(_JOIN_SECONDS)
        self._end(session, "CANCELLED")

    async def _last(self, session: _Session) -> None:
        await self._backend.clock.sleep(session.longest)
        self._end(session, "COMPLETED")

    def _end(self, session: _Session, status: str) -> None:
        session.status = status
        if session.started:
            lasted = (self._backend.calendar.now() - session.started).total_seconds()
            session.duration = min(round(lasted), session.longest)
            self._conversations.end(session.record.id, session.duration)
        session.bill.settle(self._price(session.duration))
        state = {"COMPLETED": "succeeded", "FAILED": "failed"}.get(status, "canceled")
        self._backend.ledger.finish(session.record.id, state)
        if session.running and session.running is not asyncio.current_task():
            session.running.cancel()
        self._let_in_the_next()

    def _let_in_the_next(self) -> None:
        waiting = next((each for each in self._sessions.values() if each.queued and each.status == "NOT_READY"), None)
        if waiting and waiting.running:
            waiting.queued = False
            if waiting.running.done():
                waiting.running = self._backend.background.start(self._offer(waiting))


def _shown(session: _Session) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": session.record.id,
        "createdAt": stamp(session.record.created),
        "status": session.status,
    }
    match session.status:
        case "NOT_READY":
            return shown | {"queued": session.queued}
        case "READY" if session.expires:
            return shown | {"sessionKey": session.key, "expiresAt": stamp(session.expires)}
        case "COMPLETED":
            return shown | {"duration": session.duration}
        case "FAILED" if session.failure is not None:
            failure = session.failure.get("failure", "The session could not be started.")
            return shown | {"failure": failure, "failureCode": session.failure.get("failure_code", "INTERNAL")}
        case _:
            return shown
