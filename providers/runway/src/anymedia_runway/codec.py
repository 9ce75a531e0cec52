"""A request becomes a call of the API: its path, its body, its headers and what the caller should know."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from anymedia.catalog import ModelInfo
from anymedia.errors import InvalidRequestError, Issue, UnsupportedError
from anymedia.provider import merge_options
from anymedia.requests import Native, Request
from anymedia.results import Notice, Result
from anymedia_runway.bodies import body_of, completed, dropped, native_call
from anymedia_runway.forms import Form, natural_form
from anymedia_runway.inputs import with_uploads
from anymedia_runway.options import HEADERS, NOT_IN_BODY, RunwayOptions

__all__ = ["Call", "call_of", "headers_of"]

_FIELD: Final = "provider_options.runway"
_NO_PLACES: Final = Form(endpoint="", fields=())
_OPTION_NAMES: Final = frozenset(field.alias for field in RunwayOptions.model_fields.values())


class Call(NamedTuple):
    """What is sent. Local inputs stand in the body as they were handed in."""

    path: str
    body: Mapping[str, object]
    notices: tuple[Notice, ...]


def call_of(request: Request[Result], model: ModelInfo) -> Call:
    """The call for a request whose fields are already checked and resolved.

    Raises:
        InvalidRequestError: Something in it has no place in this call.
        UnsupportedError: Runway has no call for it.
    """
    if isinstance(request, Native):
        path, payload = native_call(request)
        body, _ = _with_options(payload, request, None)
        return Call(path, _uploadable(body), _unplaced(request, _NO_PLACES))
    form = _form(request, model)
    body, unlikely = _with_options(body_of(request, model.id, form), request, form if model.listed else None)
    body, excluded = completed(body, request, form)
    return Call(
        f"POST /v1/{form.endpoint}",
        _uploadable(body),
        (*dropped(request, form), *_unplaced(request, form), *excluded, *unlikely),
    )


def headers_of(request: Request[Result]) -> Mapping[str, str]:
    """The headers that a request's own options ask for."""
    options = request.provider_options.get("runway")
    if not isinstance(options, RunwayOptions):
        return {}
    given = {header: getattr(options, name) for name, header in HEADERS.items()}
    return {header: value for header, value in given.items() if value is not None}


def _uploadable(body: Mapping[str, object]) -> Mapping[str, object]:
    return {name: with_uploads(value) for name, value in body.items()}


def _form(request: Request[Result], model: ModelInfo) -> Form:
    if model.listed:
        return Form.model_validate(model.operations[request.operation].wire)
    form = natural_form(request.operation)
    if form is None:
        raise UnsupportedError(f"runway does not offer {request.operation}", provider="runway")
    return form


def _unplaced(request: Request[Result], form: Form) -> tuple[Notice, ...]:
    """A notice for what references show, where nothing asks for it; an image without a place is an error."""
    options = request.provider_options.get("runway")
    if not isinstance(options, RunwayOptions):
        return ()
    if options.middle_frame is not None and not ("middle" in form.frames and "promptImage" in form.fields):
        issue = Issue(
            field=f"{_FIELD}.middle_frame", message="this model takes no frame between the first and the last"
        )
        raise InvalidRequestError(str(issue), provider="runway", issues=[issue])
    if options.subjects is None or any(rule.subjects for rule in form.references.values()):
        return ()
    message = "this model does not ask what references show; not sent"
    return (Notice(code="dropped", message=message, field=f"{_FIELD}.subjects"),)


def _with_options(
    body: Mapping[str, object], request: Request[Result], form: Form | None
) -> tuple[dict[str, object], tuple[Notice, ...]]:
    """The body with Runway's own options, and a notice for each that the model is not known to have."""
    merged = merge_options(body, request, "runway")
    for name in NOT_IN_BODY:
        merged.pop(RunwayOptions.model_fields[name].alias or name, None)
    known = {*body, *form.fields} if form is not None else set(merged)
    message = "the model is not known to have it; sent as it is"
    return merged, tuple(
        Notice(code="unconfirmed", message=message, field=f"{_FIELD}.{name}")
        for name in merged
        if name not in known and name in _OPTION_NAMES
    )
