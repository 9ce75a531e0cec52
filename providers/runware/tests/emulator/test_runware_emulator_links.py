"""The WebSocket: keys, pings, framing, sessions and the idle limit."""

from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from anymedia.testing import ManualClock
from anymedia_runware.emulator import Behaviour


async def test_right_key_opens_a_session(wire: Any) -> None:
    """A right key is answered with the session's id and nothing else."""
    link = await wire.open()
    answer = await link.ask(wire.key)
    (item,) = answer.pop("data")
    assert not answer
    assert item.pop("connectionSessionUUID")
    assert item == {"taskType": "authentication"}


async def test_wrong_key_is_told_and_the_socket_stays_open(wire: Any) -> None:
    """A wrong key gets the vendor's error without a task id; the next message is still answered."""
    link = await wire.open()
    answer = await link.ask({**wire.key, "apiKey": "wrong"})
    (error,) = answer["errors"]
    assert error["code"] == "invalidApiKey"
    assert error["parameter"] == "apiKey"
    assert error["taskType"] == "authentication"
    assert "taskUUID" not in error
    assert "data" in await link.ask(wire.key)


async def test_wrong_key_can_close_the_socket(make_wire: Any) -> None:
    """The other reading of the documentation, where a rejected key ends the link, can be chosen."""
    wire = await make_wire(behaviour=Behaviour(close_on_bad_key=True))
    link = await wire.open()
    assert "errors" in await link.ask({**wire.key, "apiKey": "wrong"})
    assert await link.closed() == 1008


async def test_tasks_before_the_key_are_turned_away(wire: Any, image_task: Any) -> None:
    """A task before authentication is refused by its id and never accepted."""
    link, task = await wire.open(), image_task()
    answer = await link.ask(task)
    assert answer["errors"][0]["code"] == "missingApiKey"
    assert answer["errors"][0]["taskUUID"] == task["taskUUID"]
    assert wire.emulator.ledger.accepted == 0


async def test_key_and_tasks_in_one_message(wire: Any, image_task: Any) -> None:
    """Authentication counts for the tasks behind it in the same array."""
    link, task = await wire.open(), image_task()
    assert (await link.ask(wire.key, task))["data"][0]["taskType"] == "authentication"
    assert (await link.next())["data"][0]["taskUUID"] == task["taskUUID"]


async def test_ping_is_answered_with_pong(wire: Any) -> None:
    """A ping gets a pong without an id."""
    link = await wire.link()
    assert await link.ask({"taskType": "ping", "ping": True}) == {"data": [{"taskType": "ping", "pong": True}]}


async def test_any_path_and_query_will_do(wire: Any) -> None:
    """The address may carry a suffix and a query, as the vendor's SDKs add them."""
    link = await wire.open("/anything?sdk=js&version=1.3.2")
    assert "data" in await link.ask(wire.key)


@pytest.mark.parametrize("text", ["{", "42", '{"taskType":"ping"}', '["ping"]'])
async def test_unreadable_message_is_an_error_without_a_task(wire: Any, text: str) -> None:
    """What is no array of objects is answered with an error that names no task, and the link lives on."""
    link = await wire.link()
    await link.socket.send(text)
    (error,) = (await link.next())["errors"]
    assert error["code"] == "invalidJson"
    assert "taskUUID" not in error
    assert "data" in await link.ask({"taskType": "ping"})


async def test_too_many_tasks_in_one_message(make_wire: Any, image_task: Any) -> None:
    """An array above the limit is refused as a whole."""
    wire = await make_wire(behaviour=Behaviour(max_tasks=2))
    answer = await (await wire.link()).ask(*(image_task() for _ in range(3)))
    assert answer["errors"][0]["code"] == "tooManyTasks"
    assert wire.emulator.ledger.accepted == 0


async def test_message_over_the_limit_ends_the_link(make_wire: Any) -> None:
    """A message larger than the frame limit closes the socket with 1009."""
    wire = await make_wire(behaviour=Behaviour(max_frame=10_000))
    link = await wire.link()
    await link.send({"taskType": "ping", "padding": "x" * 20_000})
    assert await link.closed() == 1009


