"""Tasks that work on given media: upscaling, background removal, captions, masks and prompts."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from anymedia.testing import render
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.sizes import frame_size, shrunk
from anymedia_runware.emulator.work import TOOL_SECONDS, VIDEO_TOOL_SECONDS, Order, Product, Work

__all__ = ["caption", "enhance_prompt", "mask_image", "remove_background", "upscale"]

# Source: runware.ai/docs upscale pages; 2026-10.
_LARGEST_SIDE = 4096
_FACTOR = 2
# Videos are billed by length, which is not known before the film is decoded.
_BILLED_SECONDS = 5.0

_STYLES = (
    "in soft morning light, finely detailed",
    "seen from above, in muted colours",
    "as a close-up with a shallow depth of field",
    "at dusk, with long shadows and a calm mood",
    "in bold colours, with a clear composition",
)


def upscale(order: Order) -> Work:
    """upscale of an image or a film."""
    source = _subject(order)
    if source.kind == "video":
        return _video_tool(order, lambda format: _larger_film(order, source, format), "mp4")
    return _image_tool(order, lambda format: _larger_image(order, source, format), "jpg")


def remove_background(order: Order) -> Work:
    """removeBackground of an image or a film."""
    source = _subject(order)
    if source.kind == "video":
        return _video_tool(order, lambda format: render.cut_out_video(source.read(), format=format), "webm")
    return _image_tool(order, lambda format: _cut_out(order, source, format), "png")


def caption(order: Order) -> Work:
    """caption: a sentence about what was given, or an age group."""
    source = _subject(order)

    def produce(_: int) -> Product:
        if "age" in order.model.slug:
            return Product({"structuredData": {"ageGroup": "25-34", "confidence": 0.87}})
        return Product({"text": lambda: _sentence(source)})

    return Work(1, TOOL_SECONDS, price("caption"), produce)


def mask_image(order: Order) -> Work:
    """imageMasking: a mask of the subject, and the box around it."""
    source = _subject(order)
    format = order.format("jpg")

    def produce(_: int) -> Product:
        fields: dict[str, Any] = {"detections": lambda: [_box(_mask(source))]}
        if source.uuid is not None:
            fields["inputImageUUID"] = source.uuid
        artefact = order.keep("image", format, lambda: _encoded(_mask(source), format))
        return Product(fields, artefact, "maskImage")

    return Work(1, TOOL_SECONDS, price("imageMasking"), produce)


def enhance_prompt(order: Order) -> Work:
    """promptEnhance: as many longer versions of a prompt as asked for."""
    prompt, longest = str(order.get("prompt")), int(order.get("promptMaxLength", 400))

    def produce(index: int) -> Product:
        words = f"{prompt}, {_STYLES[index % len(_STYLES)]}".split()
        return Product({"text": " ".join(words[:longest])})

    return Work(int(order.get("promptVersions", 1)), TOOL_SECONDS, price("promptEnhance"), produce)


def _subject(order: Order) -> Source:
    """The medium to work on: validation has made sure there is one."""
    first = order.inputs.given[0].found
    assert isinstance(first, Source)
    return first


def _image_tool(order: Order, make: Callable[[str], bytes], default: str) -> Work:
    format = order.format(default)

    def produce(_: int) -> Product:
        uuid = _subject(order).uuid
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
    factor = float(order.get("upscaleFactor", _FACTOR))
    megapixels = order.get("targetMegapixels")
    if megapixels:
        factor = (float(megapixels) * 1_000_000 / (have[0] * have[1])) ** 0.5
    size = shrunk((round(have[0] * factor), round(have[1] * factor)), _LARGEST_SIDE)
    return render.upscale_image(data, size=size, format=format)


def _larger_film(order: Order, source: Source, format: str) -> bytes:
    data = source.read()
    fps = order.get("fps")
    rate = None if fps is None else float(fps)
    if order.get("upscaleFactor"):
        return render.upscale_video(data, factor=float(order.get("upscaleFactor")), fps=rate, format=format)
    if order.get("width") or order.get("resolution"):
        return render.upscale_video(data, size=frame_size(order.task, source), fps=rate, format=format)
    return render.upscale_video(data, factor=_FACTOR, fps=rate, format=format)


def _cut_out(order: Order, source: Source, format: str) -> bytes:
    cut = render.cut_out_image(source.read())
    if order.get("returnOnlyMask"):
        return _encoded(_alpha(cut), format)
    rgba = order.get("rgba")
    if format == "jpg" or (rgba and rgba[3] > 0):
        return _encoded(_on_ground(cut, tuple(rgba[:3]) if rgba else (255, 255, 255)), format)
    return cut if format == "png" else render.cut_out_image(source.read(), format=format)


def _mask(source: Source) -> Image.Image:
    return _alpha(render.cut_out_image(source.read()))


def _alpha(cut: bytes) -> Image.Image:
    with Image.open(io.BytesIO(cut)) as picture:
        return picture.convert("RGBA").getchannel("A")


def _on_ground(cut: bytes, color: tuple[int, ...]) -> Image.Image:
    with Image.open(io.BytesIO(cut)) as picture:
        ground = Image.new("RGBA", picture.size, (*color, 255))
        ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB")


def _encoded(picture: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG" if format == "jpg" else format.upper())
    return file.getvalue()


def _box(mask: Image.Image) -> dict[str, int]:
    left, top, right, bottom = mask.convert("1", dither=Image.Dither.NONE).getbbox() or (0, 0, 0, 0)
    return {"x_min": left, "y_min": top, "x_max": right, "y_max": bottom}


def _sentence(source: Source) -> str:
    facts = render.probe(source.read())
    if facts.duration is not None:
        sound = "with sound" if facts.audio else "without sound"
        return f"A film of {facts.duration:.1f} seconds, {facts.width} by {facts.height} pixels, {sound}"
    width, height = facts.width or 1, facts.height or 1
    shape = "wide" if width > height else "tall" if height > width else "square"
    return f"A {shape} picture of {width} by {height} pixels"
