"""What tasks cost, in US dollars: amounts of the right size, not the vendor's price list."""

from decimal import Decimal

__all__ = ["CURRENCY", "price"]

CURRENCY = "USD"

# Source: `cost` in runware.ai/docs samples; 2026-10. A video's price is per second of the result.
_PER_RESULT = {
    "imageInference": Decimal("0.0038"),
    "upscale": Decimal("0.001"),
    "removeBackground": Decimal("0.0006"),
    "caption": Decimal("0.0006"),
    "imageMasking": Decimal("0.0006"),
    "promptEnhance": Decimal("0.0001"),
    "audioInference": Decimal("0.02"),
}
_PER_SECOND = {"videoInference": Decimal("0.15"), "upscale": Decimal("0.02"), "removeBackground": Decimal("0.02")}


def price(task_type: str, *, seconds: float | None = None) -> Decimal:
    """The price of one result; `seconds` is the length of a video, None for anything else."""
    if seconds is None:
        return _PER_RESULT[task_type]
    return _PER_SECOND[task_type] * Decimal(str(seconds))
