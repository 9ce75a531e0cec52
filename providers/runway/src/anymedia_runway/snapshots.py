"""Runway's answers become submissions and snapshots."""

import base64
import binascii
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import parse_qs, urlsplit

from anymedia.errors import MediaError, ProtocolError, SubmissionUnknownError, TaskCanceledError, TaskFailedError
from anymedia.json import JSON, loads
from anymedia.media import SUFFIXES, kind_of
from anymedia.provider import Plan, Submission
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.results import Cost, Notice, Output, OutputKind
from anymedia.tasks import Snapshot
from anymedia_runway.errors import error_of, outcome_of, task_failure
from anymedia_runway.places import SESSION, extra_of, is_task_id
from anymedia_runway.prices import credits_cost
from anymedia_runway.wire import Answer, Created, Task, parse

__all__ = [
    "STATES",
    "WHERE_TO_LOOK",
    "canceled",
    "output_of",
    "read_created",
    "read_task",
    "unknown",
]

# Source: runwayml 5.24.0, types/task_retrieve_response.py, realtime_session_retrieve_response.py; the second spelling
# of canceled stands in the vendor's prose; 2026-11
STATES: Final = {
    "PENDING": TaskState.QUEUED,
    "THROTTLED": TaskState.QUEUED,
    "RUNNING": TaskState.RUNNING,
    "SUCCEEDED": TaskState.SUCCEEDED,
    "FAILED": TaskState.FAILED,
    "CANCELLED": TaskState.CANCELED,
    "CANCELED": TaskState.CANCELED,
    "NOT_READY": TaskState.QUEUED,
    "READY": TaskState.RUNNING,
    "COMPLETED": TaskState.SUCCEEDED,
}

# Source: runwayml 5.24.0, types/realtime_session_retrieve_response.py; 2026-11
_ROOM_KEY: Final = "sessionKey"
_MEDIA_TYPES: Final = {suffix: media_type for media_type, suffix in SUFFIXES.items()}
_KINDS: Final[dict[str, OutputKind]] = {"image": "image", "video": "video", "audio": "audio"}
WHERE_TO_LOOK: Final = (
    "Runway has no list of tasks; the usage page of dev.runwayml.com and usage.models of GET /v1/organization "
    "count what was started"
)


def read_created(answer: Answer, plan: Plan) -> Submission:
    """What became of an attempt to start a task, by the answer to it."""
    if not 200 <= answer.status < 300:
        error, outcome = error_of(answer), outcome_of(answer.status)
        return unknown(error) if outcome is Outcome.UNKNOWN else Submission(outcome=outcome, error=error)
    try:
        created, raw = parse(Created, answer)
    except ProtocolError as error:
        return unknown(error)
    if created.id is None or not is_task_id(created.id):
        return unknown(ProtocolError("runway accepted the call and gave no task id", provider="runway", raw=raw))
    ref = TaskRef(
        provider="runway",
        id=created.id,
        operation=plan.operation,
        model=plan.model,
        count=plan.count,
        extra=extra_of(plan.call),
    )
    estimate = credits_cost(created.estimate, final=False) if created.estimate is not None else None
    snapshot = Snapshot(ref=ref, state=TaskState.QUEUED, cost=estimate, raw=raw)
    return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=snapshot, estimate=estimate)


def unknown(cause: MediaError) -> Submission:
    """An attempt of which nobody can say how it ended; the error tells where a person can look."""
    error = SubmissionUnknownError(
        f"{cause.message}; {WHERE_TO_LOOK}",
        provider="runway",
        provider_code=cause.provider_code,
        outcome=Outcome.UNKNOWN,
        request_id=cause.request_id,
        raw=cause.raw,
    )
    error.__cause__ = cause
    return Submission(outcome=Outcome.UNKNOWN, error=error)


