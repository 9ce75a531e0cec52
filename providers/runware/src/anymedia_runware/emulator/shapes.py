"""Reads JSON of unknown shape: an object, an array or a number, or a stand-in where there is something else."""

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["array_of", "number_in", "object_of"]


def object_of(value: Any) -> dict[str, Any]:
    """The JSON object, or an empty one."""
    return value if _is_object(value) else {}


def array_of(value: Any) -> list[Any]:
    """The JSON array, or an empty one."""
    return value if _is_array(value) else []


def number_in(fields: Mapping[str, Any], name: str, default: float) -> float:
    """The number in a field, or `default` where there is something else."""
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
