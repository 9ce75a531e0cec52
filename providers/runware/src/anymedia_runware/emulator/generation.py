"""Tasks that make something new: images, films and sound."""

import zlib
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import object_of
from anymedia_runware.emulator.sizes import frame_size, image_size
from anymedia_runware.emulator.work import AUDIO_SECONDS, IMAGE_SECONDS, VIDEO_SECONDS, Order, Product, Work

__all__ = ["make_audio", "make_images", "make_videos"]

_VIDEO_LENGTH = 5.0
_AUDIO_LENGTH = 10.0
_SECONDS_PER_LETTER = 0.06
_FRAMES_PER_SECOND = 24
_STRENGTH = 0.8
_BLANK = "__BLANK__"


def make_images(order: Order) -> Work:
    """imageInference: from text, or from a seed image, a mask and references."""
    seed = _seed(order)
    bases = order.inputs.sources("seedImage", "image", "inputImage")
    masks = order.inputs.sources("maskImage", "mask")
    references = order.inputs.sources("referenceImages", "images", "inputImages", "superResolutionReferences")
    format = order.format("jpg")

    def draw(index: int) -> bytes:
        width, height = image_size(order.task, next(iter([*bases, *references]), None))
        return render.image(
            _prompt(order),
            seed=_mixed(order, seed + index),
            width=width,
            height=height,
            format=format,
            base=_read(next(iter(bases), None)),
            mask=_read(next(iter(masks), None)),
            strength=order.get("strength", _STRENGTH),
            references=[reference.read() for reference in references],
            transparent=format != "jpg" and _wants_transparency(order),
        )

    def produce(index: int) -> Product:
        fields = {"seed": seed + index, **_checked(order)}
        return Product(fields, order.keep("image", format, lambda: draw(index)), "image")

    return Work(_count(order), IMAGE_SECONDS, price("imageInference"), produce)


def make_videos(order: Order) -> Work:
    """videoInference: from text, frame images, another film, or a character and a performance."""
    seed = _seed(order)
    seconds = _length(order)
    format = order.format("mp4")

    def produce(index: int) -> Product:
        fields = {"seed": seed + index, **_checked(order)}
        return Product(
            fields, order.keep("video", format, lambda: _film(order, seed + index, seconds, format)), "video"
        )

    return Work(_count(order), VIDEO_SECONDS, price("videoInference", seconds=seconds), produce)


def make_audio(order: Order) -> Work:
    """audioInference: music, effects or speech, all of them melodies here."""
    seed = _seed(order)
    text = str(object_of(order.get("speech")).get("text", ""))
    seconds = float(order.get("duration") or (max(1.0, _SECONDS_PER_LETTER * len(text)) if text else _AUDIO_LENGTH))
    sample_rate = object_of(order.get("audioSettings")).get("sampleRate", 44100)
    format = order.format("mp3")

    def draw(index: int) -> bytes:
        words = text or _prompt(order)
        mixed = _mixed(order, seed + index)
        return render.audio(words, seed=mixed, duration=seconds, sample_rate=sample_rate, format=format)

    def produce(index: int) -> Product:
        return Product({"seed": seed + index}, order.keep("audio", format, lambda: draw(index)), "audio")

    return Work(_count(order), AUDIO_SECONDS, price("audioInference"), produce)


def _film(order: Order, seed: int, seconds: float, format: str) -> bytes:
    first, last = _key_frames(order)
    films = order.inputs.of_kind("video")
    characters = order.inputs.sources("image", "images", "inputImage", "avatar", "character")
    mixed = _mixed(order, seed)
    if films and characters:
        return _performance(order, characters[0], films[0], mixed, format)
    first = first or next(iter([*characters, *order.inputs.sources("referenceImages")]), None)
    sounds = order.inputs.of_kind("audio")
    if (films or sounds) and "duration" not in order.task:
        seconds = render.probe((films or sounds)[0].read()).duration or seconds
    width, height = frame_size(order.task, first or last or next(iter(films), None))
    return render.video(
        _prompt(order),
        seed=mixed,
        width=width,
        height=height,
        duration=seconds,
        fps=float(order.get("fps", _FRAMES_PER_SECOND)),
        format=format,
        first_frame=_read(first),
        last_frame=_read(last),
        source=_read(next(iter(films), None)),
        audio=bool(order.get("audio") or _vendor_flag(order, "generateAudio", "audio", "sound")),
    )


def _performance(order: Order, character: Source, film: Source, seed: int, format: str) -> bytes:
    width, height = frame_size(order.task, character)
    return render.perform(character.read(), film.read(), seed=seed, width=width, height=height, format=format)


def _key_frames(order: Order) -> tuple[Source | None, Source | None]:
    """The first and the last frame; without a word on placement, two images are the first and the last."""
    first: Source | None = None
    last: Source | None = None
    given = order.inputs.named("frameImages", "frame", "frames")
    for index, one in enumerate(given):
        source = one.found if isinstance(one.found, Source) else None
        if one.frame == "last" or (one.frame is None and 0 < index == len(given) - 1):
            last = source
        else:
            first = first or source
    return first, last


def _count(order: Order) -> int:
    return int(order.get("numberResults", 1))


def _seed(order: Order) -> int:
    return int(order.get("seed", order.rng.getrandbits(31)))


def _mixed(order: Order, seed: int) -> int:
    """One seed from the model and the request's seed, so that two models draw differently."""
    return zlib.crc32(f"{order.model.air}:{seed}".encode())


def _prompt(order: Order) -> str:
    prompt = str(order.get("positivePrompt", ""))
    return "" if prompt == _BLANK else prompt


def _length(order: Order) -> float:
    asked = order.get("duration")
    return float(asked) if isinstance(asked, int | float) else _VIDEO_LENGTH


def _read(source: Source | None) -> bytes | None:
    return None if source is None else source.read()


def _checked(order: Order) -> dict[str, Any]:
    safety = object_of(order.get("safety"))
    wanted = safety.get("checkContent") or safety.get("mode", "none") != "none"
    return {"NSFWContent": False} if wanted or order.get("checkNSFW") else {}


def _wants_transparency(order: Order) -> bool:
    features = object_of(order.get("advancedFeatures"))
    return order.get("background") == "transparent" or bool(features.get("layerDiffuse"))


def _vendor_flag(order: Order, *names: str) -> bool:
    vendors = object_of(order.get("providerSettings")).values()
    return any(bool(object_of(vendor).get(name)) for vendor in vendors for name in names)
