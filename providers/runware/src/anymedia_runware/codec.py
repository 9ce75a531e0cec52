"""From what the vendor answers to snapshots."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from anymedia.errors import TaskFailedError
from anymedia.json import JSON, dumps
from anymedia.refs import TaskRef, TaskState
from anymedia.results import Cost
from anymedia.tasks import Snapshot
from anymedia_runware.errors import CONFLICT, code_of, failure_of, is_about_task, meaning_of
from anymedia_runware.kinds import IMMEDIATE
from anymedia_runware.outputs import outputs_of
from anymedia_runware.wire import Frame, Item

__all__ = [
    "Reply",
    "archived",
    "is_final",
    "is_unknown",
    "key_of",
    "keyed",
    "outputs_of",
    "polled",
    "pushed",
    "replies_in",
    "task_of",
]

_MEDIA: Final = ("URL", "Base64Data", "DataURI")
_WORDS: Final = ("text", "finishReason", "structuredData", "outputs", "air", "result")
_DONE: Final = frozenset({"success", "ready"})
_WAITING: Final = frozenset({"queued", "pending", "scheduled", "waiting"})
_STAGES: Final = frozenset({"validated", "downloaded", "optimized", "stored"})
"""What an uploaded model passes through; each word stays in the answers when the next one joins it.
Source: runware.ai/docs, model upload; 2026-10."""

_MAKING: Final = _WAITING | _STAGES | {"processing"}
_IDS: Final = "imageUUID videoUUID audioUUID modelUUID maskImageUUID guideImageUUID mediaUUID".split()


@dataclass(frozen=True)
class Reply:
    """What one frame says about one task."""

    data: tuple[Item, ...] = ()
    errors: tuple[Item, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether it proves that the vendor has the task."""
        return bool(self.data) or any(code_of(error) == CONFLICT for error in self.errors)

    def raw(self) -> JSON:
        """The reply as JSON."""
        errors: dict[str, JSON] = {"errors": [dict(error) for error in self.errors]} if self.errors else {}
        return {"data": [dict(item) for item in self.data], **errors}


def is_final(item: Item) -> bool:
    """Whether a result item is finished. An id alone is not enough: progress already carries the id to come.

    Source: runware-sdk 1.8.0, client.py; 2026-10.
    """
    status = str(item.get("status"))
    if status in _DONE or _is_immediate(item):
        return True
    return status not in _MAKING and any(
        value is not None and (key in _WORDS or (key.endswith(_MEDIA) and not key.startswith("input")))
        for key, value in item.items()
    )


def is_unknown(reply: Reply) -> bool:
    """Whether the vendor says that it knows no such task."""
    return not reply.data and all(meaning_of(error).error.code == "task_not_found" for error in reply.errors)


def key_of(item: Item) -> str:
    """What tells a result of a task from its other results, however often it is delivered."""
    index = item.get("resultIndex")
    if isinstance(index, int):
        return f"resultIndex {index}"
    found = next((f"{name} {item[name]}" for name in _IDS if item.get(name)), None)
    return found or dumps({name: value for name, value in item.items() if name not in ("status", "progress", "cost")})


def keyed(items: Iterable[Item]) -> dict[str, Item]:
    """The finished results of one frame, each once.

    What has no id of its own, such as a text, counts as often as it is there.
    """
    seen = Counter[str]()
    found: dict[str, Item] = {}
    for item in filter(is_final, items):
        key = key_of(item)
        seen[key] += not key.startswith((*_IDS, "resultIndex"))
        found.setdefault(f"{key} #{seen[key]}" if seen[key] > 1 else key, item)
    return found


def task_of(item: Item) -> str | None:
    """The id of the task an item belongs to."""
    task = item.get("taskUUID")
    return task if isinstance(task, str) and task else None


def replies_in(frame: Frame) -> dict[str, Reply]:
    """What a frame says about each task; items that name none are left out."""
    data: dict[str, list[Item]] = {}
    errors: dict[str, list[Item]] = {}
    for items, found in ((frame.data, data), (frame.errors, errors)):
        for item in items:
            if (task := task_of(item)) is not None:
                found.setdefault(task, []).append(item)
    return {task: Reply(tuple(data.get(task, ())), tuple(errors.get(task, ()))) for task in (*data, *errors)}


