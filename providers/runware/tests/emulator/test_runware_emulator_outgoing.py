"""Webhooks and upload endpoints: what the service sends by itself, how often, and where."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia.testing import ManualClock, render
from anymedia.testing.server import Server
from anymedia_runware.emulator import Behaviour


class Receiver:
    """Somebody's endpoint: keeps what comes, and answers with the next status."""

    def __init__(self) -> None:
        self.calls: list[tuple[Request, bytes]] = []
        self.statuses: list[int] = []
        self.url = ""
        self._came = asyncio.Condition()

    async def take(self, request: Request) -> Response:
        body = await request.body()
        async with self._came:
            self.calls.append((request, body))
            self._came.notify_all()
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    async def bodies(self, count: int) -> list[Any]:
        """What came, as JSON, once so much has come."""
        await self.has(count)
        return [json.loads(body) for _, body in self.calls]

    async def has(self, count: int) -> None:
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: len(self.calls) >= count)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    made = Receiver()
    server = Server(Starlette(routes=[Route("/{path:path}", made.take, methods=["POST", "PUT"])]))
    made.url = f"http://127.0.0.1:{await server.start()}/hook?token=abc"
    yield made
    await server.aclose()


async def delivered(wire: Any, outputs: int) -> None:
    """Return once the ledger has seen so many outputs handed over."""
    ledger, seen = wire.emulator.ledger, asyncio.Event()
    ledger.subscribe(lambda _: seen.set() if ledger.delivered >= outputs else None)
    if ledger.delivered < outputs:
        async with asyncio.timeout(20):
            await seen.wait()


