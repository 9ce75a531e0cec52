"""What image models, and the tools for images and films, can be asked for."""

from collections.abc import Iterator
from typing import Final

from anymedia.catalog import Size
from anymedia.json import JSON
from anymedia_runware import facts
from anymedia_runware.capabilities.sheet import Offer, Sheet, when

__all__ = ["backgrounds", "guides", "images", "masks", "upscales", "vectors"]

_SQUARE: Final = Size(1024, 1024)


def images(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """imageInference."""
    name = facts.IMAGE_INPUT.get(sheet.air, "seedImage" if sheet.has("strength") else "referenceImages")
    fields = _generation(sheet)
    if sheet.has("inputs") and name == "referenceImages":
        fields.add("references")
    most = sheet.limits.get("referenceImages", {}).get("max_items")
    if sheet.has("positivePrompt") and "inputs" not in sheet.required:
        yield "text_to_image", _picture(fields, {"format": "png"}, sized=sheet.has("width"), references=most)
    if sheet.has("inputs"):
        mask = facts.MASKED.get(sheet.air, "maskImage" if sheet.has("maskMargin") else None)
        wire: dict[str, JSON] = {"image": name, "mask": mask, "format": "png"}
        fields |= {"image", *sheet.fields("strength")} | when(mask, "mask")
        yield "image_to_image", _picture(fields, wire, sized="width" in sheet.required, references=most)


def vectors(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """Vectorize: from a prompt, which is our text_to_image, or from an image."""
    if not sheet.has("positivePrompt"):
        yield "vectorize", _tool("image", "output_format", format="svg")
        return
    has_styles = "inputs" in sheet.required
    fields = _generation(sheet) | when(has_styles, "references")
    required = frozenset({"references"} if has_styles else ())
    yield "text_to_image", _picture(fields, {"format": "svg"}, sized=sheet.has("width"), required=required)


def upscales(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """Upscale of images or films."""
    fields = {sheet.kind, *sheet.fields("factor")}
    if sheet.kind == "video":
        fields |= sheet.fields("fps") | when(sheet.values("resolution"), "resolution")
    format = "png" if sheet.kind == "image" else "mp4"
    yield f"upscale_{sheet.kind}", _tool(*fields, format=format, factor=2 if sheet.has("upscaleFactor") else None)


def backgrounds(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """removeBackground of images or films."""
    if sheet.kind == "image":
        yield "remove_background", _tool("image", format="png")
    else:
        yield "remove_video_background", _tool("video", format="webm")


def masks(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """imageMasking."""
    del sheet
    yield "mask_image", _tool("image", "confidence", "max_detections", "output_format", format="png")


def guides(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """controlNetPreprocess."""
    del sheet
    yield "preprocess_image", _tool("image", "preprocessor", "output_format", format="png")


def _tool(*fields: str, **wire: JSON) -> Offer:
    return Offer(fields=fields, wire={"image": "image", "video": "video", **wire})


def _picture(
    fields: set[str],
    wire: dict[str, JSON],
    *,
    sized: bool,
    references: int | None = None,
    required: frozenset[str] = frozenset(),
) -> Offer:
    return Offer(
        fields=frozenset(fields),
        wire=wire,
        required=required,
        default_size=_SQUARE,
        size_required=sized,
        references=references,
    )


def _generation(sheet: Sheet) -> set[str]:
    fields = sheet.fields("count", "negative_prompt", "seed", "output_format")
    fields |= when(sheet.has("positivePrompt"), "prompt")
    fields |= when(sheet.has("width", "height"), "size", "aspect_ratio", "resolution")
    return fields | when(sheet.values("resolution"), "resolution")
