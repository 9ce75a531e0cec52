"""A legal value for every parameter that the vendor's schemas name."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

__all__ = ["value_of", "vendor_of"]

_SPECIAL: Mapping[str, Any] = {
    "CFGScale": 4,
    "acceleratorOptions": {"teaCache": True, "teaCacheDistance": 0.5},
    "acePlusPlus": {"type": "portrait", "repaintingScale": 0.5},
    "advancedFeatures": {"watermark": {"text": "seen", "opacity": 0.5}},
    "audioSettings": {"sampleRate": 22050, "bitrate": 64, "channels": 1},
    "clipSkip": 1,
    "controlNet": [{"model": "runware:25@1", "weight": 0.5, "startStep": 0, "endStep": 5, "controlMode": "balanced"}],
    "duration": 5,
    "embeddings": [{"model": "civitai:1@2", "weight": 0.5}],
    "fps": 24,
    "height": 720,
    "hiresFix": True,
    "includeCost": True,
    "includeUsage": True,
    "ipAdapters": [{"model": "runware:55@1", "weight": 0.5, "combineMethod": "average"}],
    "jsonSchema": {"type": "object", "properties": {"mood": {"type": "string"}}},
    "lora": [{"model": "civitai:3@4", "weight": 0.8}],
    "maskMargin": 32,
    "numberResults": 1,
    "outpaint": {"top": 64, "right": 64, "bottom": 0, "left": 0, "blur": 8},
    "outputQuality": 90,
    "photoMaker": {"style": "Photographic", "strength": 20},
    "promptMaxLength": 64,
    "promptVersions": 1,
    "pulid": {"idWeight": 1},
    "refiner": {"model": "civitai:101055@128080", "startStepPercentage": 80},
    "routing": {},
    "safety": {"checkContent": True, "mode": "fast"},
    "settings": {"enhancePrompt": True},
    "speech": {"text": "Good morning", "voice": "Ada"},
    "steps": 10,
    "strength": 0.5,
    "structuredPrompt": {"high_level_description": "a lighthouse"},
    "targetMegapixels": 1,
    "toolChoice": {"type": "auto"},
    "tools": [{"type": "function", "name": "look_up", "description": "Looks a word up", "schema": {"type": "object"}}],
    "trueCFGScale": 2,
    "ttl": 600,
    "ultralytics": {"maskBlur": 5, "confidence": 0.5, "strength": 0.3},
    "upscaleFactor": 2,
    "vae": "civitai:5@6",
    "width": 1280,
}
_WITH_IMAGE: Mapping[str, tuple[str, bool]] = {
    "acePlusPlus": ("inputImages", True),
    "controlNet": ("guideImage", False),
    "ipAdapters": ("guideImages", True),
    "photoMaker": ("images", True),
    "pulid": ("inputImages", True),
}
"""Where a picture belongs inside an object, and whether in a list."""

_BY_TYPE: Mapping[str, Any] = {"string": "a lighthouse at dusk", "integer": 7, "number": 0.5, "boolean": True}
_KNOBS: Mapping[str, Mapping[str, Any]] = {
    "alibaba": {"promptExtend": True},
    "bfl": {"safetyTolerance": 2},
    "bria": {"contentModeration": True},
    "bytedance": {"cameraFixed": True},
    "google": {"enhancePrompt": True},
    "ideogram": {"renderingSpeed": "TURBO"},
    "klingai": {"keepOriginalSound": True},
    "minimax": {"promptOptimizer": True},
    "openai": {"quality": "auto"},
    "pixverse": {"style": "anime"},
    "prunaai": {"turbo": True},
    "runway": {"contentModeration": {"publicFigureThreshold": "auto"}},
    "sync": {"syncMode": "loop"},
    "vidu": {"style": "general"},
}
"""A knob of each vendor whose models take some."""


def value_of(name: str, definition: Any, air: str, image: str, hook: str) -> Any:
    """A legal value.

    Args:
        name: The parameter.
        definition: Its type, or its legal values.
        air: The model.
        image: The address of a picture.
        hook: The address of somebody who takes anything.
    """
    individual: dict[str, Any] = {
        "webhookURL": hook,
        "uploadEndpoint": hook,
        "outputType": "URL",
        "importModel": {"air": f"acme:{crc32(air.encode())}@1"},
        "inputs": {"image": image},
        "providerSettings": {vendor_of(air): dict(_KNOBS[vendor_of(air)])},
    }
    if name in individual:
        return individual[name]
    if name in _WITH_IMAGE:
        return _pictured(name, image)
    if isinstance(definition, list):
        return definition[0]
    return _SPECIAL.get(name, _BY_TYPE.get(str(definition).split("|", maxsplit=1)[0]))


def vendor_of(air: str) -> str:
    """Whose settings go with a model; Wan has several homes."""
    source = air.partition(":")[0]
    return source if source in _KNOBS else "alibaba"


def _pictured(name: str, image: str) -> Any:
    where, listed = _WITH_IMAGE[name]
    picture = {where: [image] if listed else image}
    special = _SPECIAL[name]
    return [{**entry, **picture} for entry in special] if isinstance(special, list) else {**special, **picture}
