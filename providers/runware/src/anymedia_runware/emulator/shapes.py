"""Reads JSON of unknown shape: an object or an array, or an empty one where there is something else."""

from typing import Any, TypeGuard

__all__ = ["array_of", "object_of"]


def object_of(value: Any) -> dict[str, Any]:
    """The JSON object, or an empty one."""
    return value if _is_object(value) else {}


def array_of(value: Any) -> list[Any]:
    """The JSON array, or an empty one."""
    return value if _is_array(value) else []


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
