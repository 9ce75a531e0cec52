"""The vendor's error items: their codes, their fields and the HTTP status that goes with each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Problem", "http_status", "pascal"]

_DOCUMENTATION = "https://runware.ai/docs/en/getting-started/errors"

# Source: runware.ai/docs/platform/errors and integrators' reports; 2026-10. The body decides, the status follows.
_STATUS = {
    "invalidApiKey": 401,
    "missingApiKey": 401,
    "insufficientCredits": 402,
    "forbidden": 403,
    "taskNotFound": 404,
    "mediaNotFound": 404,
    "rateLimitExceeded": 429,
    "quotaExceeded": 429,
    "internalServerError": 500,
    "inferenceError": 500,
    "serviceUnavailable": 503,
    "timeout": 504,
    "timeoutProvider": 504,
}
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
