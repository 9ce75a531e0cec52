"""Three-dimensional models as binary glTF 2.0: vessels turned from prompt and seed, or the relief of a picture."""

import json
import math
import random
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFilter

from anymedia.testing.render.mattes import subject
from anymedia.testing.render.pictures import decoded, encoded, flattened
from anymedia.testing.render.scenes import palette, sized

__all__ = ["Mesh", "model", "read_model"]

_Vector = tuple[float, float, float]

_SIDES = 32
_RINGS = 24
_RELIEF = 48
_TEXTURE_SIDE = 256
_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_INT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963


@dataclass(frozen=True)
class Mesh:
    """What a model holds: numbers of vertices and triangles, and its two opposite corners."""

    vertices: int
    triangles: int
    low: _Vector
    high: _Vector
    textured: bool


@dataclass(frozen=True)
class _Grid:
    """A net of points with rows joined to the next, which is what both kinds of model are."""

    points: Sequence[_Vector]
    across: int

    @property
    def down(self) -> int:
        return len(self.points) // self.across

    def triangles(self) -> list[int]:
        found: list[int] = []
        for row in range(self.down - 1):
            for column in range(self.across - 1):
                corner = row * self.across + column
                found += [corner, corner + self.across, corner + 1]
                found += [corner + 1, corner + self.across, corner + self.across + 1]
        return found

    def normals(self) -> list[_Vector]:
        found: list[_Vector] = []
        for n in range(len(self.points)):
            row, column = divmod(n, self.across)
            right = self._step(row, column, 0, 1)
            below = self._step(row, column, 1, 0)
            found.append(_unit(_cross(below, right)))
        return found

    def texture_points(self) -> list[float]:
        across, down = max(1, self.across - 1), max(1, self.down - 1)
        return [part for n in range(len(self.points)) for part in ((n % self.across) / across, n // self.across / down)]

    def _step(self, row: int, column: int, rows: int, columns: int) -> _Vector:
        before = self.points[max(0, row - rows) * self.across + max(0, column - columns)]
        after = self.points[min(self.down - 1, row + rows) * self.across + min(self.across - 1, column + columns)]
        return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def model(prompt: str, *, seed: int, picture: bytes | None = None, detail: int = 1) -> bytes:
    """A GLB file; the same arguments give the same bytes.

    Args:
        prompt: Chooses shape and colour together with `seed`.
        seed: Any integer.
        picture: A picture to raise into a relief that wears it, instead of a turned vessel.
        detail: 1 or more: how many times finer than usual the mesh is.

    Raises:
        ValueError: `picture` is no picture.
    """
    color = palette(prompt, seed).glow
    if picture is None:
        return _written(_vessel(prompt, seed, detail), color, None)
    source = flattened(decoded(picture))
    texture = sized(source, (_TEXTURE_SIDE, _TEXTURE_SIDE))
    return _written(_relief(source, detail), (255, 255, 255), encoded(texture, "png"))


def read_model(data: bytes) -> Mesh:
    """What a GLB file holds.

    Raises:
        ValueError: It is none, or it is broken.
    """
    try:
        magic, version, length = struct.unpack_from("<III", data)
        size, kind = struct.unpack_from("<II", data, 12)
        scene = json.loads(data[20 : 20 + size])
        sound = (magic, version, length, kind) == (_MAGIC, 2, len(data), _JSON)
        primitive = scene["meshes"][0]["primitives"][0]
        corners = scene["accessors"][primitive["attributes"]["POSITION"]]
        indices = scene["accessors"][primitive["indices"]]
        low, high = tuple(corners["min"]), tuple(corners["max"])
        found = Mesh(corners["count"], indices["count"] // 3, low, high, bool(scene.get("textures")))
    except (struct.error, ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"these {len(data)} bytes are no binary glTF 2.0 model") from error
    if not sound:
        raise ValueError(f"these {len(data)} bytes have a broken glTF header")
    return found


def _vessel(prompt: str, seed: int, detail: int) -> _Grid:
    chance = random.Random(f"{seed}:{prompt}")
    waves = [(chance.uniform(0.1, 0.3) / n, chance.uniform(0, math.tau), n) for n in (1, 2, 3)]
    rings, sides = _RINGS * detail, _SIDES * detail
    points: list[_Vector] = []
    for ring in range(rings + 1):
        part = ring / rings
        bulge = sum(high * math.sin(math.pi * n * part + phase) for high, phase, n in waves)
        radius = max(0.05, 0.45 + bulge) * (1 - 0.9 * (part == 1))
        for side in range(sides + 1):
            turn = -math.tau * side / sides
            points.append((radius * math.cos(turn), 1.6 * (0.5 - part), radius * math.sin(turn)))
    return _Grid(points, sides + 1)


def _relief(picture: Image.Image, detail: int) -> _Grid:
    count = _RELIEF * detail
    height = Image.blend(subject(picture), picture.convert("L"), 0.35).filter(ImageFilter.GaussianBlur(2))
    levels = sized(height.convert("RGB"), (count, count)).convert("L").tobytes()
    ratio = picture.width / picture.height
    points = [
        (ratio * (n % count / (count - 1) - 0.5), 0.5 - n // count / (count - 1), 0.25 * level / 255)
        for n, level in enumerate(levels)
    ]
    return _Grid(points, count)


def _written(grid: _Grid, color: tuple[int, int, int], texture: bytes | None) -> bytes:
    parts = [
        _packed("f", (part for point in grid.points for part in point)),
        _packed("f", (part for normal in grid.normals() for part in normal)),
        _packed("f", grid.texture_points()),
        _packed("I", grid.triangles()),
        *([] if texture is None else [texture]),
    ]
    binary = b"".join(_padded(part, b"\0") for part in parts)
    text = _padded(json.dumps(_scene(grid, parts, color, textured=texture is not None)).encode(), b" ")
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<III", _MAGIC, 2, total),
            struct.pack("<II", len(text), _JSON) + text,
            struct.pack("<II", len(binary), _BINARY) + binary,
        ]
    )


def _scene(grid: _Grid, parts: Sequence[bytes], color: tuple[int, int, int], *, textured: bool) -> dict[str, Any]:
    views: list[dict[str, Any]] = []
    start = 0
    for part, target in zip(parts, (_VERTICES, _VERTICES, _VERTICES, _INDICES, None), strict=False):
        view = {"buffer": 0, "byteOffset": start, "byteLength": len(part)}
        views.append(view if target is None else {**view, "target": target})
        start += len(part) + -len(part) % 4
    surface: dict[str, Any] = {
        "baseColorFactor": [*(part / 255 for part in color), 1],
        "metallicFactor": 0,
        "roughnessFactor": 0.8,
    }
    scene: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 3, "material": 0}]}
        ],
        "materials": [{"pbrMetallicRoughness": surface, "doubleSided": True}],
        "accessors": _accessors(grid),
        "bufferViews": views,
        "buffers": [{"byteLength": start}],
    }
    if textured:
        surface["baseColorTexture"] = {"index": 0}
        scene |= {"textures": [{"source": 0}], "images": [{"bufferView": 4, "mimeType": "image/png"}]}
    return scene


def _accessors(grid: _Grid) -> list[dict[str, Any]]:
    count = len(grid.points)
    columns = [array("f", column).tolist() for column in zip(*grid.points, strict=True)]
    return [
        {
            "bufferView": 0,
            "componentType": _FLOAT,
            "count": count,
            "type": "VEC3",
            "min": [min(column) for column in columns],
            "max": [max(column) for column in columns],
        },
        {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC3"},
        {"bufferView": 2, "componentType": _FLOAT, "count": count, "type": "VEC2"},
        {"bufferView": 3, "componentType": _UNSIGNED_INT, "count": len(grid.triangles()), "type": "SCALAR"},
    ]


def _packed(code: str, values: Iterable[float]) -> bytes:
    numbers = list(values)
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % 4)


def _cross(one: _Vector, other: _Vector) -> _Vector:
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )


def _unit(vector: _Vector) -> _Vector:
    length = math.hypot(*vector)
    return (0.0, 1.0, 0.0) if length < 1e-12 else (vector[0] / length, vector[1] / length, vector[2] / length)
