"""Who carries out which paid task."""

from collections.abc import Callable, Mapping

from anymedia_runware.emulator.captions import caption, enhance_prompt
from anymedia_runware.emulator.converting import convert
from anymedia_runware.emulator.films import make_videos
from anymedia_runware.emulator.guides import preprocess
from anymedia_runware.emulator.images import make_images, make_portraits
from anymedia_runware.emulator.masks import mask_image
from anymedia_runware.emulator.meshes import make_models
from anymedia_runware.emulator.sounds import make_audio
from anymedia_runware.emulator.texts import make_texts
from anymedia_runware.emulator.tools import remove_background, upscale
from anymedia_runware.emulator.training import train, upload_model
from anymedia_runware.emulator.vectors import vectorize
from anymedia_runware.emulator.work import Order, Work

__all__ = ["LEGACY_NAMES", "MAKERS", "PAID_TASK_TYPES", "is_slow"]

# Source: runware.ai/docs task references, 2025 names on the left; 2026-10.
LEGACY_NAMES = {
    "imageUpscale": "upscale",
    "imageBackgroundRemoval": "removeBackground",
    "imageCaption": "caption",
    "imageControlNetPreProcess": "controlNetPreprocess",
}

MAKERS: Mapping[str, Callable[[Order], Work]] = {
    "imageInference": make_images,
    "photoMaker": make_portraits,
    "videoInference": make_videos,
    "audioInference": make_audio,
    "3dInference": make_models,
    "textInference": make_texts,
    "upscale": upscale,
    "removeBackground": remove_background,
    "caption": caption,
    "imageMasking": mask_image,
    "controlNetPreprocess": preprocess,
    "promptEnhance": enhance_prompt,
    "vectorize": vectorize,
    "training": train,
    "tools": convert,
    "modelUpload": upload_model,
}
PAID_TASK_TYPES = frozenset(MAKERS)

# Source: runware.ai/docs; 2026-10. Asynchronous unless the request says otherwise, and the one model that always is.
_SLOW = {"videoInference", "3dInference", "training"}
_SLOW_MODELS = {"memories:1@1"}


def is_slow(order: Order) -> bool:
    """Whether an order is delivered asynchronously when the request does not say how."""
    only_async = order.limits.get("delivery") == "async" or order.model.params.get("deliveryMethod") == ["async"]
    return only_async or order.task_type in _SLOW or order.model.air in _SLOW_MODELS
