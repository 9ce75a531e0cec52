"""Guide pictures for ControlNet: edges, depth, normals, poses and the like, worked out from a picture."""

import math
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps, ImageStat

from anymedia.testing.render.levels import above, scaled, within
from anymedia.testing.render.mattes import subject
from anymedia.testing.render.pictures import decoded, flattened
from anymedia.testing.render.scenes import average

__all__ = ["GUIDES", "guide"]

_SOBEL_X = ImageFilter.Kernel((3, 3), [-1, 0, 1, -2, 0, 2, -1, 0, 1], scale=4, offset=128)
_SOBEL_Y = ImageFilter.Kernel((3, 3), [-1, -2, -1, 0, 0, 0, 1, 2, 1], scale=4, offset=128)
_LOW, _HIGH = 100, 200
# Thresholds are given for the sum of a Sobel operator of scale 1, of which the pictures here hold a quarter.
_SOBEL_SCALE = 4
_SEGMENTS = 8
_TILE = 8
_LIMBS = {
    "neck": (0.5, 0.22),
    "hips": (0.5, 0.55),
    "left elbow": (0.2, 0.4),
    "left hand": (0.1, 0.58),
    "right elbow": (0.8, 0.4),
    "right hand": (0.9, 0.58),
    "left knee": (0.35, 0.77),
    "left foot": (0.3, 0.98),
    "right knee": (0.65, 0.77),
    "right foot": (0.7, 0.98),
    "head": (0.5, 0.08),
}
_BONES = (
    ("head", "neck"),
    ("neck", "hips"),
    ("neck", "left elbow"),
    ("left elbow", "left hand"),
    ("neck", "right elbow"),
    ("right elbow", "right hand"),
    ("hips", "left knee"),
    ("left knee", "left foot"),
    ("hips", "right knee"),
    ("right knee", "right foot"),
)


