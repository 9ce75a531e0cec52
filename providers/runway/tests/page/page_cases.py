"""What is asked of every model: as little as it takes, and everything it takes at once."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from anymedia.catalog import Capabilities
from anymedia.media import Media
from anymedia.requests import OPERATIONS, Reference, Request
from anymedia.results import Result
from anymedia.testing.render import audio, video
from anymedia_runway import Keyframe, KeyframeRange, RunwayOptions
from anymedia_runway.catalog import runway_catalog
from anymedia_runway.facts import Field, fields_of
from anymedia_runway.forms import Form
from anymedia_runway.writers import WRITERS

__all__ = ["INPUTS", "Case", "listed_cases", "wire_fields"]


@dataclass(frozen=True)
class Case:
    """One request of the table.

    Attributes:
        endpoint: Below `/v1/`.
        operation: What is asked for.
        model: Of whom.
        extent: `smallest` or `fullest`.
        request: As a caller writes it.
    """

    endpoint: str
    operation: str
    model: str
    extent: str
    request: Request[Result]


def listed_cases() -> Iterator[Case]:
    """Both extents of every model for every operation in the catalogue."""
    for model in runway_catalog().models.values():
        for operation, rules in model.operations.items():
            endpoint = Form.model_validate(rules.wire).endpoint
            for extent, fields in (
                ("smallest", _smallest(operation, rules)),
                ("fullest", _fullest(model.id, operation)),
            ):
                request = OPERATIONS[operation](model=model.id, **fields)
                yield Case(endpoint, operation, model.id, extent, request)


def wire_fields(endpoint: str, model: str) -> frozenset[str]:
    """Every field of a model that a request of its own kind may have."""
    fields = fields_of(endpoint, model)
    return frozenset(name for name, field in fields.items() if not field.schema.get("deprecated")) - {"draftTaskId"}


def _made() -> Mapping[str, Media]:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), (20, 90, 200)).save(file, "PNG")
    film = video("a harbour", seed=1, width=640, height=480, duration=3, fps=6, format="mp4")
    sound = audio("a bell", seed=1, duration=5, sample_rate=8000, format="mp3")
    return {"image": Media.of(file.getvalue()), "video": Media.of(film), "audio": Media.of(sound)}


INPUTS = _made()
"""One small input of each kind."""
_KIND_OF_INPUT = {
    "image": "image",
    "last_frame": "image",
    "mask": "image",
    "character": "image",
    "video": "video",
    "performance": "video",
    "recording": "audio",
    "voice_sample": "audio",
}
_WORDS = {"prompt": "a red kite", "text": "A red kite.", "negative_prompt": "fog"}
_SETTINGS = {
    **_WORDS,
    "audio": True,
    "seed": 7,
    "fps": 30,
    "factor": 2,
    "expression": 0.5,
    "body_control": True,
    "voice": "Leslie",
    "language": "es",
    "speed": 1.1,
    "loop": True,
    "speakers": 2,
}


def _smallest(operation: str, rules: Capabilities) -> dict[str, Any]:
    own = OPERATIONS[operation].model_fields
    needed = {name for name, field in own.items() if field.is_required()} | rules.required
    return {name: _value(name, rules) for name in sorted(needed)}


def _fullest(model: str, operation: str) -> dict[str, Any]:
    rules = runway_catalog().models[model].operations[operation]
    form = Form.model_validate(rules.wire)
    names = rules.fields - {"size", "aspect_ratio", "resolution"}
    request = {name: _value(name, rules) for name in sorted(names)} | _shape(rules)
    options = {**_options(form, operation, model), **_ODD_OPTIONS.get(model, {})}
    if model in _PAIRS:
        request["references"] *= 2
    return {**request, "provider_options": {"runway": RunwayOptions(**options)}, **_ODD_FIELDS.get(model, {})}


def _value(name: str, rules: Capabilities) -> Any:
    if name in _KIND_OF_INPUT:
        return INPUTS[_KIND_OF_INPUT[name]]
    match name:
        case "references":
            return _references(rules)
        case "duration":
            return rules.durations[0] if rules.durations else max(rules.duration.low, 1) if rules.duration else 2
        case "count":
            return _several(rules)
        case "output_format":
            return rules.formats[-1]
        case _:
            return _SETTINGS[name]


def _several(rules: Capabilities) -> int:
    assert rules.counts is not None
    return next((count for count in range(2, 5) if count in rules.counts), 1)


def _references(rules: Capabilities) -> Sequence[Reference]:
    lists = Form.model_validate(rules.wire).references.values()
    return [Reference(INPUTS[each.kind], "hero" if each.tags != "none" else None) for each in lists]


def _shape(rules: Capabilities) -> dict[str, str]:
    if rules.sizes and "size" in rules.fields:
        return {"size": str(min(rules.sizes, key=lambda size: size.width * size.height))}
    if rules.sizes:
        return {"aspect_ratio": "16:9"}
    if rules.sides:
        return {"size": str(rules.default_size)}
    named = {"aspect_ratio": rules.aspect_ratios[:1], "resolution": rules.resolutions[:1]}
    return {name: values[0] for name, values in named.items() if values and name in rules.fields}


def _options(form: Form, operation: str, model: str) -> dict[str, Any]:
    fields, portable = fields_of(form.endpoint, model), OPERATIONS[operation].model_fields.keys()
    written = {name for name, writer in WRITERS.items() if portable & set(writer.reads)}
    own = {field.alias for field in RunwayOptions.model_fields.values()} - written
    found = {name: _legal(fields[name].schema) for name in form.fields if name in own}
    if any(each.subjects for each in form.references.values()):
        found["subjects"] = {"hero": "human"}
    return found | ({"middleFrame": INPUTS["image"]} if "middle" in form.frames else {})


def _legal(schema: Mapping[str, Any]) -> Any:
    """Some value that the vendor takes."""
    if values := Field("", schema).values:
        return values[0]
    if "anyOf" in schema:
        return _legal(schema["anyOf"][0])
    simple = {"boolean": True, "integer": schema.get("max", 3), "number": schema.get("max", 3)}
    match schema["type"]:
        case "object":
            return {name: _legal(inner) for name, inner in schema["fields"].items()}
        case "array":
            return [_legal(schema["items"])]
        case kind:
            return simple.get(kind, "#FF8800" if "pattern" in schema else "x")


# Where fields depend on each other, the values that go together.
_ODD_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "aleph2": {
        "keyframes": [
            Keyframe(uri="https://example.com/k.png", seconds=1, range=KeyframeRange(start_seconds=0, end_seconds=2))
        ]
    },
    "ideogram_4_5": {"quality": "low"},
}
_PAIRS = {"bria_fibo_edit_1_5"}
_ODD_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "gen4.5": {"output_format": "prores"},
    "aleph2": {"output_format": "prores"},
    "ruby": {"output_format": "hdr_prores"},
    "seedance2_5": {"output_format": "mp4"},
    "ideogram_4_5": {"size": None},
}
