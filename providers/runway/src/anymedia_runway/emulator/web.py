"""Reads requests: JSON bodies, query strings, and the address under which the client sees the emulator."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from starlette.requests import Request

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.errors import ApiError, invalid_body, invalid_query
from anymedia_runway.emulator.models import Schema
from anymedia_runway.emulator.validation import validate_object

__all__ = ["base_url", "json_body", "query", "stamp", "subject", "utc"]


def base_url(request: Request) -> str:
    """Scheme and host as the client sees them, so that what stands between the two stays there."""
    return str(request.base_url).rstrip("/")


def subject(request: Request) -> str:
    """What faults are matched with."""
    return f"{request.method} {request.url.path}"


async def json_body(request: Request) -> dict[str, Any]:
    """The object in a request's body; an empty body is an empty object.

    Raises:
        ApiError: It is something else.
    """
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ApiError(400, {"error": "The request body is not valid JSON."}) from error
    if not isinstance(body, dict):
        raise invalid_body([issues.invalid_type("object", body, [])])
    return cast("dict[str, Any]", body)


def query(request: Request, schema: Schema) -> dict[str, Any]:
    """The query's values by name, each of its type; a list is separated by commas.

    Raises:
        ApiError: Some value is wrong or missing.
    """
    fields: Mapping[str, Schema] = schema["fields"]
    given = {name: _typed(fields.get(name, {}), text) for name, text in request.query_params.items()}
    wrong = validate_object(schema, given).issues
    if wrong:
        raise invalid_query(wrong)
    return {name: field["default"] for name, field in fields.items() if "default" in field} | given


def utc(text: str) -> datetime:
    """A moment in a query; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _typed(schema: Schema, text: str) -> Any:
    if schema.get("type") == "array":
        return text.split(",")
    if schema.get("type") == "integer":
        return int(text) if text.lstrip("-").isdigit() else text
    return text
