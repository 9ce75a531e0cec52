"""The API's error answers as exceptions."""

from collections.abc import Mapping, Sequence
from typing import Any

from anymedia_runway.emulator.issues import Issue

__all__ = [
    "ApiError",
    "conflict",
    "daily_quota_reached",
    "invalid_body",
    "invalid_query",
    "not_enough_credits",
    "not_found",
]

_DOCS = "https://docs.dev.runwayml.com/api"


class ApiError(Exception):
    """An answer other than success.

    Args:
        status: The HTTP status.
        body: The JSON body.
        headers: Extra response headers.
    """

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def invalid_body(issues: Sequence[Issue]) -> ApiError:
    """400 with everything that is wrong at once."""
    return ApiError(400, {"error": "Validation of body failed", "issues": list(issues), "docUrl": _DOCS})


def invalid_query(issues: Sequence[Issue]) -> ApiError:
    """400 with everything that is wrong with the query string."""
    return ApiError(400, {"error": "Validation of query failed", "issues": list(issues), "docUrl": _DOCS})


def not_found(what: str) -> ApiError:
    """404 for a thing that never was, was cancelled or was deleted; of a task it is worded `Could not find Task`."""
    return ApiError(404, {"error": f"Could not find {what}"})


def conflict(message: str) -> ApiError:
    """409: it cannot be done now."""
    return ApiError(409, {"error": message})


def not_enough_credits() -> ApiError:
    """400, as the vendor words it."""
    return ApiError(400, {"error": "You do not have enough credits to run this task.", "docUrl": _DOCS})


def daily_quota_reached() -> ApiError:
    """429, told from a rate limit by its text alone."""
    return ApiError(429, {"error": "Your daily task limit has been reached."})
