"""Refuses what the service would refuse: every problem of a task at once, in the vendor's words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.inputs import Inputs, Source
from anymedia_runware.emulator.models import Catalogue, Definition, ModelFacts
from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["check_model", "check_parameters", "check_task_uuid"]

# Source: runware.ai/docs, "AIR"; 2026-10.
_AIR = re.compile(r"[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")

# What a task needs when its model's own list is not known.
_REQUIRED = {
    "imageInference": ("positivePrompt",),
    "promptEnhance": ("prompt",),
    "upscale": ("inputs",),
    "removeBackground": ("inputs",),
    "caption": ("inputs",),
    "imageMasking": ("inputs",),
}
_OUTPUT_SETS = {
    "imageInference": "image",
    "videoInference": "video",
    "audioInference": "audio",
    "imageMasking": "mask",
    "caption": "words",
    "promptEnhance": "words",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "object[]": list,
    "true": bool,
}
_VENDOR_UUID_VERSION = 4


def check_task_uuid(task: Mapping[str, Any]) -> Problem | None:
    """A task's id must be there and be a UUID of version 4."""
    uuid = task.get("taskUUID")
    if uuid is None:
        return Problem("missingParameter", "'taskUUID' is required.", "taskUUID", {"type": "string"})
    if not isinstance(uuid, str) or not _is_uuid(uuid):
        return Problem("invalidTaskUUID", "'taskUUID' must be a UUID v4.", "taskUUID", {"type": "string"})
    return None


def check_model(air: Any, task_type: str, catalogue: Catalogue) -> Problem | None:
    """A model must be named, look like an AIR and belong to the task type."""
    if air is None:
        return Problem("missingModel", "'model' is required.", "model", {"type": "string"})
    if not isinstance(air, str) or not _AIR.fullmatch(air):
        return Problem("invalidModel", "'model' must be an AIR such as runware:101@1.", "model", {"type": "string"})
    fits = catalogue.find(air).task_type
    if fits and fits != task_type:
        text = f"The model {air} takes '{fits}', not '{task_type}'."
        return Problem("invalidTaskType", text, "taskType", {"allowedValues": [fits]})
    return None


def check_parameters(
    task: Mapping[str, Any], task_type: str, model: ModelFacts, inputs: Inputs, catalogue: Catalogue, *, strict: bool
) -> list[Problem]:
    """Everything wrong with a task's parameters.

    Args:
        task: The request.
        task_type: Its current name.
        model: The model's facts.
        inputs: The media that were found in it.
        catalogue: Where types and windows are looked up.
        strict: Whether parameters the model does not take are problems.
    """
    limits = catalogue.limits(task_type, model)
    given = {name: value for name, value in task.items() if value is not None}
    return [
        *_missing(given, task_type, model, inputs),
        *inputs.problems,
        *_misfits(task_type, model, inputs),
        *_sends_out(given),
        *(_unsupported(given, model, catalogue) if strict and model.params else ()),
        *(problem for name, value in given.items() for problem in _value(name, value, task_type, model, catalogue)),
        *(
            problem
            for name, window in limits.items()
            if name in given
            for problem in _window(name, given[name], object_of(window))
        ),
        *_size(given, limits),
        *_counts(inputs, limits),
        *_delivery(given, limits),
    ]


def _is_uuid(text: str) -> bool:
    try:
        return UUID(text).version == _VENDOR_UUID_VERSION and len(text) == len(str(UUID(text)))
    except ValueError:
        return False


def _missing(given: Mapping[str, Any], task_type: str, model: ModelFacts, inputs: Inputs) -> Iterator[Problem]:
    for name in model.required or _REQUIRED.get(task_type, ()):
        if name in given or (name == "inputs" and inputs):
            continue
        yield Problem(f"missing{pascal(name)}", f"'{name}' is required.", name)
    for one, other in (("width", "height"), ("height", "width")):
        if one in given and other not in given and other not in model.required:
            yield Problem(f"missing{pascal(other)}", f"'{other}' is required together with '{one}'.", other)


def _unsupported(given: Mapping[str, Any], model: ModelFacts, catalogue: Catalogue) -> Iterator[Problem]:
    for name in given:
        if name in catalogue.data["parameters"] and name not in model.params:
            yield Problem("unsupportedParameter", f"The model {model.air} does not take '{name}'.", name)


def _misfits(task_type: str, model: ModelFacts, inputs: Inputs) -> Iterator[Problem]:
    """A tool works on the kind of medium that it makes."""
    if task_type in ("upscale", "removeBackground") and model.kind:
        for one in inputs.given[:1]:
            if isinstance(one.found, Source) and one.found.kind != model.kind:
                text = f"The model {model.air} takes a medium of kind {model.kind}, not {one.found.kind}."
                yield Problem(f"invalid{pascal(one.name)}", text, one.path)


