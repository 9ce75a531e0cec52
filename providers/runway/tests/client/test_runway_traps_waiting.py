"""Traps of the official SDKs around waiting for a task: none of them is one of ours."""

import asyncio
import inspect
import itertools
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from anymedia import (
    AsyncMediaClient,
    AuthenticationError,
    MediaClient,
    MediaError,
    ProtocolError,
    ProviderUnavailableError,
    RateLimitError,
    TaskCanceledError,
    TaskState,
    TaskTimeoutError,
    TextToImage,
    TransportError,
)
from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

OpenClient = Callable[..., AsyncMediaClient]
REQUEST = TextToImage(prompt="a lighthouse", size="720x720")
A_DAY = 86_400.0


def looks(emulator: RunwayEmulator) -> int:
    """How often a task was looked at."""
    return sum(request.startswith("GET /v1/tasks/") for request in emulator.ledger.requests)


async def later(emulator: RunwayEmulator, seconds: float) -> None:
    """Let time pass at the vendor."""
    assert isinstance(emulator.clock, ManualClock)
    await emulator.clock.advance(seconds)


@pytest.mark.parametrize("spelling", ["CANCELED", "CANCELLED"])
async def test_trap_01_sync_and_async_waiters_see_a_cancellation(
    still: RunwayEmulator, patient: AsyncMediaClient, spelling: str
) -> None:
    """A task that the vendor shows as cancelled ends both kinds of waiting, also one without a time-out."""
    task = await patient.submit(REQUEST)
    still.faults.add("canceled_spelling", times=None, match="GET", spelling=spelling)

    def wait() -> None:
        with MediaClient("runway", base_url=still.endpoint.base_url, api_key=still.api_key, journal=None) as client:
            client.attach(str(task.ref)).result(timeout=None)

    async with asyncio.timeout(20):
        with pytest.raises(TaskCanceledError):
            await asyncio.to_thread(wait)
        with pytest.raises(TaskCanceledError):
            await task.result(timeout=None)


@pytest.mark.parametrize("reply_is_lost", [False, True])
async def test_trap_02_a_404_after_a_cancel_is_a_cancellation(
    still: RunwayEmulator, patient: AsyncMediaClient, reply_is_lost: bool
) -> None:
    """Whoever waits for a task that is cancelled hears so, though the vendor says 404 and the answer may be lost."""
    task = await patient.submit(REQUEST)
    waiter = asyncio.create_task(patient.attach(task.ref).result(timeout=None))
    if reply_is_lost:
        still.faults.add("lose_reply", match="DELETE")
        with pytest.raises(TransportError):
            await task.cancel()
    else:
        await task.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(TaskCanceledError):
            await waiter
    assert still.ledger.entries[task.ref.id].state == "canceled"


async def test_trap_03_what_has_ended_is_not_slept_on(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, open_client: OpenClient
) -> None:
    """A task that has ended is handed over after one look and no wait, and after none when it was seen to end."""
    task = await client.submit(REQUEST)
    await task.result()
    clock = ManualClock()
    other = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, clock=clock, poll_interval=3600)
    before = looks(runway_emulator)
    found = other.attach(task.ref, TextToImage)
    async with asyncio.timeout(20):
        first, second = await found.result(), await found.result()
    assert first.url == second.url
    assert looks(runway_emulator) == before + 1
    assert clock.now() == 0


@pytest.mark.parametrize(("vendor_is_silent", "latest"), [(False, 1), (True, 6)])
async def test_trap_04_a_deadline_is_kept(
    still: RunwayEmulator, open_client: OpenClient, vendor_is_silent: bool, latest: float
) -> None:
    """A second of patience ends after a second, not after a poll; a silent vendor is given five more for one look."""
    clock = ManualClock()
    client = open_client(still.endpoint.base_url, still.api_key, clock=clock, poll_interval=100)
    task = await client.submit(REQUEST)
    if vendor_is_silent:
        still.faults.add("slow", match="GET", times=None)
    waiter = asyncio.create_task(task.result(timeout=1))
    await clock.advance(latest)
    async with asyncio.timeout(20):
        with pytest.raises(TaskTimeoutError) as caught:
            await waiter
    assert clock.now() == latest
    assert caught.value.ref == task.ref


