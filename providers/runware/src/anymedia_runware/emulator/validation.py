"""Refuses what the service would refuse: every problem of a task at once, in the vendor's words."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from anymedia_runware.emulator.dialects import surplus
from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.inputs import TOOLS, Inputs
from anymedia_runware.emulator.models import Catalogue, Definition, ModelFacts
from anymedia_runware.emulator.nested import inner_problems
from anymedia_runware.emulator.parcels import can_be_reached
from anymedia_runware.emulator.shapes import object_of
from anymedia_runware.emulator.values import value_problems, window_problems

__all__ = ["check_free", "check_model", "check_parameters", "check_task_uuid", "is_air"]

# Source: runware.ai/docs, "AIR"; 2026-10.
_AIR = re.compile(r"[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")

# What a task needs when its model's own list is not known.
_REQUIRED = {
    "imageInference": ("positivePrompt",),
    "promptEnhance": ("prompt",),
    "textInference": ("messages",),
    "training": ("importModel", "inputs"),
    **dict.fromkeys(
        ("upscale", "removeBackground", "caption", "imageMasking", "controlNetPreprocess", "tools"), ("inputs",)
    ),
}
# One of these must be there, whichever the model.
_ONE_OF = {
    "3dInference": ("positivePrompt", "inputs"),
    "vectorize": ("positivePrompt", "inputs"),
    "audioInference": ("positivePrompt", "speech", "inputs", "settings", "providerSettings"),
}
_OUTPUT_SETS = {
    "imageInference": "image",
    "photoMaker": "image",
    "videoInference": "video",
    "audioInference": "audio",
    "3dInference": "3d-fbx",
    "textInference": "text-json",
    "vectorize": "vector",
    "imageMasking": "mask",
    "controlNetPreprocess": "mask",
    "tools": "ffmpeg",
    "upscale": "image-tool",
    "removeBackground": "image-tool",
    "caption": "words",
    "promptEnhance": "words",
}
_TOOL_FORMATS = ["JPG", "PNG", "WEBP", "MP4", "WEBM", "MOV"]
_SAME_KIND = ("upscale", "removeBackground")
# What a medium of the kind cannot be written as.
_FORMATS = {"image": ("MP4", "WEBM", "MOV"), "video": ("JPG", "PNG", "WEBP")}
_DELIVERIES = {"training": ["async"], "textInference": ["sync", "async", "stream"]}
_DELIVERY = ["sync", "async"]
# The legacy task works with the models of the current one.
_MODELS_OF = {"photoMaker": "imageInference"}
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
    if not is_air(air):
        return Problem("invalidModel", "'model' must be an AIR such as runware:101@1.", "model", {"type": "string"})
    fits = catalogue.find(air).task_type
    if fits and fits != _MODELS_OF.get(task_type, task_type):
        text = f"The model {air} takes '{fits}', not '{task_type}'."
        return Problem("invalidTaskType", text, "taskType", {"allowedValues": [fits]})
    return None


def is_air(text: Any) -> bool:
    """Whether a text has the form of a model's name."""
    return isinstance(text, str) and _AIR.fullmatch(text) is not None


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
        *_misfits(given, task_type, model, inputs),
        *_sends_out(given),
        *(surplus(given, task_type, model, catalogue) if strict else ()),
        *_values(given, task_type, model, catalogue),
        *_windows(given, limits),
        *inner_problems(given, model),
        *_combinations(given, task_type),
        *_size(given, limits),
        *_counts(inputs, limits),
        *_delivery(given, limits),
    ]


