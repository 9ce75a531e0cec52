"""Bad input and a bad network: each lands on the right error or state, and the ledger shows no second task."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from anymedia import (
    AsyncMediaClient,
    MediaError,
    ProtocolError,
    RateLimitError,
    SubmissionUnknownError,
    TaskNotFoundError,
    TaskState,
    TextToImage,
    TransportError,
)
from anymedia.refs import Outcome
from anymedia.testing import FaultProxy, ScaledClock
from anymedia_runway.emulator import RunwayEmulator

OpenClient = Callable[..., AsyncMediaClient]
CREATE = "POST /v1/text_to_image"
REQUEST = TextToImage(prompt="a lighthouse", size="720x720")


@pytest.fixture
async def answering() -> AsyncIterator[Callable[..., Awaitable[tuple[str, list[bytes]]]]]:
    """Serves connections that read one request and get these bytes, one piece at a time: the address, what came in."""
    async with AsyncExitStack() as stack:

        async def serve(*pieces: bytes, for_ever: bool = False) -> tuple[str, list[bytes]]:
            seen: list[bytes] = []

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                    seen.append(head)
                    for piece in pieces:
                        writer.write(piece)
                    while for_ever:
                        writer.write(b" ")
                        await writer.drain()
                        await asyncio.sleep(0.02)
                except ConnectionError:
                    pass
                finally:
                    writer.close()

            server = await stack.enter_async_context(await asyncio.start_server(handle, "127.0.0.1", 0))
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen

        yield serve


@pytest.fixture
async def wire(runway_emulator: RunwayEmulator) -> AsyncIterator[tuple[FaultProxy, str]]:
    """A proxy before the emulator that breaks the wire, and its address."""
    proxy = FaultProxy(runway_emulator.endpoint.base_url, runway_emulator.ledger)
    url = await proxy.start()
    yield proxy, url
    await proxy.aclose()


def http(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """An answer as it stands on the wire."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    "answer",
    [
        http(b""),
        http(b"", "204 No Content"),
        http(b"<html></html>", kind="text/html"),
        http(b'{"id": "17f2'),
        http(b"[]"),
        http(b"null"),
        http(b'{"id": null}'),
        http(b'{"id": 17}'),
        http(b'{"id": "../organization"}'),
        http(b'{"estimatedCost": {"credits": 5}}'),
        http(b"\xff\xfe\x00"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"garbage\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_to_a_create_that_cannot_be_read(
    answering: Callable[..., Awaitable[tuple[str, list[bytes]]]], open_client: OpenClient, answer: bytes
) -> None:
    """A success nobody can read is an unknown outcome: one request is made, and no other."""
    url, seen = await answering(answer)
    with pytest.raises(SubmissionUnknownError) as caught:
        await open_client(url, retries=3).run(REQUEST)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(seen) == 1


async def test_a_base_url_may_have_a_path(
    answering: Callable[..., Awaitable[tuple[str, list[bytes]]]], open_client: OpenClient
) -> None:
    """A gateway's own path stays in front of the vendor's."""
    url, seen = await answering(http(b'{"id": "17f20503-6c24-4c16-946b-35dbbce2af2f"}'))
    await open_client(f"{url}/gateway/runway/").submit(REQUEST)
    assert seen[0].startswith(b"POST /gateway/runway/v1/text_to_image ")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_create_is_never_redirected(
    answering: Callable[..., Awaitable[tuple[str, list[bytes]]]],
    runway_emulator: RunwayEmulator,
    open_client: OpenClient,
    status: str,
) -> None:
    """A redirect of a create is not followed, wherever it leads: the key stays, and nothing is started elsewhere."""
    target = f"{runway_emulator.endpoint.base_url}/v1/text_to_image"
    url, seen = await answering(f"HTTP/1.1 {status}\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(SubmissionUnknownError):
        await open_client(url, runway_emulator.api_key).run(REQUEST)
    assert len(seen) == 1
    assert runway_emulator.ledger.requests == []


async def test_a_body_that_never_ends(
    answering: Callable[..., Awaitable[tuple[str, list[bytes]]]], tmp_path: Path
) -> None:
    """An answer that drips in byte by byte is lost after the time allowed for an answer."""
    url, seen = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", for_ever=True)
    config = tmp_path / "anymedia.toml"
    config.write_text(f'[providers.runway]\nbase_url = "{url}"\napi_key = "key_0"\nsubmit_timeout = 0.3\n')
    async with asyncio.timeout(20), AsyncMediaClient.from_config(config, provider="runway", journal=None) as client:
        with pytest.raises(SubmissionUnknownError):
            await client.run(REQUEST)
    assert len(seen) == 1


@pytest.mark.parametrize("kind", ["reset", "cut"])
@pytest.mark.parametrize(("on", "started"), [("request", 0), ("accepted", 1), ("response", 1)])
async def test_a_connection_that_breaks_during_a_create(
    runway_emulator: RunwayEmulator,
    wire: tuple[FaultProxy, str],
    open_client: OpenClient,
    kind: Any,
    on: str,
    started: int,
) -> None:
    """Before the request was read or after, nobody can tell from here: it is unknown, and sent once."""
    proxy, url = wire
    proxy.arm(kind, on=on)
    with pytest.raises(SubmissionUnknownError):
        await open_client(url, runway_emulator.api_key, retries=3).run(REQUEST)
    assert runway_emulator.ledger.accepted == started
    assert runway_emulator.ledger.requests == [CREATE] * started


@pytest.mark.parametrize("kind", ["reset", "cut"])
@pytest.mark.parametrize("on", ["request", "requested", "response"])
async def test_connections_that_break_while_waiting(
    runway_emulator: RunwayEmulator, wire: tuple[FaultProxy, str], open_client: OpenClient, kind: Any, on: str
) -> None:
    """Looks are repeated until one gets through; the task is the one that was started."""
    proxy, url = wire
    client = open_client(url, runway_emulator.api_key)
    task = await client.submit(REQUEST)
    proxy.arm(kind, on=on, times=4)
    async with asyncio.timeout(20):
        assert (await task.result(timeout=None)).ref == task.ref
    assert runway_emulator.ledger.accepted == 1


@pytest.mark.parametrize(
    "base_url",
    ["https://api.runway.invalid", "http://127.0.0.1:1", "tls"],
    ids=["no such host", "nobody listens", "no TLS there"],
)
async def test_what_surely_was_not_sent(
    runway_emulator: RunwayEmulator, open_client: OpenClient, base_url: str
) -> None:
    """Without a connection nothing was sent; the error says so, and that trying again is safe."""
    if base_url == "tls":
        base_url = runway_emulator.endpoint.base_url.replace("http:", "https:")
    with pytest.raises(TransportError) as caught:
        await open_client(base_url, runway_emulator.api_key).run(REQUEST)
    assert (caught.value.outcome, caught.value.sent, caught.value.retryable) == (Outcome.NOT_SENT, False, True)
    assert runway_emulator.ledger.requests == []


async def test_a_storm_of_429s_starts_each_task_once(runway_emulator: RunwayEmulator, open_client: OpenClient) -> None:
    """When the vendor refuses again and again, every request gets through in the end, and none of them twice."""
    runway_emulator.faults.add("throttle", times=15, match=CREATE)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, retries=20)
    requests = [TextToImage(prompt=f"lighthouse {number}", size="720x720") for number in range(8)]
    async with asyncio.timeout(40):
        done = [one async for one in client.map(requests, concurrency=8)]
    assert all(one.result is not None for one in done), [one.error for one in done]
    assert runway_emulator.ledger.accepted == 8
    assert runway_emulator.ledger.requests.count(CREATE) == 8 + 15
    assert {entry.request["promptText"] for entry in runway_emulator.ledger.entries.values()} == {
        request.prompt for request in requests
    }


async def test_a_storm_that_does_not_end(runway_emulator: RunwayEmulator, client: AsyncMediaClient) -> None:
    """After the retries that are set the refusal is the caller's, and nothing was started."""
    runway_emulator.faults.add("throttle", times=None, match=CREATE)
    with pytest.raises(RateLimitError) as caught:
        await client.run(REQUEST)
    assert caught.value.outcome is Outcome.REFUSED
    assert runway_emulator.ledger.requests == [CREATE] * 3
    assert runway_emulator.ledger.accepted == 0


@pytest.mark.parametrize("output", [[], None, {}, [None], ["not a URL"], "https://cdn.test/a.png", 7])
async def test_a_success_without_outputs(still: RunwayEmulator, patient: AsyncMediaClient, output: object) -> None:
    """A task that succeeded and shows nothing is an error that leads to it, not an empty result."""
    task = await patient.submit(REQUEST)
    body = {"id": task.ref.id, "status": "SUCCEEDED", "output": output, "cost": {"credits": 5}}
    still.faults.add("status_before", match="GET", status=200, body=body, times=None)
    async with asyncio.timeout(20):
        with pytest.raises(ProtocolError) as caught:
            await task.result()
    assert caught.value.ref == task.ref
    assert caught.value.raw == body


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "PENDING",
        {"status": None},
        {"status": 7},
        {"id": "00000000-0000-4000-8000-000000000000", "status": "SUCCEEDED", "output": ["https://cdn.test/a.png"]},
    ],
)
async def test_answers_about_a_task_that_say_nothing(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, body: Any
) -> None:
    """Nonsense about a task, and another task's end, neither end nor fail it."""
    runway_emulator.faults.add("status_before", match="GET /v1/tasks", status=200, body=body, times=3)
    task = await client.submit(REQUEST)
    async with asyncio.timeout(20):
        result = await task.result(timeout=None)
    assert result.url != "https://cdn.test/a.png"


