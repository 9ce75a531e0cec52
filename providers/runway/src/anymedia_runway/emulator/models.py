"""Loads what each model accepts and costs, with shared shapes and sets put in place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["MEDIA_TYPES", "Model", "Models", "Schema", "load"]

Schema = dict[str, Any]

MEDIA_TYPES = ("image", "video", "audio")

# Bounds that a field lays over a shape with alternatives; they belong to the array among them.
_ARRAY_BOUNDS = ("min", "max", "total_seconds")


@dataclass(frozen=True)
class Model:
    """One model as one endpoint offers it."""

    endpoint: str
    name: str
    fields: Mapping[str, Schema]
    open: bool
    max_output_pixels: int | None


@dataclass(frozen=True)
class Models:
    """All endpoints and models, and the price list."""

    endpoints: Mapping[str, Mapping[str, Model]]
    prices: Mapping[str, Schema]
    surcharges: Mapping[str, Any]
    sides: Mapping[str, int]

    @property
    def names(self) -> list[str]:
        """Every model once, sorted."""
        return sorted({name for offered in self.endpoints.values() for name in offered})


@cache
def load() -> Models:
    """The packaged facts, read once per process."""
    facts = json.loads(files("anymedia_runway").joinpath("models.json").read_text("utf-8"))
    resolver = _Resolver(facts["sets"], facts["shapes"])
    endpoints = {
        endpoint: {name: resolver.model(endpoint, name, raw) for name, raw in offered.items()}
        for endpoint, offered in facts["endpoints"].items()
    }
    return Models(endpoints, facts["prices"], facts["surcharges"], facts["sides"])


class _Resolver:
    def __init__(self, sets: Mapping[str, list[str]], shapes: Mapping[str, Schema]) -> None:
        self._sets = sets
        self._shapes = shapes

    def model(self, endpoint: str, name: str, raw: Mapping[str, Any]) -> Model:
        fields = {field: self.schema(schema) for field, schema in raw["fields"].items()}
        return Model(endpoint, name, fields, raw.get("open", False), raw.get("max_output_pixels"))

    def schema(self, raw: Schema) -> Schema:
        merged = {**self._shapes[raw["shape"]], **raw} if "shape" in raw else dict(raw)
        merged.pop("shape", None)
        if isinstance(merged.get("enum"), str):
            merged["enum"] = self._sets[merged["enum"]]
        if "items" in merged:
            merged["items"] = self.schema(merged["items"])
        if "fields" in merged:
            merged["fields"] = {field: self.schema(schema) for field, schema in merged["fields"].items()}
        if "anyOf" in merged:
            merged["anyOf"] = [self._alternative(merged, schema) for schema in merged["anyOf"]]
        return merged

    def _alternative(self, outer: Schema, raw: Schema) -> Schema:
        if raw.get("type") == "array":
            raw = {**raw, **{key: outer[key] for key in (*_ARRAY_BOUNDS, "assumed") if key in outer}}
        return self.schema(raw)
