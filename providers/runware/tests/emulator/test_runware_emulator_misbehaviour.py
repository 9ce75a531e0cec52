"""Misbehaviour of the wire itself: refused links, silence, floods, spoilt frames, and every class of error."""

import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from anymedia.testing import ManualClock
from anymedia_runware.emulator import Behaviour
from anymedia_runware.emulator.errors import ERROR_CLASSES, http_status

PING = {"taskType": "ping", "ping": True}
PONG = {"data": [{"taskType": "ping", "pong": True}]}
CODES = [(code, status) for status, codes in ERROR_CLASSES.values() for code in codes.split()]
ONE_OF_EACH_CLASS = [(codes.split()[-1], status) for status, codes in ERROR_CLASSES.values()]


@pytest.mark.parametrize("status", [502, 503])
async def test_refused_handshake(wire: Any, status: int) -> None:
    """`refuse_handshake`: the upgrade is answered with a plain HTTP status; the next one works."""
    wire.emulator.faults.add("refuse_handshake", status=status)
    with pytest.raises(InvalidStatus) as refused:
        await wire.open()
    assert refused.value.response.status_code == status
    assert await (await wire.link()).ask(PING) == PONG


async def test_key_rejected_only_at_a_resume(wire: Any) -> None:
    """`reject_key` with match='resume' lets new sessions in and turns the resuming one away."""
    wire.emulator.faults.add("reject_key", match="resume")
    link = await wire.open()
    session = (await link.ask(wire.key))["data"][0]["connectionSessionUUID"]
    resumed = {**wire.key, "connectionSessionUUID": session}
    assert (await link.ask(resumed))["errors"][0]["code"] == "invalidApiKey"
    assert (await link.ask(resumed))["data"][0]["connectionSessionUUID"] == session


