"""Streamed text: server-sent events over a real connection, and what can go wrong with them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from anymedia.testing import ManualClock

COMMENT = ": keep-alive"
DONE = "data: [DONE]"

Json = dict[str, Any]


@pytest.fixture
def text_task() -> Callable[..., Json]:
    """A question that asks for a stream, with changes."""

    def make(**changes: Any) -> Json:
        task = {
            "taskType": "textInference",
            "taskUUID": str(uuid4()),
            "model": "openai:gpt@5-mini",
            "messages": [{"role": "user", "content": "Was ist die Größe von 東京?"}],
            "deliveryMethod": "stream",
        }
        return {**task, **changes}

    return make


@asynccontextmanager
async def streaming(wire: Any, *tasks: Json, body: Any = None) -> AsyncIterator[httpx.Response]:
    """The open answer to a POST."""
    headers = {"Authorization": f"Bearer {wire.emulator.api_key}", "Accept": "text/event-stream"}
    async with (
        asyncio.timeout(20),
        wire.http.stream("POST", wire.http_url, json=body or list(tasks), headers=headers) as answer,
    ):
        yield answer


async def lines_of(wire: Any, *tasks: Json) -> list[str]:
    """All lines of a stream that ends, but the blank ones between events."""
    async with streaming(wire, *tasks) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [line async for line in answer.aiter_lines() if line]


def chunks_of(lines: list[str]) -> list[Any]:
    """The JSON of the events."""
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


def said(chunks: list[Any], name: str = "text") -> str:
    """What the deltas come to."""
    return "".join(chunk.get("delta", {}).get(name, "") for chunk in chunks)


async def archived(wire: Any, task: Json) -> Json:
    """The result as the archive has it."""
    answer = await wire.post({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]})
    (item,) = answer.json()["data"][0]["response"]["data"]
    return item


async def test_text_comes_in_deltas(wire: Any, text_task: Any) -> None:
    """Deltas by the task's id, last words without a delta, and the terminator; together they are the whole text."""
    lines = await lines_of(wire, task := text_task())
    assert lines[0] == COMMENT
    assert lines[-1] == DONE
    *deltas, last = chunks_of(lines)
    assert {chunk["taskUUID"] for chunk in [*deltas, last]} == {task["taskUUID"]}
    assert len(deltas) > 3
    assert all(set(chunk) == {"taskUUID", "delta"} for chunk in deltas)
    assert last == {"taskUUID": task["taskUUID"], "finishReason": "stop"}
    assert said(deltas) == (await archived(wire, task))["text"]
    entry = wire.emulator.ledger.entries[task["taskUUID"]]
    assert (entry.state, entry.delivered) == ("succeeded", 1)
    assert entry.charged > 0


async def test_last_words_hold_usage_and_cost(wire: Any, text_task: Any) -> None:
    """They are told when the request asks for them."""
    last = chunks_of(await lines_of(wire, text_task(includeUsage=True, includeCost=True)))[-1]
    assert last["usage"]["totalTokens"] == last["usage"]["promptTokens"] + last["usage"]["completionTokens"]
    assert last["cost"] > 0


async def test_thoughts_come_first(wire: Any, text_task: Any) -> None:
    """A model that is asked to think tells its reasoning in deltas of their own, before the text."""
    task = text_task(settings={"thinkingLevel": "high"})
    chunks = chunks_of(await lines_of(wire, task))
    result = await archived(wire, task)
    assert said(chunks, "reasoningContent") == "".join(result["reasoningContent"])
    assert said(chunks) == result["text"]
    kinds = [next(iter(chunk["delta"])) for chunk in chunks if "delta" in chunk]
    assert kinds == sorted(kinds)


async def test_deltas_come_while_the_task_runs(slow_wire: Any, clock: ManualClock, text_task: Any) -> None:
    """The first words are there long before the last."""
    task = text_task()
    async with streaming(slow_wire, task) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == COMMENT
        while not (line := await next_line(lines, clock, 0.1)).startswith("data: "):
            pass
        assert "delta" in json.loads(line.removeprefix("data: "))
        assert slow_wire.emulator.ledger.entries[task["taskUUID"]].state == "accepted"


async def next_line(lines: AsyncIterator[str], clock: ManualClock, seconds: float) -> str:
    """The next line, while time goes on."""
    waiting = asyncio.ensure_future(anext(lines))
    while not waiting.done():
        await clock.advance(seconds)
        await asyncio.wait([waiting], timeout=0.01)
    return waiting.result()


async def test_silence_is_kept_alive(slow_wire: Any, clock: ManualClock, text_task: Any) -> None:
    """A comment every 15 seconds while there is nothing to say."""
    slow_wire.emulator.faults.add("slow", seconds=3600)
    async with streaming(slow_wire, text_task()) as answer:
        lines = answer.aiter_lines()
        told = [line for line in [await next_line(lines, clock, 5) for _ in range(8)] if line]
    assert told.count(COMMENT) >= 3