async def test_trap_05_a_jump_of_the_wall_clock_ends_nothing(
    client: AsyncMediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall clock that runs a day ahead at each glance does not use up anybody's patience."""
    ahead = itertools.count(time.time(), A_DAY)
    monkeypatch.setattr(time, "time", lambda: next(ahead))
    assert (await (await client.submit(REQUEST)).result(timeout=30)).url


async def test_trap_05_a_wall_clock_set_back_prolongs_nothing(
    patient: AsyncMediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall clock that runs backwards does not keep a deadline from coming."""
    back = itertools.count(time.time(), -A_DAY)
    task = await patient.submit(REQUEST)
    monkeypatch.setattr(time, "time", lambda: next(back))
    async with asyncio.timeout(20):
        with pytest.raises(TaskTimeoutError):
            await task.result(timeout=0.05)


async def test_trap_06_a_timeout_leaves_the_task_alone_and_in_reach(
    still: RunwayEmulator, patient: AsyncMediaClient
) -> None:
    """A time-out stops nothing at the vendor; stopping the task is a call of its own, and the error leads to it."""
    task = await patient.submit(REQUEST)
    with pytest.raises(TaskTimeoutError) as caught:
        await task.result(timeout=0)
    assert still.ledger.entries[task.ref.id].state == "accepted"
    assert not any(request.startswith("DELETE") for request in still.ledger.requests)
    assert caught.value.ref is not None
    assert (await patient.attach(caught.value.ref).cancel()).stopped
    assert still.ledger.entries[task.ref.id].state == "canceled"


async def test_trap_07_progress_can_be_watched(still: RunwayEmulator, patient: AsyncMediaClient) -> None:
    """Each change of state and progress is told while one waits, the end last."""
    task = await patient.submit(REQUEST)
    seen = []
    async with asyncio.timeout(20):
        async for snapshot in task.events():
            seen.append((snapshot.state, snapshot.progress))
            await later(still, 4)
    assert [state for state, _ in seen] == ["queued", "running", "running", "succeeded"]
    progress = [number for _, number in seen if number is not None]
    assert progress == sorted(set(progress))
    assert progress[-1] == 1


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: {"failure_code": "INTERNAL.BAD_OUTPUT.01", "failure": "the picture is odd"}, "task_failed"),
        (lambda: {"failure_code": "SAFETY.INPUT.TEXT", "failure": "the picture is odd"}, "moderation"),
    ],
)
async def test_trap_08_a_failure_says_what_and_why(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, make: Callable[[], dict[str, str]], kind: str
) -> None:
    """A failed task is one of our errors, whose message has the task, the vendor's code and its reason."""
    fault = make()
    runway_emulator.faults.add("fail_task", **fault)
    task = await client.submit(REQUEST)
    with pytest.raises(MediaError) as caught:
        await task.result()
    assert caught.value.code == kind
    for part in (task.ref.id, fault["failure_code"], fault["failure"]):
        assert part in str(caught.value)


async def test_trap_08_a_timeout_says_which_task(patient: AsyncMediaClient) -> None:
    """A time-out is one of our errors and Python's own, and names the task."""
    task = await patient.submit(REQUEST)
    with pytest.raises(TaskTimeoutError, match=task.ref.id) as caught:
        await task.result(timeout=0)
    assert isinstance(caught.value, MediaError)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("fault", ["status_before", "throttle", "lose_reply", "html", "hide_task"])
async def test_trap_12_trouble_while_waiting_is_borne(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, fault: str
) -> None:
    """More failed looks in a row than any call is retried do not end the waiting."""
    runway_emulator.faults.add(fault, match="GET /v1/tasks/", times=6)
    task = await client.submit(REQUEST)
    async with asyncio.timeout(20):
        assert (await task.result(timeout=None)).url
    assert looks(runway_emulator) >= 7


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reject_key", AuthenticationError),
        ("status_before", ProviderUnavailableError),
        ("throttle", RateLimitError),
        ("lose_reply", TransportError),
        ("html", ProtocolError),
    ],
)
async def test_trap_12_trouble_leads_back_to_the_task(
    still: RunwayEmulator, patient: AsyncMediaClient, fault: str, kind: type[MediaError]
) -> None:
    """Whatever goes wrong when a task is asked for or cancelled, the error names the task."""
    task = await patient.submit(REQUEST)
    for ask, match in ((task.status, "GET"), (task.cancel, "DELETE")):
        if fault == "html" and match == "DELETE":
            continue  # success is success; the body of a DELETE is not read
        still.faults.add(fault, match=match)
        with pytest.raises(kind) as caught:
            await ask()
        assert caught.value.ref == task.ref


