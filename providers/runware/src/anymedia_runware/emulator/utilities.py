"""Uploads: answered at once, for nothing."""

from collections.abc import Mapping
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.behaviour import DAY
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.inputs import Inputs, Source
from anymedia_runware.emulator.media import MediaHost
from anymedia_runware.emulator.sizes import shrunk

__all__ = ["Answer", "media_storage", "upload_image"]

# Source: runware.ai/docs, "Image upload"; 2026-10.
_STORED_SIDE = 2048
_STORED_SECONDS = 30 * DAY

Answer = dict[str, Any] | Problem


def upload_image(inputs: Inputs, host: MediaHost) -> Answer:
    """imageUpload: keeps a copy of at most 2048 pixels a side."""
    source = inputs.given[0].found
    if isinstance(source, Problem):
        return source
    if source.kind != "image":
        return Problem("invalidImage", "'image' must be a picture.", "image")
    stored = host.add("image", source.format, "imageUpload", lambda: _copy(source), _STORED_SECONDS)
    host.publish(stored)
    return {"imageUUID": stored.uuid, "imageURL": host.url(stored)}


def media_storage(task: Mapping[str, Any], inputs: Inputs, host: MediaHost) -> Answer:
    """mediaStorage: keeps any medium as it is, or deletes one."""
    return _delete(task["media"], host) if task["operation"] == "delete" else _keep(inputs, host)


def _keep(inputs: Inputs, host: MediaHost) -> Answer:
    source = inputs.given[0].found
    if isinstance(source, Problem):
        return source
    stored = host.add(source.kind, source.format, "mediaStorage", source.read, _STORED_SECONDS)
    host.publish(stored)
    return {"operation": "upload", "mediaUUID": stored.uuid, "mediaURL": host.url(stored)}


def _delete(uuid: str, host: MediaHost) -> Answer:
    if not host.delete(uuid):
        return Problem("mediaNotFound", f"There is no medium with the id {uuid}.", "media")
    return {"operation": "delete", "mediaUUID": uuid}


def _copy(source: Source) -> bytes:
    data = source.read()
    facts = render.probe(data)
    size = (facts.width or 1, facts.height or 1)
    if max(size) <= _STORED_SIDE:
        return data
    return render.upscale_image(data, size=shrunk(size, _STORED_SIDE), format=source.format)
