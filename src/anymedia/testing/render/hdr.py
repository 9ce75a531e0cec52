"""Grades a film for high dynamic range: wider colours, brighter lights, another transfer curve."""

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import av
from av.filter import Graph

from anymedia.testing.render.containers import film_frames, film_rate

__all__ = ["GRADES", "Grade", "graded"]

_Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

# Source: ITU-R BT.2087 (BT.709 to BT.2020); Academy S-2014-004 (BT.709 to AP1, adapted to D60)
_BT2020: _Matrix = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
_AP1: _Matrix = ((0.6131, 0.3395, 0.0474), (0.0702, 0.9164, 0.0134), (0.0206, 0.1096, 0.8698))

# Source: ITU-R BT.2408: the white of a standard film lies at 203 cd/m²; a mastering display shows 1000.
_WHITE, _PEAK = 203.0, 1000.0
_POINTS = 33


def _pq(nits: float) -> float:
    """The curve of SMPTE ST 2084."""
    power = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _hlg(nits: float) -> float:
    """The curve of ARIB STD-B67, for a display of 1000 cd/m²."""
    scene = (nits / _PEAK) ** (1 / 1.2)
    if scene <= 1 / 12:
        return float((3 * scene) ** 0.5)
    return 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073


def _linear(nits: float) -> float:
    """No curve: 1.0 is the white of a standard film."""
    return nits / _WHITE


@dataclass(frozen=True)
class Grade:
    """A colour space and its transfer curve, and the codes (ITU-T H.273) by which players know them."""

    matrix: _Matrix
    curve: Callable[[float], float]
    primaries: int
    transfer: int
    space: int


GRADES = {
    "pq": Grade(_BT2020, _pq, 9, 16, 9),
    "hlg": Grade(_BT2020, _hlg, 9, 18, 9),
    "linear": Grade(_BT2020, _linear, 9, 8, 0),
    "acescg": Grade(_AP1, _linear, 2, 8, 0),
}


def graded(film: bytes, grade: str, pixels: str) -> Iterator[av.VideoFrame]:
    """The frames of a standard film in one of `GRADES`.

    Args:
        film: A film with the colours of BT.709.
        grade: `pq`, `hlg`, `linear` or `acescg`.
        pixels: FFmpeg's name of the pixel format wanted.
    """
    rate, _ = film_rate(film)
    frames = film_frames(film)
    first = next(frames)
    with tempfile.TemporaryDirectory(prefix="anymedia-") as folder:
        table = Path(folder, "grade.cube")
        table.write_text(_cube(grade), encoding="ascii")
        graph = _graph(first, rate, table, pixels)
        frame: av.VideoFrame | None = first
        while frame is not None:
            graph.push(frame)
            yield _marked(graph.vpull(), GRADES[grade])
            frame = next(frames, None)


def _graph(frame: av.VideoFrame, rate: Fraction, table: Path, pixels: str) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or 1 / rate
    )
    out = "out_color_matrix=bt2020:out_range=tv" if pixels.startswith("yuv") else ""
    steps = [
        source,
        graph.add("scale", "in_color_matrix=bt709"),
        graph.add("format", "gbrpf32le"),
        graph.add("lut3d", f"file={table}:interp=tetrahedral"),
        graph.add("scale", out),
        graph.add("format", pixels),
        graph.add("buffersink"),
    ]
    for one, other in pairwise(steps):
        one.link_to(other)
    graph.configure()
    return graph


def _marked(frame: av.VideoFrame, grade: Grade) -> av.VideoFrame:
    frame.color_primaries, frame.color_trc, frame.colorspace = grade.primaries, grade.transfer, grade.space
    return frame


@cache
def _cube(grade: str) -> str:
    """A table from each mixture of red, green and blue to the graded one, in the .cube format."""
    chosen = GRADES[grade]
    lights = [_brightened((step / (_POINTS - 1)) ** 2.4) for step in range(_POINTS)]
    lines = [f"LUT_3D_SIZE {_POINTS}"]
    # Red changes fastest in a .cube file.
    for blue, green, red in product(lights, repeat=3):
        mixed = (max(0.0, r * red + g * green + b * blue) for r, g, b in chosen.matrix)
        lines.append(" ".join(f"{chosen.curve(nits):.6f}" for nits in mixed))
    return "\n".join(lines) + "\n"


def _brightened(light: float) -> float:
    """In cd/m²: shadows and skin stay, highlights reach the display's peak."""
    return light * _WHITE + light**6 * (_PEAK - _WHITE)
