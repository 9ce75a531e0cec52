"""What a body should cost, from the vendor's published prices."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any, Final, cast

from anymedia.results import Cost
from anymedia_runway.facts import facts, fields_of

__all__ = ["USD_PER_CREDIT", "credits_cost", "estimate"]

# Source: docs.dev.runwayml.com, page Pricing; 2026-11
USD_PER_CREDIT: Final = Decimal("0.01")
_SIZE: Final = re.compile(r"([0-9]{3,5}):([0-9]{3,5})")
_LARGEST: Final = 10**6
# Source: runwayml 5.24.0, docstring of seedance2_5's `draft`: a preview in 480p; 2026-11
_DRAFT: Final = 854 * 480


def credits_cost(amount: Decimal, *, final: bool) -> Cost:
    """A number of credits as a cost."""
    return Cost(amount=amount, unit="credits", final=final, usd=amount * USD_PER_CREDIT)


def estimate(endpoint: str, body: Mapping[str, Any]) -> Cost | None:
    """The most a body should cost, or None where price or quantity cannot be told beforehand.

    Args:
        endpoint: The path below `/v1/`.
        body: As it goes on the wire.
    """
    price = facts()["prices"].get(str(body.get("model")))
    if price is None or "draftTaskId" in body or ("input" in price and _has_film(body)):
        return None
    said = _completed(endpoint, body)
    quantity, rate = _quantity(price, said), _rate(price, said)
    if "without_duration" in price and said.get("duration") is None:
        quantity, rate = Decimal(1), Decimal(str(price["without_duration"]))
    if quantity is None or rate is None:
        return None
    extra = _number(price.get("reference", 0)) * len(_pictures(said)) * _count(said)
    total = quantity * rate + extra
    return credits_cost(max(total, _number(price.get("minimum", 0))), final=False)


def _completed(endpoint: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body with what the vendor takes for fields left out; the longest film in place of one of unknown length."""
    fields = fields_of(endpoint, str(body.get("model")))
    said = {**{name: field.default for name, field in fields.items() if field.default is not None}, **body}
    if said.get("duration") == "auto" and "duration" in fields and "auto" in fields["duration"].values:
        said["duration"] = fields["duration"].bounds[1]
    return said


def _quantity(price: Mapping[str, Any], body: Mapping[str, Any]) -> Decimal | None:
    match price["per"]:
        case "image":
            return _count(body)
        case "second":
            seconds = _amount(body.get("duration", body.get("maxDuration")))
            return _blocks(seconds, price) if seconds is not None else None
        case "character":
            return _blocks(Decimal(len(str(body.get("promptText", "")))), price)
        case _:
            return None


def _blocks(quantity: Decimal, price: Mapping[str, Any]) -> Decimal:
    return Decimal(ceil(quantity / _number(price["every"]))) if "every" in price else quantity


def _count(body: Mapping[str, Any]) -> Decimal:
    return _amount(body.get("outputCount")) or Decimal(1)


def _amount(value: object) -> Decimal | None:
    """A number out of a body, which in a vendor's own call may be anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _number(value) if 0 < value < _LARGEST else None


def _rate(price: Mapping[str, Any], body: Mapping[str, Any]) -> Decimal | None:
    rates = price["credits"]
    if "by" in price:
        rates = _chosen(rates, body.get(price["by"]))
    if price.get("measure") == "side":
        return None
    pixels = _pixels(body)
    rate = _tier(rates, pixels)
    surcharge = price.get("surcharge") and _surcharge(str(body.get("outputFormat", "mp4")), pixels)
    return rate + surcharge if surcharge else rate


def _chosen(rates: Mapping[str, Any], value: object) -> Any:
    word = str(value).lower() if isinstance(value, bool) else str(value)
    if word in rates or "*" in rates:
        return rates.get(word, rates.get("*"))
    return max(rates.values(), key=lambda rate: _tier(rate, None))


def _surcharge(output_format: str, pixels: int | None) -> Decimal:
    surcharges = facts()["surcharges"]
    return _tier(surcharges.get(output_format, surcharges["*"]), pixels)


def _tier(rates: Any, pixels: int | None) -> Decimal:
    """A flat rate, or the one for so many pixels; the dearest when these are unknown."""
    if not isinstance(rates, list):
        return _number(rates)
    tiers = cast("list[tuple[int | None, float]]", rates)
    fitting = [rate for limit, rate in tiers if pixels is not None and (limit is None or pixels <= limit)]
    return _number(fitting[0] if fitting else tiers[-1][1])


def _pixels(body: Mapping[str, Any]) -> int | None:
    ratio = str(body.get("ratio", ""))
    size = _SIZE.fullmatch(ratio)
    if body.get("draft") is True:
        return _DRAFT
    if size:
        return int(size[1]) * int(size[2])
    sides: Mapping[str, int] = facts()["sides"]
    side = sides.get(str(body.get("resolution", ratio)))
    return side * side * 16 // 9 if side else None


def _pictures(body: Mapping[str, Any]) -> Sequence[object]:
    found: object = body.get("referenceImages") or body.get("references") or []
    return cast("Sequence[object]", found) if isinstance(found, list) else (found,)


def _has_film(body: Mapping[str, Any]) -> bool:
    return any(body.get(name) for name in ("promptVideo", "videoUri", "referenceVideos"))


def _number(value: float) -> Decimal:
    return Decimal(str(value))
