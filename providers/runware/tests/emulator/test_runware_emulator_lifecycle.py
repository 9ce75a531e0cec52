"""Tasks from acceptance to the archive, and what the ledger says at each step."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from anymedia.testing import ManualClock
from anymedia.testing.emulator import LedgerEvent
from anymedia_runware.emulator import Behaviour


def poll(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """Questions for the tasks' results."""
    return [{"taskType": "getResponse", "taskUUID": task["taskUUID"]} for task in tasks]


async def test_each_result_of_a_sync_task_has_a_frame(wire: Any, image_task: Any) -> None:
    """N results arrive in N frames, each with its own id, and seeds counting up from the request's."""
    link, task = await wire.link(), image_task(numberResults=5, seed=40)
    await link.send(task)
    items = [(await link.next())["data"] for _ in range(5)]
    assert all(len(data) == 1 for data in items)
    assert {data[0]["seed"] for data in items} == {40, 41, 42, 43, 44}
    assert len({data[0]["imageUUID"] for data in items}) == 5
    assert all("status" not in data[0] and "cost" not in data[0] for data in items)


async def test_results_finish_in_any_order(wire: Any, image_task: Any) -> None:
    """Completion order is not request order."""
    link, task = await wire.link(), image_task(numberResults=20, seed=0)
    await link.send(task)
    seeds = [(await link.next())["data"][0]["seed"] for _ in range(20)]
    assert sorted(seeds) == list(range(20)) != seeds


async def test_ledger_sees_each_moment(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """Accepted and charged with the request, finished when ready, delivered when handed out."""
    events: list[LedgerEvent] = []
    slow_wire.emulator.ledger.subscribe(events.append)
    link, task = await slow_wire.link(), image_task()
    await link.send(task)
    assert await link.ask({"taskType": "ping"})
    assert [event.name for event in events] == ["accepted", "charged"]
    await clock.advance(10)
    assert (await link.next())["data"][0]["taskUUID"] == task["taskUUID"]
    assert await link.ask({"taskType": "ping"})
    assert [event.name for event in events] == ["accepted", "charged", "finished", "delivered"]
    entry = slow_wire.emulator.ledger.entries[task["taskUUID"]]
    assert (entry.kind, entry.unit, entry.state, entry.delivered) == ("imageInference", "USD", "succeeded", 1)
    assert slow_wire.emulator.ledger.requests == ["authentication", "imageInference", "ping", "ping"]


async def test_cost_is_told_when_asked_for(wire: Any, image_task: Any) -> None:
    """`includeCost` adds the price of each result, and the ledger charges their sum."""
    task = image_task(numberResults=2, includeCost=True)
    answer = await wire.post(task)
    costs = [Decimal(str(item["cost"])) for item in answer.json()["data"]]
    assert sum(costs) == wire.emulator.ledger.charged > 0


async def test_async_task_is_acknowledged_then_polled(slow_wire: Any, clock: ManualClock, video_task: Any) -> None:
    """A bare acknowledgement, then progress, then the result again and again."""
    link, task = await slow_wire.link(), video_task(numberResults=2, includeCost=True)
    answer = await link.ask(task)
    assert answer == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
    await clock.advance(12)
    answer = await link.ask(*poll(task))
    assert [item["status"] for item in answer["data"]] == ["processing", "processing"]
    assert all(0 < item["progress"] < 100 for item in answer["data"])
    assert not any("videoUUID" in item for item in answer["data"])
    await clock.advance(60)
    first, second = await link.ask(*poll(task)), await link.ask(*poll(task))
    assert first == second
    assert [item["status"] for item in first["data"]] == ["success", "success"]
    assert all(item["videoURL"] and item["cost"] for item in first["data"])
    assert slow_wire.emulator.ledger.entries[task["taskUUID"]].delivered == 2


async def test_results_add_up_over_polls(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """With some results ready, a poll mixes successes with items in processing."""
    link, task = await slow_wire.link(), image_task(numberResults=20, deliveryMethod="async")
    await link.ask(task)
    await clock.advance(4)
    answer = await link.ask(*poll(task))
    done = [item["status"] for item in answer["data"]].count("success")
    assert len(answer["data"]) == 20
    assert 0 < done < 20
    assert slow_wire.emulator.ledger.entries[task["taskUUID"]].delivered == done


async def test_async_results_are_not_pushed(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """Nobody is told of an asynchronous result before asking."""
    link = await slow_wire.link()
    await link.ask(image_task(deliveryMethod="async"))
    await clock.advance(10)
    assert "pong" in (await link.ask({"taskType": "ping"}))["data"][0]


async def test_polls_of_one_message_share_a_frame(wire: Any, image_task: Any) -> None:
    """Several getResponse tasks in an array are answered together."""
    link, tasks = await wire.link(), [image_task(deliveryMethod="async") for _ in range(3)]
    for task in tasks:
        await link.ask(task)
        await wire.finished(task)
    answer = await link.ask(*poll(*tasks))
    assert [item["taskUUID"] for item in answer["data"]] == [task["taskUUID"] for task in tasks]


@pytest.mark.parametrize(("unknown", "answer"), [("empty", {"data": []}), ("taskNotFound", None)])
async def test_unknown_task_in_a_poll(make_wire: Any, unknown: Any, answer: Any) -> None:
    """An id nobody knows gets no data, or `taskNotFound` where that is chosen."""
    wire = await make_wire(behaviour=Behaviour(unknown_task=unknown))
    told = await (await wire.link()).ask({"taskType": "getResponse", "taskUUID": str(uuid4())})
    assert told == answer or told["errors"][0]["code"] == "taskNotFound"


async def test_polls_end_after_a_day_but_the_archive_does_not(
    slow_wire: Any, clock: ManualClock, image_task: Any
) -> None:
    """After 24 hours only getTaskDetails remembers."""
    link, task = await slow_wire.link(), image_task(deliveryMethod="async")
    await link.ask(task)
    await clock.advance(86_410)
    link = await slow_wire.link()
    assert await link.ask(*poll(task)) == {"data": []}
    details = await link.ask({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]})
    assert details["data"][0]["response"]["data"][0]["imageURL"]


async def test_archive_keeps_request_and_response(wire: Any, image_task: Any) -> None:
    """getTaskDetails gives back what was sent and what came of it."""
    task = image_task(numberResults=2)
    sent = (await wire.post(task)).json()["data"]
    (details,) = (await wire.post({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]})).json()["data"]
    assert details["request"] == [task]
    assert sorted(item["seed"] for item in details["response"]["data"]) == sorted(item["seed"] for item in sent)


async def test_archive_of_an_unknown_task(wire: Any) -> None:
    """An id that was never used is told as such."""
    answer = await wire.post({"taskType": "getTaskDetails", "taskUUID": str(uuid4())})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "taskNotFound")


