"""Which sizes a model makes for an operation, read from the words its `ratio` and `resolution` know."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from anymedia.catalog import Range, Size
from anymedia_runway.facts import Field

__all__ = ["framing", "size_rules"]


def size_rules(fields: Mapping[str, Field], operation: str, illegal: Collection[str] = ()) -> dict[str, Any]:
    """The part of a model's capabilities that is about sizes: exact ones, or ratios and scales by name."""
    ratio = fields.get("ratio") or fields.get("targetAspectRatio")
    values = ratio.values if ratio else ()
    sizes = tuple(Size.parse(value) for value in values if _is_size(value) and value not in illegal)
    scales = _scales(fields, values)
    if window := next((form["pixels"] for form in ratio.alternatives if "pixels" in form), None) if ratio else None:
        free = {"sides": Range(1, window[1], 1), "pixels": Range(*window)}
        return {**free, "default_size": _default_size(sizes, operation), **_size_needed(fields, operation)}
    # A film that starts from an image takes its shape from it, on models that can.
    if sizes and not (scales and operation == "image_to_video"):
        return {"sizes": sizes, "default_size": _default_size(sizes, operation), **_size_needed(fields, operation)}
    named = tuple(value for value in values if ":" in value and not _is_size(value))
    return {"aspect_ratios": named, "resolutions": scales}


def _size_needed(fields: Mapping[str, Field], operation: str) -> dict[str, Any]:
    # Beside a `mode` some modes forbid a size, and an image to change may keep its own.
    return {"size_required": "mode" not in fields and framing(fields, operation) is None}


def framing(fields: Mapping[str, Field], operation: str) -> str | None:
    """The word by which the result keeps the framing of its input, for models that have one."""
    values = fields["ratio"].values if "ratio" in fields else ()
    if operation == "image_to_image" or ("referenceImages" in fields and fields["referenceImages"].required):
        return next((value for value in values if value.startswith("auto")), None)
    return "adaptive" if "adaptive" in values and operation != "text_to_video" else None


def _is_size(value: str) -> bool:
    width, _, height = value.partition(":")
    return width.isdigit() and height.isdigit() and int(width) > 100


def _scales(fields: Mapping[str, Field], ratios: Iterable[str]) -> tuple[str, ...]:
    if "resolution" in fields:
        return tuple(dict.fromkeys(value.lower() for value in fields["resolution"].values))
    return tuple(value.removeprefix("auto_") for value in ratios if value.startswith("auto_") and value.endswith("p"))


def _default_size(sizes: Iterable[Size], operation: str) -> Size:
    shape, area = (1.0, 1024 * 1024) if operation.endswith("image") else (16 / 9, 1280 * 720)
    return min(sizes, key=lambda size: (round(abs(size.ratio / shape - 1), 1), abs(size.width * size.height - area)))
