"""Checks single values: their type, the words allowed, and the windows of numbers and of texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from anymedia_runware.emulator.errors import Problem, pascal
from anymedia_runware.emulator.models import Definition
from anymedia_runware.emulator.shapes import array_of

__all__ = ["value_problems", "window_problems"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "object[]": list,
    "string[]": list,
    "true": bool,
}


def value_problems(name: str, value: Any, definition: Definition) -> Iterator[Problem]:
    """A problem if a value is not of its type, or not one of its words."""
    # Older requests list several output types; only the first counts.
    checked = next(iter(array_of(value)), value) if name == "outputType" else value
    if isinstance(definition, list):
        if not _allowed(checked, definition):
            text = f"'{name}' must be one of {', '.join(map(str, definition))}."
            yield Problem(f"invalid{pascal(name)}", text, name, {"allowedValues": definition})
    elif not _typed(checked, definition):
        yield Problem(f"invalid{pascal(name)}", f"'{name}' must be of type {definition}.", name, {"type": definition})


def _allowed(value: Any, allowed: Sequence[Any]) -> bool:
    if isinstance(value, str):
        return value.lower() in [one.lower() for one in allowed if isinstance(one, str)]
    return not isinstance(value, bool) and value in allowed


def _typed(value: Any, definition: str) -> bool:
    return any(
        isinstance(value, _TYPES[name]) and (name in ("boolean", "true") or not isinstance(value, bool))
        for name in definition.split("|")
    )


def window_problems(name: str, value: Any, window: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem if a number, or the length of a text, lies outside its window."""
    if isinstance(value, str):
        yield from _length(name, value, window)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(name, value, window)


def _length(name: str, value: str, window: Mapping[str, Any]) -> Iterator[Problem]:
    low, high = window.get("min_length", 0), window.get("max_length")
    if len(value) < low or (high is not None and len(value) > high):
        text = f"'{name}' must have between {low} and {high} characters, not {len(value)}."
        yield Problem(f"invalid{pascal(name)}Length", text, name, {"type": "string", "min": low, "max": high})


def _range(name: str, value: float, window: Mapping[str, Any]) -> Iterator[Problem]:
    low, high, step = window.get("min"), window.get("max"), window.get("multiple")
    too_low, too_high = low is not None and value < low, high is not None and value > high
    if too_low or too_high or (step is not None and value % step):
        facts = {"min": low, "max": high, "multiplier": step, "default": window.get("default")}
        text = f"'{name}' is {value}; it must lie within {low} and {high}" + (f", in steps of {step}." if step else ".")
        yield Problem(f"invalid{pascal(name)}", text, name, {k: v for k, v in facts.items() if v is not None})
