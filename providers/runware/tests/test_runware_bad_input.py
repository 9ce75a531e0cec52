"""Bad input: whatever the server sends, or does not send, nobody hangs, nothing grows, and no result goes astray."""

import asyncio
import base64
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from anymedia import AsyncMediaClient
from anymedia.clock import SystemClock
from anymedia.errors import AuthenticationError, MediaError, SubmissionUnknownError, TaskTimeoutError
from anymedia.refs import TaskRef, TaskState
from anymedia.requests import TextToImage, TextToVideo
from anymedia.testing import ScaledClock
from anymedia.testing.render import probe
from anymedia_runware.attempts import Question
from anymedia_runware.codec import pushed
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import get_response

Client = Any
Desk = Any
Link = Any
OpenClient = Callable[..., Awaitable[AsyncMediaClient]]
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
FILM = TextToVideo(prompt="waves", duration=3)
WELCOME = '{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}'
PATIENCE = 30


def is_empty(desk: Desk) -> bool:
    """Whether a provider remembers nothing of any task or question."""
    connection = desk.provider._connection
    return not (connection._session._attempts or connection._session._asked or connection._answers)


def _session() -> Session:
    session = Session("key_0", Pace())
    session.open(0.0)
    session.receive(WELCOME, 0.0)
    return session


@pytest.mark.parametrize("how", ["malformed", "truncated", "rubbish", "binary"])
@pytest.mark.parametrize("delivery", ["auto", "poll"])
async def test_spoilt_frames(
    open_client: OpenClient, runware_emulator: RunwareEmulator, how: str, delivery: Any
) -> None:
    """Frames that are cut, garbled, no text or binary cost no task: what they said is asked for again."""
    clock = ScaledClock(20)
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, clock=clock)
    runware_emulator.faults.add("unreadable", how=how, times=3 if delivery == "auto" else 1)
    async with asyncio.timeout(PATIENCE):
        result = await client.with_options(delivery=delivery).run(FOUR_IMAGES)
    assert len({output.vendor_ref for output in result.outputs}) == 4
    assert runware_emulator.ledger.accepted == 1


