"""Responses in the API's dress."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

__all__ = ["answer"]


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the API sends it; a string is sent as it is, as HTML where it looks like it."""
    sent = {"apigw-requestid": uuid.uuid4().hex[:16], **(headers or {})}
    if isinstance(body, str):
        media_type = "text/html" if body.lstrip().startswith("<") else "text/plain"
        return Response(body, status, sent, media_type=media_type)
    data = to_json(body)
    sent["etag"] = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'
    return Response(data, status, sent, media_type="application/json; charset=utf-8")
