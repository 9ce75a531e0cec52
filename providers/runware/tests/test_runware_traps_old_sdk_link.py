"""Traps of the old Python SDK `runware` 0.5.24, first part: its connection. Each test fails if we fall into the same."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from anymedia.errors import (
    AuthenticationError,
    ConnectionLostError,
    InsufficientCreditsError,
    TaskTimeoutError,
)
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import TextToImage, TextToVideo
from anymedia.testing import FaultProxy, ManualClock, ScaledClock
from anymedia_runware.attempts import Write
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session

Client = Any
Desk = Any
Link = Any
OpenClient = Any
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FILM = TextToVideo(prompt="waves", duration=3)
RESULT = {"imageUUID": "a", "imageURL": "https://h/a.png"}


async def test_trap_o01_a_server_that_never_answers_the_key(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Connecting has a deadline of its own: 15 s after the key went out, nothing was sent and the caller knows."""
    heard = asyncio.Event()

    async def mute(link: Link) -> None:
        await link.socket.recv()
        heard.set()
        await link.listen()

    clock = ManualClock()
    desk = await open_desk(await vendor(mute), "key_0", clock=clock)
    submitting = asyncio.create_task(desk.submit(IMAGE))
    async with asyncio.timeout(20):
        await heard.wait()
        await clock.advance(15)
        submission = await submitting
    assert submission.outcome is Outcome.NOT_SENT
    assert "no answer to the key" in str(submission.error)


async def test_trap_o02_a_rejected_key_is_an_error_at_once(client: Client, runware_emulator: RunwareEmulator) -> None:
    """A wrong key is an error of the first call, and no task is written behind it."""
    runware_emulator.faults.add("reject_key", times=None)
    with pytest.raises(AuthenticationError) as caught:
        await client.submit(IMAGE)
    assert caught.value.provider_code == "invalidApiKey"
    assert set(runware_emulator.ledger.requests) == {"authentication"}


