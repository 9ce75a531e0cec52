"""The messages on the socket: what is written, and how what arrives is read, whatever its shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from anymedia.json import JSON, dumps, loads

__all__ = [
    "Frame",
    "Item",
    "Task",
    "authentication",
    "encode",
    "get_response",
    "get_task_details",
    "ping",
    "read_frame",
]

Item: TypeAlias = Mapping[str, JSON]
"""One result or error as it stands on the wire."""

Task: TypeAlias = Mapping[str, object]
"""One task to be sent."""

_LEGACY_BAD_KEY = 19
_NO_ITEMS: tuple[Item, ...] = ()


def authentication(api_key: str, session: str | None) -> Task:
    """The first message on every socket; with `session`, undelivered results of the last 120 s are replayed.

    Source: runware.ai/docs, WebSockets, and runware-sdk 1.8.0, transport/websocket.py; 2026-10.
    """
    resume: Task = {"connectionSessionUUID": session} if session is not None else {}
    return {"taskType": "authentication", "apiKey": api_key, **resume}


def ping() -> Task:
    """Keeps the socket open; the server closes one that was silent for 120 s. Source: runware.ai/docs; 2026-10."""
    return {"taskType": "ping", "ping": True}


def get_response(task: str) -> Task:
    """Asks for the state of an active task. Source: runware.ai/docs, getResponse; 2026-10."""
    return {"taskType": "getResponse", "taskUUID": task}


def get_task_details(task: str) -> Task:
    """Asks the archive for request and response of any past task. Source: runware.ai/docs, getTaskDetails; 2026-10."""
    return {"taskType": "getTaskDetails", "taskUUID": task}


def encode(*tasks: Task) -> str:
    """A message: always an array, also of one task."""
    return dumps(tasks)


@dataclass(frozen=True)
class Frame:
    """What one inbound message holds."""

    data: tuple[Item, ...] = ()
    errors: tuple[Item, ...] = ()


def read_frame(text: str) -> Frame | None:
    """Take a message apart, or return None when it says nothing. `{"data": []}` says something: it acknowledges.

    The regular shape is `{"data": [...], "errors": [...]}`. Also met in the wild, and read: either of them absent or a
    single object, `error` in the singular, a message that is an array, and a bare item.
    Source: runware.ai/docs, imageUpload sample; @runware/sdk-js 1.3.2; runware-sdk 1.8.0; 2026-10.
    """
    try:
        document = loads(text)
    except ValueError:
        return None
    if not isinstance(document, Mapping | list):
        return None
    found = list(_sorted(document))
    if not found and not (isinstance(document, Mapping) and isinstance(document.get("data"), list)):
        return None
    return Frame(
        data=tuple(item for item, failed in found if not failed),
        errors=tuple(item for item, failed in found if failed),
    )


def _sorted(document: JSON) -> Iterator[tuple[Item, bool]]:
    """Every item, and whether it is an error."""
    if isinstance(document, list):
        for element in document:
            yield from _sorted(element)
    elif isinstance(document, Mapping):
        if "errorId" in document:
            yield _legacy_error(document), True
        elif document.keys() & {"data", "errors", "error"} and document.get("status") != "error":
            yield from (_classified(item) for item in _items(document.get("data")))
            yield from ((item, True) for key in ("errors", "error") for item in _items(document.get(key)))
        elif document:
            yield _classified(document)


def _items(value: JSON) -> tuple[Item, ...]:
    if isinstance(value, Mapping):
        return (value,) if value else _NO_ITEMS
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, Mapping))
    return _NO_ITEMS


def _classified(item: Item) -> tuple[Item, bool]:
    if _has_failed(item):
        inner = item.get("error")
        return {**item, **(inner if isinstance(inner, Mapping) else {}), "status": "error"}, True
    return item, isinstance(item.get("code"), str) and "message" in item


def _has_failed(item: Item) -> bool:
    """Whether a result item is in truth an error. Source: runware.ai/docs, getResponse and model upload; 2026-10."""
    status = item.get("status")
    return isinstance(status, str) and (status == "failed" or status.startswith("error"))


def _legacy_error(document: Item) -> Item:
    # Source: runware 0.5.24, server.py; the envelope of 2024, 2026-10.
    number = document.get("errorId")
    code = "invalidApiKey" if number == _LEGACY_BAD_KEY else f"errorId{number}"
    return {"code": code, "message": str(document.get("errorMessage", "")), "taskUUID": document.get("taskUUID")}
