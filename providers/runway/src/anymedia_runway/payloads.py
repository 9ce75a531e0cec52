"""Runway's own calls as requests: fields in our spelling become a payload in the vendor's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from anymedia.errors import InvalidRequestError, Issue
from anymedia.json import JSON
from anymedia.media import MediaInput
from anymedia.requests import Native
from anymedia_runway.inputs import as_uri

__all__ = ["item", "items", "native", "one_of", "payload"]


def native(call: str, **fields: object) -> Native:
    """A call with those of the fields that are set."""
    return Native(provider="runway", call=f"POST /v1/{call}", payload=payload(**fields))


def payload(**fields: object) -> dict[str, JSON]:
    """Those of the fields that are set, under their names on the wire."""
    return {to_camel(name): _plain(value) for name, value in fields.items() if value is not None}


def item(media: MediaInput | None, **more: JSON) -> dict[str, JSON] | None:
    """An input as the vendor's element; a local file is read at once."""
    return {"uri": as_uri(media), **more} if media is not None else None


def items(media: Iterable[MediaInput], **more: JSON) -> list[dict[str, JSON]]:
    """Several inputs as the vendor's elements."""
    return [{"uri": as_uri(one), **more} for one in media]


def one_of(**given: object) -> None:
    """Make sure that exactly one of two keywords is given.

    Raises:
        InvalidRequestError: Both are, or neither is.
    """
    if sum(value is not None for value in given.values()) != 1:
        first, second = given
        issue = Issue(field=first, message=f"give either {first} or {second}")
        raise InvalidRequestError(str(issue), provider="runway", issues=[issue])


def _plain(value: object) -> JSON:
    if isinstance(value, BaseModel):
        plain: JSON = value.model_dump(by_alias=True, exclude_none=True)
        return plain
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in cast("Mapping[str, object]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in cast("Sequence[object]", value)]
    return cast("JSON", value)
