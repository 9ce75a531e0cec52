"""training and modelUpload: new models, which searches find and tasks can use."""

import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from anymedia_runware.emulator.models import Catalogue
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import object_of
from anymedia_runware.emulator.work import STAGE_SECONDS, TRAINING_SECONDS, Order, Product, Work

__all__ = ["AIR_SOURCE", "architecture_in", "train", "upload_model"]

AIR_SOURCE = "emulated"

# Source: runware.ai/docs, "Model upload"; 2026-10. The texts are our own.
_STAGES = {
    "validated": "The request is valid.",
    "downloaded": "The model was downloaded.",
    "optimized": "The model was optimized.",
    "stored": "The model was stored.",
    "ready": "The model is ready to be used.",
}
_FAILED = "error downloading: {0}"
_KEPT = (
    "name version category architecture type tags comment shortDescription conditioning private heroImageURL "
    "positiveTriggerWords negativeTriggerWords defaultScheduler defaultSteps defaultCFG defaultStrength defaultWeight"
)


def train(order: Order) -> Work:
    """training: a LoRA of the base model's architecture under the AIR that the request wants."""
    wanted = object_of(order.get("importModel"))
    air = str(wanted.get("air"))
    entry = {
        **_entry(wanted),
        "category": wanted.get("category", "lora"),
        "architecture": wanted.get("architecture") or architecture_in(order.model.slug, order.catalogue),
        "positiveTriggerWords": str(order.get("triggerWord", "")),
        "private": bool(wanted.get("private", True)),
    }

    def produce(_: int) -> Product:
        return Product({"air": air, "outputs": {}})

    def done(_: int) -> None:
        order.catalogue.add(air, entry)

    return Work(1, TRAINING_SECONDS, price("training"), produce, done=done)


def upload_model(order: Order) -> Work:
    """modelUpload: a result per stage; a file that cannot be had ends it after the first."""
    air = str(order.get("air") or _made_air(order))
    failure = next(iter(order.inputs.problems), None)
    stages = list(_STAGES.items())
    if failure is not None:
        stages = [stages[0], ("failed", _FAILED.format(failure.message))]
    entry = {**_entry(order.task), "private": bool(order.get("private", True))}

    def produce(index: int) -> Product:
        status, message = stages[index]
        return Product({"status": status, "message": message, "air": air})

    def done(index: int) -> None:
        if stages[index][0] == "ready":
            order.catalogue.add(air, entry)

    return Work(len(stages), STAGE_SECONDS, Decimal(0), produce, staged=True, fails=failure is not None, done=done)


def architecture_in(slug: str, catalogue: Catalogue) -> str:
    """The known architecture that a model's slug names, else the slug itself."""
    known = [name for name in catalogue.data["architecture_task_types"] if name in slug]
    return max(known, key=len, default=slug)


def _entry(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in _KEPT.split() if wanted.get(name) is not None}


def _made_air(order: Order) -> str:
    sign = zlib.crc32(str(order.get("name")).encode())
    return f"{AIR_SOURCE}:{sign % 1_000_000}@{str(order.get('version')).replace(' ', '-')}"
