"""The entries of a 400 answer's `issues`, worded as Zod 4 words them."""

from collections.abc import Sequence
from typing import Any

__all__ = [
    "Issue",
    "Path",
    "bad_format",
    "custom",
    "invalid_option",
    "invalid_type",
    "invalid_union",
    "mismatch",
    "no_such_form",
    "too_big",
    "too_small",
    "undefined",
    "unrecognized_keys",
]

Issue = dict[str, Any]
Path = Sequence[str | int]

_UNITS = {"string": " characters", "array": " items"}
# In this order, because to Python a bool is an int.
_TYPES = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object"))


def custom(path: Path, message: str) -> Issue:
    """An issue that no schema expresses."""
    return {"code": "custom", "path": list(path), "message": message}


def undefined(expected: str, path: Path) -> Issue:
    """A required value is absent."""
    return _type_issue(expected, "undefined", path)


def invalid_type(expected: str, value: Any, path: Path) -> Issue:
    """A value is of the wrong type."""
    return _type_issue(expected, _type_name(value), path)


def invalid_option(options: Sequence[Any], path: Path) -> Issue:
    """A value is none of those allowed."""
    shown = "|".join(f'"{option}"' if isinstance(option, str) else str(option) for option in options)
    message = f"Invalid option: expected one of {shown}" if len(options) > 1 else f"Invalid input: expected {shown}"
    return {"code": "invalid_value", "values": list(options), "path": list(path), "message": message}


def invalid_union(errors: Sequence[Sequence[Issue]], path: Path) -> Issue:
    """A value fits no alternative."""
    return {"code": "invalid_union", "errors": [list(each) for each in errors], "path": list(path)} | _INVALID


def no_such_form(discriminator: str, path: Path) -> Issue:
    """The key that tells the forms of an object apart has no known value."""
    note = {"note": "No matching discriminator", "discriminator": discriminator}
    return {"code": "invalid_union", "errors": [], **note, "path": [*path, discriminator]} | _INVALID


def bad_format(name: str, called: str, path: Path) -> Issue:
    """A string does not have its format."""
    issue = {"origin": "string", "code": "invalid_format", "format": name, "path": list(path)}
    return {**issue, "message": f"Invalid {called}"}


def too_big(origin: str, maximum: float, path: Path, message: str | None = None) -> Issue:
    """A string, array or number exceeds its limit."""
    limit = {"origin": origin, "code": "too_big", "maximum": maximum, "inclusive": True, "path": list(path)}
    return {**limit, "message": message or f"Too big: expected {origin} to {_bound(origin, '<=', maximum)}"}


def too_small(origin: str, minimum: float, path: Path, message: str | None = None) -> Issue:
    """A string, array or number falls short of its limit."""
    limit = {"origin": origin, "code": "too_small", "minimum": minimum, "inclusive": True, "path": list(path)}
    return {**limit, "message": message or f"Too small: expected {origin} to {_bound(origin, '>=', minimum)}"}


def mismatch(pattern: str, path: Path) -> Issue:
    """A string does not match its pattern."""
    shown = f"/{pattern}/"
    issue = {"origin": "string", "code": "invalid_format", "format": "regex", "pattern": shown, "path": list(path)}
    return {**issue, "message": f"Invalid string: must match pattern {shown}"}


def unrecognized_keys(keys: Sequence[str], path: Path) -> Issue:
    """An object has keys it may not have."""
    shown = ", ".join(f'"{key}"' for key in keys)
    message = f"Unrecognized key{'s' if len(keys) > 1 else ''}: {shown}"
    return {"code": "unrecognized_keys", "keys": list(keys), "path": list(path), "message": message}


_INVALID = {"message": "Invalid input"}


def _type_issue(expected: str, received: str, path: Path) -> Issue:
    message = f"Invalid input: expected {expected}, received {received}"
    return {"expected": expected, "code": "invalid_type", "path": list(path), "message": message}


def _type_name(value: Any) -> str:
    return next((name for kinds, name in _TYPES if isinstance(value, kinds)), "null")


def _bound(origin: str, sign: str, limit: float) -> str:
    return f"have {sign}{limit}{_UNITS[origin]}" if origin in _UNITS else f"be {sign}{limit}"
