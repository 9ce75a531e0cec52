"""upscale and removeBackground, of images and films."""

import io
from collections.abc import Callable

from PIL import Image, ImageColor

from anymedia.testing import render
from anymedia.testing.render.levels import above
from anymedia.testing.render.pictures import decoded, encoded
from anymedia.testing.render.scenes import Color
from anymedia_runware.emulator.asking import subject
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import array_of
from anymedia_runware.emulator.sizes import frame_size, shrunk
from anymedia_runware.emulator.work import TOOL_SECONDS, VIDEO_TOOL_SECONDS, Order, Product, Work

__all__ = ["remove_background", "upscale"]

# Source: runware.ai/docs upscale pages; 2026-10.
_LARGEST_SIDE = 4096
_FACTOR = 2
_WHITE = (255, 255, 255)
# Videos are billed by length, which is not known before the film is decoded.
_BILLED_SECONDS = 5.0


def upscale(order: Order) -> Work:
    """upscale of an image or a film."""
    source = subject(order)
    if source.kind == "video":
        return _video_tool(order, lambda format: _larger_film(order, source, format), "mp4")
    return _image_tool(order, lambda format: _larger_image(order, source, format), "jpg")


def remove_background(order: Order) -> Work:
    """removeBackground of an image or a film."""
    source = subject(order)
    if source.kind == "video":
        return _video_tool(order, lambda format: _cut_out_film(order, source, format), "webm")
    return _image_tool(order, lambda format: _cut_out(order, source, format), "png")


def _image_tool(order: Order, make: Callable[[str], bytes], default: str) -> Work:
    format = order.format(default)

    def produce(_: int) -> Product:
        uuid = subject(order).uuid
        fields = {"inputImageUUID": uuid} if uuid is not None and "inputImage" in order.task else {}
        return Product(fields, order.keep("image", format, lambda: make(format)), "image")

    return Work(1, TOOL_SECONDS, price(order.task_type), produce)


def _video_tool(order: Order, make: Callable[[str], bytes], default: str) -> Work:
    format = order.format(default)

    def produce(_: int) -> Product:
        artefact = order.keep("video", format, lambda: make(format))
        return Product({}, artefact, order.behaviour.video_tool_key)

    return Work(1, VIDEO_TOOL_SECONDS, price(order.task_type, seconds=_BILLED_SECONDS), produce)


def _larger_image(order: Order, source: Source, format: str) -> bytes:
    data = source.read()
    facts = render.probe(data)
    have = (facts.width or 1, facts.height or 1)
    factor = order.number("upscaleFactor", _FACTOR)
    megapixels = order.number("targetMegapixels", 0)
    if megapixels:
        factor = (megapixels * 1_000_000 / (have[0] * have[1])) ** 0.5
    size = shrunk((round(have[0] * factor), round(have[1] * factor)), _LARGEST_SIDE)
    return render.upscale_image(data, size=size, format=format)


def _larger_film(order: Order, source: Source, format: str) -> bytes:
    data = source.read()
    rate = order.number("fps", 0) or None
    if order.get("upscaleFactor"):
        return render.upscale_video(data, factor=order.number("upscaleFactor", _FACTOR), fps=rate, format=format)
    if order.get("width") or order.get("resolution"):
        return render.upscale_video(data, size=frame_size(order.task, source), fps=rate, format=format)
    return render.upscale_video(data, factor=_FACTOR, fps=rate, format=format)


def _cut_out_film(order: Order, source: Source, format: str) -> bytes:
    return render.cut_out_video(source.read(), format=format, ground=_ground(order))


def _cut_out(order: Order, source: Source, format: str) -> bytes:
    cut = render.cut_out_image(source.read())
    alpha = _alpha(cut)
    if order.get("postProcessMask"):
        alpha = above(alpha, 127)
    if order.get("returnOnlyMask"):
        return _encoded(alpha, format)
    ground = _ground(order)
    if format == "jpg" or ground is not None:
        return _encoded(_on_ground(cut, alpha, ground or _WHITE), format)
    picture = decoded(cut)
    picture.putalpha(alpha)
    return encoded(picture, format, alpha=True)


def _ground(order: Order) -> Color | None:
    """The colour to put behind the subject, if one is asked for that can be seen."""
    rgba, named = array_of(order.get("rgba")), order.get("backgroundColor")
    if isinstance(named, str):
        try:
            red, green, blue, *_ = ImageColor.getrgb(named)
        except ValueError:
            return None
        return red, green, blue
    if len(rgba) != 4 or not all(isinstance(part, int | float) for part in rgba) or rgba[3] <= 0:
        return None
    red, green, blue = (max(0, min(255, round(part))) for part in rgba[:3])
    return red, green, blue


def _alpha(cut: bytes) -> Image.Image:
    with Image.open(io.BytesIO(cut)) as picture:
        return picture.convert("RGBA").getchannel("A")


def _on_ground(cut: bytes, alpha: Image.Image, color: Color) -> Image.Image:
    return Image.composite(decoded(cut).convert("RGB"), Image.new("RGB", alpha.size, color), alpha)


def _encoded(picture: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG" if format == "jpg" else format.upper())
    return file.getvalue()
