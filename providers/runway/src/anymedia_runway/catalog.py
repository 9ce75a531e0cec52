"""What each Runway model accepts for each operation, built from the packaged facts."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

from anymedia.catalog import Capabilities, Catalog, ModelInfo
from anymedia.requests import OPERATIONS
from anymedia_runway.defaults import defaults
from anymedia_runway.facts import Field, fields_of, models_at
from anymedia_runway.forms import Form, ReferenceField
from anymedia_runway.limits import Limits, is_preset
from anymedia_runway.names import PORTABLE_NAMES
from anymedia_runway.sizes import size_rules
from anymedia_runway.writers import WRITERS

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
    "text_to_speech": "eleven_v3",
    "sound_effect": "eleven_text_to_sound_v2",
    "speech_to_speech": "eleven_multilingual_sts_v2",
    "dub_voice": "eleven_voice_dubbing",
    "isolate_voice": "eleven_voice_isolation",
    "video_to_audio": "mirelo_sfx_2_0",
    "video_to_hdr": "ruby",
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
    "text_to_speech": ("text_to_speech",),
    "sound_effect": ("sound_effect",),
    "speech_to_speech": ("speech_to_speech",),
    "voice_dubbing": ("dub_voice",),
    "voice_isolation": ("isolate_voice",),
    "video_to_audio": ("video_to_audio",),
    "video_to_hdr": ("video_to_hdr",),
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
_BOUNDED: Final = ("speed", "speechRate")
"""Numbers for which the core knows no rule."""


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
        defaults={**defaults(fields, sizes, operation), **_CHOSEN.get((model, operation), {})},
        references=references,
        excludes=_EXCLUDES.get(model, {}),
        frames=tuple(_positions(fields)),
        bounds=dict(_bounds(fields)),
    )
    rules = Limits()
    rules.numbers(fields)
    rules.references(fields, references, operation)
    return Capabilities(
        fields=_request_fields(fields, sizes, operation) - (set() if rules.takes_references else {"references"}),
        required=_required(fields, operation),
        prompt_unit="utf16",
        confirmed=frozenset(rules.confirmed | {"sizes", "aspect_ratios", "formats", "choices"}),
        wire=form.model_dump(),
        **rules.found,
        **sizes,
    )


def _request_fields(fields: Mapping[str, Field], sizes: Mapping[str, Any], operation: str) -> frozenset[str]:
    read = {field for name in fields if name in WRITERS for field in WRITERS[name].reads}
    if "last" not in _positions(fields):
        read.discard("last_frame")
    if "voice" in fields:
        read.discard("voice_sample" if is_preset(fields["voice"]) else "voice")
    if not sizes.get("sizes") and not sizes.get("sides"):
        read -= {"size"}
        read -= set() if sizes.get("aspect_ratios") else {"aspect_ratio"}
        read -= set() if sizes.get("resolutions") else {"resolution"}
    # `count` is always legal: where the vendor makes one output, one is the only legal number.
    return frozenset((read | {"count"}) & set(OPERATIONS[operation].model_fields))


def _positions(fields: Mapping[str, Field]) -> Iterable[str]:
    values: Iterable[str] = fields["promptImage"].item["position"]["enum"] if "promptImage" in fields else ()
    return values


def _required(fields: Mapping[str, Field], operation: str) -> frozenset[str]:
    needed = {"targetFramerate": "fps"}
    if operation != "text_to_speech":
        needed |= {"promptText": "prompt", "voice": "voice"}
    if operation == "text_to_image":
        needed["referenceImages"] = "references"
    if operation == "video_to_audio":  # only the caller knows how long the film is
        needed["duration"] = "duration"
    return frozenset(name for wire, name in needed.items() if wire in fields and fields[wire].required)


def _bounds(fields: Mapping[str, Field]) -> Iterator[tuple[str, tuple[float, float]]]:
    for name in _BOUNDED:
        if name in fields and not fields[name].assumed:
            yield name, fields[name].bounds


def _reference_fields(fields: Mapping[str, Field], model: str) -> dict[str, ReferenceField]:
    return {name: _reference_field(field, model) for name, field in fields.items() if _takes_references(field)}


def _takes_references(field: Field) -> bool:
    return field.name in WRITERS and "references" in WRITERS[field.name].reads


def _reference_field(field: Field, model: str) -> ReferenceField:
    _, most = field.bounds
    tags: Literal["bound", "optional"] = "bound" if model in _TAG_BOUND else "optional"
    return ReferenceField(
        kind=field.item["uri"]["type"] if field.item else "audio",
        typed="type" in field.item,
        plain=not field.item,
        tags=tags if "tag" in field.item else "none",
        subjects="subject" in field.item,
        most=None if "max" in field.assumed else most,
    )
