"""Where a task is looked up: each kind of work has a resource of its own."""

import re
from collections.abc import Mapping
from typing import Final

from anymedia.errors import InvalidRequestError
from anymedia.refs import TaskRef

__all__ = ["SESSION", "WORKFLOW", "can_be_deleted", "extra_of", "is_task_id", "path_of"]

WORKFLOW: Final = ("of", "workflow")
"""Kept in the ref of a workflow's run."""
SESSION: Final = ("of", "session")
"""Kept in the ref of a realtime session."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_RESOURCES: Final[Mapping[tuple[str, str], str]] = {WORKFLOW: "workflow_invocations", SESSION: "realtime_sessions"}
_STARTED_BY: Final[Mapping[str, tuple[str, str]]] = {"workflows": WORKFLOW, "realtime_sessions": SESSION}


def is_task_id(text: str) -> bool:
    """Whether a text has the form of Runway's ids, and so may stand in a URL."""
    return _UUID.fullmatch(text) is not None


def extra_of(call: str) -> tuple[tuple[str, str], ...]:
    """What the ref of a task keeps, by the call that starts it."""
    kind = _STARTED_BY.get(call.removeprefix("POST /v1/").split("/")[0])
    return (kind,) if kind else ()


def path_of(ref: TaskRef) -> str:
    """Where a task is found. An id from outside must not lead to another resource of the API.

    Raises:
        InvalidRequestError: The id is none of Runway's.
    """
    if not is_task_id(ref.id):
        message = f"{ref.id[:60]!r} is no task id of Runway's; those are UUIDs"
        raise InvalidRequestError(message, provider="runway", ref=ref)
    resource = next((name for kind, name in _RESOURCES.items() if kind in ref.extra), "tasks")
    return f"/v1/{resource}/{ref.id}"


def can_be_deleted(ref: TaskRef) -> bool:
    """Whether the vendor lets a client stop it; a workflow's run has no such call."""
    return WORKFLOW not in ref.extra
