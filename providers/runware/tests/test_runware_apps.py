"""Serverless apps by `Native`: one call, one paid task, followed and recovered like any other."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from anymedia import AsyncMediaClient
from anymedia.errors import (
    AuthenticationError,
    InvalidRequestError,
    MediaError,
    ModelNotFoundError,
    ProtocolError,
    ProviderUnavailableError,
    QuotaExceededError,
    RateLimitError,
    TaskFailedError,
    TaskNotFoundError,
)
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native, TextToVideo
from anymedia.testing import ScaledClock
from anymedia_runware.addresses import apps_url
from anymedia_runware.emulator import RunwareEmulator

Desk = Any
OpenClient = Callable[..., Awaitable[AsyncMediaClient]]
OpenDesk = Any

CALL = "POST /v1/apps/emulated-app/invoke-async/echo"
PICTURE = {"imageURL": "https://media.invalid/a.png", "imageUUID": "p"}


def echo(payload: Any = PICTURE, where: str = "") -> Native:
    """The app that gives back what it is given."""
    return Native(provider="runware", call=CALL + where, payload=payload)


@pytest.fixture
async def strange_host(open_desk: OpenDesk) -> AsyncIterator[Callable[[bytes], Awaitable[Desk]]]:
    """A provider at a host that answers whatever it is asked with success and the same body."""
    async with AsyncExitStack() as stack:

        async def at(body: bytes) -> Desk:
            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                head = f"HTTP/1.1 202 Accepted\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
                writer.close()

            server = await stack.enter_async_context(await asyncio.start_server(answer, "127.0.0.1", 0))
            return await open_desk(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "key_0")

        yield at


@pytest.mark.parametrize("where", ["", "?environment=staging"])
@pytest.mark.parametrize("scheme", ["ws://", "http://"])
async def test_an_app_is_a_task(
    runware_emulator: RunwareEmulator, open_client: OpenClient, scheme: str, where: str
) -> None:
    """Called once over either door, in its environment; the answer is `raw`, and what of it is media an output."""
    base_url = runware_emulator.endpoint.base_url.replace("ws://", scheme)
    client = await open_client(base_url, runware_emulator.api_key)
    task = await client.submit(echo({**PICTURE, "model": "mine"}, where))
    assert str(TaskRef.parse(str(task.ref))) == str(task.ref)
    result = await client.attach(str(task.ref), Native).result(timeout=20)
    assert [(output.kind, output.url, output.vendor_ref) for output in result.outputs] == [
        ("image", "https://media.invalid/a.png", "p")
    ]
    assert result.raw["output"]["model"] == "mine"
    assert (result.model, result.cost) == (CALL + where, None)
    assert runware_emulator.ledger.accepted == 1
    assert "authentication" not in runware_emulator.ledger.requests


async def test_words_and_nothing_at_all(client: AsyncMediaClient) -> None:
    """What an app says in words is an output too; numbers are only in `raw`."""
    (words,) = (await client.run(echo({"text": "hello"}))).outputs
    assert (words.kind, words.data) == ("text", b"hello")
    result = await client.run(echo({"answer": 42}))
    assert (result.outputs, result.raw["output"]) == ((), {"answer": 42})


@pytest.mark.parametrize(
    "call",
    [
        "POST /v1/apps/emulated-app/invoke-sync/echo",
        "POST /v1/apps/emulated-app/invoke-async/",
        "POST /v1/apps/emulated-app/invoke-async/../../tasks",
        "POST /v1/apps/emulated-app/invoke-async/Echo",
        "POST /v1/apps/emulated-app/invoke-async/" + "a/" * 128 + "a",
        "POST /v1/apps/app/invoke-async/echo",
        "POST /v1/apps/emulated-app/invoke-async/echo?environment=",
        "GET /v1/apps/emulated-app/tasks/7",
        "POST /v1/text_to_image",
    ],
)
async def test_no_call_of_an_app(desk: Desk, runware_emulator: RunwareEmulator, call: str) -> None:
    """What is neither a task type nor an app's call is refused before anything is sent, with an example."""
    with pytest.raises(InvalidRequestError, match="call") as caught:
        await desk.plan(Native(provider="runware", call=call))
    assert caught.value.issues[0].nearest.startswith("POST /v1/apps/")
    assert runware_emulator.ledger.requests == []


async def test_no_such_app(desk: Desk) -> None:
    """An app or endpoint that does not exist is a model that does not exist."""
    submission = await desk.submit(Native(provider="runware", call="POST /v1/apps/no-such-app/invoke-async/echo"))
    assert (submission.outcome, type(submission.error)) == (Outcome.REFUSED, ModelNotFoundError)
    assert submission.error.request_id


