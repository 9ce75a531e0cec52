"""The packaged facts about Runway's endpoints and models, with shared shapes and sets put in place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from anymedia.json import loads

__all__ = ["Field", "facts", "fields_of", "models_at"]


@dataclass(frozen=True)
class Field:
    """One field of a request body, as the vendor describes it.

    Attributes:
        name: On the wire.
        schema: Type, bounds, values; see the comment in `models.json`.
    """

    name: str
    schema: Mapping[str, Any]

    @property
    def required(self) -> bool:
        """Whether the vendor refuses a body without it."""
        return bool(self.schema.get("required"))

    @property
    def assumed(self) -> frozenset[str]:
        """The rules that the vendor does not publish."""
        return frozenset(self.schema.get("assumed", ()))

    @property
    def default(self) -> Any:
        """What the vendor takes when the field is left out, where it says so."""
        return self.schema.get("default")

    @property
    def alternatives(self) -> Sequence[Mapping[str, Any]]:
        """The forms a value may have."""
        forms: Sequence[Mapping[str, Any]] = self.schema.get("anyOf", (self.schema,))
        return forms

    @property
    def values(self) -> tuple[Any, ...]:
        """Every listed value."""
        return tuple(value for form in self.alternatives for value in form.get("enum", ()))

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The least and the most: the field's own, else those of the first form that has any."""
        forms = (self.schema, *self.alternatives)
        return next(
            ((form.get("min"), form.get("max")) for form in forms if "min" in form or "max" in form), (None, None)
        )

    @property
    def item(self) -> Mapping[str, Any]:
        """The fields of each element, for a field that takes a list of objects."""
        listed = [form["items"].get("fields", {}) for form in self.alternatives if "items" in form]
        fields: Mapping[str, Any] = listed[0] if listed else {}
        return fields


@cache
def facts() -> Mapping[str, Any]:
    """The package's data file, read once per process."""
    data: Any = loads(files("anymedia_runway").joinpath("models.json").read_bytes())
    found: Mapping[str, Any] = data
    return found


def models_at(endpoint: str) -> Iterator[str]:
    """The models that an endpoint offers."""
    yield from facts()["endpoints"].get(endpoint, {})


@lru_cache(maxsize=512)
def fields_of(endpoint: str, model: str) -> Mapping[str, Field]:
    """The fields a model takes at an endpoint, by their names on the wire; empty for an unknown pair."""
    raw = facts()["endpoints"].get(endpoint, {}).get(model, {"fields": {}})
    return {name: Field(name, _resolved(schema)) for name, schema in raw["fields"].items()}


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with the shape and the set it names written out."""
    merged = {**facts()["shapes"].get(schema.get("shape"), {}), **schema}
    if isinstance(merged.get("enum"), str):
        merged["enum"] = facts()["sets"][merged["enum"]]
    if "anyOf" in merged:
        merged["anyOf"] = [_resolved(form) for form in merged["anyOf"]]
    if "items" in merged:
        merged["items"] = _resolved(merged["items"])
    if "fields" in merged:
        merged["fields"] = {name: _resolved(field) for name, field in merged["fields"].items()}
    return merged
