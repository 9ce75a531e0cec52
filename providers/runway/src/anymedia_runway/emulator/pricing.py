"""What a job costs in credits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.jobs import Job
from anymedia_runway.emulator.models import Model, Models

__all__ = ["credits_for"]

Body = Mapping[str, Any]

# For models whose prices the vendor does not publish.
_UNPUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "image": {"per": "image", "credits": 5},
    "video": {"per": "second", "credits": 10},
    "audio": {"per": "second", "credits": 1},
}


def credits_for(
    models: Models, model: Model, body: Body, job: Job, assets: Sequence[Asset], *, at_most: bool = False
) -> float:
    """Credits for a job, to a hundredth; `at_most` is the estimate, for the longest that it may become."""
    price = models.prices.get(model.name, _UNPUBLISHED[job.medium])
    if at_most:
        job = replace(job, seconds=job.most_seconds)
    if "without_duration" in price and "duration" not in body:
        return float(price["without_duration"])
    credits_: float = _rate(price, model, body, job) * _blocks(price, body, job)
    credits_ += price.get("reference", 0) * _references(assets) * job.count
    credits_ += _step(price.get("input", 0), job) * sum(asset.seconds for asset in assets if asset.kind == "video")
    credits_ += _surcharge(models, price, body, job) * job.seconds
    return round(max(credits_, float(price.get("minimum", 0))), 2)


def _rate(price: Mapping[str, Any], model: Model, body: Body, job: Job) -> float:
    rates = price["credits"]
    if "by" in price:
        chosen = body.get(price["by"], model.fields[price["by"]].get("default"))
        key = str(chosen).lower() if isinstance(chosen, bool) else chosen
        rates = rates.get(key, rates.get("*")) or max(rates.values(), key=lambda rate: _step(rate, job))
    return _step(rates, job, price.get("measure"))


def _step(rates: Any, job: Job, measure: str | None = None) -> float:
    if not isinstance(rates, list):
        return float(rates)
    size = max(job.size) if measure == "side" else job.size[0] * job.size[1]
    steps = cast("list[tuple[float | None, float]]", rates)
    return float(next(rate for limit, rate in steps if limit is None or size <= limit))


def _blocks(price: Mapping[str, Any], body: Body, job: Job) -> float:
    amounts = {"second": job.seconds, "image": job.count, "frame": job.frames}
    amount = len(body["promptText"]) if price["per"] == "character" else amounts[price["per"]]
    return math.ceil(amount / price["every"]) if "every" in price else amount


def _references(assets: Sequence[Asset]) -> int:
    return sum(asset.path[0] in ("references", "referenceImages") for asset in assets)


def _surcharge(models: Models, price: Mapping[str, Any], body: Body, job: Job) -> float:
    if "surcharge" not in price:
        return 0.0
    made = body.get("outputFormat", "mp4")
    return _step(models.surcharges.get(made, models.surcharges["*"]), job)
