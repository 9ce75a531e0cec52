"""How large an image or a film becomes when the request leaves it open."""

from collections.abc import Mapping
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.inputs import Source

__all__ = ["frame_size", "image_size", "shrunk"]

_IMAGE_SIDE = 1024
_VIDEO_SIZE = (1280, 720)
_STEP = 16


def image_size(task: Mapping[str, Any], reference: Source | None) -> tuple[int, int]:
    """Pixels of an image: as asked for, else the shape of the reference at the resolution's scale. May render."""
    asked = _asked(task)
    if asked is not None:
        return asked
    area = (_IMAGE_SIDE * _tier(task.get("resolution"))) ** 2
    return _shaped(_ratio(reference, 1.0), area)


def frame_size(task: Mapping[str, Any], reference: Source | None) -> tuple[int, int]:
    """Pixels of a film: as asked for, else the shape of the reference and the short side it names. May render."""
    asked = _asked(task)
    if asked is not None:
        return asked
    resolution = str(task.get("resolution", "")).lower()
    short = 2160 if resolution == "4k" else 1440 if resolution == "2k" else int(resolution[:-1] or 0) or _VIDEO_SIZE[1]
    ratio = _ratio(reference, _VIDEO_SIZE[0] / _VIDEO_SIZE[1])
    return (_even(short * ratio), short) if ratio >= 1 else (short, _even(short / ratio))


def shrunk(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size scaled down, if need be, until no side is longer than `longest`."""
    share = min(1.0, longest / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _asked(task: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = task.get("width"), task.get("height")
    return (int(width), int(height)) if width and height else None


def _tier(resolution: Any) -> float:
    text = str(resolution or "1k").lower()
    return float(text.removesuffix("k")) if text.endswith("k") else 1.0


def _ratio(reference: Source | None, default: float) -> float:
    if reference is None:
        return default
    facts = render.probe(reference.read())
    return facts.width / facts.height if facts.width and facts.height else default


def _shaped(ratio: float, area: float) -> tuple[int, int]:
    width = (area * ratio) ** 0.5
    return _stepped(width), _stepped(width / ratio)


def _stepped(side: float) -> int:
    return max(_STEP, round(side / _STEP) * _STEP)


def _even(side: float) -> int:
    return round(side / 2) * 2
