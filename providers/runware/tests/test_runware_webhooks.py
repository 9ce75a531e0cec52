"""Webhooks: every form of a post is read, and a route on a real server brings them into the client."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from anymedia import AsyncMediaClient, MediaClient
from anymedia.errors import MediaError, ProtocolError
from anymedia.refs import TaskState
from anymedia.requests import TextToImage, TextToVideo
from anymedia.testing.hosting import Hosted
from anymedia.testing.server import Server
from anymedia_runware import RunwareOptions, parse_webhook, webhook_app
from anymedia_runware.emulator import Behaviour, RunwareEmulator

OpenClient = Any
Serve = Callable[..., Awaitable[str]]

TASK = "0b5a1a3e-8f0e-4c53-9d59-1a2b3c4d5e6f"
ITEM = {"taskType": "imageInference", "taskUUID": TASK, "imageUUID": "a", "imageURL": "https://h/a.png", "cost": 0.01}
ERROR = {"code": "inferenceError", "message": "No.", "taskUUID": TASK}
PROCESSING = {"taskType": "imageInference", "taskUUID": TASK, "status": "processing"}


@pytest.fixture
async def route() -> AsyncIterator[Serve]:
    """Serves applications under `/hooks/runware`, and says where."""
    async with AsyncExitStack() as stack:

        async def serve(app: Any) -> str:
            server = Server(Starlette(routes=[Route("/hooks/runware", app), Mount("/mounted", app)]))
            stack.push_async_callback(server.aclose)
            return f"http://127.0.0.1:{await server.start()}/hooks/runware"

        yield serve


def hooked(url: str, request: type[Any] = TextToImage, **fields: Any) -> Any:
    """A request whose news goes to `url`."""
    options = {"runware": RunwareOptions(webhook_url=url)}
    return request(prompt="a lighthouse", provider_options=options, **fields)


async def patient(open_client: OpenClient, emulator: RunwareEmulator) -> AsyncMediaClient:
    """A client that looks at a task once and then, by itself, not again for a long while."""
    client: AsyncMediaClient = await open_client(emulator.endpoint.base_url, emulator.api_key, poll_interval=1000)
    return client.with_options(delivery="poll", timeout=None)


@pytest.mark.parametrize("body", [ITEM, {"data": [ITEM]}, {"data": ITEM}, [ITEM]])
@pytest.mark.parametrize("form", [dict, str, bytes])
def test_a_result(body: Any, form: type) -> None:
    """Bare, wrapped or in an array; parsed, text or bytes: one finished picture."""
    text = json.dumps(body)
    (snapshot,) = parse_webhook({dict: body, str: text, bytes: text.encode()}[form])
    assert (snapshot.ref.provider, snapshot.ref.id) == ("runware", TASK)
    assert snapshot.state is TaskState.SUCCEEDED
    assert [output.url for output in snapshot.outputs] == ["https://h/a.png"]
    assert snapshot.cost is not None


@pytest.mark.parametrize(
    "body", [{"errors": [ERROR]}, {"data": [], "errors": [ERROR]}, {"error": ERROR}, {**ERROR, "status": "error"}]
)
def test_a_failure(body: Any) -> None:
    """Each form of a failure is a failed task with the vendor's code."""
    (snapshot,) = parse_webhook(body)
    assert snapshot.state is TaskState.FAILED
    assert snapshot.failure is not None
    assert snapshot.failure.provider_code == "inferenceError"


def test_progress() -> None:
    """A post about a task in the making says that it runs."""
    (snapshot,) = parse_webhook({**PROCESSING, "progress": 40})
    assert (snapshot.state, snapshot.progress) == (TaskState.RUNNING, 0.4)


@pytest.mark.parametrize("count", [2, None])
def test_one_of_several(count: int | None) -> None:
    """Neither one result nor one failure of a task of several, or of nobody knows how many, is the task's end."""
    (result,) = parse_webhook(ITEM, count=count)
    assert (result.state, len(result.outputs)) == (TaskState.RUNNING, 1)
    (failure,) = parse_webhook({"errors": [ERROR]}, count=count)
    assert (failure.state, failure.failure, len(failure.errors)) == (TaskState.RUNNING, None, 1)


def test_all_of_several() -> None:
    """A post that holds all results of its task is its end; tasks in one post are told apart."""
    other = {**ITEM, "imageUUID": "b", "imageURL": "https://h/b.png"}
    (whole,) = parse_webhook({"data": [ITEM, other]}, count=2)
    assert (whole.state, len(whole.outputs)) == (TaskState.SUCCEEDED, 2)
    both = parse_webhook({"data": [ITEM, {**other, "taskUUID": "another"}], "errors": []})
    assert {snapshot.ref.id: len(snapshot.outputs) for snapshot in both} == {TASK: 1, "another": 1}


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", "null", "[]", "{}", "hello", {"hello": "world"}, {"data": []}, [1]])
def test_what_is_no_post(body: Any) -> None:
    """Anything else is one clear error of ours."""
    with pytest.raises(ProtocolError, match="tells of no task"):
        parse_webhook(body)


@given(
    st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(str))
)
def test_noise(body: Any) -> None:
    """Random bodies end in a snapshot or in our error, never in another."""
    with suppress(MediaError):
        assert parse_webhook(body)


async def test_a_task_ends_by_its_webhook(
    open_client: OpenClient, runware_emulator: RunwareEmulator, route: Serve
) -> None:
    """A client that would not look again for minutes has its film as soon as the post is in; told once, paid once."""
    client = await patient(open_client, runware_emulator)
    url = await route(webhook_app(client, token="s3cret"))
    async with asyncio.timeout(20):
        result = await client.run(hooked(f"{url}?token=s3cret", TextToVideo, duration=3))
    assert result.output.kind == "video"
    assert runware_emulator.ledger.requests.count("videoInference") == 1
    assert runware_emulator.ledger.accepted == 1


