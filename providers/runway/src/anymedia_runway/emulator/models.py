"""Loads what each endpoint and model accepts and costs, with shared shapes and sets put in place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """One model as one endpoint offers it; `makes` says what comes of it where the endpoint's name does not."""

    endpoint: str
    name: str
    fields: Mapping[str, Schema]
    open: bool
    max_output_pixels: int | None
    unnamed: bool = False
    makes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Models:
    """All endpoints and models, the price list, and what the services around them accept."""

    endpoints: Mapping[str, Mapping[str, Model]]
    prices: Mapping[str, Schema]
    surcharges: Mapping[str, Any]
    sides: Mapping[str, int]
    bodies: Mapping[str, Schema]
    queries: Mapping[str, Schema]
    sets: Mapping[str, list[str]]
    limits: Mapping[str, Any]
    routing: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """Every model once, sorted."""
        return sorted({name for offered in self.endpoints.values() for name in offered})


@cache
def load() -> Models:
    """The packaged facts, read once per process."""
    facts, services = _read("anymedia_runway", "models.json"), _read("anymedia_runway.emulator", "services.json")
    sets = facts["sets"] | services["sets"]
    resolver = _Resolver(sets, facts["shapes"] | services["shapes"])
    endpoints = {
        endpoint: {name: resolver.model(endpoint, name, raw) for name, raw in offered.items()}
        for endpoint, offered in (facts["endpoints"] | services["endpoints"]).items()
    }
    return Models(
        endpoints,
        facts["prices"],
        facts["surcharges"],
        facts["sides"],
        resolver.objects(services["bodies"]),
        resolver.objects(services["queries"]),
        sets,
        services["limits"],
        services["routing"],
    )


def _read(package: str, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files(package).joinpath(name).read_text("utf-8"))
    return read


class _Resolver:
    def __init__(self, sets: Mapping[str, list[str]], shapes: Mapping[str, Schema]) -> None:
        self._sets = sets
        self._shapes = shapes

    def model(self, endpoint: str, name: str, raw: Mapping[str, Any]) -> Model:
        fields = {field: self.schema(schema) for field, schema in raw["fields"].items()}
        limit, unnamed = raw.get("max_output_pixels"), raw.get("unnamed", False)
        return Model(endpoint, name, fields, raw.get("open", False), limit, unnamed, raw.get("makes", {}))

    def objects(self, raw: Mapping[str, Mapping[str, Any]]) -> dict[str, Schema]:
        """Closed objects by name; `like` lays one's own fields over those of another, none of them required."""
        return {name: self.schema({"type": "object", "fields": _fields(raw, name)}) for name in raw}

    def schema(self, raw: Schema) -> Schema:
        merged = {**self._shapes[raw["shape"]], **raw} if "shape" in raw else dict(raw)
        merged.pop("shape", None)
        if isinstance(merged.get("enum"), str):
            merged["enum"] = self._sets[merged["enum"]]
        for key in ("items", "values"):
            if key in merged:
                merged[key] = self.schema(merged[key])
        if "fields" in merged:
            merged["fields"] = {field: self.schema(schema) for field, schema in merged["fields"].items()}
        if "anyOf" in merged:
            merged["anyOf"] = [self._alternative(merged, schema) for schema in merged["anyOf"]]
        return merged

    def _alternative(self, outer: Schema, raw: Schema) -> Schema:
        if raw.get("type") == "array":
            raw = {**raw, **{key: outer[key] for key in (*_ARRAY_BOUNDS, "assumed") if key in outer}}
        return self.schema(raw)


def _fields(raw: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    own = dict(raw[name])
    if "like" not in own:
        return own
    nullable, taken = own.pop("nullable", []), raw[own.pop("like")]
    loose = {field: {**schema, "required": False, "nullable": field in nullable} for field, schema in taken.items()}
    return loose | own
