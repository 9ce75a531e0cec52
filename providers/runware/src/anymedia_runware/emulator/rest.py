"""The REST door: one POST for any number of tasks."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from anymedia_runware.emulator.conversation import BAD_KEY
from anymedia_runware.emulator.engine import Engine
from anymedia_runware.emulator.errors import Problem, http_status
from anymedia_runware.emulator.frames import Frame, Gathering
from anymedia_runware.emulator.media import made_uuid
from anymedia_runware.emulator.reading import Incoming, TaskIn, heavy, read_message
from anymedia_runware.emulator.sse import NO_STREAM, Words, stream_answer, wants_stream

__all__ = ["answer_post"]

_MISSING_KEY = Problem("missingApiKey", "An API key is required.", "apiKey")


async def answer_post(request: Request, engine: Engine, api_key: str) -> Response:
    """Answer one POST, once all its tasks are answered."""
    incoming = await _read((await request.body()).decode(errors="replace"), engine)
    faults = engine.backend.faults
    before = faults.take("http_status_before", incoming.subject)
    if before is not None:
        return _bare(int(before.get("status", 503)), before.get("retry_after"))
    refusal = _refusal(request, incoming, api_key)
    if refusal is not None:
        return await _whole(Frame([], [refusal]), engine)
    if any(wants_stream(each.task) for each in incoming.tasks):
        return await _stream(incoming, engine)
    done = asyncio.Event()
    gathering = Gathering(len(incoming.tasks), done.set)
    _hand_out(incoming, engine, gathering)
    after = faults.take("http_status_after", incoming.subject)
    if after is not None:
        return _bare(int(after.get("status", 502)))
    if incoming.tasks:
        await done.wait()
    return _bare(502) if gathering.broken else await _whole(gathering.merged(), engine)


async def _stream(incoming: Incoming, engine: Engine) -> Response:
    """The answer to a streamed task: its events, or why there are none."""
    asked = [each for each in incoming.tasks if each.task.get("taskType") != "authentication"]
    task = asked[0].task
    if len(asked) > 1 or task.get("taskType") != "textInference" or task.get("numberResults", 1) != 1:
        return await _whole(Frame([], [NO_STREAM.item(task)]), engine)
    words = Words(engine.backend)
    engine.answer(asked, words)
    accepted = engine.backend.tasks.get(str(task.get("taskUUID")))
    if accepted is not None and accepted.outlet is words:
        return stream_answer(accepted, words, engine.backend)
    refused = await words.wait()
    return _bare(502) if refused.fate else await _whole(replace(refused, data=[]), engine)


async def _read(text: str, engine: Engine) -> Incoming:
    backend, behaviour = engine.backend, engine.backend.behaviour

    def read() -> Incoming:
        return read_message(text, backend.host, most=behaviour.max_tasks, strict=behaviour.strict)

    return await asyncio.to_thread(read) if heavy(text) else read()


def _refusal(request: Request, incoming: Incoming, api_key: str) -> dict[str, Any] | None:
    if incoming.problem is not None:
        return incoming.problem.item()
    key = _key(request, incoming)
    if key is None:
        return _MISSING_KEY.item()
    return None if key == api_key else BAD_KEY.item({"taskType": "authentication"})


def _key(request: Request, incoming: Incoming) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    first: Mapping[str, Any] = incoming.tasks[0].task if incoming.tasks else {}
    return str(first.get("apiKey")) if first.get("taskType") == "authentication" else None


def _hand_out(incoming: Incoming, engine: Engine, gathering: Gathering) -> None:
    tasks: list[TaskIn] = []
    for each in incoming.tasks:
        name = each.task.get("taskType")
        if name not in ("authentication", "ping"):
            tasks.append(each)
            continue
        engine.backend.ledger.saw(name)
        session = {"connectionSessionUUID": made_uuid(engine.backend.rng)}
        gathering.put(Frame([{"taskType": name, **({"pong": True} if name == "ping" else session)}]))
    engine.answer(tasks, gathering)


async def _whole(frame: Frame, engine: Engine) -> Response:
    body = await asyncio.to_thread(frame.wire) if frame.heavy else frame.wire()
    engine.backend.delivered(frame)
    if frame.data or not frame.errors:
        return Response(body, media_type="application/json")
    first = frame.errors[0]
    headers = _come_back(first.get("retryAfter"))
    return Response(body, http_status(first["code"]), headers, media_type="application/json")


def _bare(status: int, retry_after: float | None = None) -> Response:
    return PlainTextResponse("The upstream server did not answer.", status, _come_back(retry_after))


def _come_back(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"retry-after": f"{seconds:g}"}
