"""textInference: answers made of the question's own words, counted in tokens; JSON where a schema asks for it."""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from anymedia_runware.emulator.asking import count, seed_of
from anymedia_runware.emulator.captions import told
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.jsonschemas import conforming
from anymedia_runware.emulator.prices import token_price
from anymedia_runware.emulator.shapes import array_of, object_of
from anymedia_runware.emulator.work import TEXT_SECONDS, Order, Product, Work

__all__ = ["make_texts"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w{3,}")
_MEDIUM_TOKENS = 256
_SENTENCES = (
    "You ask about “{0}”.",
    "What matters most here is {0}, and then {1}.",
    "Seen from the side of {1}, {0} looks simpler than it is.",
    "One way to begin is with {0}; {1} follows from it.",
    "There is more to say about {1} … but {0} comes first.",
    "In short: {0}.",
)
_THOUGHT = "The question names {0}. The answer should mention {1} and stay short."


@dataclass(frozen=True)
class _Answer:
    text: str
    reason: str
    thought: str

    @property
    def tokens(self) -> int:
        return _tokens(self.text)


def make_texts(order: Order) -> Work:
    """textInference: the texts are there from the start, so that they can be streamed."""
    seed, results = seed_of(order), count(order)
    answers = [_answered(order, seed + index) for index in range(results)]
    asked = _asked_tokens(order)
    cost = token_price(asked, max(answer.tokens + _tokens(answer.thought) for answer in answers))

    def produce(index: int) -> Product:
        answer = answers[index]
        fields: dict[str, Any] = {"text": answer.text, "finishReason": answer.reason}
        if answer.thought:
            fields["reasoningContent"] = [answer.thought]
        if order.get("includeUsage"):
            fields["usage"] = _usage(asked, answer, cost)
        return Product(fields)

    return Work(results, TEXT_SECONDS, cost, produce)


def _answered(order: Order, seed: int) -> _Answer:
    question = _question(order)
    chance = random.Random(f"{order.model.air}:{seed}:{question}:{order.get('systemPrompt', '')}")
    words = _WORD.findall(question) or ["nothing in particular"]
    thought = _THOUGHT.format(chance.choice(words), chance.choice(words)) if _thinks(order) else ""
    if str(order.get("outputFormat", "TEXT")).upper() == "JSON":
        return _Answer(json.dumps(conforming(_schema(order), words, chance), ensure_ascii=False), "stop", thought)
    # What the service made itself it need not look at, which would take long.
    seen = [f"The {one.kind} shows: {one.about or told(one)}." for one in _media(order)]
    chosen = chance.sample(_SENTENCES[1:], 3)
    said = [line.format(chance.choice(words), chance.choice(words)) for line in (_SENTENCES[0], *chosen)]
    text, reason = _limited(" ".join([*seen, *said]), order)
    return _Answer(text, reason, thought)


def _limited(text: str, order: Order) -> tuple[str, str]:
    """The text up to a stop sequence or the last token allowed, and why it ends."""
    for stop in array_of(order.get("stopSequences")):
        text = text.partition(str(stop))[0] if stop else text
    most = order.get("maxTokens")
    tokens = list(_TOKEN.finditer(text))
    if isinstance(most, int) and len(tokens) > most:
        return text[: tokens[most - 1].end()], "length"
    return text, "stop"


def _question(order: Order) -> str:
    """The last thing a user said."""
    said = [object_of(each) for each in array_of(order.get("messages"))]
    mine = [_content(each) for each in said if each.get("role") == "user"] or [_content(each) for each in said]
    return mine[-1] if mine else ""


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = [str(object_of(part).get("text", "")) for part in array_of(content)]
    return " ".join(parts) if parts else str(content or "")


def _media(order: Order) -> list[Source]:
    return [one.found for one in order.inputs.given if isinstance(one.found, Source)]


def _schema(order: Order) -> Mapping[str, Any]:
    """The schema as an object; it may come as text, and inside an envelope with a name."""
    given = order.get("jsonSchema")
    schema = object_of(json.loads(given) if isinstance(given, str) else given)
    return object_of(schema["schema"]) if "schema" in schema and "type" not in schema else schema


def _thinks(order: Order) -> bool:
    level = str(order.get("thinkingLevel") or order.get("thinkingMode") or "none").lower()
    return bool(order.get("thinking")) or level not in ("none", "off", "disabled")


def _asked_tokens(order: Order) -> int:
    said = " ".join(_content(object_of(each)) for each in array_of(order.get("messages")))
    return _tokens(f"{order.get('systemPrompt', '')} {said}") + _MEDIUM_TOKENS * len(_media(order))


def _usage(asked: int, answer: _Answer, cost: Decimal) -> dict[str, Any]:
    thought = _tokens(answer.thought)
    completion = answer.tokens + thought
    prompt_cost, completion_cost = token_price(asked, 0), token_price(0, completion)
    return {
        "promptTokens": asked,
        "completionTokens": completion,
        "totalTokens": asked + completion,
        "thinkingTokens": thought,
        "completionTokensDetails": {"reasoningTokens": thought},
        "costBreakdown": {
            "tokens": {"prompt": float(prompt_cost), "cache": 0.0, "completion": float(completion_cost)},
            "total": float(cost),
            "totalDisplay": f"${cost:f}",
        },
    }


def _tokens(text: str) -> int:
    return len(_TOKEN.findall(text))