async def test_large_message_is_taken(wire: Any) -> None:
    """Messages of many megabytes are fine, since inputs may be inside them."""
    link = await wire.link()
    assert "data" in await link.ask({"taskType": "ping", "padding": "x" * 5_000_000})


async def test_resume_replays_what_was_not_delivered(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """Results that become ready while the link is down come after the reply to a resuming authentication."""
    first = await slow_wire.open()
    session = (await first.ask(slow_wire.key))["data"][0]["connectionSessionUUID"]
    task = image_task(numberResults=2)
    await first.send(task)
    assert await first.ask({"taskType": "ping"})
    await first.socket.close()
    await clock.advance(60)
    assert slow_wire.emulator.ledger.delivered == 0

    second = await slow_wire.open()
    answer = await second.ask({**slow_wire.key, "connectionSessionUUID": session})
    assert answer["data"] == [{"taskType": "authentication", "connectionSessionUUID": session}]
    seeds = {(await second.next())["data"][0]["seed"] for _ in range(2)}
    assert len(seeds) == 2
    assert await second.ask({"taskType": "ping"}) == {"data": [{"taskType": "ping", "pong": True}]}
    assert slow_wire.emulator.ledger.delivered == 2


async def test_frames_wait_two_minutes_and_no_longer(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """What waited longer than the buffer is gone; getResponse still has it."""
    first = await slow_wire.open()
    session = (await first.ask(slow_wire.key))["data"][0]["connectionSessionUUID"]
    task = image_task()
    await first.send(task)
    assert await first.ask({"taskType": "ping"})
    await first.socket.close()
    await clock.advance(200)

    second = await slow_wire.link(session)
    answer = await second.ask({"taskType": "getResponse", "taskUUID": task["taskUUID"]})
    assert answer["data"][0]["status"] == "success"


async def test_without_the_session_nothing_is_replayed(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """A new session knows nothing of an older one's frames."""
    first = await slow_wire.link()
    await first.send(image_task())
    assert await first.ask({"taskType": "ping"})
    await first.socket.close()
    await clock.advance(10)
    second = await slow_wire.link()
    assert "pong" in (await second.ask({"taskType": "ping"}))["data"][0]


async def test_client_may_invent_the_session(wire: Any) -> None:
    """An unknown session id is taken over."""
    session = str(uuid4())
    link = await wire.open()
    answer = await link.ask({**wire.key, "connectionSessionUUID": session})
    assert answer["data"][0]["connectionSessionUUID"] == session


async def test_latest_link_takes_the_session_over(wire: Any, image_task: Any) -> None:
    """With two links on one session, the older is closed and the newer gets the results."""
    session = str(uuid4())
    older = await wire.link(session)
    newer = await wire.link(session)
    assert await older.closed() == 1000
    assert (await newer.ask(image_task()))["data"][0]["imageURL"]


async def test_authentication_can_be_repeated(wire: Any) -> None:
    """A second authentication on a link keeps the session and the link."""
    link = await wire.open()
    session = (await link.ask(wire.key))["data"][0]["connectionSessionUUID"]
    again = await link.ask({**wire.key, "connectionSessionUUID": session})
    assert again["data"][0]["connectionSessionUUID"] == session
    assert "pong" in (await link.ask({"taskType": "ping"}))["data"][0]


async def test_idle_link_is_closed_after_two_minutes(slow_wire: Any, clock: ManualClock) -> None:
    """120 seconds without a message close the socket; a ping puts that off."""
    link = await slow_wire.link()
    await clock.advance(100)
    assert await link.ask({"taskType": "ping"})
    await clock.advance(100)
    assert await link.ask({"taskType": "ping"})
    await clock.advance(121)
    assert await link.closed() == 1001


async def test_idle_limit_is_in_the_clients_own_time(wire: Any) -> None:
    """A clock a thousand times faster does not close links after a tenth of a second."""
    link = await wire.link()
    await wire.emulator.clock.sleep(300)
    assert "data" in await link.ask({"taskType": "ping"})


async def test_closing_the_emulator_closes_links(make_wire: Any) -> None:
    """`aclose` ends every link."""
    wire = await make_wire()
    link = await wire.link()
    await wire.emulator.aclose()
    with pytest.raises(ConnectionClosed):
        await link.socket.recv()