def check_free(task: Mapping[str, Any], inputs: Inputs, catalogue: Catalogue, *, strict: bool) -> list[Problem]:
    """Everything wrong with a task that costs nothing, as far as its schema tells."""
    name = str(task["taskType"])
    schema = catalogue.utility(name)
    given = {field: value for field, value in task.items() if value is not None}
    absent = [field for field in schema.required if field not in given and not inputs]
    return [
        *(Problem(f"missing{pascal(field)}", f"'{field}' is required.", field) for field in absent),
        *(surplus(given, name, schema, catalogue) if strict else ()),
        *_values(given, name, schema, catalogue),
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
    either = _ONE_OF.get(task_type)
    if either is not None and not inputs and not any(name in given for name in either):
        yield Problem("missingPositivePrompt", f"One of {', '.join(either)} is required.", "positivePrompt")
    for one, other in (("width", "height"), ("height", "width")):
        if one in given and other not in given and other not in model.required:
            yield Problem(f"missing{pascal(other)}", f"'{other}' is required together with '{one}'.", other)


def _misfits(given: Mapping[str, Any], task_type: str, model: ModelFacts, inputs: Inputs) -> Iterator[Problem]:
    """A tool needs a medium it can work on; where it makes a medium, it makes the same kind."""
    if task_type not in TOOLS or not (inputs or "inputs" in given) or inputs.problems:
        return
    found, path = inputs.subject(task_type), inputs.given[0].path if inputs else "inputs"
    if found is None:
        yield Problem("missingInputs", f"There is no medium that '{task_type}' works on.", path)
    elif task_type in _SAME_KIND and model.kind and found.kind != model.kind:
        text = f"The model {model.air} takes a medium of kind {model.kind}, not {found.kind}."
        yield Problem(f"invalid{pascal(inputs.given[0].name)}", text, path)
    elif task_type in _SAME_KIND and str(given.get("outputFormat", "")).upper() in _FORMATS[found.kind]:
        text = f"This medium cannot be written as {given['outputFormat']}."
        yield Problem("invalidOutputFormat", text, "outputFormat")


def _sends_out(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("webhookURL", "uploadEndpoint"):
        if name in given and not can_be_reached(given[name]):
            text = f"This service is emulated and sends nothing off this machine: '{name}' must be http on loopback."
            yield Problem(f"invalid{pascal(name)}", text, name, {"type": "string"})


def _values(given: Mapping[str, Any], task_type: str, model: ModelFacts, catalogue: Catalogue) -> Iterator[Problem]:
    for name, value in given.items():
        definition = _definition(name, task_type, model, catalogue)
        if definition is not None:
            yield from value_problems(name, value, definition)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _windows(given: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[Problem]:
    for name in limits:
        if name in given:
            yield from window_problems(name, given[name], object_of(limits[name]))


def _combinations(given: Mapping[str, Any], task_type: str) -> Iterator[Problem]:
    """Values that are good alone, but not together, or not here."""
    format = str(given.get("outputFormat", "")).upper()
    if format == "FBX":
        text = "This service is emulated and writes no FBX."
        yield Problem("unsupportedOutputFormat", text, "outputFormat", {"allowedValues": ["GLB"]})
    if format == "JPG" and object_of(given.get("advancedFeatures")).get("layerDiffuse"):
        text = "JPG holds no transparency."
        yield Problem("invalidOutputFormat", text, ["outputFormat", "advancedFeatures.layerDiffuse"])
    if format == "JSON" and task_type == "textInference" and "jsonSchema" not in given:
        yield Problem("missingJsonSchema", "'jsonSchema' is required with the format JSON.", "jsonSchema")
    if isinstance(given.get("jsonSchema"), str) and not _is_json(given["jsonSchema"]):
        yield Problem("invalidJsonSchema", "'jsonSchema' is not valid JSON.", "jsonSchema")


def _definition(name: str, task_type: str, model: ModelFacts, catalogue: Catalogue) -> Definition | None:
    if name == "deliveryMethod":
        found = model.params.get(name)
        return found if isinstance(found, list) else _DELIVERIES.get(task_type, _DELIVERY)
    if model.params:
        return model.params.get(name)
    if name == "outputFormat" and task_type in _SAME_KIND:
        return _TOOL_FORMATS
    outputs = catalogue.data["sets"].get(_OUTPUT_SETS.get(task_type, ""), {"params": {}})["params"]
    found = outputs.get(name)
    return found if found is not None else catalogue.definition(model, name)


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
