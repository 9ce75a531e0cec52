"""The vendor's error codes as errors of our tree, and what each code proves. One table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    Issue,
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
from anymedia.json import JSON
from anymedia.refs import Outcome, TaskRef
from anymedia_runware.wire import Item

__all__ = ["CONFLICT", "Meaning", "code_of", "error_of", "failure_of", "is_about_task", "meaning_of", "refusal_of"]

CONFLICT: Final = "conflictTaskUUID"
"""The answer to a task UUID that was used before: the task exists."""


@dataclass(frozen=True)
class Meaning:
    """What a code stands for.

    Attributes:
        error: Its class in our tree.
        started: Whether the task it names may have been started: `no`, `perhaps` (the vendor knows the task, or it was
            not started), or `likely` (not even a look-up that finds nothing proves otherwise).
        passing: Whether it speaks of the moment and not of the task; a look-up answered so is repeated.
        retryable: Whether the same call may work later; None leaves it to the class.
    """

    error: type[MediaError]
    started: Literal["no", "perhaps", "likely"] = "perhaps"
    passing: bool = False
    retryable: bool | None = None


_INVALID = Meaning(InvalidRequestError, started="no")
_INPUT = Meaning(MediaInputError, started="no")
_NO_MODEL = Meaning(ModelNotFoundError, started="no")
_KEY = Meaning(AuthenticationError, started="no", passing=True)
_PERMISSION = Meaning(PermissionDeniedError, started="no", passing=True)
_CREDITS = Meaning(InsufficientCreditsError, started="no", passing=True)
_QUOTA = Meaning(QuotaExceededError, started="no", passing=True)
_RATE = Meaning(RateLimitError, started="no", passing=True)
_BUSY = Meaning(ProviderUnavailableError, passing=True)
_CONTENT = Meaning(ModerationError)
_FAILED = Meaning(TaskFailedError, retryable=True)
_TIMED_OUT = Meaning(TaskFailedError, started="likely", retryable=True)
_NO_TASK = Meaning(TaskNotFoundError)
_CANCELED = Meaning(TaskCanceledError)
_STRANGE = Meaning(ProtocolError)

# Source: runware-sdk 1.8.0, errors.py; runware.ai/docs, error codes of each task; integrators' reports; 2026-10.
_CODES: Mapping[str, Meaning] = {
    **dict.fromkeys(
        (
            "invalidApiKey missingApiKey unauthorized authenticationFailed authFailed authTimeout invalidAuthentication"
            " invalidCredentials missingAuthentication tokenExpired tokenInvalid tokenMissing tokenRevoked"
        ).split(),
        _KEY,
    ),
    **dict.fromkeys("forbidden permissionDenied insufficientPermissions".split(), _PERMISSION),
    **dict.fromkeys("paymentRequired".split(), _CREDITS),
    **dict.fromkeys("quotaExceeded environmentPaused".split(), _QUOTA),
    **dict.fromkeys(
        (
            "contentPolicyViolation providerContentPolicyViolation sensitiveContentDetected unsafeContentDetected"
            " nsfwContentDetected promptBlocked imageBlocked moderationFailed invalidProviderContent"
        ).split(),
        _CONTENT,
    ),
    **dict.fromkeys("modelNotFound unknownModel invalidModel providerNotFound".split(), _NO_MODEL),
    **dict.fromkeys("taskNotFound taskExpired taskFailedOrNotFound".split(), _NO_TASK),
    **dict.fromkeys("mediaNotFound mediaExpired downloadFailed".split(), _INPUT),
    "taskCancelled": _CANCELED,
    **dict.fromkeys("timeout providerTimeout providerGatewayTimeout timeoutProvider".split(), _TIMED_OUT),
    **dict.fromkeys(
        "inferenceError processingFailed taskFailed uploadFailed mediaStorageFileCouldNotBeMoved".split(), _FAILED
    ),
    **dict.fromkeys(
        (
            "internalServerError serviceUnavailable serverUnavailable standardError unknownError undefinedError"
            " defaultError unrecognizedResponse noAvailableServer modelUnavailable modelDisabled modelNotReady"
            " errorRetrievingAccountManagement"
        ).split(),
        _BUSY,
    ),
    **dict.fromkeys(
        (
            "validationFailed incompatibleParameters unknownParameter mismatchProviderSettingsProvider"
            " unknownProviderSettingsProvider transparentModelMismatch modelOwnershipValidationError modelAlreadyExists"
        ).split(),
        _INVALID,
    ),
}
# New codes keep to the old habits of naming; the first rule that fits decides.
_RULES: tuple[tuple[Literal["has", "starts", "ends"], str, Meaning], ...] = (
    ("has", "ratelimit", _RATE),
    ("has", "credits", _CREDITS),
    ("has", "balance", _CREDITS),
    ("has", "quota", _QUOTA),
    ("has", "contentpolicy", _CONTENT),
    ("has", "moderation", _CONTENT),
    ("ends", "Suspended", _PERMISSION),
    ("ends", "Disabled", _PERMISSION),
    ("has", "timeout", _TIMED_OUT),
    ("ends", "NotFound", _INPUT),
    ("ends", "Expired", _INPUT),
    ("starts", "provider", _FAILED),
    *(
        ("starts", word, _INVALID)
        for word in ("invalid", "missing", "unsupported", "max", "duplicate", "valueTooLarge")
    ),
    *(("starts", word, _INVALID) for word in ("valueTooSmall", "arrayToo", "unknown", "incompatible", "mismatch")),
)
_FIELDS = {
    "positivePrompt": "prompt",
    "negativePrompt": "negative_prompt",
    "width": "size",
    "height": "size",
    "numberResults": "count",
    "outputFormat": "output_format",
    "upscaleFactor": "factor",
    "seedImage": "image",
    "maskImage": "mask",
    "referenceImages": "references",
    "frameImages": "image",
}
"""Request fields by the vendor's parameter."""

