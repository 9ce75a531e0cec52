"""Checks a request body against a model's fields and reports every issue at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.models import MEDIA_TYPES, Model, Schema
from anymedia_runway.emulator.uris import uri_issue

__all__ = ["Findings", "MediaField", "find_model", "validate"]

_Path = tuple[str | int, ...]

_MEDIA_RULES = ("aspect", "side", "seconds")
_ZOD_NAMES = {"integer": "int", **dict.fromkeys(MEDIA_TYPES, "string")}


@dataclass(frozen=True)
class MediaField:
    """A media URI found in a body, with the bounds its content must keep."""

    kind: str
    uri: str
    path: _Path
    rules: Mapping[str, Any]


@dataclass
class Findings:
    """What is wrong with a body, the media it names, and how many seconds the media below a path may last together."""

    issues: list[Issue] = field(default_factory=list[Issue])
    media: list[MediaField] = field(default_factory=list[MediaField])
    budgets: dict[_Path, float] = field(default_factory=dict[_Path, float])

    def add(self, other: "Findings") -> None:
        """Take over all that another check found."""
        self.issues += other.issues
        self.media += other.media
        self.budgets |= other.budgets


def find_model(offered: Mapping[str, Model], body: Mapping[str, Any]) -> Model | list[Issue]:
    """The model that a body names, or what is wrong with the name."""
    name = body.get("model")
    if isinstance(name, str):
        return offered[name] if name in offered else [issues.no_such_model()]
    wrong = issues.invalid_type("string", name, ["model"]) if "model" in body else issues.undefined("string", ["model"])
    return [wrong, issues.no_such_model()]


def validate(model: Model, body: Mapping[str, Any], *, strict: bool) -> Findings:
    """Check all fields; with `strict`, unknown keys are refused even where the model tolerates them."""
    fields = {"model": {"type": "string"}, **model.fields}
    return _object({"fields": fields, "open": model.open and not strict}, body, (), {})


def _object(schema: Schema, value: Mapping[str, Any], path: _Path, rules: Mapping[str, Any]) -> Findings:
    findings = Findings()
    for name, expected in schema["fields"].items():
        if name in value:
            findings.add(_value(expected, value[name], (*path, name), rules))
        elif expected.get("required"):
            findings.issues.append(_missing(expected, (*path, name)))
    unknown = [key for key in value if key not in schema["fields"]]
    if unknown and not schema.get("open"):
        findings.issues.append(issues.unrecognized_keys(unknown, path))
    return findings


def _value(schema: Schema, value: Any, path: _Path, inherited: Mapping[str, Any]) -> Findings:
    rules = {**inherited, **{rule: schema[rule] for rule in _MEDIA_RULES if rule in schema}}
    if "anyOf" in schema:
        return _any_of(schema["anyOf"], value, path, rules)
    if not _has_type(schema["type"], value):
        return Findings([issues.invalid_type(_zod_name(schema), value, path)])
    if "enum" in schema and value not in schema["enum"]:
        return Findings([issues.invalid_option(schema["enum"], path)])
    if schema["type"] in MEDIA_TYPES:
        return _media(schema["type"], value, path, rules)
    findings = Findings(list(_bounds(schema, value, path)))
    if schema["type"] == "object":
        findings.add(_object(schema, value, path, rules))
    elif schema["type"] == "array":
        findings.add(_array(schema, value, path, rules))
    return findings


def _media(kind: str, uri: str, path: _Path, rules: Mapping[str, Any]) -> Findings:
    issue = uri_issue(kind, uri, path)
    return Findings([issue]) if issue else Findings(media=[MediaField(kind, uri, path, rules)])


def _array(schema: Schema, values: Sequence[Any], path: _Path, rules: Mapping[str, Any]) -> Findings:
    findings = Findings()
    for index, value in enumerate(values):
        findings.add(_value(schema["items"], value, (*path, index), rules))
    if "total_seconds" in schema:
        findings.budgets[path] = schema["total_seconds"]
    if "total" in schema and not findings.issues:
        findings.issues += _total(schema["total"], values, path)
    return findings


def _any_of(alternatives: Sequence[Schema], value: Any, path: _Path, rules: Mapping[str, Any]) -> Findings:
    tried = [_value(schema, value, path, rules) for schema in alternatives]
    for findings in tried:
        if not findings.issues:
            return findings
    # When one alternative alone has the value's type, the reader wants to know what is wrong inside it.
    fitting = [found for schema, found in zip(alternatives, tried, strict=True) if _has_type(schema["type"], value)]
    if len(fitting) == 1:
        return fitting[0]
    return Findings([issues.invalid_union([findings.issues for findings in tried], path)])


def _missing(schema: Schema, path: _Path) -> Issue:
    if "anyOf" in schema:
        return issues.invalid_union([], path)
    if "enum" in schema:
        return issues.invalid_option(schema["enum"], path)
    return issues.undefined("number" if schema["type"] == "integer" else _zod_name(schema), path)


def _zod_name(schema: Schema) -> str:
    name: str = schema["type"]
    return _ZOD_NAMES.get(name, name)


def _has_type(name: str, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return is_number and (isinstance(value, int) or value.is_integer())
        case "number":
            return is_number
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, str)


def _bounds(schema: Schema, value: Any, path: _Path) -> Iterator[Issue]:
    enforced = {key: rule for key, rule in schema.items() if key not in schema.get("assumed", ())}
    size = _size(value)
    if "min" in enforced and size < enforced["min"]:
        yield issues.too_small(_origin(value), enforced["min"], path)
    if "max" in enforced and size > enforced["max"]:
        yield issues.too_big(_origin(value), enforced["max"], path)
    if "pattern" in enforced and not re.fullmatch(enforced["pattern"], value):
        yield issues.mismatch(enforced["pattern"], path)
    elif "pixels" in enforced:
        yield from _pixels(enforced["pixels"], value, path)


def _size(value: Any) -> float:
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return value if isinstance(value, int | float) else len(value)


def _origin(value: Any) -> str:
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "number"


def _pixels(bounds: Sequence[int], ratio: str, path: _Path) -> Iterator[Issue]:
    width, height = map(int, ratio.split(":"))
    if not bounds[0] <= width * height <= bounds[1]:
        yield issues.custom(path, f"Total pixels must be between {bounds[0]} and {bounds[1]}")


def _total(rule: Mapping[str, Any], values: Sequence[Any], path: _Path) -> Iterator[Issue]:
    total = sum(value[rule["field"]] for value in values)
    if not rule["min"] <= total <= rule["max"]:
        yield issues.custom(path, f"The sum of {rule['field']} must be between {rule['min']} and {rule['max']}")