def guide(
    data: bytes,
    kind: str,
    *,
    low: int = _LOW,
    high: int = _HIGH,
    details: bool = True,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """The guide picture of a kind.

    Args:
        data: The picture to look at.
        kind: One of `GUIDES`.
        low: For `canny`, the threshold (0 to 255) for edges that continue a strong one.
        high: For `canny`, the threshold for strong edges.
        details: For `openpose`, whether hands and face are drawn.
        size: Pixels of the guide; None keeps the picture's.

    Raises:
        ValueError: `data` is no picture, or there is no such kind.
    """
    if kind not in GUIDES:
        raise ValueError(f"no guide {kind!r}; use one of {', '.join(GUIDES)}")
    picture = flattened(decoded(data))
    if size is not None:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    if kind == "canny":
        return _canny(picture, low, high)
    if kind == "openpose":
        return _pose(picture, details=details)
    return _MAKERS[kind](picture)


def _canny(picture: Image.Image, low: int = _LOW, high: int = _HIGH) -> Image.Image:
    """Thin white edges on black, by Canny's method with two directions."""
    across, down = _slopes(picture.convert("L").filter(ImageFilter.GaussianBlur(1)))
    strength = ImageChops.add(across, down)
    level = above(ImageChops.subtract(across, down), 0)
    ridge = Image.composite(_ridge(strength, 1, 0), _ridge(strength, 0, 1), level)
    thin = Image.composite(strength, Image.new("L", strength.size), ridge)
    weak = above(thin, low // _SOBEL_SCALE)
    edges = above(thin, high // _SOBEL_SCALE)
    return _connected(edges, weak)


def _connected(edges: Image.Image, weak: Image.Image) -> Image.Image:
    """Strong edges with every weak one that touches them, however far it leads."""
    while True:
        grown = ImageChops.darker(edges.filter(ImageFilter.MaxFilter(3)), weak)
        grown = ImageChops.lighter(grown, edges)
        if grown.tobytes() == edges.tobytes():
            return edges
        edges = grown


def _slopes(grey: Image.Image) -> tuple[Image.Image, Image.Image]:
    """How fast the brightness changes across and down, without its sign."""
    return _steepness(grey, _SOBEL_X), _steepness(grey, _SOBEL_Y)


def _steepness(grey: Image.Image, kernel: ImageFilter.Kernel) -> Image.Image:
    found = ImageChops.difference(grey.filter(kernel), Image.new("L", grey.size, 128))
    if min(grey.size) < 3:
        return Image.new("L", grey.size)
    # A kernel leaves the outermost pixels as they were.
    return ImageOps.expand(ImageOps.crop(found, 1), 1, 0)


def _ridge(strength: Image.Image, x: int, y: int) -> Image.Image:
    """White where a pixel is no weaker than its two neighbours in one direction."""
    neighbours = ImageChops.lighter(ImageChops.offset(strength, x, y), ImageChops.offset(strength, -x, -y))
    return within(ImageChops.subtract(neighbours, strength), 0, 1)


def _soft_edges(picture: Image.Image) -> Image.Image:
    across, down = _slopes(picture.convert("L").filter(ImageFilter.GaussianBlur(2)))
    return ImageOps.autocontrast(ImageChops.add(across, down)).filter(ImageFilter.GaussianBlur(1))


def _lines(picture: Image.Image) -> Image.Image:
    grey = picture.convert("L")
    return ImageOps.autocontrast(ImageChops.subtract(grey.filter(ImageFilter.MaxFilter(5)), grey))


def _anime_lines(picture: Image.Image) -> Image.Image:
    return above(_lines(ImageOps.posterize(picture, 3).filter(ImageFilter.MedianFilter(3))), 60)


def _scribble(picture: Image.Image) -> Image.Image:
    return _canny(picture.filter(ImageFilter.GaussianBlur(2)), 40, 80).filter(ImageFilter.MaxFilter(5))


def _depth(picture: Image.Image) -> Image.Image:
    """Near is bright: the lower part of the picture, and the subject."""
    ramp = Image.linear_gradient("L").resize(picture.size)
    near = ImageChops.add(ramp, scaled(subject(picture), 0.33))
    return ImageOps.autocontrast(Image.blend(near, ImageOps.invert(picture.convert("L")), 0.15))


def _normals(picture: Image.Image) -> Image.Image:
    height = _depth(picture).filter(ImageFilter.GaussianBlur(2))
    across, down = height.filter(_SOBEL_X), height.filter(_SOBEL_Y)
    return Image.merge("RGB", (ImageOps.invert(across), down, Image.new("L", picture.size, 230)))


def _straight_lines(picture: Image.Image) -> Image.Image:
    """Edges that run level or upright for a good stretch."""
    edges = _canny(picture, 60, 120)
    reach = max(1, min(picture.size) // 20)
    found = Image.new("L", picture.size)
    for x, y in ((1, 0), (0, 1)):
        run = edges
        for step in range(1, reach):
            run = ImageChops.darker(run, ImageChops.offset(edges, x * step, y * step))
        found = ImageChops.lighter(found, run)
    return found.filter(ImageFilter.MaxFilter(3))


def _segments(picture: Image.Image) -> Image.Image:
    flat = picture.filter(ImageFilter.MedianFilter(5)).quantize(_SEGMENTS, dither=Image.Dither.NONE)
    colors = [int(255 * part) for n in range(_SEGMENTS) for part in _wheel(n / _SEGMENTS)]
    flat.putpalette(colors)
    return flat.convert("RGB")


def _wheel(turn: float) -> tuple[float, float, float]:
    red, green, blue = (0.5 + 0.5 * math.cos(math.tau * (turn + shift)) for shift in (0, 1 / 3, 2 / 3))
    return red, green, blue


def _tiled(picture: Image.Image) -> Image.Image:
    small = picture.resize((max(1, picture.width // _TILE), max(1, picture.height // _TILE)), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def _shuffled(picture: Image.Image) -> Image.Image:
    """The same colours in other places."""
    chance = random.Random(picture.tobytes()[:4096])
    across, down = max(1, picture.width // 4), max(1, picture.height // 4)
    corners = [(x, y) for y in range(0, picture.height, down) for x in range(0, picture.width, across)]
    taken = chance.sample(corners, len(corners))
    made = Image.new("RGB", picture.size, average(picture))
    for (x, y), (left, top) in zip(corners, taken, strict=True):
        made.paste(picture.crop((left, top, left + across, top + down)).rotate(180), (x, y))
    return made.filter(ImageFilter.GaussianBlur(1))


def _pose(picture: Image.Image, *, details: bool) -> Image.Image:
    """A stick figure that fills the subject's outline."""
    box = above(subject(picture), 127).getbbox() or (0, 0, *picture.size)
    left, top, right, bottom = box
    at = {name: (left + x * (right - left), top + y * (bottom - top)) for name, (x, y) in _LIMBS.items()}
    made = Image.new("RGB", picture.size)
    draw = ImageDraw.Draw(made)
    thick = max(2, min(picture.size) // 60)
    for n, (one, other) in enumerate(_BONES):
        red, green, blue = (int(255 * part) for part in _wheel(n / len(_BONES)))
        draw.line([at[one], at[other]], fill=(red, green, blue), width=thick)
    for name in ("left hand", "right hand", "head") if details else ():
        x, y = at[name]
        draw.ellipse([x - 2 * thick, y - 2 * thick, x + 2 * thick, y + 2 * thick], outline=(255, 255, 255))
    return made


def _contrasted(picture: Image.Image) -> Image.Image:
    """Pictures without contrast have no lines; a little more brings out what there is."""
    spread = sum(ImageStat.Stat(picture.convert("L")).stddev)
    return ImageEnhance.Contrast(picture).enhance(1.5) if spread < 40 else picture


_MAKERS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "depth": _depth,
    "lineart": lambda picture: _lines(_contrasted(picture)),
    "lineart_anime": lambda picture: _anime_lines(_contrasted(picture)),
    "mlsd": _straight_lines,
    "normalbae": _normals,
    "scribble": _scribble,
    "seg": _segments,
    "shuffle": _shuffled,
    "softedge": _soft_edges,
    "tile": _tiled,
}

GUIDES = ("canny", "openpose", *_MAKERS)
"""The kinds of guide that can be drawn."""