_INPUTS = frozenset({"inputs", "seedImage", "maskImage", "inputImage", "referenceImages", "frameImages", "video"})


def code_of(item: Item) -> str:
    """The vendor's code in an error item; empty when there is none."""
    code = item.get("code")
    return code if isinstance(code, str) else ""


def meaning_of(item: Item) -> Meaning:
    """What an error item stands for; a code nobody has met before stands for little."""
    code = code_of(item)
    found = _CODES.get(code) or next((meaning for how, text, meaning in _RULES if _fits(how, text, code)), _STRANGE)
    about_input = any(not _INPUTS.isdisjoint(_parts(name)) for name in _parameters(item))
    return _INPUT if found is _INVALID and about_input else found


def is_about_task(item: Item) -> bool:
    """Whether an error in the answer to a look-up tells how the task ended.

    It does when it says `status: "error"`, and otherwise unless its code is a passing one: a rate limit or a server in
    trouble, met while asking, does not end the task that was asked for.
    """
    return item.get("status") == "error" or not meaning_of(item).passing


def error_of(item: Item, *, ref: TaskRef | None = None, outcome: Outcome | None = None) -> MediaError:
    """An error item as an error of our tree, with everything the vendor said."""
    meaning = meaning_of(item)
    code = code_of(item) or "no code"
    return meaning.error(
        f"{item.get('message') or 'Runware gives no reason'} ({code})",
        provider="runware",
        provider_code=code_of(item) or None,
        retryable=meaning.retryable,
        retry_after=_seconds(item.get("retryAfter")),
        outcome=outcome,
        ref=ref,
        issues=_issues(item),
        raw=dict(item),
    )


def refusal_of(items: Sequence[Item], *, ref: TaskRef | None = None) -> MediaError:
    """Several error items about one call as one error: what the first stands for, and the problems that all name."""
    error = error_of(items[0] if items else {}, ref=ref)
    if len(items) > 1:
        error.issues = tuple(dict.fromkeys(issue for item in items for issue in _issues(item)))
        whole: dict[str, JSON] = {"errors": [dict(item) for item in items]}
        error.raw = whole
    return error


def failure_of(item: Item, ref: TaskRef) -> MediaError:
    """Why an accepted task ended: a `ModerationError`, a `TaskCanceledError`, or else a `TaskFailedError`."""
    error = error_of(item, ref=ref)
    if isinstance(error, ModerationError | TaskCanceledError | TaskFailedError):
        return error
    return TaskFailedError(
        error.message,
        provider=error.provider,
        provider_code=error.provider_code,
        retryable=error.retryable,
        ref=ref,
        issues=error.issues,
        raw=error.raw,
    )


def _fits(how: str, text: str, code: str) -> bool:
    return {"has": text in code.lower(), "starts": code.startswith(text), "ends": code.endswith(text)}[how]


def _parameters(item: Item) -> tuple[str, ...]:
    value = item.get("parameter")
    names = value if isinstance(value, list) else [value]
    return tuple(name for name in names if isinstance(name, str))


def _parts(parameter: str) -> frozenset[str]:
    return frozenset(part.partition("[")[0] for part in parameter.split("."))


def _issues(item: Item) -> tuple[Issue, ...]:
    message = str(item.get("message") or code_of(item))
    allowed = item.get("allowedValues")
    legal = tuple(map(str, allowed)) if isinstance(allowed, list) else _window(item)
    issues = [Issue(field=_field(name), message=message, legal=legal) for name in _parameters(item)]
    return tuple(dict.fromkeys(issues))


def _field(parameter: str) -> str:
    return _FIELDS.get(parameter.rsplit(".", 1)[-1].partition("[")[0], parameter)


def _window(item: Item) -> tuple[str, ...]:
    low, high, step = (item.get(key) for key in ("min", "max", "multiplier"))
    if low is None and high is None:
        return ()
    return (f"{low} to {high}" + (f" in steps of {step}" if step not in (None, 1) else ""),)


def _seconds(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < float("inf") else None
