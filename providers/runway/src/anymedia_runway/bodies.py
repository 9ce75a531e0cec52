"""A request becomes a call and its body; inputs stand in the body as they were handed in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from anymedia.errors import InvalidRequestError, Issue, UnsupportedError
from anymedia.json import dumps
from anymedia.media import Media
from anymedia.requests import Native, Request
from anymedia.results import Notice, Result
from anymedia_runway.forms import Form, ReferenceField
from anymedia_runway.inputs import kind_of_input, with_media
from anymedia_runway.references import reference_items, refuse_homeless, tag_notices

__all__ = ["WRITERS", "Writer", "body_of", "completed", "dropped", "native_call", "refuse_unsendable"]

_CALL: Final = re.compile(r"POST /v1/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_NO_TASKS: Final = frozenset(
    ("avatars", "documents", "organization", "realtime_sessions", "routers", "tasks", "uploads", "voices")
)
"""Resources below `/v1/` where a POST starts no task. Source: runwayml 5.24.0, resources; 2026-11."""


@dataclass(frozen=True)
class Writer:
    """How one wire field is filled.

    Attributes:
        reads: The request fields it is made of.
        write: Its value, or None to leave it out.
    """

    reads: tuple[str, ...]
    write: Callable[[Any, Form], object]


def body_of(request: Request[Result], model: str, form: Form) -> dict[str, object]:
    """The body for a request whose fields are already checked and resolved.

    Raises:
        InvalidRequestError: A reference input has no place in it, or an impossible tag.
    """
    refuse_homeless(getattr(request, "references", ()), form, request.operation)
    body: dict[str, object] = {"model": model}
    for name in form.fields:
        value = WRITERS[name].write(request, form) if name in WRITERS else None
        if value is not None:
            body[name] = value
    return body


def dropped(request: Request[Result], form: Form) -> tuple[Notice, ...]:
    """What of the request finds no place on the wire although nothing is known of the model, and lost tags."""
    placed = {field for name in form.fields if name in WRITERS for field in WRITERS[name].reads}
    lost = [
        Notice(code="dropped", message="has no place in this call; not sent", field=name)
        for name, info in type(request).model_fields.items()
        if name not in placed
        and name not in Request.model_fields
        and getattr(request, name) != info.get_default(call_default_factory=True)
    ]
    return (*lost, *tag_notices(getattr(request, "references", ()), form))


def completed(
    body: Mapping[str, object], request: Request[Result], form: Form
) -> tuple[dict[str, object], tuple[Notice, ...]]:
    """The body with what was left open, and without fields that the vendor refuses beside others.

    Returns:
        The body, and a notice for each field that the caller asked for in vain.
    """
    notices: list[Notice] = []
    kept = {**body, **{name: value for name, value in form.defaults.items() if name not in body}}
    for name, others in form.excludes.items():
        beside = [other for other in others if kept.get(other)]
        if name not in kept or not beside:
            continue
        del kept[name]
        asked = next((field for field in WRITERS[name].reads if getattr(request, field, None)), None)
        if asked:
            notices.append(Notice(code="dropped", message=f"not taken beside {beside[0]}; not sent", field=asked))
    return kept, tuple(notices)


def native_call(request: Native) -> tuple[str, dict[str, object]]:
    """The call and body of a vendor's own call.

    Raises:
        InvalidRequestError: It is no call of this vendor's API.
        UnsupportedError: It starts no task.
    """
    if not _CALL.fullmatch(request.call):
        issue = Issue(field="call", message="is not a call of Runway's", nearest="POST /v1/sound_effect")
        raise InvalidRequestError(f"native: {issue}", provider="runway", issues=[issue])
    resource = request.call.split("/")[2]
    if resource in _NO_TASKS:
        issue = Issue(field="call", message=f"POST /v1/{resource} starts no task, so there is nothing to follow")
        raise UnsupportedError(f"native: {issue}", provider="runway", issues=[issue])
    return request.call, dict(request.payload)


def refuse_unsendable(body: Mapping[str, object]) -> None:
    """Make sure that a body can be written as JSON, so that nothing can break once it is on its way.

    Raises:
        InvalidRequestError: It holds half a character, or a value that JSON does not know.
    """
    for name, value in body.items():
        try:
            dumps(with_media(value, lambda _: None))
        except ValueError as error:
            issue = Issue(field=name, message=f"cannot be written as JSON: {error}")
            raise InvalidRequestError(str(issue), provider="runway", issues=[issue]) from error


def _setting(name: str) -> Writer:
    return Writer((name,), lambda request, _: getattr(request, name, None))


def _whole(name: str) -> Writer:
    """The vendor's integers; what the request holds as 5.0 travels as 5."""

    def write(request: Any, _: Form) -> float | None:
        number: float | None = getattr(request, name, None)
        return int(number) if number is not None and number == int(number) else number

    return Writer((name,), write)


