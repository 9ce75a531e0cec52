"""Misbehaviour on demand: what the client sees, and what the ledger knows."""

from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from anymedia.testing import ManualClock
from anymedia_runware.emulator import Behaviour, RunwareEmulator

PING = {"taskType": "ping", "ping": True}


def poll(task: dict[str, Any]) -> dict[str, Any]:
    """A question for a task's results."""
    return {"taskType": "getResponse", "taskUUID": task["taskUUID"]}


async def pushed(link: Any, task: dict[str, Any]) -> list[Any]:
    """All that is said about a task until a ping sent after its end is answered."""
    await link.send(task)
    frames = [await link.next()]
    await link.send(PING)
    while frames[-1] != {"data": [{"taskType": "ping", "pong": True}]}:
        frames.append(await link.next())
    return frames[:-1]


async def test_authentication_without_answer(wire: Any) -> None:
    """`no_auth_reply`: silence; the link itself works."""
    wire.emulator.faults.add("no_auth_reply")
    link = await wire.open()
    await link.send(wire.key)
    assert "pong" in (await link.ask(PING))["data"][0]
    assert "data" in await link.ask(wire.key)


async def test_right_key_rejected(wire: Any) -> None:
    """`reject_key`: a reconnecting client is told that its good key is wrong."""
    wire.emulator.faults.add("reject_key")
    link = await wire.open()
    answer = await link.ask({**wire.key, "connectionSessionUUID": str(uuid4())})
    assert answer["errors"][0]["code"] == "invalidApiKey"


