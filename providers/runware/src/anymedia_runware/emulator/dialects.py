"""Which parameters a task may carry: those of its model's schema, and the older names for the same things."""

from collections.abc import Iterator, Mapping
from typing import Any

from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.models import Catalogue, ModelFacts
from anymedia_runware.emulator.references import FLAT_INPUTS

__all__ = ["surplus"]

_EVERYWHERE = {"taskType", "taskUUID", "model", "webhookURL", "includeCost", "routing", "deliveryMethod"}

# Older names, and the parameter that a model must take for them to be taken.
# Source: runware 0.5.24 request classes and runware.ai/docs of 2025; 2026-10.
_OLDER = {
    **dict.fromkeys(FLAT_INPUTS, "inputs"),
    "puLID": "pulid",
    "instantID": "ipAdapters",
    "lycoris": "lora",
    "acceleration": "acceleratorOptions",
    "checkNSFW": "safety",
    "nsfw_check": "safety",
    "useCache": "safety",
    "clipSkip": "scheduler",
    "vae": "scheduler",
}

# Settings that older requests write at the root. Source: as above, and runware-cli for text; 2026-10.
_FLAT_SETTINGS = {
    "imageMasking": "confidence maxDetections maskPadding maskBlur",
    "removeBackground": """
        rgba postProcessMask returnOnlyMask alphaMatting alphaMattingForegroundThreshold
        alphaMattingBackgroundThreshold alphaMattingErodeSize
    """,
    "controlNetPreprocess": """
        preProcessorType width height lowThresholdCanny highThresholdCanny includeHandsAndFaceOpenPose
    """,
    "caption": "prompt template",
    "textInference": """
        maxTokens temperature topP topK minP systemPrompt stopSequences frequencyPenalty presencePenalty
        repetitionPenalty thinking thinkingLevel
    """,
    "modelSearch": "tags type conditioning retry customTaskUUID",
    "modelUpload": "conditioning defaultGuidanceScale retry",
}


def surplus(given: Mapping[str, Any], task_type: str, model: ModelFacts, catalogue: Catalogue) -> Iterator[Problem]:
    """A problem for each parameter that the task's model, or its schema, does not take."""
    flat = _FLAT_SETTINGS.get(task_type, "").split()
    for name in given:
        if name in _EVERYWHERE or name in flat or name in model.params or _OLDER.get(name) in model.params:
            continue
        if not _exists(name, catalogue):
            yield Problem("unknownParameter", f"There is no parameter '{name}'.", name)
        elif model.params:
            whose = f"The model {model.air}" if model.air else f"'{task_type}'"
            yield Problem("unsupportedParameter", f"{whose} does not take '{name}'.", name)


def _exists(name: str, catalogue: Catalogue) -> bool:
    """Whether any task at all takes a parameter of this name."""
    return (
        name in _OLDER
        or name in catalogue.data["parameters"]
        or any(name in words.split() for words in _FLAT_SETTINGS.values())
        or any(name in shared["params"] for shared in catalogue.data["sets"].values())
        or any(name in facts.params for facts in catalogue.schemas.values())
    )
