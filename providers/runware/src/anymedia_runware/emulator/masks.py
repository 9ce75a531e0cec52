"""imageMasking: masks of persons, faces, hands and features, where they would be in the subject's outline."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from anymedia.testing.render.levels import above
from anymedia.testing.render.mattes import subject as subject_mask
from anymedia.testing.render.pictures import decoded, encoded, flattened
from anymedia_runware.emulator.asking import subject
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.work import TOOL_SECONDS, Order, Product, Work

__all__ = ["mask_image", "named_input"]

_Box = tuple[float, float, float, float]
_Pixels = tuple[int, int, int, int]

# Where the parts of a person lie in the box around it: left, top, right, bottom.
_PARTS: dict[str, tuple[_Box, ...]] = {
    "eyes": ((0.33, 0.14, 0.46, 0.2), (0.54, 0.14, 0.67, 0.2)),
    "nose": ((0.45, 0.19, 0.55, 0.28),),
    "lips": ((0.4, 0.31, 0.6, 0.36),),
    "hand": ((0.02, 0.5, 0.2, 0.68), (0.8, 0.5, 0.98, 0.68)),
    "face": ((0.25, 0.02, 0.75, 0.42),),
}
_FINE = ("eyes", "nose", "lips")
_WHOLE: _Box = (0, 0, 1, 1)

# How sure the emulated detector is of what it finds first, and how much less of each further one.
_SUREST, _LESS_SURE = 0.95, 0.1
_CONFIDENCE, _DETECTIONS, _PADDING, _BLUR = 0.25, 6, 4, 4


@dataclass(frozen=True)
class _Found:
    mask: Image.Image
    boxes: tuple[_Pixels, ...]


def mask_image(order: Order) -> Work:
    """imageMasking: a mask, and a box around each thing found."""
    source, format = subject(order), order.format("jpg")
    found = cache(lambda: _found(order, source))

    def produce(_: int) -> Product:
        fields: dict[str, Any] = {
            "inputImageUUID": named_input(order, source),
            "detections": lambda: [
                dict(zip(("x_min", "y_min", "x_max", "y_max"), box, strict=True)) for box in found().boxes
            ],
        }
        artefact = order.keep("image", format, lambda: encoded(found().mask.convert("RGB"), format))
        return Product(fields, artefact, "maskImage")

    return Work(1, TOOL_SECONDS, price("imageMasking"), produce)


def named_input(order: Order, source: Source) -> str:
    """The id of a tool's input, which gets one if it was sent along."""
    if source.uuid is not None:
        return source.uuid
    kept = order.keep(source.kind, source.format, source.read)
    order.host.publish(kept)
    return kept.uuid


def _found(order: Order, source: Source) -> _Found:
    picture = flattened(decoded(source.read()))
    matte = above(subject_mask(picture), 127)
    around = matte.getbbox() or (0, 0, *picture.size)
    sure, most = order.number("confidence", _CONFIDENCE), order.whole("maxDetections", _DETECTIONS)
    parts = [box for rank, box in enumerate(_parts(order.model.slug)) if _SUREST - rank * _LESS_SURE >= sure][:most]
    padding = order.whole("maskPadding", _PADDING)
    boxes = tuple(_placed(part, around, padding, picture.size) for part in parts)
    mask = Image.new("L", picture.size)
    for part, box in zip(parts, boxes, strict=True):
        mask = ImageChops.lighter(mask, _grown(matte, padding) if part == _WHOLE else _oval(box, picture.size))
    return _Found(mask.filter(ImageFilter.GaussianBlur(order.whole("maskBlur", _BLUR))), boxes)


def _parts(slug: str) -> Iterator[_Box]:
    words = slug.split("-")
    fine = [name for name in _FINE if name in words]
    named = fine or [name for name in _PARTS if name in words]
    for name in named:
        yield from _PARTS[name]
    if not named:
        yield _WHOLE


def _placed(part: _Box, around: _Pixels, padding: int, size: tuple[int, int]) -> _Pixels:
    left, top, right, bottom = around
    width, height = right - left, bottom - top
    return (
        max(0, round(left + part[0] * width) - padding),
        max(0, round(top + part[1] * height) - padding),
        min(size[0], round(left + part[2] * width) + padding),
        min(size[1], round(top + part[3] * height) + padding),
    )


def _oval(box: _Pixels, size: tuple[int, int]) -> Image.Image:
    made = Image.new("L", size)
    if box[0] < box[2] and box[1] < box[3]:
        ImageDraw.Draw(made).ellipse((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
    return made


def _grown(matte: Image.Image, padding: int) -> Image.Image:
    if padding == 0:
        return matte
    width = 2 * min(abs(padding), 20) + 1
    return matte.filter(ImageFilter.MaxFilter(width) if padding > 0 else ImageFilter.MinFilter(width))
