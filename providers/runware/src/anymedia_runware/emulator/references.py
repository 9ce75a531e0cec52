"""Where in a request media are named, in both dialects: at the root, inside `inputs`, and inside adapters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from anymedia_runware.emulator.shapes import array_of, object_of

__all__ = ["FLAT_INPUTS", "Reference", "expected_kind", "references_in"]

# Source: runware-sdk 1.8.0 task types and runware 0.5.24 request classes; 2026-10.
FLAT_INPUTS = (
    "seedImage",
    "maskImage",
    "inputImage",
    "inputImages",
    "inputMedia",
    "referenceImages",
    "referenceVideos",
    "frameImages",
    "inputAudios",
)
_WORDS = {"speech", "fonts", "draftId", "videoId"}
_INNER = ("image", "inputImage", "frontalImage", "video", "audio", "voice", "source", "media", "images", "videos")

# Media inside objects that stand at the root. `[]` steps into each entry of a list.
_ADAPTERS = (
    "controlNet.[].guideImage",
    "ipAdapters.[].guideImage",
    "ipAdapters.[].guideImages",
    "puLID.inputImages",
    "pulid.inputImages",
    "acePlusPlus.inputImages",
    "acePlusPlus.inputMasks",
    "instantID.inputImage",
    "instantID.inputImages",
    "instantID.poseImage",
    "photoMaker.images",
    "advancedFeatures.regionalPrompting.regions.[].mask",
    "advancedFeatures.watermark.image",
    "providerSettings.ideogram.styleReferenceImages",
    "providerSettings.ideogram.characterReferenceImages",
    "providerSettings.ideogram.characterReferenceImagesMask",
)
# What a field takes, by the first of these words in its path.
_KINDS = {
    "mesh": "model",
    "dataset": "file",
    "document": "file",
    "downloadurl": "file",
    "audio": "audio",
    "voice": "audio",
    "video": "video",
    "image": "image",
    "mask": "image",
}


class Reference(NamedTuple):
    """One medium as a request names it: the field it stands in, its path, the text, and its place among frames."""

    name: str
    path: str
    text: str
    frame: str | int | None = None


def references_in(task: Mapping[str, Any]) -> Iterator[Reference]:
    """Every medium that a task names, in order."""
    for name in FLAT_INPUTS:
        yield from _texts(name, name, task.get(name))
    for name, value in object_of(task.get("inputs")).items():
        if name not in _WORDS:
            yield from _texts(name, f"inputs.{name}", value)
    for route in _ADAPTERS:
        yield from _inside(task, route.split("."), "", route)
    if isinstance(task.get("downloadURL"), str):
        yield Reference("downloadURL", "downloadURL", str(task["downloadURL"]))


def expected_kind(path: str) -> str | None:
    """The kind of medium a field takes, or None where it may be any."""
    low = path.lower()
    return next((kind for sign, kind in _KINDS.items() if sign in low), None)


def _inside(value: Any, steps: Sequence[str], path: str, route: str) -> Iterator[Reference]:
    if not steps:
        yield from _texts(route.replace(".[]", ""), path, value)
    elif steps[0] == "[]":
        for index, entry in enumerate(array_of(value)):
            yield from _inside(entry, steps[1:], f"{path}[{index}]", route)
    elif steps[0] in object_of(value):
        inner = f"{path}.{steps[0]}" if path else steps[0]
        yield from _inside(object_of(value)[steps[0]], steps[1:], inner, route)


def _texts(name: str, path: str, value: Any) -> Iterator[Reference]:
    if isinstance(value, str):
        yield Reference(name, path, value)
    for index, entry in enumerate(array_of(value)):
        yield from _texts(name, f"{path}[{index}]", entry)
    fields = object_of(value)
    for inner in _INNER:
        for reference in _texts(name, f"{path}.{inner}", fields.get(inner)) if inner in fields else ():
            yield reference._replace(frame=_place(fields))


def _place(fields: Mapping[str, Any]) -> str | int | None:
    frame = fields.get("frame")
    return fields.get("timestamp") if frame is None else frame