def _input(name: str) -> Writer:
    def write(request: Any, _: Form) -> Media | None:
        value = getattr(request, name, None)
        return Media.of(value) if value is not None else None

    return Writer((name,), write)


def _references(name: str) -> Writer:
    def write(request: Any, form: Form) -> list[dict[str, object]] | None:
        # Where there is no field for an image to change, it is the first of the reference images.
        first = getattr(request, "image", None) if name == "referenceImages" else None
        rule = form.references.get(name, ReferenceField())
        return reference_items(request.references, rule, Media.of(first) if first is not None else None) or None

    return Writer(("references", "image") if name == "referenceImages" else ("references",), write)


def _count(request: Any, _: Form) -> int | None:
    return request.count if request.count > 1 else None


def _format(request: Any, _: Form) -> str | None:
    wanted: str | None = request.output_format
    return "jpeg" if wanted == "jpg" else wanted


def _ratio(request: Any, form: Form) -> str | None:
    size: str | None = getattr(request, "size", None)
    if size:
        return size.replace("x", ":")
    aspect_ratio: str | None = request.aspect_ratio
    resolution: str | None = getattr(request, "resolution", None)
    if resolution and not aspect_ratio and "resolution" not in form.fields:
        return f"auto_{resolution}"
    return aspect_ratio


def _frame_rate(request: Any, _: Form) -> str | None:
    # The vendor writes 23.98 as "23_98".
    return f"{request.fps:g}".replace(".", "_") if request.fps else None


def _expression(request: Any, _: Form) -> int | None:
    return 1 + round(4 * request.expression) if request.expression is not None else None


def _frames(request: Any, _: Form) -> list[dict[str, object]]:
    frames: list[dict[str, object]] = [{"uri": Media.of(request.image), "position": "first"}]
    if request.last_frame is not None:
        frames.append({"uri": Media.of(request.last_frame), "position": "last"})
    return frames


def _character(request: Any, _: Form) -> dict[str, object]:
    media = Media.of(request.character)
    return {"type": kind_of_input(media), "uri": media}


def _performance(request: Any, _: Form) -> dict[str, object]:
    return {"type": "video", "uri": Media.of(request.performance)}


WRITERS: Mapping[str, Writer] = {
    "promptText": _setting("prompt"),
    "negativePrompt": _setting("negative_prompt"),
    "seed": _setting("seed"),
    "audio": _setting("audio"),
    "resolution": _setting("resolution"),
    "bodyControl": _setting("body_control"),
    "targetAspectRatio": _setting("aspect_ratio"),
    "duration": _whole("duration"),
    "scaleFactor": _whole("factor"),
    "imageUri": _input("image"),
    "maskUri": _input("mask"),
    "videoUri": _input("video"),
    "promptVideo": _input("video"),
    "ratio": Writer(("size", "aspect_ratio", "resolution"), _ratio),
    "outputCount": Writer(("count",), _count),
    "outputFormat": Writer(("output_format",), _format),
    "targetFramerate": Writer(("fps",), _frame_rate),
    "expressionIntensity": Writer(("expression",), _expression),
    "promptImage": Writer(("image", "last_frame"), _frames),
    "character": Writer(("character",), _character),
    "reference": Writer(("performance",), _performance),
    "referenceImages": _references("referenceImages"),
    "references": _references("references"),
    "referenceVideos": _references("referenceVideos"),
    "referenceAudio": _references("referenceAudio"),
}
"""Every wire field that a request can fill, by its name."""
