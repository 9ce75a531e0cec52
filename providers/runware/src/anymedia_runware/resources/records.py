"""What resources are made of: tolerant records, and calls that fill them."""

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar, Final, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WrapValidator
from pydantic.alias_generators import to_camel
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from anymedia.errors import ProtocolError
from anymedia.resources import AsyncClient
from anymedia_runware.provider import RunwareProvider

__all__ = ["Amount", "AsyncResource", "Lenient", "Record", "fields_of"]

T = TypeVar("T")
R = TypeVar("R", bound="Record")
_PROVIDER: Final = RunwareProvider.name


def _none_if_odd(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


def _amount(value: Any) -> Decimal | None:
    """A sum of money, given as a number or as an object that holds one."""
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        value = next((inner[name] for name in ("amount", "value", "total") if name in inner), None)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if math.isfinite(amount) else None


Lenient = Annotated[T | None, WrapValidator(_none_if_odd)]
"""A value of the type named, or None for anything else."""

Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
"""US dollars, or None where nothing is said: a number, or an object that holds one.
Source: runware.ai/docs, and the types of runware-sdk 1.8.0; 2026-10."""


class Record(BaseModel):
    """Something the vendor keeps, as it shows it. Fields that nobody here knows are kept in `model_extra`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True, protected_namespaces=()
    )


class AsyncResource:
    """One kind of thing that Runware keeps for an account.

    Args:
        client: Whose connection and key are used.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def _record(self, kind: type[R], task_type: str, **fields: object) -> R:
        """The record that answers one unpaid call; fields that are None are not sent."""
        found = await self._find(kind, task_type, fields_of(**fields))
        if found is None:
            raise ProtocolError(f"{task_type} was answered with nothing", provider=_PROVIDER)
        return found

    async def _find(self, kind: type[R], task_type: str, fields: Mapping[str, object]) -> R | None:
        provider = await self._client.provider_named(_PROVIDER)
        assert isinstance(provider, RunwareProvider)
        item = next(iter(await provider.calls.call(task_type, fields)), None)
        try:
            return kind.model_validate(item) if item is not None else None
        except ValidationError as error:
            message = f"{task_type} was answered with what is no {kind.__name__}: {error.errors()[0]['msg']}"
            raise ProtocolError(message, provider=_PROVIDER, raw=dict(item or {})) from None


def fields_of(**fields: object) -> dict[str, object]:
    """The fields that are given, under their names on the wire."""
    return {to_camel(name): value for name, value in fields.items() if value is not None}
