"""What every request passes: the request log, faults on the wire, the version header and the key."""

import re
from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anymedia.clock import Clock
from anymedia.testing.emulator import Faults, Ledger
from anymedia_runway.emulator.answers import answer

__all__ = ["WIRE_FAULTS", "Gate"]

_VERSION = "2024-11-06"
# Sessions have keys of their own, which only the session knows.
_SESSION_KEY = re.compile(r"/v1/realtime_sessions/[^/]+/consume")

WIRE_FAULTS: Mapping[str, str] = {
    "reject_key": "answers 401 to any key",
    "throttle": "answers 429 rate limited; retry_after= sets the header, body= takes the place of the usual one",
    "status_before": "answers status=502, body=, headers= before anything happens",
    "status_after": "does what is asked, then answers status=502, body=, headers=",
    "lose_reply": "does what is asked, then closes the connection without an answer",
    "slow": "does what is asked, then waits seconds= on the emulator's clock before it answers",
    "html": "does what is asked, then answers 200 with an HTML page",
    "empty": "does what is asked, then answers 200 with nothing",
    "redirect": "answers status=307 towards location='/elsewhere' before anything happens",
    "slow_body": "does what is asked, answers at once, and waits seconds= before each of parts=4 of the body",
    "storage_failure": "answers status=503 to a storage post",
    "expire_url": "answers 403 to a media download, as if its URL had expired",
    "media_status": "answers status=500 to a media download",
    "truncate_media": "ends a media download after bytes=100, short of its Content-Length",
}

_HOST_FAULTS = (("storage_failure", "/storage", 503), ("expire_url", "/media/", 403), ("media_status", "/media/", 500))

_PAGE = "<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Please stand by</h1></body></html>"


class Gate:
    """Stands in front of the application.

    Args:
        app: Answers what passes.
        api_key: The only key that passes.
        faults: Misbehaviour on demand.
        ledger: Notes every request.
        clock: Times slow answers.
    """

    def __init__(self, app: ASGIApp, *, api_key: str, faults: Faults, ledger: Ledger, clock: Clock) -> None:
        self._app = app
        self._api_key = api_key
        self._faults = faults
        self._ledger = ledger
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        subject = f"{request.method} {request.url.path}"
        self._ledger.saw(subject)
        refusal = self._refusal(request, subject)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        spoiling = self._spoiling(subject)
        if spoiling is None:
            await self._app(scope, receive, send)
        else:
            await self._spoil(spoiling, scope, receive, send)

    def _refusal(self, request: Request, subject: str) -> Response | None:
        """What is answered instead of passing the request on."""
        if (fault := self._faults.take("status_before", subject)) is not None:
            return _status(fault, 502)
        if (fault := self._faults.take("redirect", subject)) is not None:
            return Response(None, fault.get("status", 307), {"Location": fault.get("location", "/elsewhere")})
        if request.url.path.startswith("/v1/"):
            return self._refused_by_api(request, subject)
        if "authorization" in request.headers:
            return answer({"error": "Send no API key to this host."}, 400)
        for kind, prefix, status in _HOST_FAULTS:
            if request.url.path.startswith(prefix) and (fault := self._faults.take(kind, subject)) is not None:
                return _status(fault, status)
        return None

    def _refused_by_api(self, request: Request, subject: str) -> Response | None:
        if (fault := self._faults.take("throttle", subject)) is not None:
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
            return answer(fault.get("body", {"error": "Too many requests. Please slow down."}), 429, headers)
        if request.headers.get("x-runway-version") != _VERSION:
            return answer({"error": f"X-Runway-Version must be one of: {_VERSION}"}, 400)
        if _SESSION_KEY.fullmatch(request.url.path):
            return None
        given = request.headers.get("authorization")
        if given != f"Bearer {self._api_key}" or self._faults.take("reject_key", subject) is not None:
            return answer({"error": "The API key is invalid." if given else "No API key was provided."}, 401)
        return None

    def _spoiling(self, subject: str) -> tuple[str, Mapping[str, Any]] | None:
        """The fault that will spoil the answer, with its options."""
        kinds = ["lose_reply", "status_after", "html", "empty", "slow", "slow_body"]
        if "/media/" in subject:
            kinds.append("truncate_media")
        for kind in kinds:
            fault = self._faults.take(kind, subject)
            if fault is not None:
                return kind, fault
        return None

    async def _spoil(self, spoiling: tuple[str, Mapping[str, Any]], scope: Scope, receive: Receive, send: Send) -> None:
        kind, fault = spoiling
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        match kind:
            case "status_after":
                await _status(fault, 502)(scope, receive, send)
            case "html":
                await Response(_PAGE, media_type="text/html")(scope, receive, send)
            case "empty":
                await Response(b"", media_type="application/json")(scope, receive, send)
            case "slow_body":
                await self._trickle(messages, fault, send)
            case "slow":
                await self._clock.sleep(fault.get("seconds", 60))
                await _replay(messages, send)
            case "truncate_media":
                await _replay(_cut(messages, fault.get("bytes", 100)), send)
                await _hang_up(receive, send)
            case _:
                await _hang_up(receive, send)

    async def _trickle(self, messages: list[Message], fault: Mapping[str, Any], send: Send) -> None:
        await send(messages[0])
        data, parts = _body(messages), fault.get("parts", 4)
        size = max(1, -(-len(data) // parts))
        for start in range(0, len(data), size):
            await self._clock.sleep(fault.get("seconds", 10))
            await send({"type": "http.response.body", "body": data[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _status(fault: Mapping[str, Any], usual: int) -> Response:
    status: int = fault.get("status", usual)
    body = fault.get("body", {"error": "The service is unavailable."})
    return answer(body, status, fault.get("headers", {}))


async def _replay(messages: list[Message], send: Send) -> None:
    for message in messages:
        await send(message)


def _cut(messages: list[Message], size: int) -> list[Message]:
    """The start of a response and its first bytes."""
    return [messages[0], {"type": "http.response.body", "body": _body(messages)[:size], "more_body": True}]


def _body(messages: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages[1:])


async def _hang_up(receive: Receive, send: Send) -> None:
    """Close the connection as it stands. ASGI has no word for this, so it is done on Uvicorn's own transport."""
    cast("Any", send).__self__.transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