async def test_forgotten_session(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`forget_session`: another id comes back, and nothing is replayed."""
    first = await slow_wire.open()
    session = (await first.ask(slow_wire.key))["data"][0]["connectionSessionUUID"]
    await first.send(image_task())
    assert await first.ask(PING)
    await first.socket.close()
    await clock.advance(10)
    slow_wire.emulator.faults.add("forget_session")
    second = await slow_wire.open()
    answer = await second.ask({**slow_wire.key, "connectionSessionUUID": session})
    assert answer["data"][0]["connectionSessionUUID"] != session
    assert "pong" in (await second.ask(PING))["data"][0]


@pytest.mark.parametrize(("when", "accepted"), [("before_accept", 0), ("after_accept", 1), ("before_result", 1)])
@pytest.mark.parametrize("code", [1000, 1006, 1011])
async def test_link_closed_at_a_moment(wire: Any, image_task: Any, when: str, accepted: int, code: int) -> None:
    """`close`: the link ends with the code at that moment; what was accepted comes after a resume."""
    wire.emulator.faults.add("close", code=code, when=when, match="imageInference")
    session = str(uuid4())
    link, task = await wire.link(session), image_task()
    await link.send(task)
    assert await link.closed() == code
    assert wire.emulator.ledger.accepted == accepted
    assert wire.emulator.ledger.delivered == 0
    if accepted:
        again = await wire.link(session)
        assert (await again.next())["data"][0]["taskUUID"] == task["taskUUID"]


async def test_acknowledgement_survives_a_close(wire: Any, video_task: Any) -> None:
    """`close` after acceptance: the acknowledgement is replayed to the resuming client."""
    wire.emulator.faults.add("close", when="after_accept")
    session = str(uuid4())
    link, task = await wire.link(session), video_task()
    await link.send(task)
    await link.closed()
    again = await wire.link(session)
    assert await again.next() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}


async def test_poll_can_close_the_link(wire: Any) -> None:
    """`close` works on getResponse as well."""
    wire.emulator.faults.add("close", match="getResponse")
    link = await wire.link()
    await link.send({"taskType": "getResponse", "taskUUID": str(uuid4())})
    assert await link.closed() == 1011


async def test_lost_acknowledgement(wire: Any, video_task: Any) -> None:
    """`lose_ack`: accepted and charged, but nobody is told; the id is used."""
    wire.emulator.faults.add("lose_ack")
    link, task = await wire.link(), video_task()
    await link.send(task)
    assert "pong" in (await link.ask(PING))["data"][0]
    assert wire.emulator.ledger.accepted == 1
    assert wire.emulator.ledger.charged > 0
    assert (await link.ask(task))["errors"][0]["code"] == "conflictTaskUUID"


async def test_empty_acknowledgement(wire: Any, video_task: Any) -> None:
    """`empty_ack`: an acknowledgement with no items."""
    wire.emulator.faults.add("empty_ack")
    assert await (await wire.link()).ask(video_task()) == {"data": []}


async def test_lost_result(wire: Any, image_task: Any) -> None:
    """`lose_result`: one result is never pushed, and not delivered before somebody asks."""
    wire.emulator.faults.add("lose_result")
    link, task = await wire.link(), image_task(numberResults=3)
    await link.send(task)
    await wire.finished(task)
    for _ in range(2):
        assert (await link.next())["data"][0]["imageURL"]
    assert "pong" in (await link.ask(PING))["data"][0]
    assert wire.emulator.ledger.delivered == 2
    assert len((await link.ask(poll(task)))["data"]) == 3
    assert "pong" in (await link.ask(PING))["data"][0]
    assert wire.emulator.ledger.delivered == 3


async def test_duplicate_frames(wire: Any, image_task: Any) -> None:
    """`duplicate`: the same frame twice, delivered once."""
    wire.emulator.faults.add("duplicate", match="imageInference")
    first, second = await pushed(await wire.link(), image_task())
    assert first == second
    assert wire.emulator.ledger.delivered == 1


async def test_late_frame(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`reorder`: the first frame to be ready comes last."""
    slow_wire.emulator.faults.add("reorder", seconds=20)
    link, task = await slow_wire.link(), image_task(numberResults=3)
    await link.send(task)
    assert await link.ask(PING)
    await clock.advance(10)
    early = [(await link.next())["data"][0]["seed"] for _ in range(2)]
    assert "pong" in (await link.ask(PING))["data"][0]
    await clock.advance(20)
    assert (await link.next())["data"][0]["seed"] not in early


async def test_strangers_in_between(wire: Any, image_task: Any) -> None:
    """`foreign` and `orphan_error`: frames for nobody come before the real one."""
    wire.emulator.faults.add("foreign")
    wire.emulator.faults.add("orphan_error", code="serviceUnavailable")
    task = image_task()
    foreign, orphan, real = await pushed(await wire.link(), task)
    assert foreign["data"][0]["taskUUID"] != task["taskUUID"]
    assert orphan["errors"][0]["code"] == "serviceUnavailable"
    assert "taskUUID" not in orphan["errors"][0]
    assert real["data"][0]["taskUUID"] == task["taskUUID"]


async def test_odd_layouts(wire: Any, image_task: Any) -> None:
    """The layouts seen in the wild: array, bare object, mixed, singular error, empty errors, surplus fields."""
    link = await wire.link()
    faults = wire.emulator.faults
    faults.add("array_frame", match="imageInference")
    (frame,) = await pushed(link, image_task())
    assert frame[0]["imageURL"]
    faults.add("data_object", match="imageInference")
    (frame,) = await pushed(link, image_task())
    assert frame["data"]["imageURL"]
    faults.add("mixed_frame", match="imageInference")
    (frame,) = await pushed(link, task := image_task())
    assert frame["data"][0]["taskUUID"] == task["taskUUID"] != frame["errors"][0]["taskUUID"]
    faults.add("empty_errors", match="imageInference")
    (frame,) = await pushed(link, image_task())
    assert frame["errors"] == []
    faults.add("extra_fields", match="imageInference")
    (frame,) = await pushed(link, image_task())
    assert "newField" in frame
    assert "newField" in frame["data"][0]
    faults.add("single_error", match="imageInference")
    (frame,) = await pushed(link, image_task(width=1))
    assert frame["error"]["code"] == "invalidWidth"


async def test_large_result(wire: Any, image_task: Any) -> None:
    """`large_result`: a frame above the usual one-megabyte limit of clients."""
    wire.emulator.faults.add("large_result", bytes=3_000_000)
    link = await wire.link()
    await link.send(image_task())
    assert len(await link.socket.recv()) > 3_000_000


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("throttle", "rateLimitExceeded", 429),
        ("server_error", "internalServerError", 500),
        ("no_credits", "insufficientCredits", 402),
        ("daily_quota", "quotaExceeded", 429),
    ],
)
async def test_refusals(wire: Any, image_task: Any, fault: str, code: str, status: int) -> None:
    """`throttle`, `server_error`, `no_credits` and `daily_quota` refuse by name, leave the ledger alone and the id unused."""
    wire.emulator.faults.add(fault, times=2, match="imageInference")
    link, task = await wire.link(), image_task()
    (error,) = (await link.ask(task))["errors"]
    assert (error["code"], error["taskUUID"]) == (code, task["taskUUID"])
    assert (await wire.post(task)).status_code == status
    assert wire.emulator.ledger.accepted == 0
    assert "data" in await link.ask(task)


