"""Traces pictures into SVG: one path per colour, along the borders of its areas."""

from collections.abc import Iterable, Iterator

from PIL import Image, ImageFilter

from anymedia.testing.render.pictures import decoded, flattened

__all__ = ["trace"]

_Point = tuple[int, int]

_WORK_SIDE = 160
_COLORS = 8


def trace(data: bytes, *, colors: int = _COLORS, size: tuple[int, int] | None = None) -> bytes:
    """An SVG file that shows the picture in a few flat colours.

    Args:
        data: The picture.
        colors: How many colours, 2 to 64.
        size: Width and height that the file states in pixels; None takes the picture's.

    Raises:
        ValueError: `data` is no picture.
    """
    picture = flattened(decoded(data))
    width, height = size or picture.size
    small = picture.filter(ImageFilter.MedianFilter(3))
    small.thumbnail((_WORK_SIDE, _WORK_SIDE))
    flat = small.quantize(colors, dither=Image.Dither.NONE)
    paths = "".join(f'<path fill="{color}" fill-rule="evenodd" d="{path}"/>' for color, path in _paths(flat))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="{width}"'
        f' height="{height}" viewBox="0 0 {flat.width} {flat.height}" preserveAspectRatio="none">{paths}</svg>\n'
    ).encode()


def _paths(flat: Image.Image) -> Iterator[tuple[str, str]]:
    cells: dict[int, list[_Point]] = {}
    for n, index in enumerate(flat.tobytes()):
        cells.setdefault(index, []).append((n % flat.width, n // flat.width))
    palette = flat.getpalette() or []
    for index in sorted(cells, key=lambda each: -len(cells[each])):
        red, green, blue = palette[3 * index : 3 * index + 3]
        yield f"#{red:02x}{green:02x}{blue:02x}", "".join(map(_loop, _outlines(cells[index])))


def _outlines(cells: Iterable[_Point]) -> Iterator[list[_Point]]:
    """The closed lines around an area of square cells, holes included."""
    onward = _borders(cells)
    while onward:
        start, ends = next(iter(onward.items()))
        line, here = [start], ends.pop()
        _drop_empty(onward, start)
        while here != start:
            line.append(here)
            there = onward[here].pop()
            _drop_empty(onward, here)
            here = there
        yield line


def _borders(cells: Iterable[_Point]) -> dict[_Point, list[_Point]]:
    """Where each piece of border leads to; two cells side by side have none between them."""
    edges: set[tuple[_Point, _Point]] = set()
    for x, y in cells:
        corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        for one, other in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (other, one) in edges:
                edges.remove((other, one))
            else:
                edges.add((one, other))
    onward: dict[_Point, list[_Point]] = {}
    for one, other in sorted(edges):
        onward.setdefault(one, []).append(other)
    return onward


def _drop_empty(onward: dict[_Point, list[_Point]], point: _Point) -> None:
    if not onward[point]:
        del onward[point]


def _loop(line: list[_Point]) -> str:
    """SVG path data of a closed line, corners only."""
    turns = [
        point
        for before, point, after in zip([line[-1], *line[:-1]], line, [*line[1:], line[0]], strict=True)
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1])
    ]
    return "M" + "L".join(f"{x} {y}" for x, y in turns) + "Z"
