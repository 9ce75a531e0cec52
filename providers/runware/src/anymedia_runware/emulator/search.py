"""modelSearch over the curated model list."""

from collections.abc import Mapping
from typing import Any

from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.models import Catalogue, ModelFacts

__all__ = ["search_models"]

_LIMIT = 20


def search_models(task: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any] | Problem:
    """The fields of the answer: one page of `results`, and `totalResults`."""
    limit, offset = _given(task, "limit", _LIMIT), _given(task, "offset", 0)
    if not isinstance(limit, int) or not 1 <= limit <= 100:
        return Problem("invalidLimit", "'limit' must lie within 1 and 100.", "limit", {"min": 1, "max": 100})
    if not isinstance(offset, int) or offset < 0:
        return Problem("invalidOffset", "'offset' must be 0 or more.", "offset", {"min": 0})
    found = [entry for model in catalogue.models.values() if _fits(entry := _entry(model, catalogue), model, task)]
    if task.get("sort") in ("name", "-name"):
        found.sort(key=lambda entry: str(entry["name"]), reverse=task["sort"] == "-name")
    return {"results": found[offset : offset + limit], "totalResults": len(found)}


def _entry(model: ModelFacts, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "air": model.air,
        "name": model.slug.replace("-", " ").title(),
        "version": model.air.rpartition("@")[2],
        "category": "checkpoint",
        "architecture": _architecture(model, catalogue),
        "type": "base",
        "tags": [model.task_type],
        "heroImage": f"https://mim.runware.ai/{model.slug}.jpg",
        "private": False,
        "comment": "",
    }


def _architecture(model: ModelFacts, catalogue: Catalogue) -> str:
    known = [name for name in catalogue.data["architecture_task_types"] if name in model.slug]
    return max(known, key=len, default=model.slug)


def _fits(entry: Mapping[str, Any], model: ModelFacts, task: Mapping[str, Any]) -> bool:
    words = str(task.get("search") or "").lower().split()
    text = f"{model.air} {model.slug} {entry['name']}".lower()
    return (
        all(word in text for word in words)
        and task.get("category") in (None, entry["category"])
        and task.get("architecture") in (None, entry["architecture"])
        and task.get("visibility") in (None, "public", "all")
        and set(task.get("tags") or ()) <= set(entry["tags"])
    )


def _given(task: Mapping[str, Any], name: str, default: int) -> Any:
    value = task.get(name)
    return default if value is None else value
