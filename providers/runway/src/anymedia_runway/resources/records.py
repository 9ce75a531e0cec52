"""What resources are made of: tolerant records, pages of them, and what is sent to change them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import ClassVar, Final, Generic, TypeVar, cast
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from anymedia.errors import InvalidRequestError
from anymedia.json import JSON, dumps, loads

__all__ = ["CLEAR", "Clear", "Page", "Record", "body_of", "path_to", "with_query"]

T = TypeVar("T")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Record(BaseModel):
    """Something the vendor keeps, as it shows it. Fields that nobody here knows are kept in `model_extra`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        populate_by_name=True,
        protected_namespaces=(),
        hide_input_in_errors=True,  # it may hold the key to a room
    )


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: What is on it.
        next_cursor: Where the next page begins; None on the last.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None


class Clear(Enum):
    """The type of `CLEAR`."""

    CLEAR = None


CLEAR: Final = Clear.CLEAR
"""Takes away what is set, in an update; None leaves it as it is."""


def body_of(**fields: object) -> dict[str, JSON]:
    """A JSON body of the fields that are given, under their names on the wire."""
    return {to_camel(name): _plain(value) for name, value in fields.items() if value is not None}


def path_to(resource: str, record_id: str, *rest: str) -> str:
    """Where a record is found. An id from outside must not lead to another resource of the API.

    Raises:
        InvalidRequestError: The id is none of Runway's.
    """
    if not _ID.fullmatch(record_id):
        raise InvalidRequestError(f"{record_id[:60]!r} is no id of Runway's", provider="runway")
    return "/".join(("/v1", resource, record_id, *rest))


def with_query(path: str, **parameters: object) -> str:
    """A path with the parameters that are given; several values of one are joined by commas."""
    given = {to_camel(name): _text(value) for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _plain(value: object) -> JSON:
    if isinstance(value, BaseModel):
        return cast("JSON", value.model_dump(mode="json", by_alias=True, exclude_unset=True))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return loads(dumps(value))


def _text(value: object) -> str:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ",".join(map(str, cast("Sequence[object]", value)))
    return str(value)
