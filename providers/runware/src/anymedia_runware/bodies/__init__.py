"""From a resolved request to the task that goes on the wire. Local inputs stay `Media` until they are encoded."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from anymedia.catalog import ModelInfo, Size
from anymedia.errors import InvalidRequestError, Issue
from anymedia.json import JSON
from anymedia.media import Media
from anymedia.provider import merge_options
from anymedia.requests import Native, PreprocessImage, Request, TrainModel
from anymedia.results import Result
from anymedia_runware.bodies.dialect import UNLISTED, flat, sized
from anymedia_runware.bodies.inputs import inputs_of
from anymedia_runware.bodies.words import new_model, words_of
from anymedia_runware.kinds import NO_TASKS, UNPAID

__all__ = ["body_of", "call_of", "count_of", "encoded_body", "has_local_input", "model_of"]

_PLAIN: Final[Mapping[str, str]] = {
    "negative_prompt": "negativePrompt",
    "resolution": "resolution",
    "seed": "seed",
    "strength": "strength",
    "duration": "duration",
    "fps": "fps",
    "factor": "upscaleFactor",
    "trigger_word": "triggerWord",
    "steps": "trainingSteps",
    "learning_rate": "learningRate",
}
"""The vendor's name for each field that needs nothing else."""

_OURS: Final = ("taskType", "taskUUID", "deliveryMethod", "apiKey")
_SEQUENCES: Final = (("settings", "maxSequentialImages"), ("providerSettings", "bytedance", "maxSequentialImages"))


def call_of(request: Request[Result], model: ModelInfo) -> str:
    """The task type a request becomes.

    Raises:
        InvalidRequestError: A `Native` call that starts no task.
    """
    if not isinstance(request, Native):
        return str(_wire(request, model)["task"])
    if request.call in NO_TASKS:
        issue = Issue(field="call", message=f"{request.call} starts no task, so there would be nothing to follow")
        raise InvalidRequestError(str(issue), provider="runware", issues=[issue])
    return request.call


def count_of(call: str, body: Mapping[str, object]) -> int:
    """How many results a task may have; of a sequence the model itself decides how many of these it makes."""
    asked = _whole(body.get("promptVersions" if call == "promptEnhance" else "numberResults"))
    for path in _SEQUENCES:
        asked *= _whole(_inside(body, path))
    return asked


def model_of(request: Request[Result], model: ModelInfo) -> str:
    """The model on the wire. There is one for each preprocessor, so the preprocessor wins over the default model.

    Raises:
        InvalidRequestError: The request names a model and another preprocessor than that model's.
    """
    if not isinstance(request, PreprocessImage) or not model.listed:
        return model.id
    family, _, own = model.id.rpartition("@")
    wanted = request.preprocessor.replace("_", "-") if "preprocessor" in request.model_fields_set else own
    if request.model is not None and wanted != own:
        issue = Issue(field="preprocessor", message=f"{model.id} does {own}", legal=(own,), nearest=own)
        raise InvalidRequestError(str(issue), provider="runware", issues=[issue])
    return f"{family}@{wanted}"


def body_of(request: Request[Result], model: ModelInfo) -> dict[str, object]:
    """The task without its type, id and way of delivery, which belong to the attempt.

    Raises:
        InvalidRequestError: An option contradicts the request, is missing, or is the library's business.
        MediaInputError: An input is of a kind the model does not take.
    """
    if isinstance(request, Native):
        body = merge_options(dict(request.payload), request, "runware")
        return _checked({**({} if request.call in UNPAID else {"includeCost": True}), **body})
    wire = _wire(request, model)
    body = {"model": model_of(request, model), **_plain_fields(request, wire), **_size(request)}
    body |= words_of(request, wire)
    inputs = inputs_of(request, wire)
    if wire.get("flat"):
        body |= {**sized(request, body), **flat(str(wire["task"]), inputs)}
    elif inputs:
        body["inputs"] = inputs
    body = {name: _number(value) for name, value in merge_options(body, request, "runware").items()}
    body = {**_defaults(wire), **(_older(body) if wire.get("flat") else body)}
    if isinstance(request, TrainModel):
        body["importModel"] = new_model(request, cast("Mapping[str, object]", body.get("importModel") or {}))
    return _checked(body, needs=cast("list[str]", wire.get("needs") or []), model=model.id)


def has_local_input(request: Request[Result]) -> bool:
    """Whether bytes have to be encoded before the body can be sent."""
    return any(media.data is not None for _, media in request.media())


def encoded_body(body: Mapping[str, object]) -> dict[str, object]:
    """The body with every `Media` in the vendor's form: a URL or an id as it is, bytes as a data URI."""
    return {key: _encoded(value) for key, value in body.items()}


def _encoded(value: object) -> object:
    if isinstance(value, Media):
        return value.url or value.ref or value.data_uri
    if isinstance(value, Mapping):
        return encoded_body(cast("Mapping[str, object]", value))
    return [_encoded(inner) for inner in cast("list[object]", value)] if isinstance(value, list) else value


def _wire(request: Request[Result], model: ModelInfo) -> Mapping[str, JSON]:
    return model.operations[request.operation].wire if model.listed else UNLISTED[request.operation]


def _checked(body: dict[str, object], *, needs: list[str] | None = None, model: str = "") -> dict[str, object]:
    issues = [Issue(field=key, message="is set by the library") for key in _OURS if key in body]
    missing = [name for name in needs or () if body.get(name) is None]
    issues += [Issue(field=f"provider_options.runware.{name}", message=f"is required by {model}") for name in missing]
    if issues:
        raise InvalidRequestError("; ".join(map(str, issues)), provider="runware", issues=issues)
    return body


def _defaults(wire: Mapping[str, JSON]) -> dict[str, object]:
    """What is said aloud although the vendor has a default of its own for it."""
    format = str(wire.get("format") or "").upper()
    said: dict[str, object] = {"outputFormat": format} if format else {}
    if wire["task"] == "textInference":
        said["includeUsage"] = True
    if wire.get("factor") is not None:
        said["upscaleFactor"] = wire["factor"]
    return {**said, "includeCost": True}


def _plain_fields(request: Request[Result], wire: Mapping[str, JSON]) -> dict[str, object]:
    values = {name: getattr(request, field, None) for field, name in _PLAIN.items()}
    values[str(wire.get("prompt", "positivePrompt"))] = getattr(request, "prompt", None)
    values["outputFormat"] = str(getattr(request, "output_format", None) or "").upper() or None
    count = getattr(request, "count", None)
    if count is not None and wire.get("count"):
        values[str(wire["count"])] = count
    if wire.get("prompt", "") is None:
        del values["None"]
    return {name: _number(value) for name, value in values.items() if value is not None}


def _number(value: object) -> object:
    """Whole numbers without a point: the vendor types most of them as integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _inside(value: object, path: Sequence[str]) -> object:
    for name in path:
        value = cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else None
    return value


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _size(request: Request[Result]) -> dict[str, object]:
    given: str | None = getattr(request, "size", None)
    if given is None:
        return {}
    size = Size.parse(given)
    return {"width": size.width, "height": size.height}


def _older(body: Mapping[str, object]) -> dict[str, object]:
    """The spelling of 2025, for what changed its name or place. Source: runware.ai/docs, image inference; 2026-10."""
    found = dict(body)
    if "pulid" in found:
        found["puLID"] = found.pop("pulid")
    if "hiresFix" in found:
        features = cast("Mapping[str, object]", found.get("advancedFeatures") or {})
        found["advancedFeatures"] = {**features, "hiresfix": found.pop("hiresFix")}
    return found
