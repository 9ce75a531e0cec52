"""Brightness of grey pictures, changed by a table."""

from PIL import Image

__all__ = ["above", "scaled", "within"]

_LEVELS = range(256)


def above(picture: Image.Image, level: int) -> Image.Image:
    """White where a grey picture is brighter than `level`, else black."""
    return within(picture, level + 1, len(_LEVELS))


def within(picture: Image.Image, low: int, high: int) -> Image.Image:
    """White from `low` up to but not at `high`, else black."""
    return picture.point([255 if low <= n < high else 0 for n in _LEVELS])


def scaled(picture: Image.Image, share: float) -> Image.Image:
    """A grey picture darkened to `share` of itself, 0 to 1."""
    part = min(1.0, max(0.0, share))
    return picture.point([round(n * part) for n in _LEVELS])
