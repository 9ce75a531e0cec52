"""Films: made from a prompt, pictures or another film; enlarged, freed of their background, performed."""

import math
import random
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice, repeat

from av import VideoFrame
from PIL import Image, ImageOps

from anymedia.testing.render.containers import (
    Pictures,
    Sound,
    as_frame,
    as_picture,
    film_frames,
    film_rate,
    sound_of,
    steady,
    write,
)
from anymedia.testing.render.mattes import subject
from anymedia.testing.render.pictures import decoded, flattened, target_size
from anymedia.testing.render.scenes import Color, Scene, captioned, mixed, palette, sized
from anymedia.testing.render.sounds import melody

__all__ = ["cut_out_video", "perform", "upscale_video", "video"]

_ZOOM = 0.12


def video(
    prompt: str,
    *,
    seed: int,
    width: int,
    height: int,
    duration: float,
    fps: float = 24,
    format: str = "mp4",
    first_frame: bytes | None = None,
    last_frame: bytes | None = None,
    source: bytes | None = None,
    audio: bool = False,
) -> bytes:
    """A film of `duration` seconds that browsers play; the same arguments give the same bytes.

    Args:
        prompt: Chooses the scene together with `seed`.
        seed: Any integer.
        width: Pixels across; odd numbers are rounded up, as H.264 needs.
        height: Pixels down, likewise.
        duration: Seconds.
        fps: Frames per second.
        format: `mp4` or `mov` (H.264), or `webm` (VP9).
        first_frame: The picture the film starts with.
        last_frame: The picture the film ends with.
        source: A film to paint anew in the colours of the prompt; its sound is kept.
        audio: Add a melody.

    Raises:
        ValueError: An input cannot be decoded, or the format is unknown.
    """
    size, rate = _even((width, height)), _as_rate(fps)
    count = max(1, round(duration * rate))
    if source is not None:
        pictures = _restyled(prompt, seed, (sized(as_picture(frame), size) for frame in _lasting(source, rate, count)))
    elif first_frame is not None or last_frame is not None:
        pictures = _morph(_key_pictures(prompt, seed, size, first_frame, last_frame), count, seed)
    else:
        pictures = _landscape(prompt, seed, size, count)
    seconds = float(count / rate)
    sound = melody(prompt, seed, seconds, 48000) if audio else _kept_sound(source, seconds)
    return write(format, pictures=Pictures(map(as_frame, pictures), size, rate), sound=sound)


def upscale_video(
    data: bytes,
    *,
    factor: float | None = None,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    format: str = "mp4",
) -> bytes:
    """The film enlarged (Lanczos) by `factor`, or to `size` in pixels; its sound is kept.

    Args:
        data: The film.
        factor: How many times wider and higher.
        size: Width and height instead of a factor; odd numbers are rounded up.
        fps: Frames per second; None keeps the film's own.
        format: `mp4`, `mov` or `webm`.

    Raises:
        ValueError: `data` is no film, or neither or both of factor and size are given.
    """
    source_rate, seconds = film_rate(data)
    rate = source_rate if fps is None else _as_rate(fps)
    frames = steady(film_frames(data), source_rate, rate)
    first = next(frames)
    width, height = _even(target_size((first.width, first.height), factor, size))
    larger = (frame.reformat(width, height, interpolation="LANCZOS") for frame in chain([first], frames))
    return write(format, pictures=Pictures(larger, (width, height), rate), sound=_kept_sound(data, seconds))


def cut_out_video(data: bytes, *, format: str = "webm", ground: Color | None = None) -> bytes:
    """The film with its background made transparent; its sound is kept.

    Args:
        data: The film.
        format: `webm` (VP9) or `mov` (ProRes 4444), the two that carry transparency; on a ground, any.
        ground: A colour to put in the background's place.

    Raises:
        ValueError: `data` is no film, or the format has no transparency.
    """
    rate, seconds = film_rate(data)
    cut = (_cut_out(frame, ground) for frame in film_frames(data))
    first = next(cut)
    size = _even(first.size)
    frames = (as_frame(sized(picture, size)) for picture in chain([first], cut))
    return write(format, pictures=Pictures(frames, size, rate, alpha=ground is None), sound=_kept_sound(data, seconds))


def perform(character: bytes, performance: bytes, *, seed: int, width: int, height: int, format: str = "mp4") -> bytes:
    """A film as long as `performance` in which the character moves, with the performance in a corner.

    Args:
        character: A picture or a film; a shorter film is held on its last frame.
        performance: A film; its sound is kept.
        seed: Chooses how the character sways.
        width: Pixels across; odd numbers are rounded up.
        height: Pixels down, likewise.
        format: `mp4`, `mov` or `webm`.

    Raises:
        ValueError: An input cannot be decoded, or the format is unknown.
    """
    size = _even((width, height))
    rate, seconds = film_rate(performance)
    actors = _actor(character, rate, size)
    frames = steady(film_frames(performance), rate, rate)
    pictures = _performed(actors, frames, rate, random.Random(seed))
    return write(
        format, pictures=Pictures(map(as_frame, pictures), size, rate), sound=_kept_sound(performance, seconds)
    )


