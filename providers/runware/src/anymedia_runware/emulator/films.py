"""videoInference: from text, frame images, another film, a voice, or a character and a performance."""

from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.asking import checked, count, mixed, prompt, read, seed_of, vendor_flag
from anymedia_runware.emulator.inputs import Input, Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import array_of, object_of
from anymedia_runware.emulator.sizes import frame_size
from anymedia_runware.emulator.sounds import lines_of
from anymedia_runware.emulator.work import VIDEO_SECONDS, Order, Product, Work

__all__ = ["make_videos"]

_VIDEO_LENGTH = 5.0
_FRAMES_PER_SECOND = 24
_FRAMES = ("frameImages", "frame", "frames")
_PEOPLE = ("image", "images", "inputImage", "inputImages", "avatar", "character", "seedImage")
_REFERENCES = ("referenceImages", "references", "elements")


def make_videos(order: Order) -> Work:
    """videoInference of any kind."""
    seed, seconds, format = seed_of(order), order.number("duration", _VIDEO_LENGTH), order.format("mp4")

    def produce(index: int) -> Product:
        made = order.keep("video", format, lambda: _film(order, seed + index, seconds, format), about=prompt(order))
        fields = {"seed": seed + index, **checked(order), **_draft(order, made.uuid)}
        return Product(fields, made, "video")

    return Work(count(order), VIDEO_SECONDS, price("videoInference", seconds=seconds), produce)


def _draft(order: Order, uuid: str) -> dict[str, Any]:
    """A draft, made on request, can be named in a later request."""
    wanted = order.get("draft") or vendor_flag(order, "draft")
    return {"outputs": {"draftId": uuid, "videoId": uuid}} if wanted else {}


def _film(order: Order, seed: int, seconds: float, format: str) -> bytes:
    films = [*order.inputs.of_kind("video"), *_earlier(order)]
    people = order.inputs.sources(*_PEOPLE)
    keys = order.inputs.named(*_FRAMES)
    sound = _sound(order, seed)
    if sound is not None and "duration" not in order.task:
        seconds = render.probe(sound).duration or seconds
    if films and people:
        made = _performance(order, people[0], films[0], mixed(order, seed), format)
    elif len(keys) > 2:
        made = _reel(order, keys, seconds, format)
    else:
        made = _scene(order, seed, seconds, format, films)
    return made if sound is None else render.dub(made, sound, format)


def _scene(order: Order, seed: int, seconds: float, format: str, films: list[Source]) -> bytes:
    start, end = _key_frames(order)
    shown = [*order.inputs.sources(*_PEOPLE, *_REFERENCES)]
    start = start or next((one for one in shown if one.kind == "image"), None)
    if films and "duration" not in order.task:
        seconds = render.probe(films[0].read()).duration or seconds
    width, height = frame_size(order.task, start or end or next(iter(films), None))
    return render.video(
        prompt(order),
        seed=mixed(order, seed),
        width=width,
        height=height,
        duration=seconds,
        fps=order.number("fps", _FRAMES_PER_SECOND),
        format=format,
        first_frame=read(start),
        last_frame=read(end),
        source=read(next(iter(films), None)),
        audio=bool(order.get("audio") or vendor_flag(order, "generateAudio", "audio", "sound")),
    )


def _reel(order: Order, keys: list[Input], seconds: float, format: str) -> bytes:
    """More than two pictures are spread evenly, in the order of their places where these are numbers."""
    numbered = all(isinstance(key.frame, int | float) for key in keys)
    ordered = sorted(keys, key=lambda key: float(key.frame or 0)) if numbered else keys
    sources = [key.found for key in ordered if isinstance(key.found, Source)]
    size = frame_size(order.task, sources[0])
    fps = order.number("fps", _FRAMES_PER_SECOND)
    return render.reel([source.read() for source in sources], size=size, duration=seconds, fps=fps, format=format)


def _performance(order: Order, character: Source, film: Source, seed: int, format: str) -> bytes:
    width, height = frame_size(order.task, character)
    return render.perform(character.read(), film.read(), seed=seed, width=width, height=height, format=format)


def _sound(order: Order, seed: int) -> bytes | None:
    """The sound that a request brings along: a recording, or words to say."""
    given = next(iter(order.inputs.of_kind("audio")), None)
    if given is not None:
        return given.read()
    speech = [order.get("speech"), *array_of(object_of(order.get("inputs")).get("speech"))]
    lines = [line for each in speech for line in lines_of(object_of(each))]
    return render.speech(lines, seed=seed) if lines else None


def _earlier(order: Order) -> list[Source]:
    """The film of an earlier draft that a request goes on with."""
    inputs = object_of(order.get("inputs"))
    uuid = inputs.get("draftId") or inputs.get("videoId")
    found = order.host.find(uuid) if isinstance(uuid, str) else None
    return [] if found is None else [Source(found.kind, found.format, found.read, found.uuid)]


def _key_frames(order: Order) -> tuple[Source | None, Source | None]:
    """The first and the last frame; without a word on placement, two images are the first and the last."""
    start: Source | None = None
    end: Source | None = None
    given = order.inputs.named(*_FRAMES)
    for index, one in enumerate(given):
        source = one.found if isinstance(one.found, Source) else None
        if one.frame == "last" or (one.frame is None and 0 < index == len(given) - 1):
            end = source
        else:
            start = start or source
    return start, end
