"""What adapters and advanced features do to a picture while it is made."""

import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PIL import Image

from anymedia.testing.render.effects import guided, marked, portrayed, regional, sharpened, tinted
from anymedia.testing.render.pictures import decoded, flattened
from anymedia.testing.render.scenes import Color, Scene, average
from anymedia_runware.emulator.asking import mixed
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.shapes import array_of, number_in, object_of
from anymedia_runware.emulator.work import Order

__all__ = ["adapted"]

Change = Callable[[Image.Image], Image.Image]

# How strongly an adapter of weight 1 colours the picture.
_ADAPTER_SHARE = 0.25
_STYLE_SHARE = 0.5
_FACE_SHARE = 0.9
_PHOTO_STRENGTH, _FULL_PHOTO_STRENGTH = 15, 50
_STEPS = 20
_COLORS = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (220, 30, 30), "blue": (40, 60, 220)}


def adapted(order: Order, seed: int) -> Change:
    """All changes that a request's adapters make, in a fixed order."""

    def change(picture: Image.Image) -> Image.Image:
        for one in _changes(order, seed):
            picture = one(picture)
        return picture

    return change


def _changes(order: Order, seed: int) -> Iterator[Change]:
    features = object_of(order.get("advancedFeatures"))
    yield from _regions(order, object_of(features.get("regionalPrompting")), seed)
    yield from _weighted(order)
    yield from _guides(order)
    yield from _styles(order)
    yield from _faces(order)
    refiner = object_of(order.get("refiner"))
    if refiner or order.get("hiresFix") or features.get("hiresfix") or features.get("hiresFix"):
        left = 1 - number_in(refiner, "startStepPercentage", 0) / 100
        yield lambda picture: sharpened(picture, left)
    yield from _watermark(order, object_of(features.get("watermark")))


def _weighted(order: Order) -> Iterator[Change]:
    """LoRA, LyCORIS, embeddings and another VAE: each has a colour of its own."""
    for name in ("lora", "lycoris", "embeddings"):
        for adapter in map(object_of, array_of(order.get(name))):
            yield _tint(str(adapter.get("model")), _ADAPTER_SHARE * number_in(adapter, "weight", 1))
    for name in ("vae", "refiner"):
        model = order.get(name) if name == "vae" else object_of(order.get(name)).get("model")
        if model is not None:
            yield _tint(str(model), _ADAPTER_SHARE / 5)


def _guides(order: Order) -> Iterator[Change]:
    """ControlNet: the lines of the guide, for the part of the steps in which it holds."""
    nets = [object_of(net) for net in array_of(order.get("controlNet"))]
    for index, net in enumerate(nets):
        source = _at(order, f"controlNet[{index}].guideImage")
        if source is not None:
            yield _guide(source, number_in(net, "weight", 1) * _held(net, order.whole("steps", _STEPS)))


def _styles(order: Order) -> Iterator[Change]:
    """IP adapters: the colours of the pictures shown."""
    for index, adapter in enumerate(map(object_of, array_of(order.get("ipAdapters")))):
        weight = _STYLE_SHARE * number_in(adapter, "weight", 1)
        for source in _under(order, f"ipAdapters[{index}]."):
            yield _style(source, -weight if adapter.get("combineMethod") == "subtract" else weight)
    for source in order.inputs.sources("providerSettings.ideogram.styleReferenceImages"):
        yield _style(source, _STYLE_SHARE)


def _faces(order: Order) -> Iterator[Change]:
    """PuLID, InstantID, PhotoMaker, ACE++ and character references: the people shown."""
    for name in ("puLID", "pulid"):
        share = _FACE_SHARE * min(1.0, number_in(object_of(order.get(name)), "idWeight", 1))
        yield from _people(order.inputs.sources(f"{name}.inputImages"), share)
    yield from _people(order.inputs.sources("instantID.inputImage", "instantID.inputImages"), _FACE_SHARE)
    yield from _people(order.inputs.sources("providerSettings.ideogram.characterReferenceImages"), _FACE_SHARE)
    ace = object_of(order.get("acePlusPlus"))
    if ace and ace.get("type") != "local_editing":
        share = _FACE_SHARE * (1 - number_in(ace, "repaintingScale", 0))
        yield from _people(order.inputs.sources("acePlusPlus.inputImages"), share)
    embedded = object_of(order.get("photoMaker"))
    yield from _people(
        order.inputs.sources("photoMaker.images"), _photo_share(number_in(embedded, "strength", _PHOTO_STRENGTH))
    )
    if order.task_type == "photoMaker":
        yield from _people(order.inputs.sources("inputImages"), _photo_share(order.number("strength", _PHOTO_STRENGTH)))


def _regions(order: Order, regional_prompting: Mapping[str, Any], seed: int) -> Iterator[Change]:
    for index, region in enumerate(map(object_of, array_of(regional_prompting.get("regions")))):
        mask = _at(order, f"advancedFeatures.regionalPrompting.regions[{index}].mask")
        if mask is not None:
            yield _region(str(region.get("prompt", "")), mixed(order, seed), mask)


def _watermark(order: Order, wanted: Mapping[str, Any]) -> Iterator[Change]:
    source = _at(order, "advancedFeatures.watermark.image")
    text = wanted.get("text")
    if source is None and not isinstance(text, str):
        return
    opacity, tiled = number_in(wanted, "opacity", 1), bool(wanted.get("tiled"))
    color = _COLORS.get(str(wanted.get("fontColor", "white")).lower(), (255, 255, 255))
    mark = decoded(source.read()) if source is not None else str(text)
    yield lambda picture: marked(picture, mark, opacity=opacity, color=color, tiled=tiled)


def _tint(model: str, share: float) -> Change:
    return lambda picture: tinted(picture, _color_of(model), share) if share else picture


def _guide(source: Source, weight: float) -> Change:
    return lambda picture: guided(picture, flattened(decoded(source.read())), weight)


def _style(source: Source, share: float) -> Change:
    return lambda picture: tinted(picture, average(flattened(decoded(source.read()))), share)


def _people(sources: list[Source], share: float) -> Iterator[Change]:
    if sources:
        yield lambda picture: portrayed(picture, [flattened(decoded(one.read())) for one in sources], share)


def _region(text: str, seed: int, mask: Source) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        scene = Scene(text, seed, picture.size).at(0)
        return regional(picture, [(scene, flattened(decoded(mask.read())))])

    return change


def _held(net: Mapping[str, Any], steps: int) -> float:
    """The part of the steps in which a ControlNet guides, 0 to 1."""
    start = number_in(net, "startStepPercentage", 100 * number_in(net, "startStep", 0) / max(1, steps))
    end = number_in(net, "endStepPercentage", 100 * number_in(net, "endStep", steps) / max(1, steps))
    return max(0.0, min(100.0, end) - start) / 100


def _photo_share(strength: float) -> float:
    return _FACE_SHARE * strength / _FULL_PHOTO_STRENGTH


def _color_of(model: str) -> Color:
    chance = random.Random(zlib.crc32(model.encode()))
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def _at(order: Order, path: str) -> Source | None:
    return next((one.found for one in order.inputs.given if one.path == path and isinstance(one.found, Source)), None)


def _under(order: Order, path: str) -> list[Source]:
    return [one.found for one in order.inputs.given if one.path.startswith(path) and isinstance(one.found, Source)]
