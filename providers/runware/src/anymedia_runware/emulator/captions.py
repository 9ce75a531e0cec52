"""caption and promptEnhance: words about media, and longer prompts."""

import zlib
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.work import TOOL_SECONDS, Order, Product, Work

__all__ = ["caption", "enhance_prompt", "told"]

_AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")
_LONGEST = 400
_STYLES = (
    "in soft morning light, finely detailed",
    "seen from above, in muted colours",
    "as a close-up with a shallow depth of field",
    "at dusk, with long shadows and a calm mood",
    "in bold colours, with a clear composition",
)


def caption(order: Order) -> Work:
    """caption: what media show, as far as it is known, and what can be measured; or an age group."""
    usable = (one.found for one in order.inputs.given if isinstance(one.found, Source))
    sources = [source for source in usable if source.kind in ("image", "video", "audio")]
    question = order.get("prompt") or order.get("template")

    def produce(_: int) -> Product:
        if "age" in order.model.slug.split("-"):
            return Product({"structuredData": lambda: _age(sources[0])})
        return Product({"text": lambda: _answer(sources, question)})

    return Work(1, TOOL_SECONDS, price("caption"), produce)


def enhance_prompt(order: Order) -> Work:
    """promptEnhance: as many longer versions of a prompt as asked for."""
    text, longest = str(order.get("prompt")), order.whole("promptMaxLength", _LONGEST)

    def produce(index: int) -> Product:
        words = f"{text}, {_STYLES[index % len(_STYLES)]}".split()
        return Product({"text": " ".join(words[:longest])})

    return Work(order.whole("promptVersions", 1), TOOL_SECONDS, price("promptEnhance"), produce)


def told(source: Source) -> str:
    """One sentence about a medium: what it was made to show, and what can be measured. May render."""
    if source.kind not in ("image", "video", "audio"):
        return f"A file of kind {source.kind}"
    measured = render.describe(source.read())
    return f"{source.about.strip()}. {measured}" if source.about else measured


def _answer(sources: list[Source], question: Any) -> str:
    text = "\n".join(map(told, sources))
    return text if not isinstance(question, str) or not question.strip() else f"{question.strip()} {text}"


def _age(source: Source) -> dict[str, Any]:
    """An age that depends on the picture: it has no face that could be looked at."""
    sign = zlib.crc32(source.read())
    return {"ageGroup": _AGES[sign % len(_AGES)], "confidence": round(0.6 + sign % 400 / 1000, 3)}
