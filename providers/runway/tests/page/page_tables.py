"""The generated tables of `docs/reference/runway.md`: what every model takes and costs, and how its run ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from page_cases import Case
from page_runs import Ending

from anymedia.catalog import Capabilities, Range
from anymedia_runway import RunwayOptions
from anymedia_runway.catalog import DEFAULT_MODELS, runway_catalog
from anymedia_runway.facts import facts
from anymedia_runway.forms import Form

__all__ = ["models_table", "prices_table", "runs_table"]

_OPTIONS = {field.alias: name for name, field in RunwayOptions.model_fields.items()}


def runs_table(endings: Sequence[tuple[Case, Ending]]) -> str:
    """One line per endpoint, operation and model; the cases come in pairs."""
    lines = ["| Endpoint | Operation | Model | Smallest body | Fullest body |", "|---|---|---|---|---|"]
    for (case, smallest), (_, fullest) in zip(endings[::2], endings[1::2], strict=True):
        model = f"`{case.model}`" if case.model else ""
        lines.append(f"| `{case.endpoint}` | `{case.operation}` | {model} | {_cell(smallest)} | {_cell(fullest)} |")
    return "\n".join(lines)


def models_table() -> str:
    """One line per operation and model."""
    lines = [
        "| Operation | Model | Prompt | Size | Seconds | References | Outputs | Formats | Own options |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for operation, chosen in DEFAULT_MODELS.items():
        for model in runway_catalog().offering(operation):
            rules = runway_catalog().models[model].operations[operation]
            name = f"**`{model}`**" if model == chosen else f"`{model}`"
            lines.append(f"| `{operation}` | {name} | {' | '.join(_limits(rules))} |")
    return "\n".join(lines)


def prices_table() -> str:
    """One line per model with a published price."""
    lines = ["| Model | Credits | Per |", "|---|---|---|"]
    for model, price in facts()["prices"].items():
        lines.append(f"| `{model}` | {_credits(price)} | {_per(price)} |")
    return "\n".join(lines)


def _cell(ending: Ending) -> str:
    return f"{ending.ended}, {ending.fields} fields, {ending.charged} credits"


def _limits(rules: Capabilities) -> Iterator[str]:
    form = Form.model_validate(rules.wire)
    yield _span(rules.prompt)
    yield _sizes(rules)
    yield ", ".join(f"{seconds:g}" for seconds in rules.durations) or _span(rules.duration)
    yield _references(form, rules)
    yield _span(rules.counts)
    yield ", ".join(rules.formats)
    own = {_OPTIONS[name] for name in form.fields if name in _OPTIONS and _OPTIONS[name] not in rules.fields}
    own |= {"subjects"} if any(each.subjects for each in form.references.values()) else set()
    own |= {"middle_frame"} if "middle" in form.frames else set()
    yield ", ".join(f"`{name}`" for name in sorted(own))


def _span(legal: Range | None) -> str:
    if legal is None:
        return ""
    if legal.low == legal.high:
        return f"{legal.low:g}"
    if legal.step > 1:
        return f"{legal.low:g} or {legal.high:g}"
    return f"{legal.low:g} to {legal.high:g}"


def _sizes(rules: Capabilities) -> str:
    if rules.sizes:
        by_area = sorted(rules.sizes, key=lambda size: size.width * size.height)
        return f"{len(by_area)}, {by_area[0]} to {by_area[-1]}" if len(by_area) > 1 else str(by_area[0])
    if rules.pixels is not None:
        return f"any of {rules.pixels.low / 1e6:.1f} to {rules.pixels.high / 1e6:.1f} megapixels"
    return "; ".join(", ".join(names) for names in (rules.aspect_ratios, rules.resolutions) if names)


def _references(form: Form, rules: Capabilities) -> str:
    if "references" not in rules.fields:
        return ""
    kinds = (f"{each.kind} (≤ {each.most})" if each.most else each.kind for each in form.references.values())
    return ", ".join(kinds)


def _credits(price: Mapping[str, Any]) -> str:
    about = "about " if price.get("assumed") else ""
    least = f", at least {price['minimum']}" if "minimum" in price else ""
    return f"{about}{_rates(price['credits'])}{least}{''.join(_extras(price))}"


def _extras(price: Mapping[str, Any]) -> Iterator[str]:
    if "reference" in price:
        yield f", {price['reference']} more per reference image"
    if "input" in price:
        yield f", {_rates(price['input'])} more per second of an input film"
    if "without_duration" in price:
        yield f", {price['without_duration']} in all when no duration is asked for"
    if price.get("surcharge"):
        yield ", more for other formats than mp4"


def _rates(rates: Any) -> str:
    if isinstance(rates, dict):
        groups: dict[str, list[str]] = {}
        for word, rate in rates.items():
            groups.setdefault(_rates(rate), []).append("others" if word == "*" else f"`{word}`")
        return ", ".join(f"{rate} ({', '.join(words)})" for rate, words in groups.items())
    if isinstance(rates, list):
        return " / ".join(str(rate) for _, rate in cast("list[tuple[float | None, float]]", rates))
    return str(rates)


def _per(price: Mapping[str, Any]) -> str:
    by = f", by `{price['by']}`" if "by" in price else ""
    sized = ", by size" if "[" in str(price["credits"]) else ""
    return f"{price['every']} {price['per']}s{by}" if "every" in price else f"{price['per']}{by}{sized}"
