"""Serverless apps: functions of one's own, called and looked up over the product's own wire."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia_runware.emulator import Behaviour

Call = Callable[..., Any]


def shout(payload: Any) -> Any:
    """An app: louder words."""
    return {"text": payload["text"].upper() + "!"}


@pytest.fixture
async def open_apps(make_wire: Any) -> Call:
    """Makes an emulator with the app, and gives a way to call it."""

    async def open_them(**settings: Any) -> Any:
        wire = await make_wire(apps={"loud-app/say/it": shout}, **settings)
        base = wire.http_url.replace("/v1", "/v1/apps/loud-app")
        key = {"Authorization": f"Bearer {wire.emulator.api_key}"}

        async def call(route: str, **body: Any) -> httpx.Response:
            headers = body.pop("headers", key)
            if body:
                return await wire.http.post(f"{base}/{route}", json=body, headers=headers)
            return await wire.http.get(f"{base}/{route}", headers=headers)

        return wire, call

    return open_them


async def finished(wire: Any, task: str) -> None:
    """Return once a task is over."""
    await wire.finished({"taskUUID": task})


async def test_accepted_then_looked_up(open_apps: Call) -> None:
    """The asynchronous route answers 202 with a pending task; a look finds the output."""
    wire, call = await open_apps()
    task = str(uuid4())
    accepted = await call("invoke-async/say/it", taskId=task, payload={"text": "hello"})
    told = accepted.json()
    assert (accepted.status_code, told["status"], told["output"], told["completedAt"]) == (202, "pending", None, None)
    assert (told["id"], told["appId"], told["endpointPath"]) == (task, "loud-app", "say/it")
    await finished(wire, task)
    done = (await call(f"tasks/{task}")).json()
    assert (done["status"], done["output"], done["error"]) == ("completed", {"text": "HELLO!"}, None)
    assert done["completedAt"] >= done["createdAt"]
    assert wire.emulator.ledger.delivered == 1


async def test_synchronous_route_waits(open_apps: Call) -> None:
    """The synchronous route holds the request until the task is over."""
    _, call = await open_apps()
    answer = await call("invoke-sync/say/it", taskId=str(uuid4()), payload={"text": "hello"})
    assert (answer.status_code, answer.json()["output"]) == (200, {"text": "HELLO!"})


async def test_synchronous_route_has_a_window(open_apps: Call) -> None:
    """A task that outlives the window comes back accepted, and goes on."""
    wire, call = await open_apps(behaviour=Behaviour(sync_budget=1))
    wire.emulator.faults.add("slow", seconds=300, match="serverless")
    task = str(uuid4())
    answer = await call("invoke-sync/say/it", taskId=task, payload={"text": "hello"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    await finished(wire, task)
    assert (await call(f"tasks/{task}")).json()["status"] == "completed"


async def test_one_id_is_one_task(open_apps: Call) -> None:
    """The same id again is the same task, whatever else the call says."""
    wire, call = await open_apps()
    task = str(uuid4())
    await call("invoke-async/say/it", taskId=task, payload={"text": "hello"})
    again = await call("invoke-sync/say/it", taskId=task, payload={"text": "goodbye"})
    assert again.json()["output"] == {"text": "HELLO!"}
    assert wire.emulator.ledger.accepted == 1
    elsewhere = await call("invoke-async/say/it?environment=staging", taskId=task, payload={})
    assert elsewhere.status_code == 409


async def test_environments_are_apart(open_apps: Call) -> None:
    """A task is found in the environment it was called in, which is production unless said otherwise."""
    _, call = await open_apps()
    task = str(uuid4())
    await call("invoke-sync/say/it?environment=staging", taskId=task, payload={"text": "hello"})
    assert (await call(f"tasks/{task}")).status_code == 404
    assert (await call(f"tasks/{task}?environment=staging")).json()["status"] == "completed"


async def test_app_that_raises_is_a_failed_task(open_apps: Call) -> None:
    """What an app raises is the outcome of its task, not of the call."""
    wire, call = await open_apps()
    answer = await call("invoke-sync/say/it", taskId=str(uuid4()), payload={})
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (200, "failed", "'text'")
    wire.emulator.faults.add("fail_task", code="providerError")
    answer = await call("invoke-sync/say/it", taskId=str(uuid4()), payload={"text": "hello"})
    assert (answer.json()["status"], answer.json()["error"]) == ("failed", "providerError")
    assert wire.emulator.ledger.delivered == 0


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("invoke-async/no/such", {"taskId": str(uuid4())}, 404),
        ("invoke-async/say/it", {"taskId": "7"}, 422),
        ("invoke-async/say/it", {"taskId": str(uuid4()).upper()}, 422),
        ("invoke-async/say/it?environment=No!", {"taskId": str(uuid4())}, 422),
        ("invoke-async/say/it", {"taskId": str(uuid4()), "headers": {"Authorization": "Bearer wrong"}}, 401),
        ("tasks/42b25326-7f2b-4be4-9f9e-ee86dcf7309b", {}, 404),
    ],
)
async def test_refusals_are_problem_documents(open_apps: Call, route: str, body: Any, status: int) -> None:
    """Errors come as `application/problem+json` with a type, a detail and a request id."""
    wire, call = await open_apps()
    answer = await call(route, **body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert {"type", "title", "detail", "requestId"} <= answer.json().keys()
    assert ("errors" in answer.json()) == (status == 422)
    assert wire.emulator.ledger.accepted == 0


async def test_what_is_no_json(open_apps: Call) -> None:
    """A body that is no JSON object has no task id."""
    wire, _ = await open_apps()
    url = wire.http_url.replace("/v1", "/v1/apps/loud-app/invoke-async/say/it")
    key = {"Authorization": f"Bearer {wire.emulator.api_key}"}
    for body in ("{", "[]"):
        assert (await wire.http.post(url, content=body, headers=key)).status_code == 422


async def test_ending_in_the_middle_of_an_app(make_wire: Any) -> None:
    """An emulator ends while an app is at work."""
    begun, end = threading.Event(), threading.Event()

    def work(payload: Any) -> None:
        begun.set()
        end.wait(20)

    wire = await make_wire(apps={"slow-app/work": work})
    url = wire.http_url.replace("/v1", "/v1/apps/slow-app/invoke-async/work")
    key = {"Authorization": f"Bearer {wire.emulator.api_key}"}
    await wire.http.post(url, json={"taskId": str(uuid4())}, headers=key)
    assert await asyncio.to_thread(begun.wait, 20)
    async with asyncio.timeout(20):
        await wire.emulator.aclose()
    end.set()


async def test_troubles_on_demand(open_apps: Call) -> None:
    """A rate limit and an outage say when to come back, a paused environment does not; a fresh task may be invisible."""
    wire, call = await open_apps()
    faults, body = wire.emulator.faults, {"taskId": str(uuid4()), "payload": {"text": "hello"}}
    faults.add("throttle", retry_after=2, match="serverless")
    limited = await call("invoke-async/say/it", **body)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "2")
    faults.add("http_status_before", status=503, retry_after=1, match="serverless")
    assert (await call("invoke-async/say/it", **body)).headers["retry-after"] == "1"
    faults.add("daily_quota", match="serverless")
    paused = await call("invoke-async/say/it", **body)
    assert (paused.status_code, paused.json()["type"].partition("#")[2]) == (429, "environment-paused")
    assert "retry-after" not in paused.headers
    await call("invoke-sync/say/it", **body)
    faults.add("task_not_found", match="serverless")
    assert (await call(f"tasks/{body['taskId']}")).status_code == 404
    assert (await call(f"tasks/{body['taskId']}")).status_code == 200


async def test_slow_and_stuck_apps(open_apps: Call) -> None:
    """`slow` takes longer, `stick` for ever."""
    clock = ManualClock()
    wire, call = await open_apps(clock=clock)
    wire.emulator.faults.add("slow", seconds=50, match="serverless")
    tasks = [str(uuid4()), str(uuid4())]
    await call("invoke-async/say/it", taskId=tasks[0], payload={"text": "a"})
    wire.emulator.faults.add("stick", match="serverless")
    await call("invoke-async/say/it", taskId=tasks[1], payload={"text": "b"})
    await clock.advance(50)
    assert [(await call(f"tasks/{task}")).json()["status"] for task in tasks] == ["pending", "pending"]
    await clock.advance(5)
    await finished(wire, tasks[0])
    assert [(await call(f"tasks/{task}")).json()["status"] for task in tasks] == ["completed", "pending"]


async def test_an_app_is_there_without_being_asked_for(wire: Any) -> None:
    """An emulator of which nothing is asked has an app that gives back what it is given."""
    url = wire.http_url.replace("/v1", "/v1/apps/emulated-app/invoke-sync/echo")
    key = {"Authorization": f"Bearer {wire.emulator.api_key}"}
    answer = await wire.http.post(url, json={"taskId": str(uuid4()), "payload": [1, "two"]}, headers=key)
    assert answer.json()["output"] == [1, "two"]
