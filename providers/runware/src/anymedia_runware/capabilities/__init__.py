"""From the vendor's data sheet of a model to what it accepts for each of our operations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from anymedia.catalog import Capabilities
from anymedia_runware.capabilities.films import films
from anymedia_runware.capabilities.pictures import backgrounds, guides, images, masks, upscales, vectors
from anymedia_runware.capabilities.sheet import Offer, Sheet, rules
from anymedia_runware.capabilities.sounds import sounds
from anymedia_runware.capabilities.words import captions, prompts, shapes, texts, trainings

__all__ = ["Sheet", "operations_of"]

_Offers: TypeAlias = Callable[[Sheet], Iterator[tuple[str, Offer]]]
_BY_TASK: Final[Mapping[str, _Offers]] = {
    "imageInference": images,
    "videoInference": films,
    "audioInference": sounds,
    "textInference": texts,
    "3dInference": shapes,
    "upscale": upscales,
    "removeBackground": backgrounds,
    "vectorize": vectors,
    "imageMasking": masks,
    "controlNetPreprocess": guides,
    "caption": captions,
    "promptEnhance": prompts,
    "training": trainings,
}
"""What each task type can be asked for; `tools` is left to `Native`."""


def operations_of(sheet: Sheet) -> dict[str, Capabilities]:
    """Every operation of ours that the model can do."""
    offers = _BY_TASK.get(sheet.task_type)
    return {operation: rules(sheet, offer) for operation, offer in offers(sheet)} if offers else {}
