"""What tasks cost, in US dollars: amounts of the right size, not the vendor's price list."""

from decimal import Decimal

__all__ = ["CURRENCY", "price", "token_price"]

CURRENCY = "USD"

# Source: `cost` in runware.ai/docs samples; 2026-10. A video's price is per second of the result.
_PER_RESULT = {
    "imageInference": Decimal("0.0038"),
    "upscale": Decimal("0.001"),
    "removeBackground": Decimal("0.0006"),
    "caption": Decimal("0.0006"),
    "imageMasking": Decimal("0.0006"),
    "promptEnhance": Decimal("0.0001"),
    "controlNetPreprocess": Decimal("0.0006"),
    "audioInference": Decimal("0.02"),
    "3dInference": Decimal("0.02"),
    "vectorize": Decimal("0.01"),
    "training": Decimal("1.5"),
    "tools": Decimal("0.001"),
}
_PER_SECOND = {"videoInference": Decimal("0.15"), "upscale": Decimal("0.02"), "removeBackground": Decimal("0.02")}

# Per token asked and answered.
_PROMPT_TOKEN, _COMPLETION_TOKEN = Decimal("0.00000025"), Decimal("0.000002")


def price(task_type: str, *, seconds: float | None = None) -> Decimal:
    """The price of one result; `seconds` is the length of a video, None for anything else."""
    if seconds is None:
        return _PER_RESULT[task_type]
    return _PER_SECOND[task_type] * Decimal(str(seconds))


def token_price(asked: int, answered: int) -> Decimal:
    """The price of one text, by the number of tokens of question and answer."""
    return _PROMPT_TOKEN * asked + _COMPLETION_TOKEN * answered
