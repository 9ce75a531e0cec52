"""Runway's messages as typed values: tolerant, so that a new field or an odd value never hides a task.

Source: runwayml 5.24.0, types; Runway API reference 2024-11-06; 2026-11.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.alias_generators import to_camel

from anymedia.errors import ProtocolError
from anymedia.json import JSON, loads

__all__ = [
    "Answer",
    "Created",
    "ErrorBody",
    "ErrorIssue",
    "Lenient",
    "NodeError",
    "Task",
    "UploadSlot",
    "parse",
    "request_id",
]


class Answer(NamedTuple):
    """An HTTP answer as the pure rooms see it. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JSON:
        """The body as JSON.

        Raises:
            ValueError: It is something else.
        """
        return loads(self.body)


def _none_if_odd(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


T = TypeVar("T")
Lenient = Annotated[T | None, WrapValidator(_none_if_odd)]
"""A value of the type named, or None for anything else."""


class _Message(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Credits(_Message):
    """An amount of credits."""

    credits: Decimal


class Routing(_Message):
    """What the model router chose."""

    estimated_cost: Lenient[Credits] = None


class Created(_Message):
    """The answer to a call that started a task."""

    id: Lenient[str] = None
    estimated_cost: Lenient[Credits] = None
    routing: Lenient[Routing] = None

    @property
    def estimate(self) -> Decimal | None:
        """The most it may cost, where the vendor says so."""
        cost = self.estimated_cost or (self.routing.estimated_cost if self.routing else None)
        return cost.credits if cost else None


class NodeError(_Message):
    """Why one node of a workflow gave nothing."""

    message: Lenient[str] = None
    failure_code: Lenient[str] = None
    node_name: Lenient[str] = None


class Task(_Message):
    """A task, or a workflow's run, whatever its state."""

    id: Lenient[str] = None
    status: Lenient[str] = None
    progress: Lenient[FiniteFloat] = None
    output: Lenient[list[JSON] | dict[str, list[JSON]]] = None
    cost: Lenient[Credits] = None
    estimated_cost: Lenient[Credits] = None
    failure: Lenient[str] = None
    failure_code: Lenient[str] = None
    node_errors: Lenient[dict[str, NodeError]] = None

    @property
    def urls(self) -> Sequence[str]:
        """Where the outputs are, in order."""
        found = self.output or []
        listed = found if isinstance(found, list) else [item for items in found.values() for item in items]
        return [item for item in listed if isinstance(item, str)]


class UploadSlot(_Message):
    """Where a file goes, and how it is named in requests afterwards."""

    upload_url: str
    fields: dict[str, str]
    runway_uri: str


class ErrorIssue(_Message):
    """One thing wrong with a body."""

    path: Lenient[list[str | int]] = None
    message: Lenient[str] = None
    code: Lenient[str] = None
    values: Lenient[list[JSON]] = None


class ErrorBody(_Message):
    """The envelope of an error; gateways in front of the API use `message` in place of `error`."""

    error: Lenient[str] = None
    message: Lenient[str] = None
    code: Lenient[str] = None
    issues: Lenient[list[ErrorIssue]] = None


Message = TypeVar("Message", bound=BaseModel)


def parse(kind: type[Message], answer: Answer) -> tuple[Message, JSON]:
    """The message in an answer, and the JSON it was read from.

    Raises:
        ProtocolError: It is no such message.
    """
    try:
        raw = answer.json()
        return kind.model_validate(raw), raw
    except ValueError as error:  # pydantic's ValidationError is one
        content = answer.headers.get("content-type", "no content type")
        message = f"HTTP {answer.status} with a body that is no {kind.__name__} ({content})"
        raise ProtocolError(message, provider="runway", request_id=request_id(answer)) from error


def request_id(answer: Answer) -> str | None:
    """The vendor's id of the call, for its support."""
    return answer.headers.get("apigw-requestid") or answer.headers.get("x-request-id")
