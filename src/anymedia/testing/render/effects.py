"""What can be done to a picture while it is made: guides, tints, portraits, regions, marks; and canvas around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from anymedia.testing.render.levels import above, scaled, within
from anymedia.testing.render.mattes import subject
from anymedia.testing.render.scenes import Color, sized

__all__ = ["Margins", "extended", "guided", "layers", "marked", "portrayed", "regional", "sharpened", "tinted"]

_FULL = 255


@dataclass(frozen=True)
class Margins:
    """Pixels to add on each side."""

    top: int = 0
    right: int = 0
    bottom: int = 0
    left: int = 0


def tinted(picture: Image.Image, color: Color, share: float) -> Image.Image:
    """The picture pulled towards a colour, its brightness kept; a negative share pulls away from it."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    flat = picture.convert("RGB")
    toned = ImageOps.colorize(flat.convert("L"), (0, 0, 0), (255, 255, 255), mid=color)
    made = Image.blend(flat, toned if share > 0 else ImageChops.invert(toned), min(1.0, abs(share)))
    if alpha is not None:
        made.putalpha(alpha)
    return made


def guided(picture: Image.Image, guide: Image.Image, weight: float) -> Image.Image:
    """The picture with the lines of a guide drawn into it: brighter where the guide is bright, by `weight` 0 to 1."""
    lines = sized(guide.convert("RGB"), picture.size)
    lit = ImageChops.screen(picture.convert("RGB"), lines)
    mask = scaled(lines.convert("L"), weight)
    made = Image.composite(lit, picture.convert("RGB"), mask)
    if picture.mode == "RGBA":
        made.putalpha(ImageChops.lighter(picture.getchannel("A"), mask))
    return made


def portrayed(picture: Image.Image, faces: Sequence[Image.Image], share: float) -> Image.Image:
    """The picture with faces in ovals along its middle, as solid as `share` says."""
    made = picture.copy()
    side = max(8, min(picture.width // max(2, len(faces) + 1), picture.height // 2))
    oval = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(oval).ellipse([0.4 * side, 0, 3.6 * side, 4 * side], fill=round(_FULL * min(1.0, max(0.0, share))))
    mask = oval.reduce(4).filter(ImageFilter.GaussianBlur(max(1, side // 30)))
    for n, face in enumerate(faces):
        left = round(picture.width * (n + 1) / (len(faces) + 1)) - side // 2
        made.paste(sized(face.convert("RGB"), (side, side)).convert(made.mode), (left, picture.height // 4), mask)
    return made


def regional(picture: Image.Image, parts: Sequence[tuple[Image.Image, Image.Image]]) -> Image.Image:
    """The picture with other pictures in it, each where its mask is white."""
    for other, mask in parts:
        fitted = ImageOps.fit(mask.convert("L"), picture.size, Image.Resampling.BILINEAR)
        picture = Image.composite(sized(other, picture.size).convert(picture.mode), picture, fitted)
    return picture


def sharpened(picture: Image.Image, share: float) -> Image.Image:
    """The picture with finer detail, by `share` 0 to 1."""
    return picture.filter(ImageFilter.UnsharpMask(radius=2, percent=round(150 * share), threshold=0))


def marked(picture: Image.Image, mark: str | Image.Image, *, opacity: float, color: Color, tiled: bool) -> Image.Image:
    """The picture with a text or a small picture in its corner, or all over it."""
    stamp = _lettered(mark, picture.size, color) if isinstance(mark, str) else _small(mark, picture.size)
    stamp.putalpha(scaled(stamp.getchannel("A"), opacity))
    sheet = Image.new("RGBA", picture.size)
    gap = max(2, min(picture.size) // 20)
    if tiled:
        for top in range(0, picture.height, stamp.height + gap):
            for left in range(0, picture.width, stamp.width + gap):
                sheet.paste(stamp, (left, top))
    else:
        sheet.paste(stamp, (picture.width - stamp.width - gap, picture.height - stamp.height - gap))
    return Image.alpha_composite(picture.convert("RGBA"), sheet).convert(picture.mode)


def extended(picture: Image.Image, margins: Margins, blur: int = 0) -> tuple[Image.Image, Image.Image]:
    """A larger canvas with the picture in its place, and the mask of what is to be painted.

    Args:
        picture: What stays as it is.
        margins: What is added around it.
        blur: Pixels over which the border is softened, outside the picture.
    """
    size = picture.width + margins.left + margins.right, picture.height + margins.top + margins.bottom
    canvas = picture.resize(size, Image.Resampling.BILINEAR)
    canvas.paste(picture, (margins.left, margins.top))
    inner = margins.left, margins.top, margins.left + picture.width, margins.top + picture.height
    mask = Image.new("L", size, _FULL)
    mask.paste(0, inner)
    if blur:
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
        mask.paste(0, inner)
    return canvas, mask


def layers(picture: Image.Image, count: int) -> list[Image.Image]:
    """The picture taken apart into see-through layers, the rearmost first, which give it back when laid together."""
    flat = picture.convert("RGB")
    front = above(subject(flat), 127)
    bounds = _bands(flat, count - 1)
    grey = flat.convert("L")
    behind = [within(grey, low, high) for low, high in bounds]
    masks = [ImageChops.multiply(mask, ImageChops.invert(front)) for mask in behind] + [front]
    return [_clipped(flat, mask) for mask in masks[-count:]]


def _bands(picture: Image.Image, count: int) -> list[tuple[int, int]]:
    """Ranges of brightness, from dark to bright, that hold about equally many pixels."""
    total, seen, edges = picture.width * picture.height, 0, [0]
    for level, pixels in enumerate(picture.convert("L").histogram()):
        seen += pixels
        if seen >= total * len(edges) / count and len(edges) < count:
            edges.append(level + 1)
    edges.append(256)
    return list(pairwise(edges))


def _clipped(picture: Image.Image, mask: Image.Image) -> Image.Image:
    made = picture.convert("RGBA")
    made.putalpha(mask)
    return made


def _lettered(text: str, size: tuple[int, int], color: Color) -> Image.Image:
    font = ImageFont.load_default(max(8, min(size) // 12))
    left, top, right, bottom = (round(side) for side in font.getbbox(text))
    stamp = Image.new("RGBA", (max(1, min(size[0], right - left)), max(1, bottom - top)), (*color, 0))
    ImageDraw.Draw(stamp).text((-left, -top), text, fill=(*color, _FULL), font=font)
    return stamp


def _small(mark: Image.Image, size: tuple[int, int]) -> Image.Image:
    stamp = mark.convert("RGBA")
    stamp.thumbnail((max(1, size[0] // 4), max(1, size[1] // 4)))
    return stamp
