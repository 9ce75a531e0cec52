"""Texts: answers that follow the question, token counts and prices, limits, thoughts, and JSON by schema."""

import json
from typing import Any
from uuid import uuid4

import pytest

MODEL = "openai:gpt@5-mini"


@pytest.fixture
def ask(wire: Any) -> Any:
    """Asks one question and gives the item."""

    async def make(question: str = "Why is the harbour quiet tonight?", **changes: Any) -> Any:
        task = {"taskType": "textInference", "model": MODEL, "messages": [{"role": "user", "content": question}]}
        return await wire.result(**{**task, "seed": 1, **changes})

    return make


async def test_answers_depend_on_question_seed_and_model(ask: Any) -> None:
    """The same request gives the same text; another question, seed, model or system prompt another."""
    first = await ask()
    assert (await ask())["text"] == first["text"]
    assert any(word in first["text"] for word in ("harbour", "quiet", "tonight"))
    others = [
        await ask("What is a lighthouse?"), await ask(seed=2), await ask(model="openai:gpt@5-nano"),
        await ask(settings={"systemPrompt": "Be brief."}),
    ]  # fmt: skip
    assert len({first["text"], *(other["text"] for other in others)}) == 5
    assert first["finishReason"] == "stop"
    assert "usage" not in first


async def test_the_last_question_is_answered(ask: Any) -> None:
    """Of a conversation, the last thing the user said counts."""
    turns = [
        {"role": "system", "content": "You know boats."},
        {"role": "user", "content": "Tell me about elephants"},
        {"role": "assistant", "content": "They are large."},
        {"role": "user", "content": "And penguins?"},
    ]
    text = (await ask(messages=turns))["text"]
    assert "penguins" in text
    assert "elephants" not in text


@pytest.mark.parametrize("form", ["settings", "root"])
async def test_length_is_limited(ask: Any, form: str) -> None:
    """No more tokens than allowed, and the reason says so; a stop sequence ends the text before it."""
    limits = {"maxTokens": 4}
    item = await ask(includeUsage=True, **({"settings": limits} if form == "settings" else limits))
    assert item["usage"]["completionTokens"] == 4
    assert item["finishReason"] == "length"
    whole = (await ask())["text"]
    word = whole.split()[5]
    stopped = await ask(settings={"stopSequences": [word]})
    assert stopped["text"] == whole.partition(word)[0]
    assert stopped["finishReason"] == "stop"


async def test_usage_and_cost(ask: Any, wire: Any) -> None:
    """Usage counts tokens, the cost follows from it, and the ledger has charged the same."""
    item = await ask(includeUsage=True, includeCost=True)
    usage = item["usage"]
    assert usage["totalTokens"] == usage["promptTokens"] + usage["completionTokens"]
    assert usage["costBreakdown"]["total"] == item["cost"] > 0
    assert float(wire.emulator.ledger.charged) == pytest.approx(item["cost"])
    longer = await ask("Why is the harbour quiet tonight? " * 20, includeUsage=True)
    assert longer["usage"]["promptTokens"] > usage["promptTokens"]


async def test_thoughts_are_told_and_counted(ask: Any) -> None:
    """A model told to think tells its thoughts apart from its text."""
    item = await ask(settings={"thinkingLevel": "high"}, includeUsage=True)
    (thought,) = item["reasoningContent"]
    assert thought not in item["text"]
    assert item["usage"]["thinkingTokens"] == item["usage"]["completionTokensDetails"]["reasoningTokens"] > 0
    assert "reasoningContent" not in await ask(settings={"thinkingLevel": "off"})


@pytest.mark.parametrize("as_text", [False, True])
async def test_json_follows_its_schema(ask: Any, as_text: bool) -> None:
    """With the format JSON the text is an object that the schema allows, references and choices included."""
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 12, "maxLength": 20},
            "mood": {"enum": ["calm", "wild"]},
            "score": {"type": "integer", "minimum": 3, "maximum": 5},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "place": {"$ref": "#/$defs/place"},
            "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "kind": {"const": "harbour"},
            "open": {"type": ["boolean", "null"]},
        },
        "required": ["title", "mood", "score", "tags", "place"],
        "$defs": {"place": {"allOf": [{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}]}},
    }  # fmt: skip
    given = json.dumps({"name": "x", "schema": schema}) if as_text else schema
    value = json.loads((await ask(outputFormat="JSON", jsonSchema=given))["text"])
    assert 12 <= len(value["title"]) <= 20
    assert value["mood"] in ("calm", "wild")
    assert 3 <= value["score"] <= 5
    assert isinstance(value["score"], int)
    assert 0 < value["share"] <= 1
    assert len(value["tags"]) >= 2
    assert isinstance(value["place"]["name"], str)
    assert value["when"].count("-") == 2
    assert value["kind"] == "harbour"
    assert isinstance(value["open"], bool)


async def test_recursive_schema_ends(ask: Any) -> None:
    """A schema that contains itself gives a finite value."""
    tree = {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"$ref": "#"}},
        "required": ["value"],
    }
    value = json.loads((await ask(outputFormat="JSON", jsonSchema=tree))["text"])
    assert value["value"] == 0


async def test_media_are_looked_at(ask: Any, wire: Any, image_task: Any, data_uri: Any, picture: bytes) -> None:
    """The answer says what given pictures show, and they count as tokens."""
    made = await wire.result(**image_task())
    inputs = {"images": [made["imageUUID"], data_uri(picture, "image/png")], "documents": ["https://example.com/a.pdf"]}
    item = await ask(inputs=inputs, includeUsage=True)
    assert "a lighthouse at dusk" in item["text"]
    assert "80 by 60 pixels" in item["text"]
    assert item["usage"]["promptTokens"] > 3 * 256


async def test_several_answers_and_the_asynchronous_way(ask: Any, wire: Any) -> None:
    """Several results differ; asynchronously they are acknowledged and then polled, by default for one model."""
    task = {
        "taskType": "textInference", "taskUUID": str(uuid4()), "model": "openai:gpt@5.4-pro", "numberResults": 3,
        "messages": [{"role": "user", "content": "Why is the harbour quiet tonight?"}],
    }  # fmt: skip
    assert (await wire.post(task)).json()["data"] == [{"taskType": "textInference", "taskUUID": task["taskUUID"]}]
    await wire.finished(task)
    items = (await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).json()["data"]
    assert len({item["text"] for item in items}) == 3
    assert {item["status"] for item in items} == {"success"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"messages": None}, "missingMessages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalidRole"),
        ({"messages": [{"role": "user"}]}, "missingContent"),
        ({"outputFormat": "JSON"}, "missingJsonSchema"),
        ({"outputFormat": "JSON", "jsonSchema": "{"}, "invalidJsonSchema"),
        ({"settings": {"maxTokens": 0}}, "invalidMaxTokens"),
        ({"model": "openai:gpt@5.4-pro", "deliveryMethod": "sync"}, "invalidDeliveryMethod"),
    ],
)
async def test_bad_text_request(wire: Any, changes: dict[str, Any], code: str) -> None:
    """What is wrong with a text request is named, and nothing is charged."""
    task = {
        "taskType": "textInference", "taskUUID": str(uuid4()), "model": MODEL,
        "messages": [{"role": "user", "content": "x"}], "deliveryMethod": "sync", **changes,
    }  # fmt: skip
    answer = await (await wire.link()).ask({name: value for name, value in task.items() if value is not None})
    assert code in {error["code"] for error in answer["errors"]}
    assert wire.emulator.ledger.accepted == 0
