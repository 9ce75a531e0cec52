"""The older dialect, for models whose schema is not known: inputs at the root of the task."""

import math
from collections.abc import Mapping
from typing import Final, cast

from anymedia.catalog import Size
from anymedia.json import JSON
from anymedia.requests import Request
from anymedia.results import Result

__all__ = ["UNLISTED", "flat", "sized"]

_STEP: Final = 64
_TYPICAL_SIDE: Final = 1024

_ROOTED: Final = frozenset(
    "imageInference videoInference upscale removeBackground caption imageMasking controlNetPreprocess vectorize".split()
)
"""The task types that are older than `inputs`. Source: runware 0.5.24; 2026-10."""

_HABITS: Final[Mapping[str, JSON]] = {
    "flat": True,
    "count": "numberResults",
    "image": "seedImage",
    "mask": "maskImage",
    "video": "video",
    "text": "speech",
}


def _habits(task: str, format: str | None, **own: JSON) -> Mapping[str, JSON]:
    return {**_HABITS, "task": task, "format": format, **own}


UNLISTED: Final[Mapping[str, Mapping[str, JSON]]] = {
    "text_to_image": _habits("imageInference", "png"),
    "image_to_image": _habits("imageInference", "png"),
    "text_to_video": _habits("videoInference", "mp4"),
    "image_to_video": _habits("videoInference", "mp4", image=None),
    "video_to_video": _habits("videoInference", "mp4"),
    "character_performance": _habits("videoInference", "mp4"),
    "upscale_image": _habits("upscale", "png", image="image"),
    "upscale_video": _habits("upscale", "mp4"),
    "remove_background": _habits("removeBackground", "png", image="image"),
    "remove_video_background": _habits("removeBackground", "webm"),
    "video_to_hdr": _habits("videoInference", "mp4"),
    "text_to_speech": _habits("audioInference", "mp3"),
    "sound_effect": _habits("audioInference", "mp3", audio="referenceAudios"),
    "generate_music": _habits("audioInference", "mp3", audio="audio"),
    "video_to_audio": _habits("audioInference", "mp3"),
    "speech_to_speech": _habits("audioInference", "mp3"),
    "dub_voice": _habits("audioInference", "mp3"),
    "isolate_voice": _habits("audioInference", "mp3"),
    "caption_image": _habits("caption", None, image="image", prompt="prompt"),
    "caption_video": _habits("caption", None, prompt="prompt"),
    "enhance_prompt": _habits("promptEnhance", None, prompt="prompt", count="promptVersions"),
    "generate_text": _habits("textInference", "text", prompt=None),
    "mask_image": _habits("imageMasking", "png", image="image"),
    "preprocess_image": _habits("controlNetPreprocess", "png", image="image"),
    "vectorize": _habits("vectorize", "svg", image="image"),
    "generate_3d": _habits("3dInference", "glb", image="image"),
    "train_model": _habits("training", None),
}
"""What is known of a model that is not in the catalogue: the habits of its task type."""


def flat(task: str, inputs: Mapping[str, object]) -> dict[str, object]:
    """Inputs at the root, where the task type is old enough; films to work on have always been nested."""
    if task not in _ROOTED:
        return {"inputs": dict(inputs)} if inputs else {}
    found = dict(inputs)
    nested = {"inputs": {"video": found.pop("video")}} if "video" in found else {}
    if "image" in found:
        found["inputImage"] = found.pop("image")
    if "audio" in found:
        found["inputAudios"] = [found.pop("audio")]
    if "frameImages" in found:
        frames = cast("list[dict[str, object]]", found["frameImages"])
        found["frameImages"] = [{"inputImage": frame["image"], "frame": frame["frame"]} for frame in frames]
    return {**found, **nested}


def sized(request: Request[Result], body: Mapping[str, object]) -> dict[str, object]:
    """A size where nobody has chosen one: checkpoints need it, and know no aspect ratio by name."""
    ratio: str | None = getattr(request, "aspect_ratio", None)
    if "width" in body or not (ratio or request.operation in ("text_to_image", "image_to_image")):
        return {}
    width, height = map(int, (ratio or "1:1").split(":"))
    stretch = math.sqrt(width / height)
    size = Size(_stepped(_TYPICAL_SIDE * stretch), _stepped(_TYPICAL_SIDE / stretch))
    return {"width": size.width, "height": size.height}


def _stepped(side: float) -> int:
    return max(1, round(side / _STEP)) * _STEP
