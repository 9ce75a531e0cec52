"""How the model router picks: hard filters one after another, then a ranking of what is left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anymedia_runway.emulator.candidates import Candidate
from anymedia_runway.emulator.models import Models

__all__ = ["Choice", "ceiling", "choose", "maker"]

# Source: runwayml 5.24.0, types/router_list_requests_response.py; 2026-11
_REASONS = {"cost": "lowest_cost", "latency": "best_latency", "quality": "best_quality"}
# What the vendor calls its quicker models.
_FAST = ("turbo", "fast", "lite", "mini", "flash")
_STAGES = ("capability", "prompt_length", "input_support")

Settings = Mapping[str, Any]
Full = Callable[[str], bool]


@dataclass
class Choice:
    """What the router made of a request; without a candidate nothing was eligible."""

    pipeline: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    emptied_by: list[str] = field(default_factory=list[str])
    candidate: Candidate | None = None
    credits: float = 0.0
    reason: str = ""
    skipped: list[str] = field(default_factory=list[str])
    exhausted: bool = False

    @property
    def capacity(self) -> dict[str, Any] | None:
        """What concurrency limits did to the choice, if anything."""
        if not self.skipped and not self.exhausted:
            return None
        return {"skipped": self.skipped, "allExhausted": self.exhausted}


def choose(
    offered: Sequence[Candidate], settings: Settings, medium: str, prices: Mapping[str, float], full: Full
) -> Choice:
    """Pick one of the candidates.

    Args:
        offered: All that make the medium.
        settings: The router's.
        medium: `image`, `video` or `audio`.
        prices: The credits for each candidate that can be asked at all, by model.
        full: Whether a model is at its concurrency limit.
    """
    choice = Choice()
    left = _filtered(choice, offered, settings)
    cap = ceiling(settings, medium)
    within = [each for each in left if cap is None or prices[each.model.name] / each.body.get("outputCount", 1) <= cap]
    left = _stage(choice, "price", left, within)
    if left:
        ranked = sorted(left, key=lambda each: _rank(settings, each.model.name, prices[each.model.name]))
        choice.candidate = _with_room(choice, ranked, settings, full)
        choice.credits = prices[choice.candidate.model.name]
        _explain(choice, settings, single=len(left) == 1)
    return choice


def ceiling(settings: Settings, medium: str) -> int | None:
    """The most credits that one output may cost; None when the router sets no limit."""
    caps: Mapping[str, int] = settings.get("maxCreditsPerGeneration", {})
    return caps.get(medium)


def maker(models: Models, model: str) -> str:
    """Whose model it is."""
    return next((name for prefix, name in models.routing["makers"].items() if model.startswith(prefix)), "runway")


def _filtered(choice: Choice, offered: Sequence[Candidate], settings: Settings) -> Sequence[Candidate]:
    left = offered
    for stage in _STAGES:
        left = _stage(choice, stage, left, [each for each in left if stage not in each.fails])
    return _stage(choice, "allow_deny", left, [each for each in left if _is_allowed(each.model.name, settings)])


def _stage(choice: Choice, name: str, before: Sequence[Candidate], after: Sequence[Candidate]) -> Sequence[Candidate]:
    if before or not choice.pipeline:
        choice.pipeline.append({"type": "filter", "filter": name, "models": [each.model.name for each in after]})
        if not after:
            choice.emptied_by.append(name)
    return after


def _is_allowed(model: str, settings: Settings) -> bool:
    listed = settings.get("models", {"mode": "allow_new_except", "ids": []})
    only: bool = listed["mode"] == "allowlist_only"
    return (model in listed["ids"]) == only


def _rank(settings: Settings, model: str, credits: float) -> tuple[float, float]:
    match settings.get("optimizeFor", "cost"):
        case "quality":
            return -credits, 0.0
        case "latency":
            return 0.0 if any(word in model for word in _FAST) else 1.0, credits
        case _:
            return credits, 0.0


def _with_room(choice: Choice, ranked: Sequence[Candidate], settings: Settings, full: Full) -> Candidate:
    if not settings.get("fallback", {}).get("onCapacity"):
        return ranked[0]
    for each in ranked:
        if not full(each.model.name):
            return each
        choice.skipped.append(each.model.name)
    choice.skipped, choice.exhausted = [], True
    return ranked[0]


def _explain(choice: Choice, settings: Settings, *, single: bool) -> None:
    aim = settings.get("optimizeFor", "cost")
    choice.reason = "only_eligible_model" if single else _REASONS[aim]
    if choice.capacity:
        choice.pipeline.append({"type": "capacity", **choice.capacity})
    outcome = "single_candidate" if single else "cost" if aim == "cost" else "selected"
    choice.pipeline.append({"type": "rank", "outcome": outcome})
