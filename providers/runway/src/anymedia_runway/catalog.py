"""What each Runway model accepts for each operation, built from the packaged facts."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

from anymedia.catalog import Capabilities, Catalog, ModelInfo, Range
from anymedia.requests import OPERATIONS
from anymedia_runway.bodies import WRITERS
from anymedia_runway.facts import Field, fields_of, models_at
from anymedia_runway.forms import Form, ReferenceField
from anymedia_runway.names import PORTABLE_NAMES
from anymedia_runway.sizes import framing, size_rules

__all__ = ["DEFAULT_MODELS", "runway_catalog"]

DEFAULT_MODELS: Final[Mapping[str, str]] = {
    "text_to_image": "gen4_image",
    "image_to_image": "ideogram_4_5",
    "text_to_video": "gen4.5",
    "image_to_video": "gen4.5",
    "video_to_video": "aleph2",
    "upscale_image": "magnific_precision_upscaler_v2",
    "upscale_video": "magnific_video_upscaler_creative",
    "character_performance": "act_two",
}
"""The model for each operation when a request names none. Changing one is a breaking change."""

_OFFERED: Final = {
    "text_to_image": ("text_to_image", "image_to_image"),
    "text_to_video": ("text_to_video",),
    "image_to_video": ("image_to_video",),
    "video_to_video": ("video_to_video",),
    "image_upscale": ("upscale_image",),
    "video_upscale": ("upscale_video",),
    "character_performance": ("character_performance",),
}
"""What can be asked for at each endpoint."""

_TAG_BOUND: Final = ("gen4_image", "gen4_image_turbo")
"""Models that look at a reference only where the prompt names its tag; so they cannot be asked to change an image."""

_EXCLUDES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    # Source: runwayml 5.24.0, TextToImageCreateParams (ideogram_4_5); 2026-11
    "ideogram_4_5": {"ratio": ("maskUri", "preciseEdit")}
}
_CHOSEN: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    # Source: the same; what the vendor takes beside references, said aloud because it decides the price; 2026-11
    ("ideogram_4_5", "image_to_image"): {"quality": "medium"}
}
_NOT_LEGAL: Final = {
    # Source: runwayml 5.24.0, TextToImageCreateParams (ideogram_4_5): these two sets stand in for each other; 2026-11
    ("ideogram_4_5", "text_to_image"): ("1024:576", "576:1024", "1408:704", "704:1408"),
    ("ideogram_4_5", "image_to_image"): ("1280:720", "720:1280", "1440:720", "720:1440"),
}
_PLAIN_SCALES: Final = ("720p", "768p")
_USUAL_SECONDS: Final = 5


@cache
def runway_catalog() -> Catalog:
    """Every model, built once per process."""
    operations: dict[str, dict[str, Capabilities]] = {}
    for endpoint, offered in _OFFERED.items():
        for model in models_at(endpoint):
            for operation in offered:
                if _offers(endpoint, model, operation):
                    operations.setdefault(model, {})[operation] = _capabilities(endpoint, model, operation)
    models = [
        ModelInfo(id=model, names=PORTABLE_NAMES.get(model, ()), operations=offered)
        for model, offered in operations.items()
    ]
    return Catalog("runway", models, DEFAULT_MODELS)


def _offers(endpoint: str, model: str, operation: str) -> bool:
    if operation != "image_to_image":
        return True
    return "referenceImages" in fields_of(endpoint, model) and model not in _TAG_BOUND


def _capabilities(endpoint: str, model: str, operation: str) -> Capabilities:
    fields = {name: field for name, field in fields_of(endpoint, model).items() if not field.schema.get("deprecated")}
    references = _reference_fields(fields, model)
    sizes = size_rules(fields, operation, _NOT_LEGAL.get((model, operation), ()))
    form = Form(
        endpoint=endpoint,
        fields=tuple(fields),
        defaults={**_defaults(fields, sizes, operation), **_CHOSEN.get((model, operation), {})},
        references=references,
        excludes=_EXCLUDES.get(model, {}),
    )
    rules = _Rules()
    rules.numbers(fields)
    rules.references(fields, references, operation)
    return Capabilities(
        fields=_request_fields(fields, sizes, operation) - (set() if rules.takes_references else {"references"}),
        required=_required(fields, operation),
        prompt_unit="utf16",
        default_duration=_default_duration(fields),
        confirmed=frozenset(rules.confirmed | {"sizes", "aspect_ratios", "formats", "choices"}),
        wire=form.model_dump(),
        **rules.found,
        **sizes,
    )


def _request_fields(fields: Mapping[str, Field], sizes: Mapping[str, Any], operation: str) -> frozenset[str]:
    read = {field for name in fields if name in WRITERS for field in WRITERS[name].reads}
    if "last" not in _positions(fields):
        read.discard("last_frame")
    if not sizes.get("sizes"):
        read -= {"size"}
        read -= set() if sizes.get("aspect_ratios") else {"aspect_ratio"}
        read -= set() if sizes.get("resolutions") else {"resolution"}
    # `count` is always legal: where the vendor makes one output, one is the only legal number.
    return frozenset((read | {"count"}) & set(OPERATIONS[operation].model_fields))


def _positions(fields: Mapping[str, Field]) -> Iterable[str]:
    values: Iterable[str] = fields["promptImage"].item["position"]["enum"] if "promptImage" in fields else ()
    return values


def _required(fields: Mapping[str, Field], operation: str) -> frozenset[str]:
    needed = {"promptText": "prompt", "targetFramerate": "fps"}
    if operation == "text_to_image":
        needed["referenceImages"] = "references"
    return frozenset(name for wire, name in needed.items() if wire in fields and fields[wire].required)


def _defaults(fields: Mapping[str, Field], sizes: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """What is sent when the request leaves it open, so that nothing hangs on defaults the vendor does not publish."""
    resolutions = sizes.get("resolutions", ())
    plain = next((scale for scale in resolutions if scale in _PLAIN_SCALES), None)
    ratio = framing(fields, operation)
    if sizes.get("aspect_ratios") and "ratio" in fields:
        ratio = ratio or "16:9"
    elif resolutions and "resolution" not in fields:
        ratio = f"auto_{plain}"
    chosen = {
        "ratio": ratio,
        "resolution": fields["resolution"].default or plain if "resolution" in fields else None,
        "audio": fields["audio"].default is not False if "audio" in fields else None,
        "outputCount": 1 if "outputCount" in fields else None,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _default_duration(fields: Mapping[str, Field]) -> float | None:
    # Beside a `mode` the film may be as long as its source.
    if "duration" not in fields or "mode" in fields:
        return None
    listed = _seconds(fields["duration"])
    if listed:
        return min(listed, key=lambda seconds: abs(seconds - _USUAL_SECONDS))
    low, high = fields["duration"].bounds
    return float(max(low, min(high, _USUAL_SECONDS)))


def _seconds(field: Field) -> tuple[float, ...]:
    return tuple(value for value in field.values if isinstance(value, int | float))


def _reference_fields(fields: Mapping[str, Field], model: str) -> dict[str, ReferenceField]:
    return {name: _reference_field(field, model) for name, field in fields.items() if _takes_references(field)}


def _takes_references(field: Field) -> bool:
    return field.name in WRITERS and "references" in WRITERS[field.name].reads


def _reference_field(field: Field, model: str) -> ReferenceField:
    _, most = field.bounds
    tags: Literal["bound", "optional"] = "bound" if model in _TAG_BOUND else "optional"
    return ReferenceField(
        kind=field.item["uri"]["type"],
        typed="type" in field.item,
        tags=tags if "tag" in field.item else "none",
        most=None if "max" in field.assumed else most,
    )


class _Rules:
    """Collects numeric rules, and which of them the vendor publishes."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.confirmed: set[str] = set()
        self.takes_references = False

    def numbers(self, fields: Mapping[str, Field]) -> None:
        """Prompt length, seconds, number of outputs, seeds, formats, factors and frame rates."""
        for name, rule, step in (("promptText", "prompt", 1), ("duration", "duration", 1), ("seed", "seeds", 1)):
            self._range(fields.get(name), rule, step)
        self._count(fields.get("outputCount"))
        self._listed(fields)

    def references(self, fields: Mapping[str, Field], references: Mapping[str, ReferenceField], operation: str) -> None:
        """How many reference inputs there may be in all; an image to change is one of them on the wire."""
        most = [fields[name].bounds[1] for name in references]
        taken = 1 if operation == "image_to_image" else 0
        self.takes_references = bool(most) and (None in most or sum(most) > taken)
        if self.takes_references and None not in most:
            self.found["references"] = sum(most) - taken
            self._confirm("references", *(fields[name] for name in references))

    def _range(self, field: Field | None, rule: str, step: float) -> None:
        low, high = field.bounds if field else (None, None)
        if field and high is not None:
            self.found[rule] = Range(low or 0, high, step)
            self._confirm(rule, field)

    def _count(self, field: Field | None) -> None:
        if field is None:
            self.found["counts"] = Range(1, 1, 1)
            self.confirmed.add("counts")
            return
        low, high = (min(field.values), max(field.values)) if field.values else field.bounds
        # Where only the two ends are legal, they are one step apart.
        self.found["counts"] = Range(low, high, high - low if field.values else 1)
        self._confirm("counts", field)

    def _listed(self, fields: Mapping[str, Field]) -> None:
        if "duration" in fields and _seconds(fields["duration"]):
            self.found["durations"] = _seconds(fields["duration"])
            self.confirmed.add("durations")
        if "outputFormat" in fields:
            self.found["formats"] = tuple(_format(value) for value in fields["outputFormat"].values)
        choices = dict(_choices(fields))
        if choices:
            self.found["choices"] = choices

    def _confirm(self, rule: str, *fields: Field) -> None:
        if not any(field.assumed & {"min", "max"} for field in fields):
            self.confirmed.add(rule)


def _format(value: str) -> str:
    return "jpg" if value == "jpeg" else value


def _choices(fields: Mapping[str, Field]) -> Iterator[tuple[str, tuple[float, ...]]]:
    if "scaleFactor" in fields:
        yield "factor", fields["scaleFactor"].values
    if "targetFramerate" in fields:
        yield "fps", tuple(float(value.replace("_", ".")) for value in fields["targetFramerate"].values)