@pytest.mark.parametrize(
    ("fault", "settings", "outcome", "kind"),
    [
        ("throttle", {"retry_after": 2}, Outcome.REFUSED, RateLimitError),
        ("daily_quota", {}, Outcome.REFUSED, QuotaExceededError),
        ("http_status_before", {"status": 401}, Outcome.REFUSED, AuthenticationError),
        ("http_status_before", {"status": 422}, Outcome.REFUSED, InvalidRequestError),
        ("http_status_before", {"status": 302}, Outcome.UNKNOWN, ProtocolError),
        ("http_status_before", {"status": 408}, Outcome.UNKNOWN, ProviderUnavailableError),
        ("http_status_before", {"status": 409}, Outcome.UNKNOWN, ProviderUnavailableError),
        ("http_status_before", {"status": 503}, Outcome.UNKNOWN, ProviderUnavailableError),
    ],
)
async def test_what_an_answer_proves(
    desk: Desk,
    runware_emulator: RunwareEmulator,
    fault: str,
    settings: Any,
    outcome: Outcome,
    kind: type[MediaError],
) -> None:
    """A plain 4xx is a refusal; 408, 409, 5xx and redirections prove nothing. A paused environment stays paused."""
    runware_emulator.faults.add(fault, match="serverless", **settings)
    submission = await desk.submit(echo())
    assert (submission.outcome, type(submission.error)) == (outcome, kind)
    assert submission.error.retry_after == settings.get("retry_after")
    assert runware_emulator.ledger.accepted == 0


async def test_nobody_there(nowhere: Desk) -> None:
    """Without a server the attempt was surely not sent."""
    assert (await nowhere.submit(echo())).outcome is Outcome.NOT_SENT


async def test_an_answer_lost_on_the_way(shaky: Desk, proxy: Any, runware_emulator: RunwareEmulator) -> None:
    """A call whose answer is lost is looked up by its id, and never made again."""
    proxy.arm("cut", on="accepted")
    submission = await shaky.submit(echo())
    assert submission.outcome is Outcome.UNKNOWN
    submission = await shaky.provider.reconcile(submission.ref)
    assert submission.outcome is Outcome.ACCEPTED
    assert (await shaky.end(submission.ref)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count(CALL) == 1


async def test_a_call_that_never_arrived(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """After half a minute without a trace nobody knows what became of a call; it is not made again."""
    endpoint, clock = runware_emulator.endpoint, ScaledClock(100)
    desk = await open_desk(endpoint.base_url, runware_emulator.api_key, clock=clock, poll_interval=5)
    runware_emulator.faults.add("http_status_before", status=503, match="serverless")
    submission = await desk.submit(echo())
    began = clock.now()
    submission = await desk.provider.reconcile(submission.ref)
    assert submission.outcome is Outcome.UNKNOWN
    assert clock.now() - began >= 30
    assert runware_emulator.ledger.requests.count(CALL) == 1


async def test_a_call_that_cannot_be_seen_yet(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """For half a minute after its acceptance a call may be missing from the look-ups; afterwards it is gone."""
    endpoint, clock = runware_emulator.endpoint, ScaledClock(1000)
    desk = await open_desk(endpoint.base_url, runware_emulator.api_key, clock=ScaledClock(1))
    ref = await desk.start(echo())
    runware_emulator.faults.add("task_not_found", match="serverless", times=2)
    (snapshot,) = await desk.provider.fetch([ref])
    assert snapshot.state is TaskState.QUEUED
    late = await open_desk(endpoint.base_url, runware_emulator.api_key, clock=clock)
    assert await late.provider.fetch([ref]) == []
    assert (await desk.end(ref)).state is TaskState.SUCCEEDED
    with pytest.raises(TaskNotFoundError):
        await desk.provider.cancel(desk.provider.new_ref(await desk.plan(echo())))


async def test_an_app_that_fails(client: AsyncMediaClient, runware_emulator: RunwareEmulator) -> None:
    """An error of the app's is the end of the task, with its reason."""
    runware_emulator.faults.add("fail_task", code="out of ideas", match="serverless")
    with pytest.raises(TaskFailedError, match="out of ideas"):
        await client.run(echo())


async def test_apps_and_tasks_side_by_side(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """One look takes both; a look at an app that fails says nothing about it, and costs the others nothing."""
    refs = [await desk.start(echo()), await desk.start(TextToVideo(prompt="waves", duration=3))]
    runware_emulator.faults.add("http_status_before", status=500, match="serverless")
    found = {snapshot.ref.id: snapshot for snapshot in await desk.provider.fetch(refs)}
    assert found.keys() == {ref.id for ref in refs}
    assert found[refs[0].id].provider_status is None
    for ref in refs:
        assert (await desk.end(ref)).state is TaskState.SUCCEEDED
    runware_emulator.faults.add("http_status_before", status=500, match="serverless")
    with pytest.raises(ProviderUnavailableError):
        await desk.provider.fetch(refs[:1])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", json.dumps({"id": "another", "status": "pending"}).encode(), b'{"status": 7}']
)
async def test_success_that_cannot_be_read(strange_host: Callable[[bytes], Awaitable[Desk]], body: bytes) -> None:
    """A success without our task in it proves nothing, whatever else it holds."""
    submission = await (await strange_host(body)).submit(echo())
    assert (submission.outcome, type(submission.error)) == (Outcome.UNKNOWN, ProtocolError)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("wss://ws-api.runware.ai/v1", "https://api.serverless.runware.ai"),
        ("https://api.runware.ai/v1", "https://api.serverless.runware.ai"),
        ("ws://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("https://gateway.invalid/runware/v1/", "https://gateway.invalid/runware"),
    ],
)
def test_where_apps_are_called(base_url: str, expected: str) -> None:
    """Apps have a host of their own at the vendor's; any other address serves them beside the rest."""
    assert apps_url(base_url) == expected