async def test_trap_12_what_no_patience_helps_ends_the_waiting(
    still: RunwayEmulator, patient: AsyncMediaClient
) -> None:
    """A key that is refused ends the waiting at once; the task goes on and can be waited for again."""
    task = await patient.submit(REQUEST)
    still.faults.add("reject_key", match="GET")
    async with asyncio.timeout(20):
        with pytest.raises(AuthenticationError) as caught:
            await task.result(timeout=None)
        assert caught.value.ref == task.ref
        waiter = asyncio.create_task(patient.attach(task.ref).result())
        await later(still, 60)
        assert (await waiter).url


async def test_trap_13_an_unknown_status_is_told_and_bounded(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient
) -> None:
    """A word nobody knows keeps the task where it was, stands in a notice, and does not outlast the deadline."""
    runway_emulator.faults.add("odd_status", times=None)
    task = await client.submit(REQUEST)
    with pytest.raises(TaskTimeoutError) as caught:
        await task.result(timeout=0.2)
    assert caught.value.ref == task.ref
    snapshot = await task.status()
    assert (snapshot.state, snapshot.provider_status) == (TaskState.QUEUED, "REVIEWING")
    runway_emulator.faults.clear()
    result = await task.result()
    assert result.url
    assert [(notice.code, "REVIEWING" in notice.message) for notice in result.notices] == [("unknown_status", True)]


async def test_trap_19_a_handle_is_no_coroutine(runway_emulator: RunwayEmulator, client: AsyncMediaClient) -> None:
    """A task is followed from its reference in one line: nothing has to be awaited twice."""
    ref = str((await client.submit(REQUEST)).ref)
    assert not inspect.isawaitable(client.attach(ref))
    assert (await client.attach(ref, TextToImage).result()).url
    assert [snapshot.state async for snapshot in client.attach(ref).events()][-1] is TaskState.SUCCEEDED
    assert (await client.text_to_image(prompt="x", size="720x720")).url


async def test_trap_28_every_state_has_every_attribute(still: RunwayEmulator, patient: AsyncMediaClient) -> None:
    """Progress, outputs, cost and failure can be read in every state; what is not there yet is None or empty."""
    still.faults.add("fail_task", failure_code="INTERNAL", cost=0)
    failing, task = await patient.submit(REQUEST), await patient.submit(REQUEST)
    seen = {}
    for seconds in (0, 4, 30):
        await later(still, seconds)
        for one in (task, failing):
            snapshot = await one.status()
            seen[snapshot.provider_status] = snapshot
    assert list(seen) == ["PENDING", "RUNNING", "SUCCEEDED", "FAILED"]
    assert [snapshot.progress for snapshot in seen.values()] == [None, 0.02, 1.0, 0.02]
    assert [len(snapshot.outputs) for snapshot in seen.values()] == [0, 0, 1, 0]
    assert [snapshot.failure is None for snapshot in seen.values()] == [True, True, True, False]
    costs = [snapshot.cost for snapshot in seen.values()]
    assert all(cost is not None for cost in costs)
    assert [cost.final for cost in costs if cost] == [False, False, True, True]
    assert costs[-1] is not None
    assert costs[-1].amount == Decimal(0)


async def test_trap_29_a_waiter_can_be_interrupted_at_any_moment(
    still: RunwayEmulator, open_client: OpenClient
) -> None:
    """Waiting that is cut short ends at once, in the middle of a sleep, and costs nobody the task."""
    clock = ManualClock()
    client = open_client(still.endpoint.base_url, still.api_key, clock=clock, poll_interval=100)
    task = await client.submit(REQUEST)
    waiter = asyncio.create_task(task.result(timeout=None))
    await clock.advance(1)
    waiter.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert clock.now() == 1
    assert still.ledger.entries[task.ref.id].state == "accepted"
    assert not (await task.status()).state.is_final
