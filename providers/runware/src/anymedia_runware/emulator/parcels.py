"""What leaves for the addresses that requests name: webhooks, and outputs for upload endpoints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from anymedia.config import is_loopback
from anymedia.testing.emulator import Faults
from anymedia_runware.emulator.behaviour import Behaviour
from anymedia_runware.emulator.frames import dumps
from anymedia_runware.emulator.tasks import Task

__all__ = ["Parcel", "can_be_reached", "parcels"]

_LATE_SECONDS = 5.0


@dataclass(frozen=True)
class Parcel:
    """One HTTP call to an address that a request names.

    Args:
        method: `POST` for webhooks, `PUT` for outputs.
        url: Where to.
        media_type: What it is.
        read: Gives the bytes. Blocks if media are to be rendered.
        delivers: The results it hands out, as task id and index.
    """

    method: str
    url: str
    media_type: str
    read: Callable[[], bytes] = field(repr=False)
    delivers: Sequence[tuple[str, int]] = ()


def can_be_reached(url: object) -> bool:
    """Whether an address may be sent to: nothing leaves this machine."""
    try:
        return isinstance(url, str) and urlsplit(url).scheme == "http" and is_loopback(url)
    except ValueError:
        return False


def parcels(task: Task, index: int, behaviour: Behaviour, faults: Faults) -> Iterator[tuple[float, Parcel]]:
    """What is sent once a result is done, and how many seconds later."""
    endpoint, artefact = task.order.get("uploadEndpoint"), task.results[index].product.artefact
    if endpoint is not None and artefact is not None and task.results[index].problem is None:
        yield 0.0, Parcel("PUT", endpoint, artefact.media_type, artefact.read)
    address = task.order.get("webhookURL")
    if address is None or faults.take("webhook_lost", task.task_type) is not None:
        return
    if faults.take("webhook_progress", task.task_type) is not None:
        yield 0.0, _webhook(address, {**task.name(), "status": "processing"}, behaviour)
    late = faults.take("webhook_late", task.task_type)
    delay = 0.0 if late is None else float(late.get("seconds", _LATE_SECONDS))
    parcel = _outcome(address, task, index, behaviour)
    yield delay, parcel
    if faults.take("webhook_twice", task.task_type) is not None:
        yield delay, parcel


def _outcome(url: str, task: Task, index: int, behaviour: Behaviour) -> Parcel:
    place, item = task.outcome(index, behaviour.failure_form)
    if place == "errors":
        return Parcel("POST", url, "application/json", lambda: dumps({"errors": [item]}).encode())
    delivers = [(task.uuid, index)] if task.results[index].problem is None else []
    return _webhook(url, item, behaviour, delivers)


def _webhook(
    url: str, item: Mapping[str, Any], behaviour: Behaviour, delivers: Sequence[tuple[str, int]] = ()
) -> Parcel:
    body = {"data": [item]} if behaviour.webhook_wrapped else item
    return Parcel("POST", url, "application/json", lambda: dumps(body).encode(), delivers)