async def test_refused_before_the_stream(wire: Any, text_task: Any) -> None:
    """What is wrong with a request is said in JSON with its status, in either shape, and nothing is streamed."""
    for fault in (None, "single_error"):
        if fault is not None:
            wire.emulator.faults.add(fault)
        async with streaming(wire, text_task(messages=None)) as answer:
            body = json.loads(await answer.aread())
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/json"
        error = body["errors"][0] if fault is None else body["error"]
        assert error["code"] == "missingMessages"
    wire.emulator.faults.add("throttle", retry_after=3)
    async with streaming(wire, text_task()) as answer:
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert wire.emulator.ledger.accepted == 0


async def test_used_id_is_not_streamed_again(wire: Any, text_task: Any) -> None:
    """An id that was used is a conflict for streams as well."""
    await lines_of(wire, task := text_task())
    async with streaming(wire, task) as answer:
        body = json.loads(await answer.aread())
    assert (answer.status_code, body["errors"][0]["code"]) == (400, "conflictTaskUUID")


async def test_wrong_key(wire: Any, text_task: Any) -> None:
    """A stream needs the key like everything else; it may also come in the body."""
    answer = await wire.post(text_task(), key="wrong")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "invalidApiKey")
    answer = await wire.http.post(wire.http_url, json=[wire.key, text_task()])
    assert answer.text.rstrip().endswith(DONE)


@pytest.mark.parametrize("changes", [{"numberResults": 2}, {"taskType": "imageInference"}])
async def test_what_cannot_be_streamed(wire: Any, text_task: Any, changes: Json) -> None:
    """Only one text with one result, alone in its POST; not on the WebSocket."""
    async with streaming(wire, text_task(**changes)) as answer:
        body = json.loads(await answer.aread())
    assert (answer.status_code, body["errors"][0]["code"]) == (400, "invalidDeliveryMethod")
    assert (await wire.post(text_task(), text_task())).status_code == 400
    (error,) = (await (await wire.link()).ask(task := text_task()))["errors"]
    assert (error["code"], error["taskUUID"]) == ("invalidDeliveryMethod", task["taskUUID"])
    assert wire.emulator.ledger.accepted == 0


@pytest.mark.parametrize(("fault", "key"), [(None, "errors"), ("single_error", "error")])
async def test_failure_in_the_middle(wire: Any, text_task: Any, fault: str | None, key: str) -> None:
    """`fail_task`: some words, then an error as an event, in either shape."""
    for each in filter(None, ("fail_task", fault)):
        wire.emulator.faults.add(each)
    lines = await lines_of(wire, task := text_task())
    *deltas, last = chunks_of(lines)
    assert said(deltas)
    error = last[key][0] if key == "errors" else last[key]
    assert (error["code"], error["taskUUID"]) == ("inferenceError", task["taskUUID"])
    assert wire.emulator.ledger.entries[task["taskUUID"]].charged == 0


async def test_cut_stream(wire: Any, text_task: Any) -> None:
    """`cut_stream`: it ends in good order, but without last words; the archive has the whole text."""
    wire.emulator.faults.add("cut_stream", after=2)
    lines = await lines_of(wire, task := text_task())
    assert DONE not in lines
    chunks = chunks_of(lines)
    assert len(chunks) == 2
    await wire.finished(task)
    assert wire.emulator.ledger.delivered == 0
    assert (await archived(wire, task))["text"].startswith(said(chunks))


@pytest.mark.parametrize("comments", [False, True])
async def test_stalled_stream(wire: Any, text_task: Any, comments: bool) -> None:
    """`stall_stream`: some words, then silence or nothing but comments, for ever."""
    wire.emulator.faults.add("stall_stream", after=2, comments=comments)
    async with streaming(wire, task := text_task()) as answer:
        lines = answer.aiter_lines()
        told = [line for line in [await anext(lines) for _ in range(6)] if line]
        assert told[0] == COMMENT
        assert len(chunks_of(told)) == 2
        await wire.finished(task)
        if comments:
            assert [await anext(lines) for _ in range(6)].count(COMMENT) == 3
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await anext(lines)


async def test_characters_split_between_chunks(wire: Any, text_task: Any) -> None:
    """`split_stream`: chunks end inside characters; only their bytes together are text."""
    wire.emulator.faults.add("split_stream")
    async with streaming(wire, task := text_task()) as answer:
        chunks = [chunk async for chunk in answer.aiter_bytes()]
    assert any("\ufffd" in chunk.decode(errors="replace") for chunk in chunks)
    assert said(chunks_of(b"".join(chunks).decode().splitlines())) == (await archived(wire, task))["text"]


async def test_chunks_under_data(wire: Any, text_task: Any) -> None:
    """`nest_stream`: the older shape of a chunk."""
    wire.emulator.faults.add("nest_stream")
    chunks = [chunk for body in chunks_of(await lines_of(wire, text_task())) for chunk in body["data"]]
    assert said(chunks)
    assert chunks[-1]["finishReason"] == "stop"


async def test_lost_listener_does_not_stop_the_task(wire: Any, text_task: Any) -> None:
    """Who hangs up in the middle finds the text in the archive."""
    wire.emulator.faults.add("slow", seconds=100)
    async with streaming(wire, task := text_task()) as answer:
        await anext(answer.aiter_lines())
    await wire.finished(task)
    assert (await archived(wire, task))["text"]