async def test_each_finished_item_is_posted(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """A task with a webhook is acknowledged at once; each of its results then comes in a POST of its own."""
    task = image_task(webhookURL=receiver.url, numberResults=3, includeCost=True)
    acknowledgement = await (await wire.link()).ask(task)
    assert acknowledgement == {"data": [{"taskType": "imageInference", "taskUUID": task["taskUUID"]}]}
    items = await receiver.bodies(3)
    assert {item["taskUUID"] for item in items} == {task["taskUUID"]}
    assert len({item["imageUUID"] for item in items}) == 3
    assert all(item["status"] == "success" and item["cost"] > 0 for item in items)
    request, _ = receiver.calls[0]
    assert (request.method, request.url.path, request.url.query) == ("POST", "/hook", "token=abc")
    assert request.headers["content-type"] == "application/json"
    await delivered(wire, 3)


async def test_webhook_and_poll_go_together(wire: Any, video_task: Any, receiver: Receiver) -> None:
    """What was posted can be asked for as well."""
    link, task = await wire.link(), video_task(webhookURL=receiver.url, deliveryMethod="async")
    await link.ask(task)
    (posted,) = await receiver.bodies(1)
    assert (await link.ask({"taskType": "getResponse", "taskUUID": task["taskUUID"]}))["data"] == [posted]


async def test_webhook_beside_a_synchronous_answer(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """A delivery method that is asked for stands: the result is the answer, and is posted too."""
    answer = await wire.post(image_task(webhookURL=receiver.url, deliveryMethod="sync"))
    (item,), (posted,) = answer.json()["data"], await receiver.bodies(1)
    assert item["imageURL"] == posted["imageURL"]


async def test_wrapped_webhooks(make_wire: Any, image_task: Any, receiver: Receiver) -> None:
    """The older form of the body, with the item under `data`, can be chosen."""
    wire = await make_wire(behaviour=Behaviour(webhook_wrapped=True))
    await wire.post(task := image_task(webhookURL=receiver.url))
    (body,) = await receiver.bodies(1)
    assert [item["taskUUID"] for item in body["data"]] == [task["taskUUID"]]


async def test_failures_are_posted_as_errors(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """A failed result comes under `errors`, and nothing counts as delivered."""
    wire.emulator.faults.add("fail_task", code="providerTimeout")
    await wire.post(task := image_task(webhookURL=receiver.url))
    ((error,),) = [body["errors"] for body in await receiver.bodies(1)]
    assert (error["code"], error["status"], error["taskUUID"]) == ("providerTimeout", "error", task["taskUUID"])
    assert wire.emulator.ledger.delivered == 0


@pytest.mark.parametrize("wrapped", [False, True])
async def test_failures_may_be_items(make_wire: Any, image_task: Any, receiver: Receiver, wrapped: bool) -> None:
    """In the other form a failure is an item with a status, bare or wrapped."""
    wire = await make_wire(behaviour=Behaviour(failure_form="item", webhook_wrapped=wrapped))
    wire.emulator.faults.add("fail_task")
    await wire.post(image_task(webhookURL=receiver.url))
    (body,) = await receiver.bodies(1)
    (item,) = body["data"] if wrapped else [body]
    assert (item["status"], item["error"]["code"]) == ("error", "inferenceError")


async def test_webhook_is_repeated_with_growing_pauses(
    slow_wire: Any, clock: ManualClock, image_task: Any, receiver: Receiver
) -> None:
    """Until a 2xx answer the same body comes again, after a quarter of a second, then twice as long, at most 8 s."""
    receiver.statuses = [500, 404, 302, 503, 500, 500, 500, 200]
    await slow_wire.post(image_task(webhookURL=receiver.url))
    async with asyncio.timeout(20):
        while not receiver.calls:
            await clock.advance(0.01)
    for attempt, pause in enumerate([0.25, 0.5, 1, 2, 4, 8, 8], 1):
        await receiver.has(attempt)
        async with asyncio.timeout(20):
            while not clock.sleepers:  # noqa: ASYNC110 - nothing but the courier has a reason to wait
                await asyncio.sleep(0)
        await clock.advance(pause * 0.7)
        assert len(receiver.calls) == attempt
        await clock.advance(pause * 0.3)
    bodies = await receiver.bodies(8)
    assert all(body == bodies[0] for body in bodies)
    await delivered(slow_wire, 1)


async def test_webhook_is_given_up_some_day(make_wire: Any, image_task: Any, receiver: Receiver) -> None:
    """After the last attempt nothing more is sent; getResponse still has the result."""
    wire = await make_wire(behaviour=Behaviour(webhook_attempts=2), speed=10_000)
    receiver.statuses = [500] * 2
    await wire.post(task := image_task(webhookURL=receiver.url))
    await receiver.has(2)
    answer = await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})
    assert answer.json()["data"][0]["status"] == "success"
    assert not receiver.statuses


async def test_nobody_at_the_address(make_wire: Any, image_task: Any) -> None:
    """An address where nobody listens harms nothing."""
    wire = await make_wire(behaviour=Behaviour(webhook_attempts=2), speed=10_000)
    await wire.post(task := image_task(webhookURL="http://127.0.0.1:1/"))
    await wire.finished(task)
    assert (await wire.post(image_task())).status_code == 200


async def test_silent_receiver_does_not_hold_up_the_end(make_wire: Any, image_task: Any) -> None:
    """An endpoint that takes the call and never answers is left alone when the emulator ends."""
    called, hold = asyncio.Event(), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await hold.wait()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as silent:
        wire = await make_wire()
        port = silent.sockets[0].getsockname()[1]
        await wire.post(image_task(webhookURL=f"http://127.0.0.1:{port}/"))
        async with asyncio.timeout(20):
            await called.wait()
            await wire.emulator.aclose()
        hold.set()


async def test_webhook_faults(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """A post can be lost, come twice, come late, or be preceded by one that says `processing`."""
    faults = wire.emulator.faults
    faults.add("webhook_lost", match="imageInference")
    await wire.post(lost := image_task(webhookURL=receiver.url))
    await wire.finished(lost)
    faults.add("webhook_twice")
    await wire.post(image_task(webhookURL=receiver.url))
    first, second = await receiver.bodies(2)
    assert first == second
    assert lost["taskUUID"] != first["taskUUID"]
    faults.add("webhook_progress")
    faults.add("webhook_late", seconds=100)
    await wire.post(image_task(webhookURL=receiver.url))
    *_, early, late = await receiver.bodies(4)
    assert (early["status"], late["status"]) == ("processing", "success")
    assert "imageURL" not in early


async def test_output_is_put_to_the_upload_endpoint(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """`uploadEndpoint` gets the raw bytes by PUT, the very ones that the URL gives."""
    receiver.statuses = [503]
    (item,) = (await wire.post(image_task(uploadEndpoint=receiver.url, outputFormat="PNG"))).json()["data"]
    await receiver.has(2)
    request, body = receiver.calls[-1]
    assert (request.method, request.headers["content-type"]) == ("PUT", "image/png")
    assert "authorization" not in request.headers
    assert body == await wire.download(item["imageURL"])
    assert render.probe(body).media_type == "image/png"


async def test_failed_output_is_not_uploaded(wire: Any, image_task: Any, receiver: Receiver) -> None:
    """Where there is no output, nothing is put anywhere."""
    wire.emulator.faults.add("fail_one")
    await wire.post(image_task(uploadEndpoint=receiver.url, webhookURL=receiver.url, numberResults=2))
    await receiver.has(3)
    assert sorted(request.method for request, _ in receiver.calls) == ["POST", "POST", "PUT"]
