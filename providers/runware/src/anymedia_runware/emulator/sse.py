"""Streamed text: one textInference per POST, its words as server-sent events while they are being found."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.responses import StreamingResponse

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.frames import Frame
from anymedia_runware.emulator.shapes import array_of
from anymedia_runware.emulator.tasks import Task

__all__ = ["NO_STREAM", "Words", "stream_answer", "wants_stream"]

NO_STREAM = Problem(
    "invalidDeliveryMethod",
    "A stream is one text with one result, asked for alone and by HTTP.",
    "deliveryMethod",
    {"allowedValues": ["sync", "async"]},
)

# Source: runware.ai/docs, "Streaming"; 2026-10. How often a silent stream is kept alive is our choice.
_KEEP_ALIVE = b": keep-alive\n\n"
_KEEP_ALIVE_SECONDS = 15.0
_DONE = b"data: [DONE]\n\n"
_LAST_WORDS = ("taskUUID", "finishReason", "usage", "thoughtSignature", "cost")
_PIECE = re.compile(r"\s*\S+")

# Long enough for the pieces of a split chunk to be read one by one; real seconds.
_PAUSE = 0.02


class Words:
    """The outlet of one stream: what the service says of its task.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._said = asyncio.Queue[Frame]()

    def put(self, frame: Frame) -> None:
        """Keep a frame."""
        self._said.put_nowait(frame)

    async def wait(self) -> Frame:
        """The next frame, whenever it comes."""
        return await self._said.get()

    async def wait_a_while(self) -> Frame | None:
        """The next frame, or None when it is time for a sign of life."""
        said = asyncio.create_task(self._said.get())
        waits: list[asyncio.Task[Any]] = [said, asyncio.create_task(self._backend.clock.sleep(_KEEP_ALIVE_SECONDS))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return said.result() if said.done() else None
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def wants_stream(task: Mapping[str, Any]) -> bool:
    """Whether a task asks to be streamed."""
    return str(task.get("deliveryMethod")).lower() == "stream"


def stream_answer(task: Task, words: Words, backend: Backend) -> StreamingResponse:
    """The answer to an accepted task that is streamed."""
    return StreamingResponse(_bytes(task, words, backend), media_type="text/event-stream")


async def _bytes(task: Task, words: Words, backend: Backend) -> AsyncIterator[bytes]:
    splits = backend.faults.take("split_stream", task.task_type) is not None
    async for event in _events(task, words, backend):
        if not splits or event.isascii():
            yield event
            continue
        cut = 1 + next(place for place, byte in enumerate(event) if byte > 127)
        yield event[:cut]
        await asyncio.sleep(_PAUSE)
        yield event[cut:]


async def _events(task: Task, words: Words, backend: Backend) -> AsyncIterator[bytes]:
    faults, clock = backend.faults, backend.clock
    nested = faults.take("nest_stream", task.task_type) is not None
    cut = faults.take("cut_stream", task.task_type)
    stalled = faults.take("stall_stream", task.task_type)
    yield _KEEP_ALIVE
    for place, (due, delta) in enumerate(_paced(task)):
        if cut is not None and place >= cut.get("after", 1):
            return
        if stalled is not None and place >= stalled.get("after", 1):
            break
        while (left := due - clock.now()) > 0:
            await clock.sleep(min(left, _KEEP_ALIVE_SECONDS))
            if left > _KEEP_ALIVE_SECONDS:
                yield _KEEP_ALIVE
        yield _event({"taskUUID": task.uuid, "delta": delta}, nested=nested)
    async for event in _end(words, backend, nested=nested, stalled=stalled):
        yield event


async def _end(
    words: Words, backend: Backend, *, nested: bool, stalled: Mapping[str, Any] | None
) -> AsyncIterator[bytes]:
    if stalled is not None and not stalled.get("comments", False):
        await asyncio.Event().wait()
    while stalled is not None or (frame := await words.wait_a_while()) is None:
        yield _KEEP_ALIVE
        if stalled is not None:
            await backend.clock.sleep(_KEEP_ALIVE_SECONDS)
    if frame.errors:
        yield _event(frame.body())
    for item in frame.data or ():
        yield _event({name: item[name] for name in _LAST_WORDS if name in item}, nested=nested)
    backend.delivered(frame)
    yield _DONE


def _paced(task: Task) -> Iterator[tuple[float, dict[str, str]]]:
    """Each delta with the time it is due, evenly spread over the time the task takes; half of them if it fails."""
    deltas = list(_deltas(task.results[0].product.fields))
    if "fail_task" in task.quirks:
        deltas = deltas[: len(deltas) // 2]
    seconds = task.results[0].ready_at - task.created
    for place, delta in enumerate(deltas, 1):
        yield task.created + seconds * place / (len(deltas) + 1), delta


def _deltas(fields: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for thought in array_of(fields.get("reasoningContent")):
        for piece in _PIECE.findall(str(thought)):
            yield {"reasoningContent": piece}
    for piece in _PIECE.findall(str(fields.get("text", ""))):
        yield {"text": piece}


def _event(body: Any, *, nested: bool = False) -> bytes:
    text = json.dumps({"data": [body]} if nested else body, ensure_ascii=False)
    return f"data: {text}\n\n".encode()
