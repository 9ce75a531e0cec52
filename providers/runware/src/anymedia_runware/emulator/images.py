"""imageInference and photoMaker: drawn from text, painted over, extended, guided, worn by adapters, or in layers."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from anymedia.testing import render
from anymedia.testing.render.effects import Margins, extended, layers
from anymedia.testing.render.pictures import decoded, encoded, flattened
from anymedia_runware.emulator.adapters import adapted
from anymedia_runware.emulator.asking import checked, count, first, mixed, prompt, read, seed_of, sequence
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import number_in, object_of
from anymedia_runware.emulator.sizes import image_size
from anymedia_runware.emulator.work import IMAGE_SECONDS, Order, Product, Work

__all__ = ["make_images", "make_portraits"]

_STRENGTH = 0.8
_QUALITY = 95
_LAYERS, _MOST_LAYERS = 4, 16
_TRIGGER = "rwre"
_NO_STYLE = "No style"
_BASES = ("seedImage", "image", "inputImage")
_MASKS = ("maskImage", "mask")
_REFERENCES = ("referenceImages", "references", "images", "inputImages", "superResolutionReferences")


def make_images(order: Order) -> Work:
    """imageInference: from text, or from a seed image, a mask, references and adapters."""
    seed = seed_of(order)
    return _work(order, sequence(order, seed), seed, prompt(order), {})


def make_portraits(order: Order) -> Work:
    """photoMaker: the people of the input images, in a style."""
    style = str(order.get("style", _NO_STYLE))
    words = prompt(order) if _TRIGGER in prompt(order) else f"{_TRIGGER} {prompt(order)}"
    text = words if style == _NO_STYLE else f"{words}, {style}"
    faces = [source.uuid for source in order.inputs.sources("inputImages") if source.uuid is not None]
    return _work(order, count(order), seed_of(order), text, {"inputImagesUUID": faces})


def _work(order: Order, results: int, seed: int, text: str, extra: Mapping[str, Any]) -> Work:
    format = order.format("png" if _wants_transparency(order) else "jpg")

    def produce(index: int) -> Product:
        fields = {"seed": seed + index, **checked(order), **extra}
        made = order.keep("image", format, lambda: _drawn(order, text, seed + index, format), about=text)
        return Product(fields, made, "image")

    return Work(results, IMAGE_SECONDS, price("imageInference"), produce)


def _drawn(order: Order, text: str, seed: int, format: str) -> bytes:
    references = order.inputs.sources(*_REFERENCES) if order.task_type != "photoMaker" else []
    base, mask = _ground(order)
    if format == "tiff":
        return _layered(order, base or read(first(references)))
    width, height = _size(order, base, references)
    whole = mask is not None and order.get("outpaint") is not None
    return render.image(
        text,
        seed=mixed(order, seed),
        width=width,
        height=height,
        format=format,
        base=base,
        mask=mask,
        strength=1.0 if whole or order.task_type == "photoMaker" else order.number("strength", _STRENGTH),
        references=[reference.read() for reference in references],
        transparent=format != "jpg" and _wants_transparency(order),
        change=adapted(order, seed),
        quality=order.whole("outputQuality", _QUALITY),
    )


def _ground(order: Order) -> tuple[bytes | None, bytes | None]:
    """The picture to start from and the mask of what may change."""
    base = read(first(order.inputs.sources(*_BASES))) if order.task_type != "photoMaker" else None
    mask = read(first(order.inputs.sources(*_MASKS)))
    ace = object_of(order.get("acePlusPlus"))
    if ace.get("type") == "local_editing":
        base = base or read(first(order.inputs.sources("acePlusPlus.inputImages")))
        mask = mask or read(first(order.inputs.sources("acePlusPlus.inputMasks")))
    outpaint = object_of(order.get("outpaint"))
    if base is None or not outpaint:
        return base, mask
    margins = Margins(**{side: round(number_in(outpaint, side, 0)) for side in ("top", "right", "bottom", "left")})
    canvas, open_part = extended(flattened(decoded(base)), margins, round(number_in(outpaint, "blur", 0)))
    return encoded(canvas, "png"), encoded(open_part.convert("RGB"), "png")


def _size(order: Order, base: bytes | None, references: list[Source]) -> tuple[int, int]:
    if base is None:
        return image_size(order.task, first(references))
    if order.get("outpaint") is not None and not order.get("width"):
        facts = render.probe(base)
        return facts.width or 1, facts.height or 1
    return image_size(order.task, Source("image", "png", lambda: base))


def _layered(order: Order, data: bytes | None) -> bytes:
    """A TIFF with one see-through page per layer."""
    picture = flattened(decoded(data)) if data is not None else Image.new("RGB", (64, 64))
    pages = layers(picture, max(2, min(_MOST_LAYERS, order.whole("layers", _LAYERS))))
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    return file.getvalue()


def _wants_transparency(order: Order) -> bool:
    features = object_of(order.get("advancedFeatures"))
    vendors = object_of(order.get("providerSettings")).values()
    grounds = [order.get("background"), *(object_of(vendor).get("background") for vendor in vendors)]
    return "transparent" in grounds or bool(features.get("layerDiffuse"))
