"""What the vendor's statuses, texts and codes become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
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
from anymedia.json import JSON, dumps
from anymedia.refs import Outcome, TaskRef
from anymedia_runway.errors import error_of, outcome_of, retry_after, task_failure
from anymedia_runway.wire import Answer

REF = TaskRef(provider="runway", id="x", operation="text_to_image", model="gen4_image")


def _answer(status: int, body: JSON = None, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "body", "kind", "outcome", "retryable"),
    [
        (400, {"error": "Validation of body failed"}, InvalidRequestError, "refused", False),
        (
            400,
            {"error": "You do not have enough credits to run this task."},
            InsufficientCreditsError,
            "refused",
            False,
        ),
        (400, {"error": "x", "code": "no_eligible_model"}, InvalidRequestError, "refused", False),
        (401, {"error": "The API key is invalid."}, AuthenticationError, "refused", False),
        (403, {"error": "Model variant is not available"}, PermissionDeniedError, "refused", False),
        (404, {"error": "x", "code": "router_config_not_found"}, InvalidRequestError, "refused", False),
        (405, None, InvalidRequestError, "refused", False),
        (422, None, InvalidRequestError, "refused", False),
        (429, {"error": "Your daily task limit has been reached."}, QuotaExceededError, "refused", False),
        (429, {"error": "DAILY limit"}, QuotaExceededError, "refused", False),
        (429, {"message": "Too Many Requests"}, RateLimitError, "refused", True),
        (408, None, ProviderUnavailableError, "unknown", True),
        (409, None, ProviderUnavailableError, "unknown", True),
        (302, None, ProtocolError, "unknown", False),
        (500, {"error": "x"}, ProviderUnavailableError, "unknown", True),
        (502, None, ProviderUnavailableError, "unknown", True),
        (503, {"error": "x"}, ProviderUnavailableError, "unknown", True),
        (504, None, ProviderUnavailableError, "unknown", True),
        (599, None, ProviderUnavailableError, "unknown", True),
    ],
)
def test_statuses(status: int, body: JSON, kind: type[MediaError], outcome: str, retryable: bool) -> None:
    """Each status has one error, one outcome for a create, and one answer to whether repeating helps."""
    error = error_of(_answer(status, body))
    assert type(error) is kind
    assert error.provider == "runway"
    assert error.retryable is retryable
    assert outcome_of(status) is Outcome(outcome)
    assert str(status) in str(error)


def test_issues_are_told_field_by_field() -> None:
    """The vendor's issues become ours, with the legal values."""
    issue: JSON = {"code": "invalid_value", "values": ["a", "b"], "path": ["ratio"], "message": "Invalid option"}
    error = error_of(_answer(400, {"error": "Validation of body failed", "issues": [issue]}))
    assert [(item.field, item.legal) for item in error.issues] == [("ratio", ("a", "b"))]
    assert "ratio: Invalid option" in str(error)


def test_trouble_with_an_input_is_a_media_error() -> None:
    """An asset that the vendor cannot use is the same error as one that we cannot read."""
    message = 'Failed to fetch asset. Received HTTP response code "404".'
    issue: JSON = {"code": "custom", "message": message, "path": ["promptImage", 0, "uri"]}
    error = error_of(_answer(400, {"error": "Validation of body failed", "issues": [issue]}))
    assert type(error) is MediaInputError
    assert error.issues[0].field == "promptImage.0.uri"


def test_what_support_needs_is_kept() -> None:
    """The vendor's code, its id of the call and its whole answer stay with the error."""
    body: JSON = {"error": "x", "code": "no_eligible_model", "pipeline": []}
    error = error_of(_answer(400, body, apigw_requestid="abc"))
    assert (error.provider_code, error.request_id, error.raw) == ("no_eligible_model", "abc", body)


def test_a_page_is_not_quoted() -> None:
    """HTML from a gateway does not end in the message."""
    error = error_of(Answer(502, {}, b"<html><body>Bad gateway</body></html>"))
    assert "html" not in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "100000"}, 300),
        ({"retry-after": "inf"}, 300),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 04 Nov 2026 10:00:30 GMT", "date": "Wed, 04 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Wed, 04 Nov 2026 10:00:30 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are understood; nonsense is ignored and five minutes are the most."""
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("SAFETY.INPUT.TEXT", ModerationError, False),
        ("SAFETY.OUTPUT.VIDEO", ModerationError, False),
        ("SAFETY", ModerationError, False),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", ModerationError, False),
        ("INPUT_PREPROCESSING.SAFETY.THIRD_PARTY", ModerationError, False),
        ("INPUT_PREPROCESSING.INTERNAL", TaskFailedError, True),
        ("INTERNAL.BAD_OUTPUT.01", TaskFailedError, False),
        ("INTERNAL.BAD_OUTPUT.CODE01", TaskFailedError, False),
        ("INTERNAL", TaskFailedError, True),
        ("INTERNAL.SOMETHING", TaskFailedError, True),
        ("INTERNALS", TaskFailedError, False),
        ("THIRD_PARTY.UNAVAILABLE", TaskFailedError, True),
        ("ASSET.INVALID", TaskFailedError, False),
        ("BRAND.NEW", TaskFailedError, False),
        ("", TaskFailedError, True),
        (None, TaskFailedError, True),
    ],
)
def test_failure_codes(code: str | None, kind: type[MediaError], retryable: bool) -> None:
    """Codes are matched by their leading parts; one that nobody knows is not worth repeating."""
    error = task_failure(code, "no", REF, {"status": "FAILED"})
    assert type(error) is kind
    assert error.retryable is retryable
    assert error.provider_code == code
    assert error.ref == REF
    assert error.raw == {"status": "FAILED"}


@given(st.integers(300, 599), st.binary())
def test_no_answer_breaks_the_errors(status: int, body: bytes) -> None:
    """Random bytes as a body give one of our errors."""
    assert isinstance(error_of(Answer(status, {}, body)), MediaError)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "issues", "path", "message"]), inner),
    max_leaves=12,
)


@given(st.integers(300, 599), JSON_VALUES)
def test_no_json_breaks_the_errors(status: int, body: JSON) -> None:
    """JSON of any shape gives one of our errors."""
    assert isinstance(error_of(_answer(status, body)), MediaError)
