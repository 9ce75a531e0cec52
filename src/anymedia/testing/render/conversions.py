"""Turns one media file into another: format, part of its length, size, rate; and sound put to a film."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, repeat

import av
from PIL import Image

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
from anymedia.testing.render.pictures import decoded, encoded
from anymedia.testing.render.scenes import sized
from anymedia.testing.render.sounds import blocks, samples_of

__all__ = ["Cut", "convert", "dub", "reel"]

_PICTURES = ("png", "jpg", "jpeg", "webp")
_FILMS = ("mp4", "mov", "webm", "mkv")
_RATE = 48_000
_STILL_SECONDS = 1.0
_SLACK = 1e-6


@dataclass(frozen=True)
class Cut:
    """What to keep of a medium, and how. `start` and `end` are seconds, None is the end of it; `size` is pixels."""

    start: float = 0.0
    end: float | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    silent: bool = False

    def holds(self, moment: float) -> bool:
        """Whether a moment is kept."""
        return self.start - _SLACK <= moment and (self.end is None or moment < self.end - _SLACK)


def convert(data: bytes, format: str, cut: Cut | None = None) -> bytes:
    """A medium in another format: any picture, film or sound into whatever it can become.

    A film becomes a picture by its first frame kept, and a sound by its sound; a picture becomes a film of one second.

    Raises:
        ValueError: `data` cannot be decoded, nothing of it is kept, or it cannot become that.
    """
    kind, cut = format.lower(), cut or Cut()
    try:
        picture = decoded(data)
    except ValueError:
        return _converted(data, kind, cut)
    if kind in _PICTURES:
        return encoded(picture if cut.size is None else picture.resize(cut.size), kind)
    size = _even(cut.size or picture.size)
    rate = _rate(cut.fps or 24)
    seconds = _STILL_SECONDS if cut.end is None else cut.end - cut.start
    still = sized(picture.convert("RGB"), size)
    frames = (as_frame(still) for _ in range(max(1, round(seconds * rate))))
    return write(kind, pictures=Pictures(frames, size, rate))


def dub(film: bytes, sound: bytes | None, format: str = "mp4") -> bytes:
    """The film with another sound, or none, cut or followed by silence to the film's length.

    Raises:
        ValueError: An input cannot be decoded, or the format holds no film.
    """
    rate, seconds = film_rate(film)
    frames = steady(film_frames(film), rate, rate)
    first = next(frames)
    track = None if sound is None else _lasting(sound, seconds)
    return write(format, pictures=Pictures(chain([first], frames), (first.width, first.height), rate), sound=track)


def reel(keys: list[bytes], *, size: tuple[int, int], duration: float, fps: float = 24, format: str = "mp4") -> bytes:
    """A film that goes through pictures at even distances, each dissolving into the next.

    Raises:
        ValueError: An input is no picture, or the format holds no film.
    """
    rate, size = _rate(fps), _even(size)
    pictures = [sized(decoded(key).convert("RGB"), size) for key in keys]
    count = max(len(keys), round(duration * rate))
    return write(format, pictures=Pictures(map(as_frame, _dissolved(pictures, count)), size, rate))


def _dissolved(pictures: list[Image.Image], count: int) -> Iterator[Image.Image]:
    for n in range(count):
        place = n / max(1, count - 1) * (len(pictures) - 1)
        index = min(int(place), len(pictures) - 2)
        yield Image.blend(pictures[index], pictures[index + 1], place - index)


def _converted(data: bytes, kind: str, cut: Cut) -> bytes:
    if kind in _PICTURES:
        frame = next(_kept_frames(data, cut), None)
        if frame is None:
            raise ValueError("nothing of this film is kept")
        return encoded(as_picture(frame, cut.size), kind)
    sound = None if cut.silent else _kept_sound(data, cut)
    if kind not in _FILMS:
        if sound is None:
            raise ValueError("this file has no sound")
        return write(kind, sound=sound)
    source = film_rate(data)[0]
    rate = source if cut.fps is None else _rate(cut.fps)
    frames = steady(_kept_frames(data, cut), source, rate)
    first = next(frames, None)
    if first is None:
        raise ValueError("nothing of this film is kept")
    size = _even(cut.size or (first.width, first.height))
    fitted = (frame.reformat(*size, interpolation="LANCZOS") for frame in chain([first], frames))
    return write(kind, pictures=Pictures(fitted, size, rate), sound=sound)


def _kept_frames(data: bytes, cut: Cut) -> Iterator[av.VideoFrame]:
    return (frame for frame in film_frames(data) if cut.holds(frame.time or 0.0))


def _kept_sound(data: bytes, cut: Cut) -> Sound | None:
    sound = sound_of(data)
    if sound is None:
        return None
    kept = [frame for frame in sound.frames if cut.holds(frame.time or 0.0)]
    for frame in kept:
        frame.pts = None
    return Sound(kept, sound.rate, sound.layout) if kept else None


def _lasting(data: bytes, seconds: float) -> Sound:
    """The sound of a file for so many seconds, with silence after it if it is shorter."""
    samples = samples_of(data, _RATE)
    wanted = round(seconds * _RATE)
    return Sound(blocks(array("h", islice(chain(samples, repeat(0)), wanted)), _RATE), _RATE)


def _even(size: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(2, side + side % 2) for side in size)
    return width, height


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)
