"""Every error anymedia raises: one tree, the same class for the same situation at every provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from typing_extensions import override

from anymedia.json import JSON
from anymedia.refs import Outcome, TaskRef

__all__ = [
    "AuthenticationError",
    "BudgetExceededError",
    "ClientClosedError",
    "ConfigurationError",
    "ConnectionLostError",
    "DownloadError",
    "ErrorCode",
    "IdempotencyConflictError",
    "InsufficientCreditsError",
    "InvalidRequestError",
    "Issue",
    "JournalError",
    "MediaError",
    "MediaInputError",
    "ModelNotFoundError",
    "ModerationError",
    "OutputExpiredError",
    "PermissionDeniedError",
    "ProtocolError",
    "ProviderUnavailableError",
    "QuotaExceededError",
    "RateLimitError",
    "SubmissionUnknownError",
    "TaskCanceledError",
    "TaskFailedError",
    "TaskNotFoundError",
    "TaskTimeoutError",
    "TransportError",
    "UnsupportedError",
]


class ErrorCode(StrEnum):
    """A stable word for each situation; it never changes, messages may."""

    ERROR = "error"
    CONFIGURATION = "configuration"
    AUTHENTICATION = "authentication"
    PERMISSION_DENIED = "permission_denied"
    INVALID_REQUEST = "invalid_request"
    MEDIA_INPUT = "media_input"
    UNSUPPORTED = "unsupported"
    MODEL_NOT_FOUND = "model_not_found"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    BUDGET_EXCEEDED = "budget_exceeded"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    RATE_LIMIT = "rate_limit"
    QUOTA_EXCEEDED = "quota_exceeded"
    MODERATION = "moderation"
    TRANSPORT = "transport"
    CONNECTION_LOST = "connection_lost"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROTOCOL = "protocol"
    SUBMISSION_UNKNOWN = "submission_unknown"
    TASK_FAILED = "task_failed"
    TASK_CANCELED = "task_canceled"
    TASK_NOT_FOUND = "task_not_found"
    TASK_TIMEOUT = "task_timeout"
    DOWNLOAD = "download"
    OUTPUT_EXPIRED = "output_expired"
    JOURNAL = "journal"
    CLIENT_CLOSED = "client_closed"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One thing wrong with a request: which field, why, what is legal, and the nearest legal value."""

    field: str
    message: str
    legal: tuple[str, ...] = ()
    nearest: str | None = None

    @override
    def __str__(self) -> str:
        hint = f"; nearest that works: {self.nearest}" if self.nearest is not None else ""
        return f"{self.field}: {self.message}{hint}" if self.field else f"{self.message}{hint}"


class MediaError(Exception):
    """The root of the tree. All a program decides on is an attribute.

    Attributes:
        code: A stable word for the situation.
        provider: The provider's name, or None when no provider was involved.
        provider_code: The vendor's own code, kept as it came.
        retryable: Whether the same call may work later, unchanged.
        retry_after: Seconds the vendor asked to wait, or None.
        outcome: How the attempt to start a task ended, where there was one.
        ref: The task this is about; `client.attach(error.ref)` goes on with it.
        request_id: The vendor's id of the HTTP call, for its support.
        issues: Every problem found with a request.
        raw: The vendor's answer as JSON.
    """

    code: ClassVar[ErrorCode] = ErrorCode.ERROR
    _retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        provider_code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        outcome: Outcome | None = None,
        ref: TaskRef | None = None,
        request_id: str | None = None,
        issues: Sequence[Issue] = (),
        raw: JSON = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.provider_code = provider_code
        self.retryable: bool = self._retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.outcome = outcome
        self.ref = ref
        self.request_id = request_id
        self.issues: tuple[Issue, ...] = tuple(issues)
        self.raw = raw

    @override
    def __str__(self) -> str:
        about = f" [{self.ref}]" if self.ref is not None else ""
        return f"{self.message}{about}"

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (
            type(self),
            self.message,
            {key: value for key, value in vars(self).items() if key != "message"},
        )


def _rebuild(kind: type[MediaError], message: str, attributes: dict[str, Any]) -> MediaError:
    error = kind(message)
    vars(error).update(attributes)
    return error


class ConfigurationError(MediaError):
    """Settings are missing, unknown or contradict each other."""

    code = ErrorCode.CONFIGURATION


