"""Draws a seeded landscape in layers, so that one scene serves as a still and as a film."""

import bisect
import colorsys
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

__all__ = ["Color", "Palette", "Scene", "average", "captioned", "mixed", "palette", "sized"]

Color = tuple[int, int, int]

# Land is drawn wider than the frame, so that it can drift while the camera pans.
_SPARE = 1.12
_RIDGES = 5
_STEPS = 160
# Hills are drawn this much larger and then reduced, for smooth edges; very large pictures do without.
_FINE, _FINE_UP_TO = 2, 2048


@dataclass(frozen=True)
class Palette:
    """The colours of a scene: the top of the sky, the light at the horizon, and the nearest ground."""

    top: Color
    glow: Color
    ground: Color


def palette(prompt: str, seed: int, tints: Sequence[Color] = ()) -> Palette:
    """The colours that belong to prompt and seed, pulled towards `tints`."""
    chance = random.Random(f"colours:{seed}:{prompt}")
    hue = chance.random()
    warm = hue + chance.uniform(0.07, 0.16)
    top = _color(hue, 0.72, chance.uniform(0.3, 0.62))
    glow = _color(warm, chance.uniform(0.22, 0.5), 0.99)
    ground = _color(hue + chance.uniform(-0.07, 0.07), 0.75, 0.13)
    return Palette(_tinted(top, tints), _tinted(glow, tints), _tinted(ground, tints))


class Scene:
    """A sky, a sun and ranges of hills, coloured by prompt and seed.

    Args:
        prompt: Any text; it chooses the picture together with `seed`.
        seed: Any integer.
        size: Width and height in pixels.
        tints: Colours that pull the palette towards themselves.
    """

    def __init__(self, prompt: str, seed: int, size: tuple[int, int], tints: Sequence[Color] = ()) -> None:
        self.size = size
        self._random = random.Random(f"{seed}:{prompt}")
        self._colors = palette(prompt, seed, tints)
        self._horizon = self._random.uniform(0.42, 0.58)
        self._sun_start = self._random.uniform(0.15, 0.45)
        self._sky = self._draw_sky()
        self._sun = self._draw_sun()
        self._lands = [self._draw_land(0, _RIDGES - 2), self._draw_land(_RIDGES - 2, _RIDGES)]

    def at(self, progress: float) -> Image.Image:
        """The scene from 0 (start) to 1 (end): the sun climbs and the hills drift."""
        width, height = self.size
        picture = self._sky.copy()
        across = self._sun_start + 0.4 * progress
        level = self._horizon - 0.2 - 0.16 * math.sin(math.pi * (0.15 + 0.5 * progress))
        corner = (round(across * width - self._sun.width / 2), round(level * height - self._sun.height / 2))
        picture.paste(self._sun, corner, self._sun)
        for depth, land in enumerate(self._lands, 1):
            shift = round(progress * (land.width - width) * depth / len(self._lands))
            part = land.crop((shift, 0, shift + width, land.height))
            picture.paste(part, (0, height - land.height), part)
        return picture

    def without_sky(self) -> Image.Image:
        """The hills alone, on a transparent ground."""
        picture = Image.new("RGBA", self.size)
        for land in self._lands:
            picture.alpha_composite(land.crop((0, 0, self.size[0], land.height)), (0, self.size[1] - land.height))
        return picture

    def _draw_sky(self) -> Image.Image:
        ramp = Image.linear_gradient("L").resize((1, self.size[1]), Image.Resampling.BICUBIC)
        colors = self._colors
        middle = mixed(colors.top, colors.glow, 0.45)
        column = ImageOps.colorize(ramp, colors.top, colors.glow, mid=middle, midpoint=96, whitepoint=165)
        return column.resize(self.size)

    def _draw_sun(self) -> Image.Image:
        side = max(4, round(min(self.size) * 0.6))
        # Pillow's gradient reaches 255 in the corners, 181 at the edges: the light has to end there.
        fading = [round(150 * max(0.0, 1 - n / 180) ** 2.2) for n in range(256)]
        light = Image.radial_gradient("L").point(fading)
        alpha = light.resize((side, side), Image.Resampling.BICUBIC)
        disc = Image.new("L", (2 * side, 2 * side))
        ImageDraw.Draw(disc).ellipse([side * 0.78, side * 0.78, side * 1.22, side * 1.22], fill=255)
        alpha = ImageChops.lighter(alpha, disc.reduce(2))
        sun = Image.new("RGBA", (side, side), mixed(self._colors.glow, (255, 255, 255), 0.72))
        sun.putalpha(alpha)
        return sun

    def _draw_land(self, first: int, last: int) -> Image.Image:
        width, height = round(self.size[0] * _SPARE), self.size[1]
        top = max(0.0, self._ridge_level(first) - 0.12)
        fine = _FINE if max(self.size) <= _FINE_UP_TO else 1
        land = Image.new("RGBA", (width * fine, max(1, round(height * (1 - top))) * fine), (*self._colors.ground, 0))
        draw = ImageDraw.Draw(land)
        for ridge in range(first, last):
            nearness = (ridge + 1) / _RIDGES
            color = mixed(mixed(self._colors.glow, self._colors.top, 0.35), self._colors.ground, nearness**0.8)
            line = self._ridge_line(ridge, land.width, fine * height, fine * height * top)
            draw.polygon([(0, land.height), *line, (land.width, land.height)], fill=(*color, 255))
        return land.reduce(fine)

    def _ridge_level(self, ridge: int) -> float:
        farthest = self._horizon + 0.07
        return farthest + (0.95 - farthest) * math.pow(ridge / _RIDGES, 1.2)

    def _ridge_line(self, ridge: int, width: int, height: int, above: float) -> list[tuple[float, float]]:
        chance = self._random
        waves = [
            (0.036 / n * chance.uniform(0.6, 1), math.tau * n * chance.uniform(1.1, 2.3), chance.uniform(0, math.tau))
            for n in (1, 2, 4, 9)
        ]
        level = self._ridge_level(ridge)
        line: list[tuple[float, float]] = []
        for step in range(_STEPS + 1):
            part = step / _STEPS
            rise = math.fsum(high * math.sin(often * part + phase) for high, often, phase in waves)
            line.append((width * part, (level - rise) * height - above))
        return line


