"""Serverless apps: functions of the customer's own, which have a host and a wire of their own."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from anymedia.config import ProviderSettings
from anymedia.errors import (
    InvalidRequestError,
    Issue,
    MediaError,
    ModelNotFoundError,
    ProtocolError,
    ProviderUnavailableError,
    QuotaExceededError,
    TaskFailedError,
    TransportError,
)
from anymedia.json import JSON, loads
from anymedia.provider import Context, Plan, Submission
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native
from anymedia.tasks import Snapshot
from anymedia_runware.addresses import apps_url
from anymedia_runware.outputs import outputs_of
from anymedia_runware.rest import BY_STATUS, retry_after
from anymedia_runware.wire import Item

if TYPE_CHECKING:
    from anymedia.transports.http import HttpResponse

__all__ = ["Apps", "app_call", "is_app"]

_SEGMENT: Final = r"[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?"
_CALL: Final = re.compile(
    r"POST /v1/apps/(?P<app>[a-z][a-z0-9-]{4,28}[a-z0-9])/invoke-async/"
    rf"(?=[^?]{{1,255}}(?:\?|$)){_SEGMENT}(?:/{_SEGMENT})*"
    r"(?P<where>\?environment=[a-z0-9][a-z0-9._-]{0,62})?"
)
"""App, endpoint and environment. Source: runware-sdk 1.8.0, serverless.py; 2026-10."""

_EXAMPLE: Final = "POST /v1/apps/my-app/invoke-async/generate"
_INVISIBLE: Final = 30.0
"""Seconds an accepted call may be missing from the look-ups. Source: as above."""

_PAUSED: Final = "environment-paused"
"""Ends the type of the 429 that holds until the budget is raised or the month ends. Source: as above."""

_STATES: Final[Mapping[str, TaskState]] = {
    "pending": TaskState.QUEUED,
    "completed": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
}


def app_call(request: Native) -> str | None:
    """The call of an app that a request is; None for a task of the platform's.

    Raises:
        InvalidRequestError: It is a call over HTTP, but not one that starts an app.
    """
    if _CALL.fullmatch(request.call):
        return request.call
    if " " not in request.call and "/" not in request.call:
        return None
    issue = Issue(field="call", message="is neither a task type nor the call of a serverless app", nearest=_EXAMPLE)
    raise InvalidRequestError(f"native: {issue}", provider="runware", issues=[issue])


def is_app(ref: TaskRef) -> bool:
    """Whether a task is the call of an app; its call stands where others have their model."""
    return _CALL.fullmatch(ref.model) is not None


class Apps:
    """Calls apps and looks after the calls. What cannot be told is never called again.

    Args:
        settings: Address, key and time limits.
        context: Clock and HTTP.
    """

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._fresh: dict[str, float] = {}

    async def submit(self, plan: Plan, ref: TaskRef) -> Submission:
        """Make one attempt."""
        body: JSON = {"taskId": ref.id, "payload": cast("JSON", plan.body)}
        try:
            answer = await self._call("POST", plan.call.removeprefix("POST "), body)
        except TransportError as error:
            outcome = Outcome.UNKNOWN if error.sent else Outcome.NOT_SENT
            return Submission(outcome=outcome, ref=ref, error=error)
        if answer.status not in (200, 202):
            return Submission(outcome=_proved_by(answer.status), ref=ref, error=_error_of(answer))
        try:
            snapshot = _snapshot(answer, ref)
        except ProtocolError as error:
            return Submission(outcome=Outcome.UNKNOWN, ref=ref, error=error)
        self._fresh[ref.id] = self._context.clock.now()
        return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=snapshot)

    async def look(self, ref: TaskRef) -> Snapshot | MediaError | None:
        """Where a call stands, why that could not be asked, or None when it is not known."""
        parts = _CALL.fullmatch(ref.model)
        assert parts is not None
        path = f"/v1/apps/{parts['app']}/tasks/{quote(ref.id, safe='')}{parts['where'] or ''}"
        try:
            answer = await self._call("GET", path)
            if answer.status == 404:
                return self._not_visible_yet(ref)
            self._fresh.pop(ref.id, None)
            return _snapshot(answer, ref) if answer.status == 200 else _error_of(answer)
        except MediaError as error:
            return error

    def _not_visible_yet(self, ref: TaskRef) -> Snapshot | None:
        since = self._fresh.get(ref.id)
        if since is not None and self._context.clock.now() - since < _INVISIBLE:
            return Snapshot(ref=ref, state=TaskState.QUEUED)
        self._fresh.pop(ref.id, None)
        return None

    async def _call(self, method: str, path: str, body: JSON = None) -> "HttpResponse":
        return await self._context.http.request(
            method,
            apps_url(self._settings.base_url) + path,
            headers={"authorization": f"Bearer {self._settings.api_key.get_secret_value()}"},
            json=body,
            timeout=self._settings.submit_timeout,
            connect_timeout=self._settings.connect_timeout,
        )


def _snapshot(answer: "HttpResponse", ref: TaskRef) -> Snapshot:
    """Where a call stands; a word nobody has met yet is no end.

    Raises:
        ProtocolError: The answer is about no call, or about another one.
    """
    task = _document(answer)
    status, output = task.get("status"), task.get("output")
    if task.get("id") != ref.id or not isinstance(status, str):
        raise ProtocolError(f"HTTP {answer.status} without the task {ref.id} in it", provider="runware", ref=ref)
    state = _STATES.get(status, TaskState.QUEUED)
    items = output if isinstance(output, list) else [output]
    made = state is TaskState.SUCCEEDED
    return Snapshot(
        ref=ref,
        state=state,
        provider_status=status,
        outputs=tuple(found for item in items if made and isinstance(item, Mapping) for found in outputs_of(item)),
        failure=_failure(task, ref) if state is TaskState.FAILED else None,
        raw=dict(task),
    )


def _failure(task: Item, ref: TaskRef) -> TaskFailedError:
    reason = task.get("error")
    return TaskFailedError(
        f"the app failed: {reason or 'no reason given'}", provider="runware", ref=ref, raw=dict(task)
    )


def _proved_by(status: int) -> Outcome:
    """Only a plain 4xx proves that nothing was started; the id may be in conflict with an attempt of our own."""
    return Outcome.REFUSED if 400 <= status < 500 and status not in (408, 409) else Outcome.UNKNOWN


def _error_of(answer: "HttpResponse") -> MediaError:
    """An RFC 9457 document, or whatever else stands in its place, as an error of our tree."""
    problem, status = _document(answer), answer.status
    code, request_id = str(problem.get("type") or status).rpartition("#")[2], problem.get("requestId")
    detail = problem.get("detail") or problem.get("title") or f"HTTP {status} with no reason given"
    issues = _issues(problem.get("errors"))
    kind = QuotaExceededError if code == _PAUSED else _kind_of(status)
    return kind(
        "; ".join([f"{detail} ({code})", *map(str, issues)]),
        provider="runware",
        provider_code=code,
        retry_after=retry_after(answer),
        request_id=request_id if isinstance(request_id, str) else None,
        issues=issues,
        raw=dict(problem),
    )


def _kind_of(status: int) -> type[MediaError]:
    usual: type[MediaError] = ProviderUnavailableError if status >= 500 or status == 409 else ProtocolError
    refused: type[MediaError] = ModelNotFoundError if status == 404 else InvalidRequestError
    return BY_STATUS.get(status, refused if _proved_by(status) is Outcome.REFUSED else usual)


def _issues(errors: JSON) -> tuple[Issue, ...]:
    listed = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    return tuple(Issue(field=str(one.get("pointer") or "payload"), message=str(one.get("detail"))) for one in listed)


def _document(answer: "HttpResponse") -> Item:
    try:
        found = loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