def polled(ref: TaskRef, reply: Reply) -> Snapshot | None:
    """A task's state by the answer to a look-up, which repeats all that is finished; None when it tells nothing.

    The task is over when no item is still in the making, however many were asked for.
    """
    errors = [error for error in reply.errors if is_about_task(error) and not is_unknown(Reply(errors=(error,)))]
    if not reply.data and not errors:
        return None
    ready = list(keyed(reply.data).values())
    making = [item for item in reply.data if not is_final(item) and not (ready and str(item.get("status")) in _STAGES)]
    return _running(ref, ready, making, reply) if making else _ended(ref, ready, errors, reply)


def pushed(ref: TaskRef, items: Sequence[Item]) -> Snapshot:
    """A task's state by the results pushed so far: it is over once all that were asked for are there."""
    ready = [item for item in items if is_final(item)]
    reply = Reply(tuple(items))
    return _ended(ref, ready, [], reply) if len(ready) >= ref.count else _running(ref, ready, [], reply)


def archived(ref: TaskRef, item: Item) -> Snapshot:
    """A task's state by its entry in the archive; one without results yet is still under way.

    Source: runware.ai/docs, getTaskDetails (an object), and @runware/sdk-js 1.3.2 (a list); 2026-10.
    """
    response = item.get("response")
    entries = [
        entry for entry in (response if isinstance(response, list) else [response]) if isinstance(entry, Mapping)
    ]
    data = tuple(keyed(found for entry in entries for found in _items(entry.get("data"))).values())
    errors = tuple(found for entry in entries for key in ("errors", "error") for found in _items(entry.get(key)))
    if not data and not errors:
        return Snapshot(ref=ref, state=TaskState.RUNNING, raw=dict(item))
    return _ended(ref, data, errors, Reply(data, errors))


def _running(ref: TaskRef, ready: Sequence[Item], making: Sequence[Item], reply: Reply) -> Snapshot:
    words = [str(item["status"]) for item in making if item.get("status")]
    queued = not ready and not any(word not in _WAITING for word in words)
    return Snapshot(
        ref=ref,
        state=TaskState.QUEUED if queued else TaskState.RUNNING,
        progress=_progress(ready, making, ref.count),
        provider_status=words[-1] if words else None,
        outputs=tuple(output for item in ready for output in outputs_of(item)),
        cost=_cost(ready, final=False),
        raw=reply.raw(),
    )


def _ended(ref: TaskRef, ready: Sequence[Item], errors: Sequence[Item], reply: Reply) -> Snapshot:
    outputs = tuple(output for item in ready for output in outputs_of(item))
    failures = tuple(failure_of(error, ref) for error in errors)
    is_done = bool(outputs) or any(map(_is_immediate, ready))
    if not is_done and not failures:
        message = "the task ended without a result"
        failures = (TaskFailedError(message, provider=ref.provider, ref=ref, raw=reply.raw()),)
    return Snapshot(
        ref=ref,
        state=TaskState.SUCCEEDED if is_done else TaskState.FAILED,
        progress=1.0 if is_done else None,
        provider_status="success" if is_done else "error",
        outputs=outputs,
        cost=_cost(ready, final=True),
        errors=failures,
        failure=None if is_done else failures[0],
        raw=reply.raw(),
    )


def _is_immediate(item: Item) -> bool:
    return str(item.get("taskType")) in IMMEDIATE


def _progress(ready: Sequence[Item], making: Sequence[Item], count: int) -> float | None:
    known = [min(max(value, 0.0), 100.0) for item in making if (value := _finite(item.get("progress"))) is not None]
    if not known and not ready:
        return None
    return (100.0 * len(ready) + sum(known)) / (100.0 * max(count, len(ready) + len(making)))


def _cost(items: Sequence[Item], *, final: bool) -> Cost | None:
    known = [value for item in items if (value := _finite(item.get("cost"))) is not None]
    if not known:
        return None
    amount = sum((Decimal(str(value)) for value in known), Decimal(0))
    return Cost(amount=amount, unit="USD", final=final, usd=amount)


def _finite(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _items(value: JSON) -> tuple[Item, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, Mapping))
