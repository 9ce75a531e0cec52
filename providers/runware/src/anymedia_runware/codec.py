"""From what the vendor answers to outputs and snapshots."""

import base64
import binascii
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from anymedia.errors import TaskFailedError
from anymedia.json import JSON, dumps
from anymedia.media import sniff
from anymedia.refs import TaskRef, TaskState
from anymedia.results import Cost, Output, OutputKind
from anymedia.tasks import Snapshot
from anymedia_runware.errors import CONFLICT, code_of, failure_of, is_about_task, meaning_of
from anymedia_runware.kinds import media_type_of
from anymedia_runware.wire import Item

__all__ = ["Reply", "archived", "is_final", "is_unknown", "key_of", "outputs_of", "polled", "pushed"]

_KINDS: Final[Mapping[str, OutputKind]] = {
    "image": "image",
    "maskImage": "image",
    "guideImage": "image",
    "video": "video",
    "audio": "audio",
    "model": "model",
}
"""What comes out, by the prefix of the keys that hold it. Any other prefix is judged by the medium itself."""

_MEDIA: Final = ("URL", "Base64Data", "DataURI")
_WORDS: Final = ("text", "structuredData", "outputs", "air", "result")
_WAITING: Final = frozenset({"queued", "pending", "scheduled", "waiting"})
_IDS: Final = "imageUUID videoUUID audioUUID modelUUID maskImageUUID guideImageUUID mediaUUID".split()
_BY_MEDIA_TYPE: Final[Mapping[str, OutputKind]] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "model": "model",
    "text": "text",
}


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
    if item.get("status") == "success":
        return True
    return any(
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


def polled(ref: TaskRef, reply: Reply) -> Snapshot | None:
    """A task's state by the answer to a look-up, which repeats all that is finished; None when it tells nothing.

    The task is over when no item is still in the making, however many were asked for.
    """
    errors = [error for error in reply.errors if is_about_task(error) and not is_unknown(Reply(errors=(error,)))]
    if not reply.data and not errors:
        return None
    ready = {key_of(item): item for item in reply.data if is_final(item)}
    making = [item for item in reply.data if not is_final(item)]
    if making:
        return _running(ref, list(ready.values()), making, reply)
    return _ended(ref, list(ready.values()), errors, reply)


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
    data = tuple(found for entry in entries for found in _items(entry.get("data")) if is_final(found))
    errors = tuple(found for entry in entries for key in ("errors", "error") for found in _items(entry.get(key)))
    if not data and not errors:
        return Snapshot(ref=ref, state=TaskState.RUNNING, raw=dict(item))
    return _ended(ref, list({key_of(found): found for found in data}.values()), errors, Reply(data, errors))


def outputs_of(item: Item) -> Iterator[Output]:
    """Every artefact in one finished result."""
    found = [output for key, value in item.items() if (output := _medium(item, key, value)) is not None]
    found += _files(item.get("outputs"))
    yield from found
    if isinstance(item.get("text"), str):
        yield _text(str(item["text"]), "text/plain")
    elif isinstance(item.get("air"), str) and not found:
        yield Output(kind="model", vendor_ref=str(item["air"]))
    elif not found:
        words = next((item[name] for name in ("structuredData", "outputs", "result") if item.get(name)), None)
        if words is not None:
            yield _text(dumps(words), "application/json")


def _running(ref: TaskRef, ready: Sequence[Item], making: Sequence[Item], reply: Reply) -> Snapshot:
    words = [str(item["status"]) for item in making if item.get("status")]
    queued = not ready and not any(word not in _WAITING for word in words)
    return Snapshot(
        ref=ref,
        state=TaskState.QUEUED if queued else TaskState.RUNNING,
        progress=_progress(ready, making, ref.count),
        provider_status=words[0] if words else None,
        outputs=tuple(output for item in ready for output in outputs_of(item)),
        cost=_cost(ready, final=False),
        raw=reply.raw(),
    )


def _ended(ref: TaskRef, ready: Sequence[Item], errors: Sequence[Item], reply: Reply) -> Snapshot:
    outputs = tuple(output for item in ready for output in outputs_of(item))
    failures = tuple(failure_of(error, ref) for error in errors)
    if not outputs and not failures:
        message = "the task ended without a result"
        failures = (TaskFailedError(message, provider=ref.provider, ref=ref, raw=reply.raw()),)
    return Snapshot(
        ref=ref,
        state=TaskState.SUCCEEDED if outputs else TaskState.FAILED,
        progress=1.0 if outputs else None,
        provider_status="success" if outputs else "error",
        outputs=outputs,
        cost=_cost(ready, final=True),
        errors=failures,
        failure=None if outputs else failures[0],
        raw=reply.raw(),
    )


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


def _medium(item: Item, key: str, value: JSON) -> Output | None:
    suffix = next((suffix for suffix in _MEDIA if key.endswith(suffix)), None)
    if suffix is None or not isinstance(value, str) or not value or key.startswith("input"):
        return None
    prefix = key.removesuffix(suffix)
    data = None if suffix == "URL" else _bytes(value)
    if suffix != "URL" and data is None:
        return None
    media_type = sniff(data[:256]) if data is not None else media_type_of(value)
    seed, nsfw, vendor_ref = item.get("seed"), item.get("NSFWContent"), item.get(f"{prefix}UUID")
    return Output(
        kind=_KINDS.get(prefix) or _kind_of(media_type),
        url=value if data is None else None,
        data=data,
        media_type=media_type,
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        vendor_ref=vendor_ref if isinstance(vendor_ref, str) else None,
        nsfw=nsfw if isinstance(nsfw, bool) else None,
    )


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _kind_of(media_type: str | None) -> OutputKind:
    return _BY_MEDIA_TYPE.get((media_type or "").split("/")[0], "file")


def _files(value: JSON) -> list[Output]:
    """The artefacts under `outputs`, such as the `files` of a 3D model, wherever they are nested."""
    if isinstance(value, list):
        return [output for element in value for output in _files(element)]
    if not isinstance(value, Mapping):
        return []
    found = [output for inner in value.values() for output in _files(inner)]
    url, uuid = value.get("url"), value.get("uuid")
    if isinstance(url, str) and url:
        media_type = media_type_of(url)
        kind = _kind_of(media_type)
        found.append(
            Output(kind=kind, url=url, media_type=media_type, vendor_ref=uuid if isinstance(uuid, str) else None)
        )
    return found


def _text(text: str, media_type: str) -> Output:
    return Output(kind="text", data=text.encode(errors="replace"), media_type=media_type)


def _items(value: JSON) -> tuple[Item, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, Mapping))