def _landscape(prompt: str, seed: int, size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    scene = Scene(prompt, seed, size)
    for index in range(count):
        yield captioned(scene.at(index / max(1, count - 1)), prompt)


def _key_pictures(
    prompt: str, seed: int, size: tuple[int, int], first: bytes | None, last: bytes | None
) -> tuple[Image.Image, Image.Image]:
    start = Scene(prompt, seed, size).at(0) if first is None else sized(flattened(decoded(first)), size)
    return start, start if last is None else sized(flattened(decoded(last)), size)


def _morph(keys: tuple[Image.Image, Image.Image], count: int, seed: int) -> Iterator[Image.Image]:
    """The camera moves towards the first picture, which dissolves into the last as the camera arrives there."""
    first, last = keys
    chance = random.Random(seed)
    focus = chance.uniform(0.3, 0.7), chance.uniform(0.3, 0.6)
    for index in range(count):
        progress = index / max(1, count - 1)
        if first is last:
            yield _zoomed(first, 1 + _ZOOM * _eased(progress), focus)
            continue
        share = _eased((progress - 0.3) / 0.4)
        start = _zoomed(first, 1 + _ZOOM * progress, focus) if share < 1 else first
        end = _zoomed(last, 1 + _ZOOM * (1 - progress), focus) if share > 0 else last
        yield Image.blend(start, end, share) if 0 < share < 1 else end if share else start


def _restyled(prompt: str, seed: int, pictures: Iterable[Image.Image]) -> Iterator[Image.Image]:
    colors = palette(prompt, seed)
    middle = mixed(colors.top, colors.glow, 0.35)
    for picture in pictures:
        painted = ImageOps.colorize(picture.convert("L"), colors.ground, colors.glow, mid=middle)
        yield captioned(Image.blend(picture, painted, 0.65), prompt)


def _performed(
    actors: Iterator[Image.Image], frames: Iterable[VideoFrame], rate: Fraction, chance: random.Random
) -> Iterator[Image.Image]:
    phase, pace = chance.uniform(0, math.tau), chance.uniform(0.4, 0.7)
    for index, (actor, frame) in enumerate(zip(actors, frames, strict=False)):
        turn = phase + math.tau * pace * float(index / rate)
        picture = _zoomed(actor, 1.08, (0.5 + 0.5 * math.sin(turn), 0.5 + 0.5 * math.sin(2 * turn)))
        yield _with_inset(picture, frame)


def _with_inset(picture: Image.Image, frame: VideoFrame) -> Image.Image:
    share = min(picture.width / frame.width, picture.height / frame.height) / 4
    size = max(1, round(frame.width * share)), max(1, round(frame.height * share))
    border = max(1, min(size) // 40)
    inset = ImageOps.expand(as_picture(frame, size), border, (255, 255, 255))
    gap = 3 * border
    picture.paste(inset, (picture.width - inset.width - gap, gap))
    return picture


def _actor(character: bytes, rate: Fraction, size: tuple[int, int]) -> Iterator[Image.Image]:
    try:
        return repeat(sized(flattened(decoded(character)), size))
    except ValueError:
        return (sized(as_picture(frame), size) for frame in _held(character, rate))


def _held(data: bytes, rate: Fraction) -> Iterator[VideoFrame]:
    """A film at another rate, holding its last frame for ever."""
    frame: VideoFrame | None = None
    for frame in steady(film_frames(data), film_rate(data)[0], rate):
        yield frame
    assert frame is not None
    yield from repeat(frame)


def _lasting(data: bytes, rate: Fraction, count: int) -> Iterator[VideoFrame]:
    return islice(_held(data, rate), count)


def _cut_out(frame: VideoFrame, ground: Color | None) -> Image.Image:
    picture = as_picture(frame)
    mask = subject(picture)
    if ground is not None:
        return Image.composite(picture, Image.new("RGB", picture.size, ground), mask)
    picture.putalpha(mask)
    return picture


def _kept_sound(source: bytes | None, seconds: float) -> Sound | None:
    sound = None if source is None else sound_of(source)
    if sound is None:
        return None
    return Sound([block for block in sound.frames if (block.time or 0.0) < seconds], sound.rate, sound.layout)


def _zoomed(picture: Image.Image, zoom: float, focus: tuple[float, float]) -> Image.Image:
    width, height = picture.size
    left, top = (width - width / zoom) * focus[0], (height - height / zoom) * focus[1]
    return picture.resize(
        picture.size, Image.Resampling.BILINEAR, box=(left, top, left + width / zoom, top + height / zoom)
    )


def _eased(progress: float) -> float:
    part = min(1.0, max(0.0, progress))
    return part * part * (3 - 2 * part)


def _as_rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)


def _even(size: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(2, side + side % 2) for side in size)
    return width, height
