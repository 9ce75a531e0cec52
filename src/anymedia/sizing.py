"""Which legal size stands for the one asked for."""

import math
from collections.abc import Iterable

from anymedia.catalog import Capabilities, Range, Size

__all__ = ["ALIKE", "nearest_ratio", "nearest_resolution", "nearest_size", "off_ratio", "ratio_of", "size_for"]

ALIKE = 0.03
"""How far apart two shapes may be and still count as the same."""
_TYPICAL_AREA = 1024 * 1024


def ratio_of(text: str) -> float:
    """Width over height of `16:9`."""
    width, height = text.split(":")
    return int(width) / int(height)


def off_ratio(one: float, other: float) -> float:
    """How far two ratios are apart; 0.03 is three percent."""
    return max(one, other) / min(one, other) - 1


def nearest_size(wanted: Size, capabilities: Capabilities) -> Size:
    """The legal size most like the one asked for: in shape first, then in scale."""
    if capabilities.sizes:
        area = wanted.width * wanted.height
        return min(
            capabilities.sizes, key=lambda size: (round(off_ratio(size.ratio, wanted.ratio), 2), _off_area(size, area))
        )
    return _fitted(wanted.width, wanted.height, capabilities)


def size_for(ratio: float, resolution: str | None, capabilities: Capabilities) -> Size:
    """The legal size for a shape, in the scale nearest `resolution` (or the model's own)."""
    area = _area(resolution, ratio) if resolution else _own_area(capabilities)
    if capabilities.sizes:
        closest = min(off_ratio(size.ratio, ratio) for size in capabilities.sizes)
        alike = [size for size in capabilities.sizes if off_ratio(size.ratio, ratio) <= max(closest + 1e-9, ALIKE)]
        return min(alike, key=lambda size: _off_area(size, area))
    return _fitted(math.sqrt(area * ratio), math.sqrt(area / ratio), capabilities)


def nearest_ratio(ratio: float, names: Iterable[str]) -> str:
    """The named aspect ratio most like the one asked for."""
    return min((name for name in names if ":" in name), key=lambda name: off_ratio(ratio_of(name), ratio))


def nearest_resolution(wanted: str, names: Iterable[str]) -> str:
    """The named scale most like the one asked for."""
    return min(names, key=lambda name: abs(math.log(_area(name, 1) / _area(wanted, 1))))


def _area(resolution: str, ratio: float) -> float:
    number = float(resolution[:-1])
    if resolution[-1] in "kK":
        return (number * 1024) ** 2
    return number * number * max(ratio, 1 / ratio)


def _own_area(capabilities: Capabilities) -> float:
    default = capabilities.default_size or (capabilities.sizes[0] if capabilities.sizes else None)
    return default.width * default.height if default else _TYPICAL_AREA


def _off_area(size: Size, area: float) -> float:
    return abs(math.log(size.width * size.height / area))


def _fitted(width: float, height: float, capabilities: Capabilities) -> Size:
    sides = capabilities.sides or Range(1, math.inf, 1)
    shrink = 1.0
    if capabilities.pixels:
        shrink = math.sqrt(capabilities.pixels.nearest(width * height) / (width * height))
    longest = max(width, height) * shrink
    shrink *= min(1.0, sides.high / longest)
    grow = max(1.0, sides.low / (min(width, height) * shrink))
    return Size(int(sides.nearest(width * shrink * grow)), int(sides.nearest(height * shrink * grow)))
