"""What Runway's statuses, texts and codes mean, as tables; every answer that is no success becomes one of our errors.

Source: Runway API reference 2024-11-06; docs.dev.runwayml.com, pages Errors and Task failures; 2026-11.
"""

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Final

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    Issue,
    MediaError,
    MediaInputError,
    ModerationError,
    PermissionDeniedError,
    ProtocolError,
    ProviderUnavailableError,
    QuotaExceededError,
    RateLimitError,
    TaskFailedError,
)
from anymedia.json import JSON
from anymedia.refs import Outcome, TaskRef
from anymedia_runway.wire import Answer, ErrorBody, ErrorIssue, parse, request_id

__all__ = ["error_of", "outcome_of", "retry_after", "task_failure"]

_REFUSALS: Final[Mapping[int, type[MediaError]]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: PermissionDeniedError,
    404: InvalidRequestError,
    405: InvalidRequestError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}
"""Statuses which prove that a call started nothing. Any other but 2xx proves nothing, 408 and 409 included."""

_NOT_NOW: Final = (408, 409)
"""Statuses of a call that may succeed later; 409 is the answer to a change of what is still being processed."""

_BY_TEXT: Final = (
    (400, "enough credits", InsufficientCreditsError),
    (429, "daily", QuotaExceededError),
)
"""The text is all that tells these from their neighbours of the same status."""

_HINTS: Final[Mapping[type[MediaError], str]] = {
    AuthenticationError: "check the key (RUNWAYML_API_SECRET); keys of the web app do not work at the developer API",
    InsufficientCreditsError: "buy credits at dev.runwayml.com",
    QuotaExceededError: "the allowance is per model and rolling 24 hours; see tier.models of GET /v1/organization",
}

_MEDIA_FIELDS: Final = frozenset(
    (
        "audioUri",
        "character",
        "imageUri",
        "keyframes",
        "maskUri",
        "media",
        "promptImage",
        "promptVideo",
        "reference",
        "referenceAudio",
        "referenceAudios",
        "referenceImages",
        "references",
        "referenceVideos",
        "videoUri",
    )
)

_FAILURES: Final[Sequence[tuple[str, type[MediaError], bool]]] = (
    ("INPUT_PREPROCESSING.INTERNAL", TaskFailedError, True),
    ("INTERNAL.BAD_OUTPUT", TaskFailedError, False),
    ("INTERNAL", TaskFailedError, True),
    ("THIRD_PARTY.UNAVAILABLE", TaskFailedError, True),
    ("ASSET", TaskFailedError, False),
)
"""Failure codes by prefix, in the order they are tried: our error, and whether the same request may work later.

A code with `SAFETY` in any place comes before all of these; any other code means that the same request fails again.
"""

_LONGEST_WAIT: Final = 300.0
"""Seconds; a longer wait than this is not believed."""


def outcome_of(status: int) -> Outcome:
    """How an attempt to start a task ended that was not answered with success."""
    return Outcome.REFUSED if status in _REFUSALS else Outcome.UNKNOWN


def error_of(answer: Answer) -> MediaError:
    """The error for an answer that is no success. It never raises, whatever the body holds."""
    body, raw = _envelope(answer)
    text = body.error or body.message or _plain(answer)
    issues = [_issue(issue) for issue in body.issues or ()]
    kind = _kind(answer.status, text, issues)
    details = "; ".join(filter(None, (text, *map(str, issues), _HINTS.get(kind))))
    return kind(
        f"runway answered HTTP {answer.status}" + (f": {details}" if details else ""),
        provider="runway",
        provider_code=body.code,
        retry_after=retry_after(answer.headers),
        request_id=request_id(answer),
        issues=issues,
        raw=raw,
    )


def task_failure(code: str | None, message: str | None, ref: TaskRef, raw: JSON) -> MediaError:
    """Why a task failed, by the vendor's code; without one the vendor's own fault is assumed."""
    kind, retryable = _failure_kind(code or "INTERNAL")
    about = f" ({code})" if code else ""
    return kind(
        f"the task failed: {message or 'no reason given'}{about}",
        provider="runway",
        provider_code=code,
        retryable=retryable,
        ref=ref,
        raw=raw,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the vendor asks to wait, at most five minutes; a date counts from the answer's own."""
    asked = headers.get("retry-after", "").strip()
    try:
        seconds = float(headers["retry-after-ms"]) / 1000 if "retry-after-ms" in headers else float(asked)
    except ValueError:
        seconds = _until(asked, headers.get("date", ""))
    return min(seconds, _LONGEST_WAIT) if seconds > 0 else None


def _until(then: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _kind(status: int, text: str, issues: Sequence[Issue]) -> type[MediaError]:
    for rule_status, words, kind in _BY_TEXT:
        if status == rule_status and words in text.lower():
            return kind
    if status == 400 and issues and all(issue.field.split(".")[0] in _MEDIA_FIELDS for issue in issues):
        return MediaInputError
    if status in _REFUSALS:
        return _REFUSALS[status]
    return ProviderUnavailableError if status in _NOT_NOW or status >= 500 else ProtocolError


def _failure_kind(code: str) -> tuple[type[MediaError], bool]:
    if "SAFETY" in code.split("."):
        return ModerationError, False
    found = (rule for rule in _FAILURES if f"{code}.".startswith(f"{rule[0]}."))
    _, kind, retryable = next(found, ("", TaskFailedError, False))
    return kind, retryable


def _envelope(answer: Answer) -> tuple[ErrorBody, JSON]:
    try:
        return parse(ErrorBody, answer)
    except ProtocolError:
        return ErrorBody(), None


def _plain(answer: Answer) -> str:
    """The beginning of a body that is neither JSON nor a page."""
    text = answer.body[:200].decode(errors="replace").strip()
    return "" if text.startswith(("<", "{", "[")) else text


def _issue(issue: ErrorIssue) -> Issue:
    return Issue(
        field=".".join(map(str, issue.path or ())),
        message=issue.message or issue.code or "not accepted",
        legal=tuple(map(str, issue.values or ())),
    )