class AuthenticationError(MediaError):
    """The provider does not accept the key, or there is none."""

    code = ErrorCode.AUTHENTICATION


class PermissionDeniedError(MediaError):
    """The key is good but may not do this."""

    code = ErrorCode.PERMISSION_DENIED


class InvalidRequestError(MediaError, ValueError):
    """The request cannot work as it is; `issues` says why, field by field. Nothing was started."""

    code = ErrorCode.INVALID_REQUEST


class MediaInputError(InvalidRequestError):
    """An input file, URL or byte string cannot be used."""

    code = ErrorCode.MEDIA_INPUT


class UnsupportedError(InvalidRequestError):
    """The provider or model cannot do this operation; the message names one that can."""

    code = ErrorCode.UNSUPPORTED


class ModelNotFoundError(InvalidRequestError):
    """The provider knows no model of that name."""

    code = ErrorCode.MODEL_NOT_FOUND


class IdempotencyConflictError(MediaError):
    """The idempotency key was used before, for a different request."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT


class BudgetExceededError(MediaError):
    """The estimate is above `max_cost`. Nothing was started."""

    code = ErrorCode.BUDGET_EXCEEDED


class InsufficientCreditsError(MediaError):
    """The account has not enough money left."""

    code = ErrorCode.INSUFFICIENT_CREDITS


class RateLimitError(MediaError):
    """Too many calls in a short time."""

    code = ErrorCode.RATE_LIMIT
    _retryable = True


class QuotaExceededError(MediaError):
    """A daily or monthly allowance is used up; trying again soon is pointless."""

    code = ErrorCode.QUOTA_EXCEEDED


class ModerationError(MediaError):
    """The vendor refuses the content of the request or of the result. Do not repeat it unchanged."""

    code = ErrorCode.MODERATION


class TransportError(MediaError):
    """The network failed. `sent` tells whether a byte of the request may have reached the provider."""

    code = ErrorCode.TRANSPORT
    _retryable = True

    def __init__(self, message: str = "", *, sent: bool = True, **attributes: Any) -> None:
        super().__init__(message, **attributes)
        self.sent = sent


class ConnectionLostError(TransportError):
    """A connection that was up is gone."""

    code = ErrorCode.CONNECTION_LOST


class ProviderUnavailableError(MediaError):
    """The provider answers that it cannot serve now."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    _retryable = True


class ProtocolError(MediaError):
    """The provider's answer cannot be understood."""

    code = ErrorCode.PROTOCOL


class SubmissionUnknownError(MediaError):
    """Nobody can say whether the task was started. It is not sent again by guess; the message says where to look."""

    code = ErrorCode.SUBMISSION_UNKNOWN


class TaskFailedError(MediaError):
    """The task was accepted and ended without a result."""

    code = ErrorCode.TASK_FAILED


class TaskCanceledError(MediaError):
    """The task was canceled."""

    code = ErrorCode.TASK_CANCELED


class TaskNotFoundError(MediaError):
    """The provider does not know the task (any more)."""

    code = ErrorCode.TASK_NOT_FOUND


class TaskTimeoutError(MediaError, TimeoutError):
    """Patience with the task ended. The task goes on; `client.attach(error.ref)` leads to it again.

    Attributes:
        phase: Whose time was up: `overall` for the caller's own timeout, `queue` or `run` for the phase of that name.
    """

    code = ErrorCode.TASK_TIMEOUT

    def __init__(self, message: str = "", *, phase: str = "overall", **attributes: Any) -> None:
        super().__init__(message, **attributes)
        self.phase = phase


class DownloadError(MediaError):
    """An output could not be fetched whole."""

    code = ErrorCode.DOWNLOAD
    _retryable = True


class OutputExpiredError(DownloadError):
    """The output's link is dead and the provider gives no fresh one."""

    code = ErrorCode.OUTPUT_EXPIRED
    _retryable = False


class JournalError(MediaError):
    """The journal cannot be written. Nothing was sent, unless `outcome` says how an attempt ended all the same."""

    code = ErrorCode.JOURNAL


class ClientClosedError(MediaError):
    """The client was closed while this was waiting, or before it was called."""

    code = ErrorCode.CLIENT_CLOSED