async def test_ten_thousand_strangers(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Ten thousand frames about tasks nobody has asked for: ours is served, and nothing is remembered of the others."""
    runware_emulator.faults.add("foreign", frames=10_000)
    async with asyncio.timeout(PATIENCE):
        snapshot = await desk.run(FOUR_IMAGES)
    assert len({output.vendor_ref for output in snapshot.outputs}) == 4
    assert is_empty(desk)


def test_ten_thousand_frames_about_a_finished_task() -> None:
    """Results repeated for ever, of a task that is over or of one under way, take no more room than once."""
    session = _session()
    ref = TaskRef(provider="runware", id="a", operation="text_to_image", model="m", count=2)
    session.start(ref, {"taskType": "imageInference", "taskUUID": "a"}, push=True, now=0.0)
    first, second = (
        f'{{"data": [{{"taskUUID": "a", "imageUUID": "{number}", "imageURL": "https://h/{number}"}}]}}'
        for number in (1, 2)
    )
    attempt = session.attempt(ref)
    assert attempt is not None
    for _ in range(5000):
        session.receive(first, 0.0)
    session.follow(attempt)
    assert len(attempt.results) == 1
    events = [event for _ in range(5000) for event in session.receive(second, 0.0)]
    assert len(events) == 1
    assert (session._attempts, session._asked) == ({}, {})


async def test_a_result_of_64_mebibytes(vendor: Vendor, open_desk: OpenDesk, png: bytes) -> None:
    """A picture of 64 MiB in base64 inside the answer is decoded whole, and the link lives on."""
    large = base64.b64encode(png + bytes(48 * 2**20)).decode()

    async def generous(link: Link) -> None:
        await link.greet()
        await link.answer(await link.task(), {"imageUUID": "a", "imageBase64Data": large})
        await link.answer(await link.task(), {"imageUUID": "b", "imageURL": "https://h/b.png"})
        await link.listen()

    desk = await open_desk(await vendor(generous), "key_0")
    async with asyncio.timeout(PATIENCE):
        snapshot = await desk.run(IMAGE)
        assert (await desk.run(IMAGE)).outputs[0].vendor_ref == "b"
    assert len(large) > 64 * 2**20
    assert len(snapshot.outputs[0].data) == len(png) + 48 * 2**20
    assert probe(snapshot.outputs[0].data).media_type == "image/png"
    assert is_empty(desk)


def test_ten_thousand_frames_of_nobody_take_no_memory() -> None:
    """20 MB of strangers' results, errors and noise leave no more behind than the JSON reader's own cache of words."""
    session = _session()
    question, _ = session.look(Question.STATE, [get_response("ours")], 0.0)
    session.written(question, 0.0)
    kinds = (
        '{{"data": [{{"taskUUID": "{0}", "imageUUID": "{0}", "imageURL": "https://h/{1}"}}]}}',
        '{{"errors": [{{"code": "invalidModel", "message": "{1}", "taskUUID": "{0}"}}]}}',
        '{{"data": [{{"number": {0}, "words": "{1}"}}, {0}, null]}}',
        '[["{1}"], {{"{0}": {0}}}',
    )
    padding = "x" * 2000
    tracemalloc.start()
    try:
        for number in range(10_000):
            assert session.receive(kinds[number % 4].format(number, padding), 0.0) == []
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 1.5 * 2**20
    assert len(session.receive('{"data": [{"taskUUID": "ours", "status": "processing"}]}', 0.0)) == 1


def test_a_result_of_64_mebibytes_takes_a_few_times_its_size() -> None:
    """Reading and decoding it needs some copies of it at once, and afterwards nothing is left but the bytes."""
    session, size = _session(), 64 * 2**20
    ref = TaskRef(provider="runware", id="a", operation="text_to_image", model="m")
    session.start(ref, {"taskType": "imageInference", "taskUUID": "a"}, push=True, now=0.0)
    attempt = session.attempt(ref)
    assert attempt is not None
    frame = '{"data": [{"taskUUID": "a", "imageUUID": "1", "imageBase64Data": "' + "A" * size + '"}]}'
    tracemalloc.start()
    try:
        session.receive(frame, 0.0)
        (output,) = pushed(ref, tuple(attempt.results.values())).outputs
        session.follow(attempt)
        del attempt
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert output.data is not None
    assert len(output.data) == size * 3 // 4
    assert peak < 4 * size
    assert left < len(output.data) + 2**20


async def test_the_key_is_rejected_at_the_reconnect(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """A key that is no longer good ends the wait with an error that leads to the task; with a good key it is found."""
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key)
    runware_emulator.faults.add("close", code=1006, when="before_result")
    runware_emulator.faults.add("reject_key", times=None, match="resume")
    runware_emulator.faults.add("slow", seconds=300)
    task = await client.submit(IMAGE)
    runware_emulator.faults.add("reject_key", times=None, match="login")
    runware_emulator.faults.add("close", code=1001, when="before_accept")
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(MediaError):
            await client.run(FILM)
        with pytest.raises(AuthenticationError) as caught:
            await task.result(timeout=None)
    assert caught.value.ref == task.ref
    runware_emulator.faults.clear()
    async with asyncio.timeout(PATIENCE):
        assert (await client.attach(task.ref, TextToImage).result()).outputs
    assert runware_emulator.ledger.requests.count("imageInference") == 1


async def test_a_task_that_is_swallowed(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """A server that takes a message and never says a word about it: after its time the caller is told that nobody knows."""
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, clock=ScaledClock(200), poll_interval=1)
    runware_emulator.faults.add("ignore", times=None)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(SubmissionUnknownError) as caught:
            await client.run(IMAGE)
    assert caught.value.ref is not None
    assert runware_emulator.ledger.accepted == 0
    assert runware_emulator.ledger.requests.count("imageInference") == 1


async def test_a_server_that_falls_mute(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """A link that is open and says nothing more is left, also while many wait on it: all get their own results, once."""
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, clock=ScaledClock(10))
    await client.run(IMAGE)
    runware_emulator.faults.add("mute")
    async with asyncio.timeout(PATIENCE):
        results = await asyncio.gather(*(client.run(TextToImage(prompt=f"dog {number}")) for number in range(5)))
    assert len({result.url for result in results}) == 5
    assert runware_emulator.ledger.accepted == 6


async def test_a_wait_ends_at_its_deadline_whatever_the_server_does(
    open_client: OpenClient, runware_emulator: RunwareEmulator
) -> None:
    """With the link dead at the deadline itself, the last look is not waited for beyond its five seconds."""
    clock = ScaledClock(10)
    endpoint = runware_emulator.endpoint
    client = await open_client(endpoint.base_url, runware_emulator.api_key, clock=clock)
    runware_emulator.faults.add("stick")
    task = await client.submit(FILM)
    runware_emulator.faults.add("mute", times=None)
    runware_emulator.faults.add("no_auth_reply", times=None)
    before = clock.now()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(TaskTimeoutError):
            await task.result(timeout=20)
    assert clock.now() - before < 20 + 5 + 5


class JumpingClock(SystemClock):
    """The machine's clock, until the machine sleeps for a while."""

    slept = 0.0

    def now(self) -> float:
        """Seconds, those asleep included."""
        return super().now() + self.slept


@pytest.mark.parametrize("delivery", ["auto", "poll"])
async def test_a_clock_that_jumps(open_client: OpenClient, delivery: Any) -> None:
    """An hour that passes in no time, twice, while results are owed: every task ends with its own result, paid once."""
    clock = JumpingClock()
    async with RunwareEmulator(speed=20) as emulator:
        client = await open_client(emulator.endpoint.base_url, emulator.api_key, clock=clock, timeout=None)
        client = client.with_options(delivery=delivery)
        started = asyncio.Event()
        emulator.ledger.subscribe(lambda _: started.set() if emulator.ledger.accepted == 4 else None)
        requests = [TextToImage(prompt=f"dog {number}", count=1 + number % 2) for number in range(4)]
        running = asyncio.gather(*(client.run(request) for request in requests))
        async with asyncio.timeout(PATIENCE):
            await started.wait()
            for _ in range(2):
                clock.slept += 3600
                await asyncio.sleep(0)
            results = await running
        assert [len(result.outputs) for result in results] == [request.count for request in requests]
        assert len({output.vendor_ref for result in results for output in result.outputs}) == 6
        assert emulator.ledger.accepted == 4


def test_a_clock_that_jumps_back() -> None:
    """Time that runs backwards, as no monotonic clock should, neither breaks a session nor ends a healthy link."""
    session = Session("key_0", Pace())
    session.open(5000.0)
    session.receive(WELCOME, 5000.0)
    question, _ = session.look(Question.STATE, [get_response("a")], 5000.0)
    session.written(question, 5000.0)
    assert session.tick(10.0) == []
    events = session.receive('{"data": [{"taskUUID": "a", "status": "processing"}]}', 10.0)
    assert len(events) == 1
    assert session.tick(11.0) == []
    assert session.next_deadline(11.0) is not None


async def test_a_huge_frame_of_nothing(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Deep nesting, long arrays of nothing and megabytes of noise are passed over."""

    async def babbler(link: Link) -> None:
        await link.greet()
        task = await link.task()
        for noise in ("[" * 100_000, "[" * 200 + "]" * 200, "[" + "{}," * 100_000 + "{}]", "x" * 5_000_000, '"' * 9):
            await link.socket.send(noise)
        await link.socket.send(b"\xff\x00" * 1000)
        await link.answer(task, {"imageUUID": "a", "imageURL": "https://h/a.png"})
        await link.listen()

    desk = await open_desk(await vendor(babbler), "key_0")
    async with asyncio.timeout(PATIENCE):
        assert (await desk.run(IMAGE)).state is TaskState.SUCCEEDED
