"""The service as a pure machine: texts in, frames out, time by hand."""

import json
from typing import Any

import pytest

from anymedia.testing import ManualClock
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.emulator.conversation import Conversation
from anymedia_runware.emulator.timetable import Timetable


def said(conversation: Conversation) -> list[Any]:
    """Take all frames that can be sent."""
    frames = []
    while (frame := conversation.next()) is not None:
        frames.append(json.loads(frame.text()))
        conversation.sent(frame)
    return frames


async def test_a_task_without_sockets(clock: ManualClock, image_task: Any) -> None:
    """A conversation is driven by hand: receive, let time pass, run what is due, take the frames."""
    emulator = RunwareEmulator(clock=clock)
    conversation = emulator.connect()
    task = image_task(numberResults=2)
    conversation.receive(json.dumps([{"taskType": "authentication", "apiKey": emulator.api_key}, task]))
    (reply,) = said(conversation)
    assert reply["data"][0]["taskType"] == "authentication"
    timetable = emulator.backend.timetable
    assert timetable.next_deadline is not None
    await clock.advance(5)
    timetable.run(clock.now())
    assert len(said(conversation)) == 2
    assert emulator.ledger.delivered == 2


async def test_frames_wait_while_nobody_listens(clock: ManualClock, image_task: Any) -> None:
    """After `leave()` nothing is lost: another conversation on the session takes over."""
    emulator = RunwareEmulator(clock=clock)
    key = {"taskType": "authentication", "apiKey": emulator.api_key, "connectionSessionUUID": "mine"}
    first = emulator.connect()
    first.receive(json.dumps([key, image_task()]))
    said(first)
    first.leave()
    await clock.advance(5)
    emulator.backend.timetable.run(clock.now())
    second = emulator.connect()
    second.receive(json.dumps([key]))
    reply, result = said(second)
    assert reply["data"][0]["connectionSessionUUID"] == "mine"
    assert result["data"][0]["imageURL"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_same_seed_same_service(clock: ManualClock, image_task: Any, seed: int) -> None:
    """Two emulators with one seed make the same ids and finish results in the same order."""
    task = image_task(numberResults=5)
    told: list[Any] = []
    for _ in range(2):
        emulator = RunwareEmulator(clock=clock, seed=seed)
        conversation = emulator.connect()
        conversation.receive(json.dumps([{"taskType": "authentication", "apiKey": emulator.api_key}, task]))
        await clock.advance(5)
        emulator.backend.timetable.run(clock.now())
        told.append(said(conversation)[1:])
    assert told[0] == told[1]
    assert len(told[0]) == 5


def test_timetable_runs_in_order_of_time() -> None:
    """Actions run when they are due, earliest first, and the watch is woken only by a new earliest one."""
    timetable, done, woken = Timetable(), list[str](), list[None]()
    timetable.changed = lambda: woken.append(None)
    timetable.at(2, lambda: done.append("second"))
    timetable.at(3, lambda: done.append("third"))
    timetable.at(1, lambda: done.append("first"))
    assert len(woken) == 2
    timetable.run(2)
    assert done == ["first", "second"]
    assert timetable.next_deadline == 3
