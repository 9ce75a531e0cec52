"""The least body that each model takes, worked out from the facts about it."""

from typing import Any

from anymedia_runway.emulator.models import Model, load

__all__ = ["MODELS", "named", "smallest_body"]

MODELS = [model for offered in load().endpoints.values() for model in offered.values()]

# What the rules between fields demand besides.
_NEEDED_TOO = {"multi_shot_video": {"prompt": "a kite"}}
_URIS = {
    "image": "https://example.com/a.png",
    "video": "https://example.com/a.mp4",
    "audio": "https://example.com/a.mp3",
}


def named(model: Model) -> dict[str, Any]:
    """What names the model in a body."""
    return {} if model.unnamed else {"model": model.name}


def smallest_body(model: Model) -> dict[str, Any]:
    """The required fields alone, each with the least value it takes."""
    required = {key: _least(field) for key, field in model.fields.items() if field.get("required")}
    return required | _NEEDED_TOO.get(model.name, {}) | named(model)


def _least(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return _least(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] in _URIS:
        return _URIS[schema["type"]]
    least = schema.get("min", 1) or 1
    if schema["type"] == "array":
        return [_least(schema["items"])] * least
    if schema["type"] == "object":
        return {key: _least(each) for key, each in schema["fields"].items() if each.get("required")}
    return {"string": "a" * int(least), "boolean": True}.get(schema["type"], least)
