"""The vendor's error items: their codes, their fields and the HTTP status that goes with each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ERROR_CLASSES", "Problem", "http_status", "pascal"]

_DOCUMENTATION = "https://runware.ai/docs/en/getting-started/errors"

# Every class of error with the codes seen in it and the HTTP status that goes with them; the body decides, the status
# follows. Source: runware-sdk 1.8.0, errors.py; runware.ai/docs/platform/errors; integrators' reports; 2026-10.
ERROR_CLASSES: Mapping[str, tuple[int, str]] = {
    "authentication": (
        401,
        """
        invalidApiKey missingApiKey unauthorized authenticationFailed authFailed authTimeout invalidAuthentication
        invalidCredentials missingAuthentication tokenExpired tokenInvalid tokenMissing tokenRevoked
        """,
    ),
    "permission": (
        403,
        """
        forbidden permissionDenied insufficientPermissions accountSuspended accountDisabled organizationSuspended
        organizationDisabled workspaceSuspended workspaceDisabled
        """,
    ),
    "credits": (
        402,
        """
        insufficientCredits providerInsufficientCredits thirdPartyInsufficientCredits
        textInferenceVideoInputInsufficientCredits paymentRequired
        """,
    ),
    "rate limit": (
        429,
        """
        rateLimitExceeded quotaExceeded inferenceRateLimitExceeded inferenceRateLimitRequestTooLarge
        providerRateLimitExceeded environmentPaused
        """,
    ),
    "validation": (
        400,
        """
        invalidPositivePrompt invalidPositivePromptLength missingPositivePrompt invalidWidth invalidReferenceImages
        invalidModel invalidParameter unsupportedParameter unsupportedTaskType unsupportedDuration valueTooLarge
        arrayTooSmall maxLycorisModelsExceeded duplicatePreloadModelAIR unknownParameter incompatibleParameters
        validationFailed mismatchProviderSettingsProvider unknownProviderSettingsProvider transparentModelMismatch
        modelOwnershipValidationError modelAlreadyExists
        """,
    ),
    "duplicate": (400, "conflictTaskUUID"),
    "not found": (
        404,
        """
        modelNotFound taskNotFound mediaNotFound providerNotFound taskExpired mediaExpired taskCancelled
        taskFailedOrNotFound unknownModel
        """,
    ),
    "moderation": (
        400,
        """
        contentPolicyViolation providerContentPolicyViolation sensitiveContentDetected unsafeContentDetected
        nsfwContentDetected promptBlocked imageBlocked moderationFailed invalidProviderContent
        """,
    ),
    "timeout": (504, "timeout timeoutProvider providerTimeout providerGatewayTimeout webhookTimeout"),
    "inference": (
        500,
        """
        inferenceError providerError processingFailed taskFailed uploadFailed mediaStorageFileCouldNotBeMoved
        """,
    ),
    "capacity": (
        503,
        """
        serviceUnavailable serverUnavailable noAvailableServer modelUnavailable modelDisabled modelNotReady
        """,
    ),
    "server": (
        500,
        """
        internalServerError standardError unknownError undefinedError defaultError unrecognizedResponse
        errorRetrievingAccountManagement
        """,
    ),
}
_STATUS = {code: status for status, codes in ERROR_CLASSES.values() for code in codes.split()}
_OTHER_STATUS = 400


@dataclass(frozen=True)
class Problem:
    """Why something was refused or failed.

    Args:
        code: The vendor's camelCase code.
        message: Text for people.
        parameter: The field at fault, dotted when nested, or several of them.
        facts: Further fields of the item, such as `min`, `max` and `allowedValues`.
    """

    code: str
    message: str
    parameter: str | list[str] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def item(self, task: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The wire form; `task` is the request it is about, if there is one that can be named."""
        item: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.parameter is not None:
            item["parameter"] = self.parameter
        item.update(self.facts)
        item["documentation"] = _DOCUMENTATION
        for name in ("taskType", "taskUUID"):
            if task is not None and isinstance(task.get(name), str):
                item[name] = task[name]
        return item


def http_status(code: str) -> int:
    """The status of an HTTP answer that holds nothing but errors, by the code of the first."""
    return _STATUS.get(code, _OTHER_STATUS)


def pascal(name: str) -> str:
    """A parameter's name as it appears inside a code: `width` gives `Width`."""
    return name.rsplit(".", 1)[-1][:1].upper() + name.rsplit(".", 1)[-1][1:]