def read_task(answer: Answer, ref: TaskRef) -> Snapshot:
    """A task as the vendor shows it now.

    Raises:
        ProtocolError: The answer is no task, or another one.
    """
    task, shown = parse(Task, answer)
    raw = _discreet(shown)
    if task.id is not None and task.id.lower() != ref.id.lower():
        raise ProtocolError("runway answered with another task", provider="runway", ref=ref, raw=raw)
    # An unknown word must not move the task: the core never lets a state go back, so the first one keeps the last.
    state = STATES.get((task.status or "").upper(), TaskState.QUEUED)
    outputs = tuple(output_of(url, ref.operation) for url in task.urls if _is_url(url))
    return Snapshot(
        ref=ref,
        state=state,
        progress=_progress(task, state),
        provider_status=task.status,
        outputs=outputs,
        cost=_cost(task),
        errors=_missing(task, ref, len(outputs)) if state is TaskState.SUCCEEDED else (),
        failure=_failure(task, ref, state, raw),
        notices=_unknown_word(task.status),
        raw=raw,
    )


def _discreet(shown: JSON) -> JSON:
    """What the vendor shows, without the key to a realtime session's room: whoever has that key can enter."""
    return {name: value for name, value in shown.items() if name != _ROOM_KEY} if isinstance(shown, dict) else shown


def canceled(ref: TaskRef) -> Snapshot:
    """A task that this client has deleted: the vendor knows nothing of it any more."""
    failure = TaskCanceledError("the task was canceled", provider="runway", ref=ref)
    return Snapshot(ref=ref, state=TaskState.CANCELED, failure=failure)


def output_of(url: str, operation: str) -> Output:
    """One artefact. The name in its URL only hints at what it is; the true type comes with the download."""
    media_type = _MEDIA_TYPES.get(PurePosixPath(urlsplit(url).path).suffix.lower())
    kind = _KINDS.get(kind_of(media_type), "file") if media_type else _kind_by_operation(operation)
    return Output(kind=kind, url=url, media_type=media_type, expires_at=_expiry(url))


def _unknown_word(status: str | None) -> tuple[Notice, ...]:
    if status is None or status.upper() in STATES:
        return ()
    return (Notice(code="unknown_status", message=f"runway calls the task {status!r}, which nobody here knows"),)


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("https", "http")
    except ValueError:
        return False


def _kind_by_operation(operation: str) -> OutputKind:
    if operation == "native":
        return "file"
    return "image" if operation.endswith("image") else "video"


def _expiry(url: str) -> datetime | None:
    """When a signed URL dies, as its own token tells; None where it cannot be read."""
    try:
        token = parse_qs(urlsplit(url).query)["_jwt"][0]
        claims = token.split(".")[1]
        content = loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        seconds = content["exp"] if isinstance(content, dict) else None
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (LookupError, ValueError, OverflowError, OSError, binascii.Error):
        return None


def _progress(task: Task, state: TaskState) -> float | None:
    if state is TaskState.SUCCEEDED:
        return 1.0
    return min(max(task.progress, 0.0), 1.0) if task.progress is not None else None


def _cost(task: Task) -> Cost | None:
    if task.cost is not None:
        return credits_cost(task.cost.credits, final=True)
    return credits_cost(task.estimated_cost.credits, final=False) if task.estimated_cost is not None else None


def _missing(task: Task, ref: TaskRef, found: int) -> tuple[MediaError, ...]:
    """Why a success is not a whole one."""
    errors: list[MediaError] = [
        TaskFailedError(f"{node.node_name or name}: {node.message}", provider="runway", provider_code=node.failure_code)
        for name, node in (task.node_errors or {}).items()
    ]
    if found < ref.count and SESSION not in ref.extra:  # a session makes nothing to fetch
        errors.append(TaskFailedError(f"{ref.count - found} of {ref.count} outputs are missing", provider="runway"))
    return tuple(errors)


def _failure(task: Task, ref: TaskRef, state: TaskState, raw: JSON) -> MediaError | None:
    if state is TaskState.CANCELED:
        return TaskCanceledError("the task was canceled", provider="runway", ref=ref)
    return task_failure(task.failure_code, task.failure, ref, raw) if state is TaskState.FAILED else None