async def test_error_after_acceptance(wire: Any, image_task: Any) -> None:
    """`error_after`: accepted and charged, answered with an error or a bare 502; the result exists all the same."""
    wire.emulator.faults.add("error_after", times=2, code="providerTimeout")
    link, task, other = await wire.link(), image_task(), image_task(deliveryMethod="async")
    assert (await link.ask(task))["errors"][0]["code"] == "providerTimeout"
    answer = await wire.post(other)
    assert answer.status_code == 502
    assert not answer.text.startswith("{")
    assert wire.emulator.ledger.accepted == 2
    assert wire.emulator.ledger.charged > 0
    for each in (task, other):
        await wire.finished(each)
        assert (await link.ask(poll(each)))["data"][0]["status"] == "success"


async def test_http_statuses(wire: Any, image_task: Any) -> None:
    """`http_status_before` does nothing, `http_status_after` does everything; both answer without JSON."""
    wire.emulator.faults.add("http_status_before", status=503, match="imageInference")
    before = await wire.post(image_task())
    assert (before.status_code, wire.emulator.ledger.accepted) == (503, 0)
    wire.emulator.faults.add("http_status_after")
    after = await wire.post(task := image_task())
    assert (after.status_code, list(wire.emulator.ledger.entries)) == (502, [task["taskUUID"]])
    assert not (before.text + after.text).startswith("{")


async def test_broken_answers_over_http(wire: Any, image_task: Any) -> None:
    """What would close a socket or lose a frame breaks an HTTP answer."""
    wire.emulator.faults.add("close", when="before_result")
    assert (await wire.post(image_task())).status_code == 502
    wire.emulator.faults.add("lose_ack")
    assert (await wire.post(image_task(deliveryMethod="async"))).status_code == 502
    assert wire.emulator.ledger.accepted == 2


async def test_failed_task(wire: Any, image_task: Any) -> None:
    """`fail_task`: an error by name, nothing charged, and the polls say the same."""
    wire.emulator.faults.add("fail_task", code="providerTimeout")
    link, task = await wire.link(), image_task()
    (error,) = (await link.ask(task))["errors"]
    assert (error["code"], error["taskUUID"]) == ("providerTimeout", task["taskUUID"])
    entry = wire.emulator.ledger.entries[task["taskUUID"]]
    assert (entry.state, entry.charged) == ("failed", 0)
    (error,) = (await link.ask(poll(task)))["errors"]
    assert (error["code"], error["status"]) == ("providerTimeout", "error")
    wire.emulator.faults.add("form_b_errors")
    (item,) = (await link.ask(poll(task)))["data"]
    assert (item["status"], item["error"]["code"]) == ("error", "providerTimeout")


async def test_failures_may_always_be_items(make_wire: Any, image_task: Any) -> None:
    """The other form of failures in polls can be the rule."""
    wire = await make_wire(behaviour=Behaviour(failure_form="item"))
    wire.emulator.faults.add("fail_task")
    link, task = await wire.link(), image_task()
    await link.ask(task)
    assert (await link.ask(poll(task)))["data"][0]["status"] == "error"


async def test_one_failed_result(wire: Any, image_task: Any) -> None:
    """`fail_one`: the others arrive, and only they are charged for."""
    wire.emulator.faults.add("fail_one")
    answer = await wire.post(task := image_task(numberResults=3, includeCost=True))
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 2
    assert answer.json()["errors"][0]["code"] == "inferenceError"
    entry = wire.emulator.ledger.entries[task["taskUUID"]]
    assert float(entry.charged) == pytest.approx(sum(item["cost"] for item in answer.json()["data"]))
    assert entry.state == "succeeded"