@pytest.mark.parametrize("status", [301, 302, 307, 408, 409, 418, 500, 502, 503, 504, 520])
async def test_odd_statuses_about_a_task(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, status: int
) -> None:
    """Redirects and servers' troubles do not end the waiting; nothing is followed elsewhere."""
    headers = {"Location": "https://elsewhere.invalid/"}
    runway_emulator.faults.add("status_before", match="GET /v1/tasks", status=status, headers=headers, times=3)
    task = await client.submit(REQUEST)
    async with asyncio.timeout(20):
        assert (await task.result(timeout=None)).url


async def test_a_task_that_cannot_be_seen_at_first(runway_emulator: RunwayEmulator, client: AsyncMediaClient) -> None:
    """A 404 right after a create is a vendor that is slow to tell itself, not a lost task."""
    runway_emulator.faults.add("hide_task", times=3)
    async with asyncio.timeout(20):
        assert (await client.run(REQUEST)).url
    assert runway_emulator.ledger.accepted == 1


async def test_a_task_that_is_never_seen(runway_emulator: RunwayEmulator, open_client: OpenClient) -> None:
    """A 404 that stays is an error that names the task, after ten seconds and not before."""
    clock = ScaledClock(100)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, clock=clock, poll_interval=5)
    runway_emulator.faults.add("hide_task", times=None)
    task = await client.submit(REQUEST)
    async with asyncio.timeout(20):
        with pytest.raises(TaskNotFoundError) as caught:
            await task.result(timeout=None)
    assert clock.now() >= 10
    assert caught.value.ref == task.ref


@pytest.mark.parametrize("fault", ["extra_fields", "missing_cost", "odd_status"])
async def test_what_nobody_knows_is_borne(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, fault: str
) -> None:
    """Fields and words of tomorrow's API do not keep today's client from its result."""
    runway_emulator.faults.add(fault, times=4)
    async with asyncio.timeout(20):
        assert (await client.run(REQUEST)).url


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("SAFETY.INPUT.TEXT", False), ("INTERNAL.BAD_OUTPUT.CODE01", False), ("THIRD_PARTY.UNAVAILABLE", True)],
)
async def test_a_failure_is_the_callers_to_repeat(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, code: str, retryable: bool
) -> None:
    """A task that failed was paid for or refunded; it is told whether another may help, and none is started."""
    runway_emulator.faults.add("fail_task", failure_code=code)
    with pytest.raises(MediaError) as caught:
        await client.run(REQUEST)
    assert (caught.value.provider_code, caught.value.retryable) == (code, retryable)
    assert caught.value.ref is not None
    assert runway_emulator.ledger.accepted == 1
    snapshot = await client.attach(caught.value.ref).status()
    assert snapshot.state is TaskState.FAILED
