"""The vendor's codes as our errors, and what each proves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    MediaInputError,
    ModelNotFoundError,
    ModerationError,
    PermissionDeniedError,
    ProtocolError,
    ProviderUnavailableError,
    QuotaExceededError,
    RateLimitError,
    TaskCanceledError,
    TaskFailedError,
    TaskNotFoundError,
)
from anymedia.refs import Outcome, TaskRef
from anymedia_runware.errors import error_of, failure_of, is_about_task, meaning_of

REF = TaskRef(provider="runware", id="t", operation="text_to_image", model="m")


@pytest.mark.parametrize(
    ("codes", "kind", "started"),
    [
        ("invalidApiKey missingApiKey unauthorized tokenExpired authTimeout", AuthenticationError, "no"),
        ("forbidden permissionDenied accountSuspended organizationDisabled", PermissionDeniedError, "no"),
        ("insufficientCredits providerInsufficientCredits paymentRequired", InsufficientCreditsError, "no"),
        ("quotaExceeded environmentPaused newQuotaOfSorts", QuotaExceededError, "no"),
        ("rateLimitExceeded inferenceRateLimitExceeded providerRateLimitExceeded", RateLimitError, "no"),
        ("invalidWidth missingPositivePrompt unsupportedParameter maxLycorisModelsExceeded", InvalidRequestError, "no"),
        ("duplicatePreloadModelAIR valueTooLarge arrayTooSmall unknownParameter", InvalidRequestError, "no"),
        ("incompatibleParameters mismatchProviderSettingsProvider", InvalidRequestError, "no"),
        ("modelNotFound unknownModel invalidModel", ModelNotFoundError, "no"),
        ("mediaNotFound downloadFailed mediaExpired", MediaInputError, "no"),
        ("contentPolicyViolation providerContentPolicyViolation nsfwContentDetected", ModerationError, "perhaps"),
        ("promptBlocked invalidProviderContent moderationFailed", ModerationError, "perhaps"),
        ("inferenceError processingFailed providerSomethingNew", TaskFailedError, "perhaps"),
        ("timeout timeoutProvider providerGatewayTimeout webhookTimeout", TaskFailedError, "likely"),
        ("internalServerError noAvailableServer errorRetrievingAccountManagement", ProviderUnavailableError, "perhaps"),
        ("taskNotFound taskExpired", TaskNotFoundError, "perhaps"),
        ("taskCancelled", TaskCanceledError, "perhaps"),
        ("neverHeardOf", ProtocolError, "perhaps"),
    ],
)
def test_codes(codes: str, kind: type[MediaError], started: str) -> None:
    """Every documented code has its class, new ones find theirs by habit, and only some prove that nothing started."""
    for code in codes.split():
        meaning = meaning_of({"code": code})
        assert (meaning.error, meaning.started) == (kind, started), code


def test_everything_the_vendor_said_is_kept() -> None:
    """Code, fields, legal values and the item itself are attributes."""
    item = {
        "code": "invalidWidth",
        "message": "wrong",
        "parameter": ["width", "height"],
        "min": 128,
        "max": 2048,
        "multiplier": 64,
        "retryAfter": 3,
    }
    error = error_of(item, ref=REF, outcome=Outcome.REFUSED)
    assert (error.provider, error.provider_code, error.ref) == ("runware", "invalidWidth", REF)
    assert (error.outcome, error.retry_after, error.raw) == (Outcome.REFUSED, 3, item)
    (issue,) = error.issues
    assert (issue.field, issue.legal) == ("size", ("128 to 2048 in steps of 64",))
    allowed = {"code": "invalidScheduler", "message": "m", "parameter": "scheduler", "allowedValues": ["a", "b"]}
    assert error_of(allowed).issues[0].legal == ("a", "b")


def test_a_wrong_input_is_about_the_input() -> None:
    """A validation error of an image is a MediaInputError."""
    item = {"code": "invalidSeedImage", "message": "m", "parameter": "inputs.seedImage"}
    assert type(error_of(item)) is MediaInputError
    assert error_of(item).issues[0].field == "image"


def test_a_failed_task_fails_in_one_of_three_ways() -> None:
    """Whatever the code, an accepted task ends as moderated, canceled or failed."""
    kinds = {
        "contentPolicyViolation": ModerationError,
        "taskCancelled": TaskCanceledError,
        "invalidWidth": TaskFailedError,
        "internalServerError": TaskFailedError,
        "timeoutProvider": TaskFailedError,
        "": TaskFailedError,
    }
    for code, kind in kinds.items():
        failure = failure_of({"code": code, "message": "m"}, REF)
        assert type(failure) is kind
        assert failure.ref == REF
    assert failure_of({"code": "timeoutProvider"}, REF).retryable


@pytest.mark.parametrize(
    ("item", "about_task"),
    [
        ({"code": "inferenceError"}, True),
        ({"code": "rateLimitExceeded"}, False),
        ({"code": "internalServerError"}, False),
        ({"code": "invalidApiKey"}, False),
        ({"code": "internalServerError", "status": "error"}, True),
        ({"code": "rateLimitExceeded", "status": "error"}, True),
        ({"code": "neverHeardOf"}, True),
    ],
)
def test_a_failed_look_and_a_failed_task(item: Any, about_task: bool) -> None:
    """Trouble while asking does not end a task, unless the item says that it is the task's end."""
    assert is_about_task(item) is about_task


@given(
    st.dictionaries(
        st.sampled_from(["code", "message", "parameter", "min", "max", "multiplier", "allowedValues", "retryAfter"]),
        st.none() | st.text(max_size=6) | st.integers() | st.floats() | st.lists(st.text(max_size=3) | st.integers()),
    )
)
def test_any_item_becomes_an_error(item: Any) -> None:
    """No shape of an error item raises."""
    assert isinstance(error_of(item, ref=REF), MediaError)
    assert isinstance(failure_of(item, REF), MediaError)