@pytest.mark.parametrize("fault", ["webhook_twice", "webhook_late", "webhook_progress"])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_odd_posts(open_client: OpenClient, route: Serve, fault: str, wrapped: bool) -> None:
    """Posts that come twice, late, early or wrapped end in the same four pictures, each of them once."""
    async with RunwareEmulator(speed=200, behaviour=Behaviour(webhook_wrapped=wrapped)) as emulator:
        emulator.faults.add(fault, times=4)
        client = await patient(open_client, emulator)
        async with asyncio.timeout(20):
            result = await client.run(hooked(await route(webhook_app(client)), count=4))
        assert len({output.vendor_ref for output in result.outputs}) == len(result.outputs) == 4
        assert emulator.ledger.accepted == 1


async def test_a_failure_arrives_too(open_client: OpenClient, runware_emulator: RunwareEmulator, route: Serve) -> None:
    """A task that fails after its acceptance fails the waiter as soon as the post is in."""
    client = await patient(open_client, runware_emulator)
    runware_emulator.faults.add("fail_task")
    url = await route(webhook_app(client))
    with pytest.raises(MediaError) as caught:
        await asyncio.wait_for(client.run(hooked(url)), 20)
    assert caught.value.provider_code == "inferenceError"


async def test_a_forged_post_ends_nothing(
    open_client: OpenClient, runware_emulator: RunwareEmulator, route: Serve
) -> None:
    """Somebody who finds the address can neither end a task nor fail it: the vendor is asked, and says that it runs."""
    client = await patient(open_client, runware_emulator)
    runware_emulator.faults.add("stick")
    url = await route(webhook_app(client))
    task = await client.submit(TextToVideo(prompt="waves", duration=3))
    async with httpx.AsyncClient() as forger:
        for body in ({**ITEM, "taskUUID": task.ref.id}, {"errors": [{**ERROR, "taskUUID": task.ref.id}]}):
            assert (await forger.post(url, json=body)).status_code == 204
    snapshot = await task.status()
    assert (snapshot.state, snapshot.outputs, snapshot.errors) == (TaskState.RUNNING, (), ())


async def test_a_post_with_the_token_is_believed(
    open_client: OpenClient, runware_emulator: RunwareEmulator, route: Serve
) -> None:
    """Who knows the secret speaks for the vendor: a first result is there before the task has ended."""
    client = await patient(open_client, runware_emulator)
    runware_emulator.faults.add("stick")
    url = await route(webhook_app(client, token="s3cret"))
    task = await client.submit(TextToVideo(prompt="waves", duration=3))
    async with httpx.AsyncClient() as sender:
        posted = await sender.post(f"{url}?token=s3cret", json={**ITEM, "taskUUID": task.ref.id})
    assert posted.status_code == 204
    snapshot = await task.status()
    assert (snapshot.state, len(snapshot.outputs)) == (TaskState.RUNNING, 1)


async def test_what_the_route_refuses(client: AsyncMediaClient, route: Serve) -> None:
    """Another method, a wrong or missing token, a body too large or of no meaning: a status of its own each."""
    url = await route(webhook_app(client, token="s3cret", max_bytes=1000))
    async with httpx.AsyncClient() as sender:
        assert (await sender.get(f"{url}?token=s3cret")).status_code == 405
        assert (await sender.post(url, json=ITEM)).status_code == 403
        assert (await sender.post(f"{url}?token=s3cre", json=ITEM)).status_code == 403
        assert (await sender.post(f"{url}?token=s3cret", content=b"x" * 1001)).status_code == 413
        assert (await sender.post(f"{url}?token=s3cret", content=_endless())).status_code == 413
        assert (await sender.post(f"{url}?token=s3cret", content=b"noise")).status_code == 400
        assert (await sender.post(f"{url}?token=s3cret", json=ITEM)).status_code == 204  # of a task nobody knows


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(20):
        yield b"x" * 100


async def test_mounted(client: AsyncMediaClient, route: Serve) -> None:
    """As a mounted application it answers under its path, which then ends with a slash."""
    url = (await route(webhook_app(client))).replace("/hooks/runware", "/mounted/")
    async with httpx.AsyncClient() as sender:
        assert (await sender.post(url, json=ITEM)).status_code == 204


async def test_after_the_clients_end(client: AsyncMediaClient, route: Serve) -> None:
    """Once the client is closed the vendor is told to come again."""
    url = await route(webhook_app(client))
    await client.aclose()
    async with httpx.AsyncClient() as sender:
        assert (await sender.post(url, json=ITEM)).status_code == 503


async def test_only_http(client: AsyncMediaClient) -> None:
    """Any other kind of connection is refused in the way ASGI has for it."""
    with pytest.raises(ValueError, match="websocket"):
        await webhook_app(client)({"type": "websocket"}, _never, _never)


async def _never(*_: Any) -> Any:
    raise AssertionError


async def test_for_synchronous_code(route: Serve) -> None:
    """A `MediaClient`, which lives on a loop of its own, is told just as well."""
    with Hosted(RunwareEmulator(speed=1000)) as there:
        client = MediaClient("runware", **vars(there), poll_interval=1000, timeout=None, journal=None)
        url = await route(webhook_app(client))
        request = hooked(url, TextToVideo, duration=3)
        result = await asyncio.wait_for(asyncio.to_thread(client.run, request), 20)
        assert result.output.kind == "video"
        await asyncio.to_thread(client.close)
