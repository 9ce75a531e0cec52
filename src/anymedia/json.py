"""JSON as a type, and the one pair of functions that reads and writes it."""

from pydantic import JsonValue
from pydantic_core import from_json, to_json

__all__ = ["JSON", "dumps", "loads"]

JSON = JsonValue


def dumps(value: object) -> str:
    """Compact JSON text; datetimes, decimals, enums and pydantic models are understood."""
    return to_json(value).decode()


def loads(text: str | bytes) -> JSON:
    """Parse JSON text.

    Raises:
        ValueError: `text` is not JSON.
    """
    value: JSON = from_json(text)
    return value
