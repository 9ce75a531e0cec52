"""Checks a request body against a model's fields and reports every issue at once."""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.models import MEDIA_TYPES, Model, Schema
from anymedia_runway.emulator.uris import uri_issue

__all__ = ["Findings", "MediaField", "find_model", "validate", "validate_object"]

_Path = tuple[str | int, ...]

_MEDIA_RULES = ("aspect", "side", "lines", "fps", "seconds")
_ZOD_NAMES = {"integer": "int", **dict.fromkeys(MEDIA_TYPES, "string")}
_TYPES = {"boolean": bool, "array": list, "object": dict, "record": dict, "any": object}
# How a value of the format is read, and what Zod calls it.
_FORMATS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "uuid": (uuid.UUID, "UUID"),
    "date": (date.fromisoformat, "ISO date"),
    "datetime": (datetime.fromisoformat, "ISO datetime"),
}


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
    for model in offered.values():
        if model.unnamed:
            return model
    name = body.get("model")
    unknown = issues.no_such_form("model", [])
    if isinstance(name, str):
        return offered.get(name, [unknown])
    wrong = issues.invalid_type("string", name, ["model"]) if "model" in body else issues.undefined("string", ["model"])
    return [wrong, unknown]


def validate(model: Model, body: Mapping[str, Any], *, strict: bool) -> Findings:
    """Check all fields; with `strict`, unknown keys are refused even where the model tolerates them."""
    named = {} if model.unnamed else {"model": {"type": "string"}}
    fields = {**named, **model.fields}
    return _object({"fields": fields, "open": model.open and not strict}, body, (), {})


def validate_object(schema: Schema, body: Mapping[str, Any]) -> Findings:
    """Check a body, or a query, that has nothing to do with a model."""
    return _object(schema, body, (), {})


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
    if value is None and schema.get("nullable"):
        return Findings()
    if "discriminator" in schema:
        return _told_apart(schema, value, path, rules)
    if "anyOf" in schema:
        return _any_of(schema["anyOf"], value, path, rules)
    return _plain(schema, value, path, rules)


def _plain(schema: Schema, value: Any, path: _Path, rules: Mapping[str, Any]) -> Findings:
    if not _has_type(schema["type"], value):
        return Findings([issues.invalid_type(_zod_name(schema), value, path)])
    if "enum" in schema and value not in schema["enum"]:
        return Findings([issues.invalid_option(schema["enum"], path)])
    if schema["type"] in MEDIA_TYPES:
        return _media(schema["type"], value, path, rules)
    findings = Findings(list(_bounds(schema, value, path)))
    match schema["type"]:
        case "object":
            findings.add(_object(schema, value, path, rules))
        case "array":
            findings.add(_array(schema, value, path, rules))
        case "record":
            findings.add(_record(schema["values"], value, path, rules))
        case _:
            pass
    return findings


def _record(schema: Schema, values: Mapping[str, Any], path: _Path, rules: Mapping[str, Any]) -> Findings:
    findings = Findings()
    for key, value in values.items():
        findings.add(_value(schema, value, (*path, key), rules))
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
    if "once" in schema and not findings.issues:
        findings.issues += _once(schema["once"], values, path)
    return findings


def _told_apart(schema: Schema, value: Any, path: _Path, rules: Mapping[str, Any]) -> Findings:
    """One of several forms of object, named by one of its keys."""
    if not isinstance(value, dict):
        return Findings([issues.invalid_type("object", value, path)])
    told, key = cast("Mapping[str, Any]", value), schema["discriminator"]
    for form in schema["anyOf"]:
        if told.get(key) in form["fields"][key]["enum"]:
            return _object(form, told, path, rules)
    return Findings([issues.no_such_form(key, path)])


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
    if "discriminator" in schema:
        return issues.undefined("object", path)
    if "anyOf" in schema:
        return issues.invalid_union([], path)
    if "enum" in schema:
        return issues.invalid_option(schema["enum"], path)
    return issues.undefined("number" if schema["type"] == "integer" else _zod_name(schema), path)


def _zod_name(schema: Schema) -> str:
    name: str = schema["type"]
    return _ZOD_NAMES.get(name, name)


def _has_type(name: str, value: Any) -> bool:
    if name in _TYPES:
        return isinstance(value, _TYPES[name])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "integer":
        return is_number and (isinstance(value, int) or value.is_integer())
    return is_number if name == "number" else isinstance(value, str)


def _bounds(schema: Schema, value: Any, path: _Path) -> Iterator[Issue]:
    enforced = {key: rule for key, rule in schema.items() if key not in schema.get("assumed", ())}
    if "format" in enforced and not _reads(enforced["format"], value):
        yield issues.bad_format(enforced["format"], _FORMATS[enforced["format"]][1], path)
    size = _size(value)
    if "min" in enforced and size < enforced["min"]:
        yield issues.too_small(_origin(value), enforced["min"], path)
    if "max" in enforced and size > enforced["max"]:
        yield issues.too_big(_origin(value), enforced["max"], path)
    if "pattern" in enforced and not re.fullmatch(enforced["pattern"], value):
        yield issues.mismatch(enforced["pattern"], path)
    elif "pixels" in enforced:
        yield from _pixels(enforced["pixels"], value, path)


def _reads(name: str, value: str) -> bool:
    try:
        _FORMATS[name][0](value)
    except ValueError:
        return False
    return True


def _size(value: Any) -> float:
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return value if isinstance(value, int | float) else len(value or ())


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


def _once(rule: Mapping[str, Any], values: Sequence[Any], path: _Path) -> Iterator[Issue]:
    counted = Counter(value[rule["field"]] for value in values)
    for name in rule["values"]:
        if counted[name] > 1:
            yield issues.custom(path, f"At most one entry may have the {rule['field']} `{name}`")
