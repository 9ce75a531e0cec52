"""modelSearch over the curated model list and the models that users have added."""

from collections.abc import Iterator, Mapping
from typing import Any

from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.models import Catalogue, ModelFacts
from anymedia_runware.emulator.shapes import array_of
from anymedia_runware.emulator.training import architecture_in

__all__ = ["search_models"]

_LIMIT = 20


def search_models(task: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any] | Problem:
    """The fields of the answer: one page of `results`, and `totalResults`."""
    limit, offset = _given(task, "limit", _LIMIT), _given(task, "offset", 0)
    if not isinstance(limit, int) or not 1 <= limit <= 100:
        return Problem("invalidLimit", "'limit' must lie within 1 and 100.", "limit", {"min": 1, "max": 100})
    if not isinstance(offset, int) or offset < 0:
        return Problem("invalidOffset", "'offset' must be 0 or more.", "offset", {"min": 0})
    found = [entry for entry, mine in _entries(catalogue) if _fits(entry, task) and _seen(entry, task, mine=mine)]
    _sort(found, str(task.get("sort", "")))
    return {"results": found[offset : offset + limit], "totalResults": len(found)}


def _entries(catalogue: Catalogue) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every model as a search shows it, and whether it is the user's."""
    for model in catalogue.models.values():
        yield _listed(model, catalogue), False
    for own in catalogue.own.values():
        shown: dict[str, Any] = {"tags": [], "comment": "", **own.entry}
        yield {**shown, "heroImage": shown.pop("heroImageURL", "")}, True


def _listed(model: ModelFacts, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "air": model.air,
        "name": model.slug.replace("-", " ").title(),
        "version": model.air.rpartition("@")[2],
        "category": "checkpoint",
        "architecture": architecture_in(model.slug, catalogue),
        "type": "base",
        "tags": [model.task_type],
        "heroImage": f"https://mim.runware.ai/{model.slug}.jpg",
        "private": False,
        "comment": "",
    }


def _fits(entry: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    words = str(task.get("search") or "").lower().split()
    text = f"{entry['air']} {entry['name']} {entry.get('shortDescription', '')}".lower()
    same = ("category", "type", "architecture", "conditioning")
    return (
        all(word in text for word in words)
        and all(task.get(name) in (None, entry.get(name)) for name in same)
        and _holds(entry, task.get("tags"))
        and _holds(entry, task.get("capabilities"))
    )


def _seen(entry: Mapping[str, Any], task: Mapping[str, Any], *, mine: bool) -> bool:
    """Users' models are the community's; who asks is their owner; nothing is a favorite."""
    private = bool(entry.get("private"))
    shown = {"private": mine and private, "owned": mine, "favorite": False, "public": not private}
    return shown.get(str(task.get("visibility")), True) and task.get("source") in (
        None,
        "community" if mine else "official",
    )


def _holds(entry: Mapping[str, Any], tags: Any) -> bool:
    return {str(tag) for tag in array_of(tags)} <= {str(tag) for tag in array_of(entry.get("tags"))}


def _sort(found: list[dict[str, Any]], order: str) -> None:
    if order.lstrip("-+") == "name":
        found.sort(key=lambda entry: str(entry["name"]), reverse=order.startswith("-"))
    elif order == "-addedUnixTimestamp":
        found.reverse()


def _given(task: Mapping[str, Any], name: str, default: int) -> Any:
    value = task.get(name)
    return default if value is None else value
