"""The plain web pages beside the API: media with ranges, and the public model schemas."""

import asyncio
import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.models import Catalogue, Definition, ModelFacts

__all__ = ["serve_media", "serve_registry", "serve_schema"]

_SCHEMA_TYPES = {"true": "boolean", "object[]": "array"}


async def serve_media(request: Request, backend: Backend) -> Response:
    """One output or upload, whole or a range of it; 404 once its address has expired."""
    artefact = backend.host.at(request.url.path)
    if artefact is not None and backend.faults.take("expire_url", artefact.subject) is not None:
        backend.host.expire(artefact)
        artefact = None
    if artefact is None:
        return PlainTextResponse("Not found", 404)
    if (status := backend.faults.take("media_status", artefact.subject)) is not None:
        return PlainTextResponse("Please stand by", status.get("status", 500))
    if backend.faults.take("html", artefact.subject) is not None:
        return HTMLResponse("<!DOCTYPE html><html><body>Please stand by</body></html>")
    data = await asyncio.to_thread(artefact.read)
    headers = {"accept-ranges": "bytes"}
    asked = request.headers.get("range")
    if asked is None:
        return Response(data, media_type=artefact.media_type, headers=headers)
    part = _range(asked, len(data))
    if part is None:
        return Response(status_code=416, headers={"content-range": f"bytes */{len(data)}"})
    first, last = part
    headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, media_type=artefact.media_type, headers=headers)


def serve_registry(request: Request, catalogue: Catalogue) -> Response:
    """registry.json: task type and slug of every curated model; 304 for a known ETag."""
    data = catalogue.data
    text = json.dumps(
        {
            "models": {air: {"taskType": one.task_type, "id": one.slug} for air, one in catalogue.models.items()},
            "architectureTaskTypes": data["architecture_task_types"],
            "modalityTaskTypes": data["modality_task_types"],
            "version": data["schemas_version"],
        }
    )
    headers = {"etag": f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


def serve_schema(air: str, catalogue: Catalogue) -> Response:
    """resolve/<air>: the JSON schema of a curated model's request; 404 for any other."""
    model = catalogue.find(air)
    if not model.listed:
        return PlainTextResponse("Not found", 404)
    documentation = f"https://runware.ai/docs/models/{model.slug}"
    return JSONResponse({"requestSchema": _schema(model), "documentation": documentation})


def _schema(model: ModelFacts) -> dict[str, Any]:
    properties = {name: _property(definition) for name, definition in model.params.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "taskType": {"const": model.task_type},
            "taskUUID": {"type": "string"},
            "model": {"const": model.air},
            **properties,
        },
        "required": ["taskType", "taskUUID", "model", *model.required],
    }


def _property(definition: Definition) -> dict[str, Any]:
    if isinstance(definition, list):
        return {"enum": definition}
    return {"type": [_SCHEMA_TYPES.get(name, name) for name in definition.split("|")]}


def _range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range, or None if it cannot be served."""
    unit, _, spec = header.partition("=")
    start, dash, end = spec.partition("-")
    if unit.strip() != "bytes" or not dash or not (start + end).isdecimal():
        return None
    if not start:
        return (max(0, size - int(end)), size - 1) if int(end) else None
    first, last = int(start), min(int(end), size - 1) if end else size - 1
    return (first, last) if first <= last else None
