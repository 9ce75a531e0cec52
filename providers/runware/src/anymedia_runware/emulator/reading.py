"""Reads what a client sent, media included, without changing anything: safe to do in a worker thread."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.inputs import Input, Inputs, read_inputs, read_media
from anymedia_runware.emulator.media import MediaHost
from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["Incoming", "TaskIn", "heavy", "read_message"]

_UPLOADS = {"imageUpload": "image", "mediaStorage": "media"}
_HEAVY = 50_000


@dataclass(frozen=True)
class TaskIn:
    """One element of a message with the media found in it."""

    task: Mapping[str, Any]
    inputs: Inputs


@dataclass(frozen=True)
class Incoming:
    """A message, or why it cannot be read."""

    tasks: list[TaskIn] = field(default_factory=list[TaskIn])
    problem: Problem | None = None

    @property
    def subject(self) -> str:
        """Its task types, for faults that match on them."""
        return " ".join(str(each.task.get("taskType")) for each in self.tasks)


def heavy(text: str) -> bool:
    """Whether reading a message may take long: it is large, or names addresses on loopback to fetch."""
    return len(text) > _HEAVY or "://127.0.0.1" in text or "://localhost" in text or "://[::1]" in text


def read_message(text: str, host: MediaHost, *, most: int, strict: bool) -> Incoming:
    """Parse a message and look at its media. Blocks.

    Args:
        text: What the client sent.
        host: Where media are looked up.
        most: How many tasks a message may hold.
        strict: Whether unknown media ids are problems.
    """
    try:
        message: Any = json.loads(text)
    except ValueError as error:
        return Incoming(problem=Problem("invalidJson", f"The message is not valid JSON: {error}."))
    tasks = [object_of(task) for task in array_of(message) if isinstance(task, dict)]
    if not isinstance(message, list) or len(tasks) < len(array_of(message)):
        return Incoming(problem=Problem("invalidJson", "The message must be an array of task objects."))
    if len(tasks) > most:
        return Incoming(problem=Problem("tooManyTasks", f"A message may hold {most} tasks.", facts={"max": most}))
    return Incoming([TaskIn(task, _media(task, host, strict=strict)) for task in tasks])


def _media(task: Mapping[str, Any], host: MediaHost, *, strict: bool) -> Inputs:
    name = _UPLOADS.get(str(task.get("taskType")))
    if name is None:
        return read_inputs(task, host, strict=strict)
    text = task.get(name)
    if not isinstance(text, str) or task.get("operation") == "delete":
        return Inputs()
    return Inputs([Input(name, name, read_media(text, host, name, strict=strict))])
