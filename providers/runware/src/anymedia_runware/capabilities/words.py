"""What models that write, describe, shape or learn can be asked for."""

from collections.abc import Iterator

from anymedia_runware import facts
from anymedia_runware.capabilities.sheet import Offer, Sheet, when

__all__ = ["captions", "prompts", "shapes", "texts", "trainings"]


def captions(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """Caption of images or films."""
    subject = "video" if sheet.air in facts.FILM_CAPTIONS else "image"
    fields = {subject} | when(sheet.has("prompt"), "prompt")
    yield f"caption_{subject}", Offer(fields=fields, wire={"image": "image", "video": "video", "prompt": "prompt"})


def prompts(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """promptEnhance."""
    fields = {"prompt"} | when(sheet.has("promptMaxLength"), "max_tokens")
    fields |= when(sheet.has("promptVersions"), "count")
    yield "enhance_prompt", Offer(fields=fields, wire={"prompt": "prompt", "count": "promptVersions"})


def texts(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """textInference."""
    fields = {"prompt", "system_prompt", "messages", "max_tokens", "temperature", "top_p", "stream"}
    fields |= sheet.fields("count", "seed")
    fields |= when(sheet.has("inputs"), "references")
    fields |= when(sheet.has("jsonSchema"), "json_schema")
    yield "generate_text", Offer(fields=fields, wire={"prompt": None, "format": "text"})


def shapes(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """3dInference."""
    fields = sheet.fields("count", "negative_prompt", "seed", "output_format")
    fields |= when(sheet.has("positivePrompt"), "prompt")
    fields |= when(sheet.has("inputs"), "image", "references")
    yield "generate_3d", Offer(fields=fields, wire={"image": "image", "format": "glb"})


def trainings(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """Training."""
    by_param = {"triggerWord": "trigger_word", "trainingSteps": "steps", "learningRate": "learning_rate"}
    fields = {"dataset", "name", *(field for param, field in by_param.items() if sheet.has(param))}
    yield "train_model", Offer(fields=fields, wire={})
