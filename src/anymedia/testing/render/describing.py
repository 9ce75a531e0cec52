"""Puts into words what can be measured in a picture, a film or a sound."""

import colorsys
from collections import Counter

from PIL import Image, ImageStat

from anymedia.testing.render.containers import as_picture, film_frames
from anymedia.testing.render.facts import Facts, probe
from anymedia.testing.render.pictures import decoded, flattened

__all__ = ["describe"]

_HUES = (
    (15, "red"),
    (45, "orange"),
    (68, "yellow"),
    (160, "green"),
    (200, "teal"),
    (255, "blue"),
    (290, "purple"),
    (335, "pink"),
    (361, "red"),
)
_SAMPLE = (32, 32)
_MAIN_COLORS = 2


def describe(data: bytes) -> str:
    """One true sentence: size, shape, brightness and main colours, and for films and sound how long they last.

    Raises:
        ValueError: `data` is no medium.
    """
    facts = probe(data)
    if facts.duration is None:
        return _still(flattened(decoded(data)))
    if facts.width is None:
        return f"A recording of {facts.duration:.1f} seconds"
    return _film(data, facts)


def _still(picture: Image.Image) -> str:
    width, height = picture.size
    shape = "wide" if width > height else "tall" if height > width else "square"
    return f"A {shape} picture of {width} by {height} pixels, {_light(picture)}, mostly {_main(picture)}"


def _film(data: bytes, facts: Facts) -> str:
    first = as_picture(next(film_frames(data)))
    sound = "with sound" if facts.audio else "without sound"
    length = f"A film of {facts.duration:.1f} seconds, {facts.width} by {facts.height} pixels, {sound}"
    return f"{length}, {_light(first)}, mostly {_main(first)}"


def _light(picture: Image.Image) -> str:
    (level,) = ImageStat.Stat(picture.convert("L")).mean
    return "dark" if level < 70 else "bright" if level > 185 else "evenly lit"


def _main(picture: Image.Image) -> str:
    return " and ".join(_colors(picture))


def _colors(picture: Image.Image) -> list[str]:
    """The names of a picture's main colours, the most frequent first."""
    small = picture.convert("RGB").resize(_SAMPLE, Image.Resampling.BOX).tobytes()
    names = Counter(_name(*small[n : n + 3]) for n in range(0, len(small), 3))
    return [name for name, _ in names.most_common(_MAIN_COLORS)]


def _name(red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.15:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.85 else "grey"
    return next(name for limit, name in _HUES if 360 * hue < limit)