def _sends_out(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("webhookURL", "uploadEndpoint"):
        if name in given:
            yield Problem("unsupportedParameter", f"This service is emulated and sends nothing out: no '{name}'.", name)


def _value(name: str, value: Any, task_type: str, model: ModelFacts, catalogue: Catalogue) -> Iterator[Problem]:
    definition = _definition(name, task_type, model, catalogue)
    if definition is None:
        return
    # Older requests list several output types; only the first counts.
    checked = next(iter(array_of(value)), value) if name == "outputType" else value
    if isinstance(definition, list):
        if not _allowed(checked, definition):
            text = f"'{name}' must be one of {', '.join(map(str, definition))}."
            yield Problem(f"invalid{pascal(name)}", text, name, {"allowedValues": definition})
    elif not _typed(checked, definition):
        yield Problem(f"invalid{pascal(name)}", f"'{name}' must be of type {definition}.", name, {"type": definition})


def _definition(name: str, task_type: str, model: ModelFacts, catalogue: Catalogue) -> Definition | None:
    if name == "deliveryMethod":
        found = model.params.get(name)
        return found if isinstance(found, list) else ["sync", "async"]
    if model.params:
        return model.params.get(name)
    outputs = catalogue.data["sets"].get(_OUTPUT_SETS.get(task_type, ""), {"params": {}})["params"]
    found = outputs.get(name)
    return found if found is not None else catalogue.definition(model, name)


def _allowed(value: Any, allowed: Sequence[Any]) -> bool:
    if isinstance(value, str):
        return value.lower() in [one.lower() for one in allowed if isinstance(one, str)]
    return not isinstance(value, bool) and value in allowed


def _typed(value: Any, definition: str) -> bool:
    return any(
        isinstance(value, _TYPES[name]) and (name in ("boolean", "true") or not isinstance(value, bool))
        for name in definition.split("|")
    )


def _window(name: str, value: Any, window: Mapping[str, Any]) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _length(name, value, window)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(name, value, window)


def _length(name: str, value: str, window: Mapping[str, Any]) -> Iterator[Problem]:
    low, high = window.get("min_length", 0), window.get("max_length")
    if len(value) < low or (high is not None and len(value) > high):
        text = f"'{name}' must have between {low} and {high} characters, not {len(value)}."
        yield Problem(f"invalid{pascal(name)}Length", text, name, {"type": "string", "min": low, "max": high})


def _range(name: str, value: float, window: Mapping[str, Any]) -> Iterator[Problem]:
    low, high, step = window.get("min"), window.get("max"), window.get("multiple")
    too_low, too_high = low is not None and value < low, high is not None and value > high
    if too_low or too_high or (step is not None and value % step):
        facts = {"min": low, "max": high, "multiplier": step, "default": window.get("default")}
        text = f"'{name}' is {value}; it must lie within {low} and {high}" + (f", in steps of {step}." if step else ".")
        yield Problem(f"invalid{pascal(name)}", text, name, {k: v for k, v in facts.items() if v is not None})


def _size(given: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[Problem]:
    width, height = given.get("width"), given.get("height")
    if not isinstance(width, int) or not isinstance(height, int):
        return
    window = limits.get("pixels")
    if window and not window["min"] <= width * height <= window["max"]:
        text = f"{width}x{height} must have between {window['min']} and {window['max']} pixels."
        yield Problem("invalidDimensions", text, ["width", "height"], dict(window))
    sizes = limits.get("sizes")
    if sizes and [width, height] not in sizes:
        allowed = [f"{one}x{other}" for one, other in sizes]
        text = f"{width}x{height} is not one of {', '.join(allowed)}."
        yield Problem("invalidDimensions", text, ["width", "height"], {"allowedValues": allowed})


def _counts(inputs: Inputs, limits: Mapping[str, Any]) -> Iterator[Problem]:
    for name, window in limits.items():
        most = object_of(window).get("max_items")
        given = inputs.named(name)
        if most is not None and len(given) > most:
            path = given[0].path.partition("[")[0]
            text = f"'{path}' takes at most {most} entries, not {len(given)}."
            yield Problem(f"invalid{pascal(name)}", text, path, {"max": most})


def _delivery(given: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[Problem]:
    only, asked = limits.get("delivery"), given.get("deliveryMethod")
    if only is not None and asked is not None and asked != only:
        text = f"This model is delivered '{only}' only."
        yield Problem("invalidDeliveryMethod", text, "deliveryMethod", {"allowedValues": [only]})
    if "ttl" in given and given.get("outputType", "URL") not in ("URL", ["URL"]):
        yield Problem("invalidTtl", "'ttl' goes with the output type 'URL' only.", "ttl")