@pytest.mark.parametrize("code", [1000, 1001])
async def test_trap_o03_a_clean_close_reconnects_too(desk: Desk, runware_emulator: RunwareEmulator, code: int) -> None:
    """A goodbye of the server while a result is owed is a lost link like any other: the result arrives, paid once."""
    runware_emulator.faults.add("close", code=code, when="before_result")
    assert (await desk.run(IMAGE)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("authentication") == 2
    assert runware_emulator.ledger.requests.count("imageInference") == 1


async def test_trap_o12_an_error_without_a_task_is_an_answer(vendor: Vendor, open_desk: OpenDesk) -> None:
    """An error that names no task ends the only call under way at once, with its own class."""

    async def poor(link: Link) -> None:
        await link.greet()
        await link.task()
        await link.send({"errors": [{"code": "insufficientCredits", "message": "Top up."}]})
        await link.listen()

    clock = ManualClock()
    desk = await open_desk(await vendor(poor), "key_0", clock=clock)
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is InsufficientCreditsError
    assert clock.now() == 0


async def test_trap_o13_nothing_is_written_into_a_closed_socket(nowhere: Desk) -> None:
    """Asking without an open link is an error that says nothing was sent, and never a silent wait."""
    ref = TaskRef(provider="runware", id="a", operation="text_to_image", model="m")
    with pytest.raises(ConnectionLostError) as caught:
        await nowhere.provider._connection.start(ref, {"taskType": "imageInference", "taskUUID": "a"}, push=False)
    assert caught.value.sent is False
    assert (await nowhere.submit(IMAGE)).outcome is Outcome.NOT_SENT


async def test_trap_o14_a_reconnect_asks_for_the_old_session(vendor: Vendor, open_desk: OpenDesk) -> None:
    """The second authentication carries the session's id, without which nothing would be replayed."""
    links: list[Link] = []

    async def forgetful(link: Link) -> None:
        links.append(link)
        await link.greet(session=f"session-{len(links)}")
        if len(links) == 1:
            await link.task()
            return
        await link.send(
            {"data": [{"taskType": "imageInference", "taskUUID": links[0].frames[0][0]["taskUUID"], **RESULT}]}
        )
        await link.answer(await link.task(), {"status": "success", **RESULT})
        await link.listen()

    desk = await open_desk(await vendor(forgetful), "key_0")
    assert (await desk.run(IMAGE)).state is TaskState.SUCCEEDED
    assert "connectionSessionUUID" not in links[0].auth
    assert links[1].auth["connectionSessionUUID"] == "session-1"


async def test_trap_o21_a_timeout_is_no_loss_of_the_link(client: Client, runware_emulator: RunwareEmulator) -> None:
    """Waiting in vain is a `TaskTimeoutError`: no reconnect, no resend, no circuit that opens for the next caller."""
    runware_emulator.faults.add("stick", times=6)
    impatient = client.with_options(timeout=0.01)
    for _ in range(6):
        with pytest.raises(TaskTimeoutError):
            await impatient.run(FILM)
    assert (await client.run(IMAGE)).outputs
    assert runware_emulator.ledger.requests.count("authentication") == 1
    assert runware_emulator.ledger.requests.count("videoInference") == 6


async def test_trap_o22_one_reconnect_whoever_asks(open_desk: OpenDesk) -> None:
    """Ten callers who meet a broken link share one new one."""
    async with RunwareEmulator(speed=1000) as emulator:
        proxy = FaultProxy(emulator.endpoint.base_url)
        desk = await open_desk(await proxy.start(), emulator.api_key)
        refs = [await desk.start(FILM) for _ in range(10)]
        proxy.reset()
        await asyncio.gather(*(desk.end(ref) for ref in refs))
        await proxy.aclose()
        assert proxy.connections == 2
        assert emulator.ledger.requests.count("authentication") == 2


async def test_trap_o23_a_slow_reader_holds_up_nobody(client: Client, runware_emulator: RunwareEmulator) -> None:
    """Somebody who reads one event and then nothing stalls neither the link nor other tasks."""
    task = await client.submit(TextToImage(prompt="a lighthouse", count=4))
    events = task.events()
    await anext(events)
    results = await asyncio.gather(*(client.run(TextToImage(prompt=f"dog {number}")) for number in range(5)))
    assert len({result.url for result in results}) == 5
    assert [event.state async for event in events][-1] is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("authentication") == 1


def test_trap_o26_importing_leaves_logging_alone() -> None:
    """Neither importing nor making a client touches the loggers of others, or says anything."""
    script = (
        "import asyncio, logging\n"
        "names = [None, 'asyncio', 'websockets', 'websockets.client', 'httpx']\n"
        "def seen(): return [(l.level, list(l.handlers), l.propagate) for l in map(logging.getLogger, names)]\n"
        "before = seen()\n"
        "import anymedia, anymedia_runware, anymedia.transports.http, anymedia.transports.websocket\n"
        "anymedia.AsyncMediaClient('runware', api_key='key_0', journal=None)\n"
        "assert seen() == before, seen()\n"
        "assert logging.getLogger('anymedia').level == logging.NOTSET\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_trap_o31_closing_is_quick_at_a_dead_peer(open_desk: OpenDesk) -> None:
    """A peer that answers no goodbye keeps nobody: closing takes about a second."""
    async with RunwareEmulator(speed=1000) as emulator:
        proxy = FaultProxy(emulator.endpoint.base_url)
        desk = await open_desk(await proxy.start(), emulator.api_key)
        await desk.start(FILM)
        proxy.stall()
        async with asyncio.timeout(3):
            await desk.provider.aclose()
        await proxy.aclose()


def test_trap_o32_few_pings_and_any_pong() -> None:
    """An idle link is pinged every half minute, a pong counts wherever it stands in a frame, a lost link is left alone."""
    session = Session("key_0", Pace())
    session.open(0.0)
    session.receive('{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}', 0.0)
    pings = 0
    for second in range(1, 601):
        for event in session.tick(float(second)):
            assert isinstance(event, Write), event
            pings += 1
            session.receive('{"data": [{"taskType": "x", "taskUUID": "other"}, {"pong": true}]}', float(second))
    assert pings == 20
    session.lost(600.0)
    assert session.next_deadline(600.0) is None
    assert session.tick(10_000.0) == []


async def test_trap_o11_a_failure_leaves_no_listener(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Of twenty tasks that fail, in every way they can, nothing is remembered."""
    runware_emulator.faults.add("fail_task", times=5)
    for _ in range(5):
        assert (await desk.run(IMAGE)).state is TaskState.FAILED
    for fault in ("throttle", "no_credits", "server_error"):
        runware_emulator.faults.add(fault, times=5, match="imageInference")
        for _ in range(5):
            assert (await desk.submit(IMAGE)).outcome is Outcome.REFUSED
    connection = desk.provider._connection
    assert (connection._session._asked, connection._session._attempts, connection._answers) == ({}, {}, {})


async def test_trap_o24_look_ups_leave_nothing_behind(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A hundred look-ups in the archive, and twenty that their callers gave up, leave no entry."""
    runware_emulator.faults.add("task_not_found", times=None, empty=True)
    ref = await desk.start(FILM)
    await asyncio.gather(*(desk.provider.fetch([ref]) for _ in range(100)))
    given_up = [asyncio.create_task(desk.provider.fetch([ref])) for _ in range(20)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    connection = desk.provider._connection
    assert (connection._session._asked, connection._session._attempts, connection._answers) == ({}, {}, {})


async def test_trap_o19_settings_are_used(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """`retries`, `retry_delay` and `timeout` of a client decide: one attempt, or four, or a wait of half a second."""
    runware_emulator.faults.add("throttle", times=None)
    for retries in (0, 3):
        client = await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key, retries=retries)
        runware_emulator.ledger.requests.clear()
        with pytest.raises(Exception, match="rateLimitExceeded"):
            await client.run(IMAGE)
        assert runware_emulator.ledger.requests.count("imageInference") == retries + 1
    runware_emulator.faults.clear()
    runware_emulator.faults.add("stick")
    clock = ScaledClock(1)
    brief = await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key, timeout=0.5)
    with pytest.raises(TaskTimeoutError):
        await brief.run(FILM)
    assert 0.5 <= clock.now() < 5


async def test_trap_o10_no_wait_between_a_result_and_its_reader(vendor: Vendor, open_client: OpenClient) -> None:
    """A pushed result is handed over in the moment it arrives: no time has to pass for it."""

    async def prompt(link: Link) -> None:
        await link.greet()
        await link.answer(await link.task(), RESULT)
        await link.listen()

    clock = ManualClock()
    client = await open_client(await vendor(prompt), clock=clock)
    assert (await client.run(IMAGE)).url == "https://h/a.png"
    assert clock.now() == 0


async def test_trap_o06_an_odd_status_makes_nobody_ask_in_a_loop(
    open_client: OpenClient, runware_emulator: RunwareEmulator
) -> None:
    """A state that nobody knows is asked for again after a pause, never at once."""
    clock = ManualClock()
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, clock=clock, poll_interval=1.0)
    runware_emulator.faults.add("stick")
    runware_emulator.faults.add("odd_status", times=None, status="mystery")
    task = await client.submit(FILM)
    events = task.events()
    async with asyncio.timeout(20):
        await anext(events)
        for _ in range(60):
            await clock.advance(1)
            while not clock.sleepers:  # noqa: ASYNC110 - until the answer is in and the next look is planned
                await asyncio.sleep(0)
    assert 5 <= runware_emulator.ledger.requests.count("getResponse") <= 20
    await events.aclose()


async def test_trap_o18_slow_tasks_hold_no_place(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """Places are for starting tasks: two at once do not keep ten films from waiting, nor a picture from being made."""
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, max_concurrency=2)
    runware_emulator.faults.add("stick", times=10, match="videoInference")
    films = [asyncio.create_task(client.run(FILM)) for _ in range(10)]
    async with asyncio.timeout(20):
        while runware_emulator.ledger.accepted < 10:  # noqa: ASYNC110 - the ledger tells, but to no awaitable
            await asyncio.sleep(0)
        assert (await client.run(IMAGE)).outputs
    assert not any(film.done() for film in films)
    for film in films:
        film.cancel()
    await asyncio.gather(*films, return_exceptions=True)


async def test_trap_o04_processing_is_an_answer(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A poll of a running task comes back with `RUNNING`, in one round trip."""
    runware_emulator.faults.add("stick")
    ref = await desk.start(FILM)
    runware_emulator.ledger.requests.clear()
    async with asyncio.timeout(5):
        (snapshot,) = await desk.provider.fetch([ref])
    assert snapshot.state is TaskState.RUNNING
    assert runware_emulator.ledger.requests == ["getResponse"]
