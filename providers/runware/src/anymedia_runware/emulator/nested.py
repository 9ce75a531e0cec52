"""Checks what stands inside the objects of a request: adapters, speech, messages, accelerators, vendor settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.models import ModelFacts
from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["inner_problems"]

_Window = tuple[float | None, float | None, int | None]

# Lowest, highest and step of numbers. Source: runware.ai/docs, the reference pages; 2026-10.
_WINDOWS: Mapping[str, _Window] = {
    **{f"{name}.[].weight": (-4, 4, None) for name in ("lora", "lycoris", "embeddings")},
    **{f"{name}.[].weight": (0, 1, None) for name in ("controlNet", "ipAdapters")},
    **{f"controlNet.[].{name}": (0, 100, None) for name in ("startStepPercentage", "endStepPercentage")},
    **{f"outpaint.{side}": (0, None, 64) for side in ("top", "right", "bottom", "left")},
    "outpaint.blur": (0, 32, None),
    "refiner.startStep": (2, None, None),
    "refiner.startStepPercentage": (1, 99, None),
    **{f"{name}.idWeight": (0, 3, None) for name in ("puLID", "pulid")},
    "acePlusPlus.repaintingScale": (0, 1, None),
    "acceleratorOptions.teaCacheDistance": (0, 1, None),
    "acceleratorOptions.deepCacheInterval": (1, None, None),
    "acceleratorOptions.deepCacheBranchId": (0, None, None),
    "acceleratorOptions.fbCacheThreshold": (0, 1, None),
    "acceleratorOptions.cacheStartStepPercentage": (0, 99, None),
    "acceleratorOptions.cacheEndStepPercentage": (0, 100, None),
    "acceleratorOptions.cacheMaxConsecutiveSteps": (1, 5, None),
    "ultralytics.maskBlur": (0, 100, None),
    "ultralytics.maskPadding": (0, 20, None),
    "ultralytics.confidence": (0, 1, None),
    "ultralytics.strength": (0, 1, None),
    "settings.confidence": (0, 1, None),
    "settings.maxDetections": (1, 20, None),
    "settings.lowThresholdCanny": (0, 255, None),
    "settings.highThresholdCanny": (0, 255, None),
    "settings.maxTokens": (1, None, None),
    "audioSettings.sampleRate": (8000, 48000, None),
    "audioSettings.bitrate": (32, 320, None),
    "advancedFeatures.watermark.opacity": (0.1, 1, None),
}
_WORDS: Mapping[str, str] = {
    "controlNet.[].controlMode": "prompt controlnet balanced",
    "ipAdapters.[].combineMethod": "concat add subtract average norm_average",
    "ipAdapters.[].embedScaling": "only_v kv kv_penalty_c k_mean_v_penalty_c",
    "acePlusPlus.type": "portrait subject local_editing",
    "messages.[].role": "system user assistant tool",
    "safety.mode": "none fast full",
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    **{f"{name}.[]": ("model",) for name in ("lora", "lycoris", "embeddings", "controlNet", "ipAdapters")},
    "refiner": ("model",),
    "messages.[]": ("role", "content"),
    "importModel": ("air", "name", "uniqueIdentifier", "version"),
}

# Source: request classes of runware 0.5.24 and runware.ai/docs; 2026-10.
_VENDORS = set(
    """
    openai bria bfl alibaba bytedance google klingai ideogram midjourney minimax pixverse vidu runway lumaai lightricks
    sync elevenlabs mirelo recraft sourceful prunaai
    """.split()
)


def inner_problems(given: Mapping[str, Any], model: ModelFacts) -> Iterator[Problem]:
    """Everything wrong inside a task's objects."""
    yield from _number_problems(given)
    yield from _word_problems(given)
    yield from _gaps(given)
    yield from _vendor_problems(object_of(given.get("providerSettings")), model)


def _number_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for route, (low, high, step) in _WINDOWS.items():
        for path, value in _reached(given, route):
            if not _number(value) or _outside(value, low, high, step):
                facts = {"min": low, "max": high, "multiplier": step}
                text = f"'{path}' is {value}; it must be a number within {low} and {high}."
                yield Problem(f"invalid{pascal(path)}", text, path, {k: v for k, v in facts.items() if v is not None})


def _word_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for route, words in _WORDS.items():
        for path, value in _reached(given, route):
            if value not in words.split():
                text = f"'{path}' must be one of {', '.join(words.split())}."
                yield Problem(f"invalid{pascal(path)}", text, path, {"allowedValues": words.split()})


def _gaps(given: Mapping[str, Any]) -> Iterator[Problem]:
    for route, names in _REQUIRED.items():
        for path, value in _reached(given, route):
            for name in names:
                if object_of(value).get(name) is None:
                    yield Problem(f"missing{pascal(name)}", f"'{path}.{name}' is required.", f"{path}.{name}")


def _vendor_problems(vendors: Mapping[str, Any], model: ModelFacts) -> Iterator[Problem]:
    """Settings may be given for one vendor, the one whose model it is where the AIR says so."""
    source = model.air.partition(":")[0]
    for name in vendors:
        path = f"providerSettings.{name}"
        if name not in _VENDORS:
            yield Problem("unknownProviderSettingsProvider", f"There is no provider '{name}'.", path)
        elif len(vendors) > 1 or (source in _VENDORS and name != source):
            text = f"'{path}' does not go with the model {model.air}, or not alone."
            yield Problem("mismatchProviderSettingsProvider", text, path)


def _reached(value: Any, route: str, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that a route leads to, with its path in the request."""
    step, _, rest = route.partition(".")
    if not step:
        yield path, value
    elif step == "[]":
        for index, entry in enumerate(array_of(value)):
            yield from _reached(entry, rest, f"{path}[{index}]")
    elif object_of(value).get(step) is not None:
        yield from _reached(object_of(value)[step], rest, f"{path}.{step}" if path else step)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _outside(value: float, low: float | None, high: float | None, step: int | None) -> bool:
    too_low, too_high = low is not None and value < low, high is not None and value > high
    return too_low or too_high or (step is not None and value % step != 0)
