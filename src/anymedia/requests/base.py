"""What every request has in common: a frozen value, its inputs, its errors."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Generic, Self, TypeAlias, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from anymedia.errors import InvalidRequestError, Issue, MediaInputError
from anymedia.json import JSON
from anymedia.media import Media, MediaInput
from anymedia.results import Result

__all__ = [
    "MEDIA_FIELDS",
    "AspectRatioField",
    "CountField",
    "FormatField",
    "InputField",
    "PromptField",
    "ProviderOptions",
    "Reference",
    "ReferencesField",
    "Request",
    "ResolutionField",
    "SeedField",
    "SizeField",
    "media_of",
]

R_co = TypeVar("R_co", bound=Result, covariant=True)

MEDIA_FIELDS: Mapping[str, tuple[str, ...]] = {
    "image": ("image",),
    "last_frame": ("image",),
    "mask": ("image",),
    "references": ("image", "video", "audio"),
    "video": ("video",),
    "character": ("image", "video"),
    "performance": ("video",),
    "recording": ("audio", "video"),
    "voice_sample": ("audio",),
    "dataset": ("archive",),
}
"""The request fields that hold inputs, and what kinds each takes."""


class ProviderOptions(BaseModel):
    """Base of each provider's own options; unknown keys pass through, with a notice."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="allow")


def media_of(value: object) -> Media:
    """A request field's value as the `Media` it was turned into.

    Raises:
        MediaInputError: `value` is no kind of input.
    """
    return Media.of(value)


def _media_as_data(value: object) -> dict[str, str]:
    media = Media.of(value)
    if media.url is not None:
        return {"url": media.url}
    if media.path is not None:
        return {"path": str(media.path)}
    if media.data is not None:
        return {"base64": media.base64, "type": media.media_type or ""}
    if media.ref is not None:
        return {"ref": media.ref}
    raise MediaInputError("an open file has no form in JSON; give its Path or its bytes")


_MEDIA_SCHEMA = {
    "anyOf": [
        {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
        {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
        {
            "type": "object",
            "properties": {"base64": {"type": "string"}, "type": {"type": "string"}},
            "required": ["base64"],
        },
        {"type": "object", "properties": {"ref": {"type": "string"}}, "required": ["ref"]},
    ]
}
InputField: TypeAlias = Annotated[
    MediaInput, PlainValidator(Media.of), PlainSerializer(_media_as_data), WithJsonSchema(_MEDIA_SCHEMA)
]


@pydantic_dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Reference:
    """A reference input with the tag by which the prompt names it (`@tag`)."""

    media: InputField
    tag: str | None = None


def _as_references(value: object) -> tuple[Reference, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise MediaInputError("references is a list of inputs; put a single one in [ ]")
    return tuple(map(_as_reference, cast("Sequence[object]", value)))


def _as_reference(item: object) -> Reference:
    if isinstance(item, Reference):
        return item
    named = _named(item)
    if "media" not in named:
        return Reference(Media.of(item))
    tag = named.get("tag")
    return Reference(Media.of(named["media"]), str(tag) if tag is not None else None)


def _named(item: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", item) if isinstance(item, Mapping) else {}


def _references_as_data(value: tuple[Reference, ...]) -> list[dict[str, JSON]]:
    return [{"media": dict(_media_as_data(item.media)), "tag": item.tag} for item in value]


ReferencesField: TypeAlias = Annotated[
    Sequence[Reference | MediaInput],
    PlainValidator(_as_references),
    PlainSerializer(_references_as_data),
    WithJsonSchema({"type": "array", "items": _MEDIA_SCHEMA}),
]
SizeField: TypeAlias = Annotated[str, Field(pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$")]
AspectRatioField: TypeAlias = Annotated[str, Field(pattern=r"^[1-9]\d{0,3}:[1-9]\d{0,3}$")]
ResolutionField: TypeAlias = Annotated[str, Field(pattern=r"^(\d{3,4}p|[0-9.]{1,3}[kK])$"), BeforeValidator(str)]
PromptField: TypeAlias = Annotated[str, Field(min_length=1)]
CountField: TypeAlias = Annotated[int, Field(ge=1)]
SeedField: TypeAlias = Annotated[int, Field(ge=0)]
FormatField: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,40}$")]


class Request(BaseModel, Generic[R_co]):
    """One filled-in operation: a frozen value, all keywords.

    Attributes:
        model: A vendor's model, a portable or a configured name, or `unlisted:<id>`; left out, the provider's default.
        provider_options: Options of each provider, by its name; only the chosen provider's are sent.
        idempotency_key: The same key never starts a second task.
        metadata: The caller's own notes; kept with the task, never sent.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, protected_namespaces=()
    )

    operation: ClassVar[str] = ""
    result_type: ClassVar[type[Result]] = Result

    model: str | None = Field(default=None, min_length=1)
    provider_options: Mapping[str, ProviderOptions | Mapping[str, JSON]] = Field(default_factory=dict)
    idempotency_key: str | None = Field(default=None, min_length=1)
    metadata: Mapping[str, JSON] = Field(default_factory=dict)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise _invalid(type(self), error) from error

    def media(self) -> Iterator[tuple[str, Media]]:
        """Every input with the field it stands in, such as `image` or `references[0]`."""
        for name in MEDIA_FIELDS:
            value = getattr(self, name, None)
            if name == "references" and value:
                yield from ((f"references[{index}]", Media.of(item.media)) for index, item in enumerate(value))
            elif value is not None and name != "references":
                yield name, Media.of(value)

    def with_media(self, loaded: Mapping[str, Media]) -> Self:
        """The same request with inputs replaced, by the field names `media()` gives."""
        update: dict[str, object] = {name: media for name, media in loaded.items() if "[" not in name}
        references: Sequence[Reference] = getattr(self, "references", ())
        if references:
            update["references"] = tuple(
                replace(item, media=loaded.get(f"references[{index}]", item.media))
                for index, item in enumerate(references)
            )
        return self.model_copy(update=update)


def _invalid(cls: type[BaseModel], error: ValidationError) -> InvalidRequestError:
    details = error.errors(include_url=False)
    issues = [_issue(cls, detail["loc"], detail["type"], detail["msg"]) for detail in details]
    about_media = all(isinstance(detail.get("ctx", {}).get("error"), MediaInputError) for detail in details)
    kind = MediaInputError if about_media else InvalidRequestError
    return kind(f"{cls.__name__}: " + "; ".join(map(str, issues)), issues=issues)


def _issue(cls: type[BaseModel], loc: tuple[int | str, ...], kind: str, message: str) -> Issue:
    field = ".".join(map(str, loc))
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(field, cls.model_fields, 1)
        legal = tuple(sorted(cls.model_fields))
        return Issue(field=field, message="no such keyword", legal=legal, nearest=near[0] if near else None)
    if kind == "string_pattern_mismatch" and field in _FORMS:
        return Issue(field=field, message=f"write it like {_FORMS[field]!r}", nearest=_FORMS[field])
    if kind == "missing":
        return Issue(field=field, message="is required")
    return Issue(field=field, message=message.removeprefix("Value error, "))


_FORMS = {"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"}