def mixed(one: Color, other: Color, share: float) -> Color:
    """The colour `share` (0 to 1) of the way from `one` to `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def sized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture cropped to the shape of `size` and scaled to it."""
    return picture if picture.size == size else ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def captioned(picture: Image.Image, text: str) -> Image.Image:
    """Writes one small line at the bottom of `picture`, in place, and returns it."""
    width, height = picture.size
    font_size = max(8, min(width, height) // 34)
    font = ImageFont.load_default(font_size)
    line = _shortened(" ".join(text.split()), font, width - 2 * font_size)
    if not line or height < 5 * font_size:
        return picture
    strip = Image.new("L", (width, 2 * font_size), 165)
    top = height - strip.height
    picture.paste((0, 0, 0), (0, top), strip)
    draw = ImageDraw.Draw(picture)
    draw.text((font_size, top + font_size), line, fill=(255, 255, 255), font=font, anchor="lm")
    return picture


def average(picture: Image.Image) -> Color:
    """The mean colour of an RGB picture."""
    red, green, blue = (round(mean) for mean in ImageStat.Stat(picture).mean)
    return red, green, blue


def _color(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue


def _tinted(color: Color, tints: Sequence[Color]) -> Color:
    for tint in tints:
        color = mixed(color, tint, 0.5 / len(tints))
    return color


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    text = text[: max(0, int(room))]  # no letter is narrower than a pixel
    if font.getlength(text) <= room:
        return text
    fitting = bisect.bisect_right(range(1, len(text)), room, key=lambda length: font.getlength(text[:length] + "…"))
    return text[:fitting] + "…" if fitting else ""
