"""Values that conform to a JSON schema, filled with given words."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anymedia_runware.emulator.shapes import array_of, number_in, object_of

__all__ = ["conforming"]

_DEPTH = 6
_MOST_ITEMS, _LONGEST = 100, 10_000
_FORMATS = {
    "date": "2026-10-12",
    "date-time": "2026-10-12T23:39:36Z",
    "time": "23:39:36Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "ipv4": "192.0.2.1",
}


def conforming(schema: Mapping[str, Any], words: Sequence[str], chance: random.Random) -> Any:
    """A value that the schema allows; strings are made of the words, patterns are not looked at."""
    return _Maker(schema, words, chance).make(schema, 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any], words: Sequence[str], chance: random.Random) -> None:
        self._root = root
        self._words = words
        self._chance = chance

    def make(self, schema: Mapping[str, Any], depth: int) -> Any:
        schema = self._plain(schema)
        allowed = [schema["const"]] if "const" in schema else array_of(schema.get("enum"))
        if allowed:
            return self._chance.choice(allowed)
        makers: Mapping[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth),
            "array": lambda: self._array(schema, depth),
            "integer": lambda: round(self._number(schema)),
            "number": lambda: self._number(schema),
            "boolean": lambda: self._chance.random() < 0.5,
            "null": lambda: None,
        }
        make = makers.get(self._type(schema))
        return self._string(schema) if make is None else make()

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with references followed, the first of several choices taken, and parts put together."""
        for _ in range(_DEPTH):
            if "$ref" in schema:
                schema = {**self._at(str(schema["$ref"])), **{k: v for k, v in schema.items() if k != "$ref"}}
                continue
            choice = next((name for name in ("anyOf", "oneOf") if array_of(schema.get(name))), None)
            if choice is None and not array_of(schema.get("allOf")):
                return schema
            rest = {name: value for name, value in schema.items() if name not in (choice, "allOf")}
            parts = [object_of(schema[choice][0])] if choice else list(map(object_of, schema["allOf"]))
            schema = _joined([rest, *parts])
        return schema

    def _at(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = object_of(found).get(step.replace("~1", "/").replace("~0", "~"), {}) if step else found
        return object_of(found)

    def _type(self, schema: Mapping[str, Any]) -> str:
        kinds = [kind for kind in array_of(schema.get("type")) if kind != "null"]
        kind = kinds[0] if kinds else schema.get("type")
        if isinstance(kind, str):
            return kind
        return "object" if "properties" in schema else "array" if "items" in schema else "string"

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties, required = object_of(schema.get("properties")), array_of(schema.get("required"))
        names = [name for name in properties if name in required or depth < _DEPTH]
        names += [name for name in required if name not in properties]
        return {name: self.make(object_of(properties.get(name)), depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = min(_MOST_ITEMS, round(number_in(schema, "minItems", 0)))
        wanted = max(least, 0 if depth >= _DEPTH else min(1, round(number_in(schema, "maxItems", 1))))
        return [self.make(object_of(schema.get("items")), depth + 1) for _ in range(wanted)]

    def _number(self, schema: Mapping[str, Any]) -> float:
        step = number_in(schema, "multipleOf", 1) or 1
        above, below = number_in(schema, "exclusiveMinimum", -math.inf), number_in(schema, "exclusiveMaximum", math.inf)
        low = max(number_in(schema, "minimum", -math.inf), above)
        high = min(number_in(schema, "maximum", math.inf), below)
        low = low if math.isfinite(low) else min(0.0, high)
        value = math.ceil(low / step) * step
        if value == above:
            value += step
        if value > high or value == below:
            value = (low + high) / 2
        return value if value % 1 else int(value)

    def _string(self, schema: Mapping[str, Any]) -> str:
        known = _FORMATS.get(str(schema.get("format")))
        if known is not None:
            return known
        text = self._chance.choice(self._words)
        while len(text) < min(_LONGEST, number_in(schema, "minLength", 0)):
            text += f" {self._chance.choice(self._words)}"
        return text[: round(number_in(schema, "maxLength", len(text)))]


def _joined(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    made: dict[str, Any] = {}
    for part in parts:
        properties = {**object_of(made.get("properties")), **object_of(part.get("properties"))}
        required = [*array_of(made.get("required")), *array_of(part.get("required"))]
        made = {**made, **part}
        made |= {"properties": properties} if properties else {}
        made |= {"required": required} if required else {}
    return made
