"""A request becomes a call and its body; inputs stand in the body as they were handed in."""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from anymedia.errors import InvalidRequestError, Issue, UnsupportedError
from anymedia.json import dumps
from anymedia.requests import Native, Request
from anymedia.results import Notice, Result
from anymedia_runway.forms import Form
from anymedia_runway.inputs import with_media
from anymedia_runway.references import refuse_homeless, tag_notices
from anymedia_runway.writers import WRITERS

__all__ = ["body_of", "completed", "dropped", "native_call", "refuse_unsendable"]

_CALL: Final = re.compile(r"POST /v1/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_NO_TASKS: Final = frozenset(("avatars", "documents", "organization", "routers", "tasks", "uploads", "voices"))
"""Resources below `/v1/` where a POST starts no task. Source: runwayml 5.24.0, resources; 2026-11."""


def body_of(request: Request[Result], model: str, form: Form) -> dict[str, object]:
    """The body for a request whose fields are already checked and resolved.

    Raises:
        InvalidRequestError: An input has no place in it, a tag is impossible, or a number out of bounds.
    """
    refuse_homeless(getattr(request, "references", ()), form, request.operation)
    body: dict[str, object] = {"model": model}
    for name in form.fields:
        value = WRITERS[name].write(request, form) if name in WRITERS else None
        if value is not None:
            _check_bounds(name, value, form)
            body[name] = value
    return body


def _check_bounds(name: str, value: object, form: Form) -> None:
    low, high = form.bounds.get(name, (None, None))
    if low is not None and high is not None and isinstance(value, int | float) and not low <= value <= high:
        message = f"becomes {name} {value:g}, but legal is {low:g} to {high:g}"
        issue = Issue(field=WRITERS[name].reads[0], message=message)
        raise InvalidRequestError(str(issue), provider="runway", issues=[issue])


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
    length = _length_of_shots(body)
    shots = {"duration": length} if length and "duration" in form.fields else {}
    kept = {**form.defaults, **shots, **body}
    for name, others in form.excludes.items():
        beside = [other for other in others if kept.get(other)]
        if name not in kept or not beside:
            continue
        del kept[name]
        asked = next((field for field in WRITERS[name].reads if getattr(request, field, None)), None)
        if asked:
            notices.append(Notice(code="dropped", message=f"not taken beside {beside[0]}; not sent", field=asked))
    return kept, tuple(notices)


def _length_of_shots(body: Mapping[str, object]) -> int:
    """How long a film of several shots is; 0 where there are none."""
    settings = body.get("providerSettings")
    shots: Any = cast("Mapping[str, Any]", settings).get("multiPrompt", ()) if isinstance(settings, Mapping) else ()
    return sum(shot["duration"] for shot in shots)


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