async def test_used_id_is_a_conflict(wire: Any, image_task: Any) -> None:
    """A task id works once: sent again, it is refused with what it was used for, and nothing is charged twice."""
    link, task = await wire.link(), image_task()
    await link.ask(task)
    (error,) = (await link.ask(task))["errors"]
    assert error["code"] == "conflictTaskUUID"
    assert error["taskUUID"] == task["taskUUID"]
    assert error["context"] == {"taskUUID": task["taskUUID"], "taskType": "imageInference", "deliveryMethod": "sync"}
    assert wire.emulator.ledger.accepted == 1
    assert (await wire.post(task)).status_code == 400


async def test_refused_id_may_be_used_again(wire: Any, image_task: Any) -> None:
    """A refusal does not consume the id."""
    link, task = await wire.link(), image_task()
    assert "errors" in await link.ask({**task, "width": 1})
    assert "data" in await link.ask(task)


async def test_sync_answer_gives_up_after_two_minutes(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """A synchronous answer ends with `timeout` at 120 seconds; the task goes on and is found by polling."""
    slow_wire.emulator.faults.add("slow", seconds=200)
    link, task = await slow_wire.link(), image_task()
    await link.send(task)
    assert await link.ask({"taskType": "ping"})
    await clock.advance(100)
    assert await link.ask({"taskType": "ping"})
    await clock.advance(25)
    (error,) = (await link.next())["errors"]
    assert (error["code"], error["taskUUID"]) == ("timeout", task["taskUUID"])
    assert await link.ask({"taskType": "ping"})
    await clock.advance(100)
    assert (await link.ask(*poll(task)))["data"][0]["status"] == "success"


async def test_tasks_of_one_array_are_independent(wire: Any, image_task: Any) -> None:
    """One bad task does not spoil the others of its message."""
    link, good, bad = await wire.link(), image_task(), image_task(width=1)
    await link.send(bad, good)
    answers = [await link.next(), await link.next()]
    assert answers[0]["errors"][0]["taskUUID"] == bad["taskUUID"]
    assert answers[1]["data"][0]["taskUUID"] == good["taskUUID"]


@pytest.mark.parametrize(
    ("legacy", "current"),
    [("imageUpscale", "upscale"), ("imageBackgroundRemoval", "removeBackground"), ("imageCaption", "caption")],
)
async def test_legacy_names_are_echoed(wire: Any, legacy: str, current: str) -> None:
    """The 2025 names still work, without a model too, and come back as sent."""
    for name in (legacy, current):
        item = await wire.result(taskType=name, inputImage="https://example.com/cat.jpg")
        assert item["taskType"] == name


async def test_wire_defaults_of_delivery(wire: Any, image_task: Any, video_task: Any) -> None:
    """Without a delivery method, images are answered in full and films acknowledged."""
    assert "imageURL" in (await wire.post(image_task())).json()["data"][0]
    assert "videoURL" not in (await wire.post(video_task())).json()["data"][0]


async def test_result_index_can_be_switched_on(make_wire: Any, image_task: Any) -> None:
    """Items may carry `resultIndex`."""
    wire = await make_wire(behaviour=Behaviour(result_index=True))
    items = (await wire.post(image_task(numberResults=3))).json()["data"]
    assert sorted(item["resultIndex"] for item in items) == [0, 1, 2]


async def test_uploads_and_searches_are_free(wire: Any, picture: bytes, data_uri: Any) -> None:
    """What costs nothing is seen by the ledger as a request, not as a task."""
    image = data_uri(picture, "image/png")
    await wire.result(taskType="imageUpload", image=image)
    await wire.result(taskType="modelSearch", search="flux")
    await wire.result(taskType="accountManagement", operation="getDetails")
    assert wire.emulator.ledger.accepted == 0
    assert wire.emulator.ledger.requests == ["imageUpload", "modelSearch", "accountManagement"]


async def test_archive_of_an_upload(wire: Any, picture: bytes, data_uri: Any) -> None:
    """Uploads are in the archive too, and their ids are used up."""
    task = {"taskType": "imageUpload", "taskUUID": str(uuid4()), "image": data_uri(picture, "image/png")}
    (item,) = (await wire.post(task)).json()["data"]
    (details,) = (await wire.post({**task, "taskType": "getTaskDetails"})).json()["data"]
    assert details["response"] == {"data": [item]}
    assert (await wire.post(task)).json()["errors"][0]["code"] == "conflictTaskUUID"


async def test_account_shows_what_was_spent(wire: Any, image_task: Any) -> None:
    """The balance goes down by the charges."""
    before = (await wire.result(taskType="accountManagement", operation="getDetails"))["balance"]
    await wire.post(image_task(numberResults=10))
    after = (await wire.result(taskType="accountManagement", operation="getDetails"))["balance"]
    assert Decimal(str(before)) - Decimal(str(after)) == wire.emulator.ledger.charged


async def test_balance_may_be_an_object(make_wire: Any) -> None:
    """The balance of the newer types can be chosen."""
    wire = await make_wire(behaviour=Behaviour(balance_object=True))
    account = await wire.result(taskType="accountManagement", operation="getDetails")
    assert account["balance"] == {"amount": 1000, "currency": "USD"}


async def test_model_search_pages_and_filters(wire: Any) -> None:
    """Search finds curated models by words and pages through them."""
    page = await wire.result(taskType="modelSearch", search="flux 1 dev", limit=2)
    assert {"air", "name", "version", "category", "architecture", "tags"} <= set(page["results"][0])
    assert page["totalResults"] >= len(page["results"])
    both = await wire.result(taskType="modelSearch", limit=2)
    second = await wire.result(taskType="modelSearch", limit=1, offset=1)
    assert second["results"] == both["results"][1:]
    assert (await wire.result(taskType="modelSearch", search="no such model"))["results"] == []
    down = await wire.result(taskType="modelSearch", sort="-name", limit=100)
    names = [model["name"] for model in down["results"]]
    assert names == sorted(names, reverse=True)
