"""Still pictures: made from a prompt, enlarged, and freed of their background."""

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageOps, UnidentifiedImageError

from anymedia.testing.render.mattes import subject
from anymedia.testing.render.scenes import Scene, average, captioned, sized

__all__ = ["cut_out_image", "decoded", "encoded", "flattened", "image", "target_size", "upscale_image"]

_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
_QUALITY = 92


def image(
    prompt: str,
    *,
    seed: int,
    width: int,
    height: int,
    format: str = "png",
    base: bytes | None = None,
    mask: bytes | None = None,
    strength: float = 0.8,
    references: Sequence[bytes] = (),
    transparent: bool = False,
    change: Callable[[Image.Image], Image.Image] | None = None,
    quality: int = _QUALITY,
) -> bytes:
    """A picture of `width` x `height` pixels; the same arguments give the same bytes.

    Args:
        prompt: Chooses the scene together with `seed`, and is written small at the bottom.
        seed: Any integer.
        width: Pixels across.
        height: Pixels down.
        format: `png`, `jpg`, `jpeg` or `webp`.
        base: A picture to start from, cropped to the size.
        mask: Where `base` may change: white is changed, black is kept.
        strength: How much of `base` is replaced, 0 to 1.
        references: Pictures that colour the scene and are shown as thumbnails.
        transparent: Leave out the sky, so that it is see-through.
        change: Works on the drawn picture before thumbnails and text go on it; a mask protects from it.
        quality: Of `jpg` and `webp`, 1 to 100.

    Raises:
        ValueError: An input is no picture, or the format is unknown or has no transparency.
    """
    pictures = [flattened(decoded(reference)) for reference in references]
    scene = Scene(prompt, seed, (width, height), [average(picture) for picture in pictures])
    made = scene.without_sky() if transparent else scene.at(0)
    ground = None if base is None else sized(flattened(decoded(base)), made.size).convert(made.mode)
    if ground is not None:
        made = Image.blend(ground, made, min(1.0, max(0.0, strength)))
    if change is not None:
        made = change(made)
    _show(pictures, made)
    captioned(made, prompt)
    if ground is not None and mask is not None:
        white = flattened(decoded(mask)).convert("L")
        made = Image.composite(made, ground, ImageOps.fit(white, made.size, Image.Resampling.BILINEAR))
    return encoded(made, format, alpha=transparent, quality=quality)


def upscale_image(
    data: bytes, *, factor: float | None = None, size: tuple[int, int] | None = None, format: str = "png"
) -> bytes:
    """The picture enlarged (Lanczos) by `factor`, or to `size` in pixels; transparency is kept.

    Raises:
        ValueError: `data` is no picture, or neither or both of factor and size are given.
    """
    picture = decoded(data)
    return encoded(picture.resize(target_size(picture.size, factor, size), Image.Resampling.LANCZOS), format)


def cut_out_image(data: bytes, *, format: str = "png") -> bytes:
    """The picture with its background made transparent.

    Raises:
        ValueError: `data` is no picture, or the format has no transparency.
    """
    picture = decoded(data)
    cut = picture.convert("RGBA")
    cut.putalpha(subject(picture))
    return encoded(cut, format, alpha=True)


def decoded(data: bytes) -> Image.Image:
    """The picture in `data`, upright, as RGB or RGBA."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"these {len(data)} bytes are no picture that can be decoded") from error
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def encoded(picture: Image.Image, format: str, *, alpha: bool = False, quality: int = _QUALITY) -> bytes:
    """The bytes of a picture file; `alpha` insists on a format with transparency, `quality` is for `jpg` and `webp`."""
    name = _FORMATS.get(format.lower())
    if name is None:
        raise ValueError(f"no picture format {format!r}; use one of {', '.join(_FORMATS)}")
    if name == "JPEG" and alpha:
        raise ValueError("jpg has no transparency; use png or webp")
    if name == "JPEG":
        picture = flattened(picture)
    file = io.BytesIO()
    picture.save(file, name, **({"compress_level": 3} if name == "PNG" else {"quality": quality}))
    return file.getvalue()


def flattened(picture: Image.Image) -> Image.Image:
    """The picture on white, without transparency."""
    if picture.mode == "RGB":
        return picture
    ground = Image.new("RGB", picture.size, (255, 255, 255))
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def target_size(have: tuple[int, int], factor: float | None, size: tuple[int, int] | None) -> tuple[int, int]:
    """The size asked for, either way."""
    if (factor is None) == (size is None):
        raise ValueError("give either a factor or a size")
    if size is not None:
        return size
    assert factor is not None
    return max(1, round(have[0] * factor)), max(1, round(have[1] * factor))


def _show(pictures: Sequence[Image.Image], made: Image.Image) -> None:
    side = min(made.size) // 7
    gap = side // 8
    if gap == 0:
        return
    for index, picture in enumerate(pictures[: made.width // (side + gap)]):
        framed = ImageOps.expand(sized(picture, (side, side)), max(1, gap // 3), (255, 255, 255))
        made.paste(framed, (gap + index * (side + gap), gap))