async def test_replay_before_the_reply(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`early_replay`: the results that waited come first, and only then the reply with the session's id."""
    link = await slow_wire.link(session := "4f0c4a5e-0000-4000-8000-000000000002")
    await link.send(image_task())
    assert await link.ask(PING) == PONG
    await link.socket.close()
    await clock.advance(10)
    slow_wire.emulator.faults.add("early_replay")
    again = await slow_wire.open()
    await again.send({**slow_wire.key, "connectionSessionUUID": session})
    told = [(await again.next())["data"][0]["taskType"] for _ in range(2)]
    assert told == ["imageInference", "authentication"]


async def test_mute_link(wire: Any, image_task: Any) -> None:
    """`mute`: the task is carried out and the link says nothing; a resumed session gets it all."""
    link = await wire.open()
    session = (await link.ask(wire.key))["data"][0]["connectionSessionUUID"]
    wire.emulator.faults.add("mute", match="imageInference")
    await link.send(task := image_task())
    await wire.finished(task)
    await link.send(PING)
    again = await wire.open()
    first = await again.ask({**wire.key, "connectionSessionUUID": session})
    told = [first, await again.next(), await again.next()]
    assert told[0]["data"][0]["taskType"] == "authentication"
    assert {"imageInference", "ping"} == {frame["data"][0]["taskType"] for frame in told[1:]}
    assert await link.closed() == 1000


async def test_ignored_task(wire: Any, image_task: Any) -> None:
    """`ignore`: neither accepted nor answered, on the WebSocket and over HTTP; the id stays unused."""
    wire.emulator.faults.add("ignore", times=2, match="imageInference")
    link, task = await wire.link(), image_task()
    await link.send(task)
    assert await link.ask(PING) == PONG
    with pytest.raises(httpx.ReadTimeout):
        await wire.http.post(wire.http_url, json=[wire.key, task], timeout=0.1)
    assert wire.emulator.ledger.accepted == 0
    assert (await link.ask(task))["data"][0]["imageURL"]


async def test_ten_thousand_unsolicited_frames(wire: Any, image_task: Any) -> None:
    """`foreign` with frames=10_000: they all come, each for another task, and then the real one."""
    wire.emulator.faults.add("foreign", frames=10_000, match="imageInference")
    link, task = await wire.link(), image_task()
    await link.send(task)
    strangers = {(await link.next())["data"][0]["taskUUID"] for _ in range(10_000)}
    assert len(strangers) == 10_000
    assert (await link.next())["data"][0]["taskUUID"] == task["taskUUID"]
    assert wire.emulator.ledger.delivered == 1


async def test_error_of_a_task_nobody_waits_for(wire: Any, image_task: Any) -> None:
    """`foreign_error`: an error by name, but of another task."""
    wire.emulator.faults.add("foreign_error", code="providerTimeout")
    link, task = await wire.link(), image_task()
    (error,) = (await link.ask(task))["errors"]
    assert error["code"] == "providerTimeout"
    assert error["taskUUID"] != task["taskUUID"]
    assert (await link.next())["data"][0]["taskUUID"] == task["taskUUID"]


async def test_late_error_of_an_abandoned_task(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """A slow task that fails after its caller has turned to another one tells its error all the same."""
    faults = slow_wire.emulator.faults
    faults.add("slow", seconds=60)
    faults.add("fail_task")
    link, abandoned, other = await slow_wire.link(), image_task(), image_task()
    await link.send(abandoned)
    assert await link.ask(PING) == PONG
    await clock.advance(60)
    assert await link.ask(PING) == PONG
    await link.send(other)
    assert await link.ask(PING) == PONG
    await clock.advance(5)
    told = [await link.next(), await link.next()]
    assert sorted(frame.get("data", frame.get("errors"))[0]["taskUUID"] for frame in told) == sorted(
        [abandoned["taskUUID"], other["taskUUID"]]
    )
    assert sum("errors" in frame for frame in told) == 1


@pytest.mark.parametrize("how", ["malformed", "truncated", "rubbish"])
async def test_unreadable_frames(wire: Any, image_task: Any, how: str) -> None:
    """`unreadable`: what arrives is no JSON, delivers nothing, and hurts neither the link nor the task."""
    wire.emulator.faults.add("unreadable", how=how, match="imageInference")
    link, task = await wire.link(), image_task()
    await link.send(task)
    message = await link.socket.recv()
    assert isinstance(message, bytes if how == "rubbish" else str)
    with pytest.raises(UnicodeDecodeError if how == "rubbish" else json.JSONDecodeError):
        json.loads(message if isinstance(message, str) else message.decode())
    assert await link.ask(PING) == PONG
    assert wire.emulator.ledger.delivered == 0
    answer = await link.ask({"taskType": "getResponse", "taskUUID": task["taskUUID"]})
    assert answer["data"][0]["status"] == "success"


async def test_unreadable_body(wire: Any, image_task: Any) -> None:
    """Over HTTP the same fault spoils the body."""
    wire.emulator.faults.add("unreadable", how="truncated")
    answer = await wire.post(image_task())
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_binary_frame(wire: Any, image_task: Any) -> None:
    """A frame may come as bytes; it says the same."""
    wire.emulator.faults.add("unreadable", how="binary", match="imageInference")
    link = await wire.link()
    await link.send(task := image_task())
    message = await link.socket.recv()
    assert isinstance(message, bytes)
    assert json.loads(message)["data"][0]["taskUUID"] == task["taskUUID"]


@pytest.mark.parametrize(
    ("fault", "key"), [("array_frame", None), ("empty_errors", "errors"), ("extra_fields", "newField")]
)
async def test_odd_bodies(wire: Any, image_task: Any, fault: str, key: str | None) -> None:
    """The odd layouts of frames occur in HTTP bodies too."""
    wire.emulator.faults.add(fault)
    body = (await wire.post(image_task())).json()
    assert isinstance(body, list) if key is None else key in body


async def test_errors_and_data_in_one_body(wire: Any, image_task: Any) -> None:
    """One result of three fails: one body, or one poll, holds both; a single error may stand alone."""
    for fault in ("fail_one", "single_error"):
        wire.emulator.faults.add(fault)
    body = (await wire.post(task := image_task(numberResults=3))).json()
    assert (len(body["data"]), body["error"]["code"]) == (2, "inferenceError")
    body = (await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).json()
    assert (len(body["data"]), len(body["errors"])) == (2, 1)


@pytest.mark.parametrize(("by", "count"), [(1, 4), (-1, 2), (-5, 1)])
async def test_more_or_fewer_results_than_asked(wire: Any, image_task: Any, by: int, count: int) -> None:
    """`miscount`: another number of results, all real, all charged; never none."""
    wire.emulator.faults.add("miscount", by=by)
    items = (await wire.post(image_task(numberResults=3, includeCost=True))).json()["data"]
    assert len({item["imageUUID"] for item in items}) == count
    assert float(wire.emulator.ledger.charged) == pytest.approx(sum(item["cost"] for item in items))


async def test_retry_after(wire: Any, image_task: Any) -> None:
    """A refusal can say when to come back: in its item, and over HTTP in the header as well."""
    faults = wire.emulator.faults
    faults.add("throttle", times=2, retry_after=7)
    assert (await (await wire.link()).ask(image_task()))["errors"][0]["retryAfter"] == 7
    refused = await wire.post(image_task())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    faults.add("http_status_before", status=503, retry_after=2)
    bare = await wire.post(image_task())
    assert (bare.status_code, bare.headers["retry-after"]) == (503, "2")
    assert "retry-after" not in (await wire.post(image_task(width=1))).headers


@pytest.mark.parametrize(("code", "status"), CODES)
def test_each_code_has_its_status(code: str, status: int) -> None:
    """The status follows the class; codes nobody has classified are taken for validation."""
    assert http_status(code) == status
    assert http_status(code + "Indeed") == 400


@pytest.mark.parametrize(("code", "status"), ONE_OF_EACH_CLASS)
async def test_each_class_of_error(wire: Any, image_task: Any, code: str, status: int) -> None:
    """`refuse` and `fail_task` produce any code, in the vendor's envelope, on both transports."""
    faults, link = wire.emulator.faults, await wire.link()
    faults.add("refuse", times=2, code=code)
    (refused,) = (await link.ask(task := image_task()))["errors"]
    over_http = await wire.post(image_task())
    faults.add("fail_task", code=code)
    (failed,) = (await link.ask(image_task()))["errors"]
    assert (over_http.status_code, over_http.json()["data"]) == (status, [])
    for item in (refused, failed, *over_http.json()["errors"]):
        assert item["code"] == code
        assert {"message", "documentation", "taskType", "taskUUID"} <= item.keys()
    assert refused["taskUUID"] == task["taskUUID"]
    assert wire.emulator.ledger.accepted == 1


async def test_used_id_is_a_conflict_with_its_context(wire: Any, image_task: Any) -> None:
    """An id that was used is refused on both transports, HTTP 400, with what is known of the first task."""
    await wire.post(task := image_task(deliveryMethod="async"))
    again = await wire.post(task)
    (error,) = again.json()["errors"]
    assert (again.status_code, error["code"], error["parameter"]) == (400, "conflictTaskUUID", "taskUUID")
    assert error["context"] == {**error["context"], "taskUUID": task["taskUUID"], "deliveryMethod": "async"}
    assert (await (await wire.link()).ask(task))["errors"][0]["code"] == "conflictTaskUUID"
    assert wire.emulator.ledger.accepted == 1


async def test_very_large_frames_both_ways(wire: Any, image_task: Any) -> None:
    """64 MiB go in and come out."""
    size = 64 * 2**20
    link = await wire.link()
    assert await link.ask({**PING, "padding": "x" * size}) == PONG
    wire.emulator.faults.add("large_result", bytes=size)
    await link.send(image_task())
    assert len(await link.socket.recv()) > size


async def test_frames_of_nobody_are_dropped_after_two_minutes(
    slow_wire: Any, clock: ManualClock, image_task: Any
) -> None:
    """A session whose client never comes back does not keep its frames for ever."""
    link = await slow_wire.link(session := "4f0c4a5e-0000-4000-8000-000000000001")
    for seconds in (0, 100):
        slow_wire.emulator.faults.add("slow", seconds=seconds, match="imageInference")
        await link.send(image_task())
    assert await link.ask(PING) == PONG
    await link.socket.close()
    await clock.advance(10)
    await clock.advance(140)
    again = await slow_wire.open()
    await again.ask({**slow_wire.key, "connectionSessionUUID": session})
    assert (await again.next())["data"][0]["taskType"] == "imageInference"
    assert await again.ask(PING) == PONG


async def test_idle_limit_can_be_chosen(make_wire: Any) -> None:
    """The idle limit and its close code are settings."""
    clock = ManualClock()
    wire = await make_wire(clock=clock, behaviour=Behaviour(idle_timeout=10, idle_close_code=1000))
    link = await wire.link()
    await clock.advance(11)
    assert await link.closed() == 1000