async def test_slow_task(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`slow`: the result comes so much later."""
    slow_wire.emulator.faults.add("slow", seconds=50)
    link, task = await slow_wire.link(), image_task(deliveryMethod="async")
    await link.ask(task)
    await clock.advance(50)
    assert (await link.ask(poll(task)))["data"][0]["status"] == "processing"
    await clock.advance(5)
    assert (await link.ask(poll(task)))["data"][0]["status"] == "success"


async def test_stuck_task(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`stick`: processing for ever."""
    slow_wire.emulator.faults.add("stick")
    link, task = await slow_wire.link(), image_task(deliveryMethod="async")
    await link.ask(task)
    await clock.advance(3600)
    link = await slow_wire.link()
    assert (await link.ask(poll(task)))["data"][0]["status"] == "processing"


async def test_odd_progress(slow_wire: Any, video_task: Any) -> None:
    """`odd_status` and `early_uuid`: running tasks with another status word, or with the id of what is to come."""
    slow_wire.emulator.faults.add("early_uuid")
    link, task = await slow_wire.link(), video_task()
    await link.ask(task)
    (item,) = (await link.ask(poll(task)))["data"]
    assert item["videoUUID"]
    assert "videoURL" not in item
    slow_wire.emulator.faults.add("odd_status", status="scheduled", match="videoInference")
    assert (await link.ask(poll(task)))["data"][0]["status"] == "scheduled"
    assert (await link.ask(poll(task)))["data"][0]["status"] == "processing"


async def test_troubled_polls(wire: Any, video_task: Any) -> None:
    """`poll_error` and `task_not_found` strike so many polls; the task is untouched."""
    link, task = await wire.link(), video_task()
    await link.ask(task)
    await wire.finished(task)
    wire.emulator.faults.add("poll_error", times=2, match="videoInference")
    for _ in range(2):
        assert (await link.ask(poll(task)))["errors"][0]["code"] == "rateLimitExceeded"
    wire.emulator.faults.add("task_not_found")
    assert (await link.ask(poll(task)))["errors"][0]["code"] == "taskNotFound"
    wire.emulator.faults.add("task_not_found", empty=True)
    assert await link.ask(poll(task)) == {"data": []}
    assert (await link.ask(poll(task)))["data"][0]["status"] == "success"


async def test_expired_address(wire: Any, image_task: Any) -> None:
    """`expire_url`: the next address asked for is gone, and stays gone."""
    one, other = (await wire.post(image_task(numberResults=2))).json()["data"]
    wire.emulator.faults.add("expire_url", match="imageInference")
    for _ in range(2):
        assert (await wire.http.get(one["imageURL"])).status_code == 404
    assert (await wire.http.get(other["imageURL"])).status_code == 200


async def test_spoiled_downloads(wire: Any, image_task: Any) -> None:
    """`media_status` and `html` spoil one download each."""
    (item,) = (await wire.post(image_task())).json()["data"]
    wire.emulator.faults.add("media_status", status=503)
    assert (await wire.http.get(item["imageURL"])).status_code == 503
    wire.emulator.faults.add("html")
    assert (await wire.http.get(item["imageURL"])).headers["content-type"].startswith("text/html")
    assert (await wire.http.get(item["imageURL"])).headers["content-type"].startswith("image/")


async def test_faults_strike_the_task_they_match(wire: Any, image_task: Any, video_task: Any) -> None:
    """`match` picks the task type."""
    wire.emulator.faults.add("throttle", match="videoInference")
    link = await wire.link()
    assert "data" in await link.ask(image_task())
    assert "errors" in await link.ask(video_task())


async def test_every_fault_is_described() -> None:
    """Each kind says what it does, and an unknown one names the nearest."""
    assert all(text and not text.endswith(".") for text in RunwareEmulator.fault_kinds.values())
    with pytest.raises(ValueError, match="lose_ack"):
        RunwareEmulator().faults.add("loose_ack")


async def test_abort_breaks_the_link_off(wire: Any, image_task: Any) -> None:
    """Close code 1006 ends the link without a goodbye."""
    wire.emulator.faults.add("close", code=1006, when="before_accept")
    link = await wire.link()
    await link.send(image_task())
    with pytest.raises(ConnectionClosed) as broken:
        await link.socket.recv()
    assert broken.value.rcvd is None
