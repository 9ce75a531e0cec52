"""What answers over HTTP prove and what they do not, when a gateway speaks or the same id is sent again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from anymedia.errors import InsufficientCreditsError, MediaError, ProviderUnavailableError
from anymedia.refs import Outcome, TaskState
from anymedia.requests import GenerateText, TextToImage
from anymedia.testing import ScaledClock
from anymedia_runware.emulator import RunwareEmulator

Desk = Any
OpenDesk = Any
Answers = Callable[[Any], tuple[int, Any]]

BROKEN_STREAM = 0
"""In place of a status: the document is an event, and then the connection ends."""

IMAGE = TextToImage(prompt="a lighthouse", size="128x128")
TEXT = GenerateText(prompt="a haiku", stream=True)


@pytest.fixture
async def talk(open_desk: OpenDesk) -> AsyncIterator[Callable[[Answers], Awaitable[Desk]]]:
    """A provider at an HTTP server that answers each task with the status and document a function gives for it."""
    servers = []

    async def at(answers: Answers) -> Desk:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            status, document = answers(json.loads(await reader.readexactly(length))[0])
            body = json.dumps(document).encode()
            kind, promised = "application/json", len(body)
            if status == BROKEN_STREAM:
                status, kind, promised, body = 200, "text/event-stream", promised + 1000, b"data: " + body + b"\n\n"
            lines = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {promised}\r\n"
            writer.write(lines.encode() + b"connection: close\r\n\r\n" + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return await open_desk(address, "key", clock=ScaledClock(50), poll_interval=1)

    yield at
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def over_http(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> Desk:
    """The provider, at its emulator's HTTP door."""
    base_url = runware_emulator.endpoint.base_url.replace("ws://", "http://")
    return await open_desk(base_url, runware_emulator.api_key, clock=ScaledClock(50), poll_interval=1)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(403, Outcome.REFUSED), (429, Outcome.REFUSED), (502, Outcome.UNKNOWN), (200, Outcome.UNKNOWN)],
)
@pytest.mark.parametrize("request_", [IMAGE, TEXT], ids=["task", "stream"])
async def test_a_gateway_that_speaks_json(talk: Any, status: int, outcome: Outcome, request_: Any) -> None:
    """A document of somebody else's is no acknowledgement: its status decides, as without any document."""
    desk = await talk(lambda _: (status, {"message": "from the gateway"}))
    assert (await desk.submit(request_)).outcome is outcome


async def test_a_gateway_that_speaks_json_to_a_look(talk: Any) -> None:
    """A look that only a gateway has answered says nothing; the task is not unknown to the vendor."""
    desk = await talk(lambda _: (502, {"message": "Internal server error"}))
    ref = desk.provider.new_ref(await desk.plan(IMAGE))
    with pytest.raises(ProviderUnavailableError):
        await desk.provider.fetch([ref])


@pytest.mark.parametrize("code", ["internalServerError", "invalidPositivePrompt", "insufficientCredits"])
async def test_a_stream_refused_by_a_server_in_trouble(talk: Any, code: str) -> None:
    """An error that names no task, from a server in trouble, proves no more for a stream than for any other task."""
    trouble = {"errors": [{"code": code, "message": "m"}]}
    desk = await talk(lambda task: (500, trouble) if task["taskType"] == "textInference" else (200, {"data": []}))
    assert (await desk.submit(TEXT)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("no_credits", {}),
        ("http_status_before", {"status": 401}),
        ("http_status_before", {"status": 403}),
        ("http_status_before", {"status": 404}),
    ],
)
async def test_a_second_sending_refused_for_a_reason_of_its_own(
    over_http: Desk, runware_emulator: RunwareEmulator, fault: str, fields: dict[str, int]
) -> None:
    """What the account or a gateway has against the second sending says nothing of the first, which was accepted."""
    runware_emulator.faults.add("http_status_after", status=504)
    submission = await over_http.submit(IMAGE)
    assert submission.outcome is Outcome.UNKNOWN
    runware_emulator.faults.add(fault, **fields)
    async with asyncio.timeout(30):
        found = await over_http.provider.reconcile(submission.ref)
    assert found.outcome is Outcome.ACCEPTED
    assert list(runware_emulator.ledger.entries) == [submission.ref.id]
    assert (await over_http.end(found.ref)).state is TaskState.SUCCEEDED


async def test_a_task_that_the_last_credit_may_have_bought(talk: Any) -> None:
    """An account that is empty at the second sending, and a task not to be found: unknown, so nobody else is asked."""
    sent: list[Any] = []

    def answers(task: Any) -> tuple[int, Any]:
        if task["taskType"] != "imageInference":
            return 200, {"data": []}
        sent.append(task)
        broke = {"code": "insufficientCredits", "message": "m", "taskUUID": task["taskUUID"]}
        return (504, {}) if len(sent) == 1 else (402, {"errors": [broke]})

    desk = await talk(answers)
    ref = (await desk.submit(IMAGE)).ref
    async with asyncio.timeout(30):
        found = await desk.provider.reconcile(ref)
    assert found.outcome is Outcome.UNKNOWN
    assert isinstance(found.error, InsufficientCreditsError)
    assert {task["taskUUID"] for task in sent} == {ref.id}
    assert isinstance(found.error, MediaError)


async def test_a_stream_that_breaks_off_with_the_network(talk: Any) -> None:
    """While the vendor cannot be asked, a text that broke off is not failed: it is asked for until it is there."""
    desk: Any = None

    def answers(task: Any) -> tuple[int, Any]:
        about = {"taskType": "textInference", "taskUUID": task["taskUUID"]}
        if task["taskType"] == "textInference":
            return BROKEN_STREAM, {**about, "delta": {"text": "An old"}}
        if not desk.gaps:
            return 503, {}
        return 200, {"data": [{**about, "status": "success", "text": "An old pond"}]}

    desk = await talk(answers)
    end = await desk.run(TEXT)
    assert (end.state, [output.data for output in end.outputs]) == (TaskState.SUCCEEDED, [b"An old pond"])


async def test_a_stream_that_breaks_off_and_is_not_known(talk: Any) -> None:
    """A vendor that can be asked, and knows nothing of the text, has lost it: the task failed, with what there is."""

    def answers(task: Any) -> tuple[int, Any]:
        event = {"taskUUID": task["taskUUID"], "delta": {"text": "An old"}}
        return (BROKEN_STREAM, event) if task["taskType"] == "textInference" else (200, {"data": []})

    end = await (await talk(answers)).run(TEXT)
    assert (end.state, end.text) == (TaskState.FAILED, "An old")
