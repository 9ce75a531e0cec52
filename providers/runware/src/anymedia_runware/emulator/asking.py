"""What requests have in common, read once: how many results, seeds, the prompt, the length, the content check."""

import zlib
from collections.abc import Iterable
from typing import Any

from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.shapes import object_of
from anymedia_runware.emulator.work import Order

__all__ = [
    "asked_size",
    "checked",
    "count",
    "first",
    "mixed",
    "prompt",
    "read",
    "sample_rate",
    "seed_of",
    "sequence",
    "subject",
    "vendor_flag",
]

_BLANK = "__BLANK__"
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_USUAL_RATE = 44100


def count(order: Order) -> int:
    """How many results are asked for."""
    return order.whole("numberResults", 1)


def sequence(order: Order, seed: int) -> int:
    """How many images a request yields: a sequence may be shorter than its limit. Source: runware.ai/docs; 2026-10."""
    most = object_of(object_of(order.get("providerSettings")).get("bytedance")).get("maxSequentialImages")
    return count(order) if not isinstance(most, int) or most < 1 else 1 + seed % most


def seed_of(order: Order) -> int:
    """The request's seed, or a new one."""
    return order.whole("seed", order.rng.getrandbits(31))


def mixed(order: Order, seed: int) -> int:
    """One seed from the model, what is unwanted and the request's seed, so that two models draw differently."""
    unwanted = str(order.get("negativePrompt", ""))
    return zlib.crc32(f"{order.model.air}:{unwanted}:{seed}".encode())


def asked_size(order: Order) -> tuple[int, int] | None:
    """The pixels asked for, if both sides are."""
    width, height = order.whole("width", 0), order.whole("height", 0)
    return (width, height) if width > 0 and height > 0 else None


def prompt(order: Order) -> str:
    """The prompt, or nothing."""
    text = str(order.get("positivePrompt", ""))
    return "" if text == _BLANK else text


def checked(order: Order) -> dict[str, Any]:
    """What a content check adds to a result."""
    safety = object_of(order.get("safety"))
    wanted = safety.get("checkContent") or safety.get("mode", "none") != "none"
    older = order.get("checkNSFW") or order.get("nsfw_check", "none") != "none"
    return {"NSFWContent": False} if wanted or older else {}


def sample_rate(order: Order) -> int:
    """Samples per second: the usual rate next to the one asked for."""
    asked = object_of(order.get("audioSettings")).get("sampleRate", _USUAL_RATE)
    return min(_RATES, key=lambda rate: abs(rate - asked))


def vendor_flag(order: Order, *names: str) -> bool:
    """Whether the vendor's settings switch something on."""
    vendors = object_of(order.get("providerSettings")).values()
    return any(bool(object_of(vendor).get(name)) for vendor in vendors for name in names)


def subject(order: Order) -> Source:
    """The medium to work on: validation has made sure there is one."""
    found = order.inputs.subject(order.task_type)
    assert found is not None
    return found


def first(sources: Iterable[Source]) -> Source | None:
    """The first of some media, if any."""
    return next(iter(sources), None)


def read(source: Source | None) -> bytes | None:
    """The bytes of a medium, if there is one. May render."""
    return None if source is None else source.read()
