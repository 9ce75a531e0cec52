"""Finds the subject of a picture: a soft mask that is white on it and black on the background."""

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

__all__ = ["subject"]

_WORK_SIDE = 256
_NEAR, _FAR = 24, 56
_PLAIN_BORDER = 0.9


def subject(picture: Image.Image) -> Image.Image:
    """An `L` mask of the picture's size with both clear and solid parts.

    A plain or evenly shaded background is told by its corners. Where the border shows no such thing, the subject is
    taken to be an ellipse in the middle. A picture that already has clear and solid parts keeps them.
    """
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (0, 255):
        return picture.getchannel("A")
    small = picture.convert("RGB")
    small.thumbnail((_WORK_SIDE, _WORK_SIDE))
    mask = _unlike_background(small)
    if not _believable(mask):
        mask = _ellipse(small.size)
    return mask.resize(picture.size, Image.Resampling.BICUBIC)


def _unlike_background(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    side = max(1, min(width, height) // 16)
    corners = Image.new("RGB", (2, 2))
    for x in (0, 1):
        for y in (0, 1):
            left, top = x * (width - side), y * (height - side)
            corner = picture.crop((left, top, left + side, top + side)).resize((1, 1), Image.Resampling.BOX)
            corners.paste(corner, (x, y))
    # From middle to middle of the corner pixels, so that the shading runs evenly from edge to edge.
    ground = corners.resize(picture.size, Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))
    red, green, blue = ImageChops.difference(picture, ground).split()
    apart = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    soft = apart.point([max(0, min(255, (n - _NEAR) * 255 // (_FAR - _NEAR))) for n in range(256)])
    return soft.filter(ImageFilter.MedianFilter(3))


def _believable(mask: Image.Image) -> bool:
    inside = ImageOps.crop(mask, max(1, min(mask.size) // 32)) if min(mask.size) > 4 else mask
    solid, border_solid = _solid(inside), _solid(mask) - _solid(inside)
    border = mask.width * mask.height - inside.width * inside.height
    clear = inside.width * inside.height - solid
    least = 0.01 * inside.width * inside.height
    return solid > least and clear > least and border_solid <= (1 - _PLAIN_BORDER) * border


def _solid(mask: Image.Image) -> int:
    return sum(mask.histogram()[128:])


def _ellipse(size: tuple[int, int]) -> Image.Image:
    width, height = size
    mask = Image.new("L", (4 * width, 4 * height))
    ImageDraw.Draw(mask).ellipse([0.5 * width, 0.4 * height, 3.5 * width, 3.6 * height], fill=255)
    return mask.reduce(4)
